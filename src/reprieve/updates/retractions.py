"""Trials of the evidence of which a report has been retracted."""

from __future__ import annotations

from collections.abc import Iterable

from reprieve.evidence.catalogue import study_link
from reprieve.evidence.records import Evidence
from reprieve.living.threads import Threads, threads_of_studies
from reprieve.updates.concluding import without_trial
from reprieve.updates.conclusions import Conclusion, Notice


def retracted_trials(
    evidence: Evidence, threads: Threads, conclusions: Iterable[Conclusion]
) -> dict[str, Notice]:
    """Notices of trials with a retracted report, by study.

    Parameters
    ----------
    evidence : Evidence
    threads : Threads
        Of the records, with the numbers of papers that are retracted.
    conclusions : iterable of Conclusion
        Those that stand now; of each that stands on such a trial is told what it would be without.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> from reprieve.living.record import Record
    >>> from reprieve.living.threads import join_threads
    >>> paper = Record("pubmed", "25822648", "paper", retracted=True)
    >>> list(retracted_trials(load_evidence(), join_threads([paper]), ()))
    ['vega-2015']
    """
    conclusions = list(conclusions)
    studies = {row["study_id"]: row for row in evidence.studies.iter_rows(named=True)}
    found = {}
    for study, names in threads_of_studies(evidence, threads).items():
        numbers = [n for name in names for thread in threads.of(name) for n in thread.retracted]
        if not numbers:
            continue
        row = studies[study]
        own = f"pmid:{row['pmid']}" in numbers or f"doi:{(row['doi'] or '').lower()}" in numbers
        which = "its main report" if own else "another report of the trial"
        found[study] = Notice(
            study,
            row["label"],
            study_link(row),
            row["condition"],
            f"{which}: {', '.join(dict.fromkeys(numbers))}",
            without_trial(study, evidence, conclusions),
        )
    return found
