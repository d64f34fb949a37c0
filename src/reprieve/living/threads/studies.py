"""Which studies of the evidence belong to which trial threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprieve.living.formats.numbers import doi, trial_numbers
from reprieve.living.threads.thread import Threads

if TYPE_CHECKING:
    from reprieve.evidence import Evidence


def threads_of_studies(evidence: Evidence, threads: Threads) -> dict[str, tuple[str, ...]]:
    """The ids of the threads that each study is of, by its registration, PubMed number or DOI.

    Parameters
    ----------
    evidence : Evidence
    threads : Threads

    Returns
    -------
    dict
        Ids of studies to ids of threads, with only the studies that have one. Several threads mean
        that the study joins what are several trials to the registers.
    """
    found = {}
    columns = ("study_id", "registration", "pmid", "doi")
    for study, registration, pmid, doi_text in evidence.studies.select(columns).iter_rows():
        keys = list(trial_numbers(registration or ""))
        keys += [f"pmid:{pmid}"] if pmid else []
        keys += [f"doi:{doi(doi_text)}"] if doi_text else []
        of = dict.fromkeys(thread.id for key in keys for thread in threads.of(key))
        if of:
            found[study] = tuple(of)
    return found
