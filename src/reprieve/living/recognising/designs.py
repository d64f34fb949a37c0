"""How people came to their treatment, and the phase."""

from __future__ import annotations

import re
from typing import NamedTuple

from reprieve.living.recognising.passages import passage
from reprieve.living.recognising.patterns import rules
from reprieve.living.recognising.recognition import Because
from reprieve.living.record import Record

_TYPES = {"observational": "observational", "expanded access": "expanded_access"}
_ASIDE = frozenset({"review", "protocol", "animal", "laboratory", "case_report"})
_CLUSTERS = re.compile(r"\bcluster[- ]random")
_PUBLICATIONS = {
    "meta-analysis": "review",
    "systematic review": "review",
    "review": "review",
    "clinical trial protocol": "protocol",
    "case reports": "case_report",
    "randomized controlled trial": "parallel",
    "observational study": "observational",
}


class Found(NamedTuple):
    """A design, and the words that say so; registered fields have none."""

    value: str | None
    because: tuple[Because, ...] = ()


def design(record: Record) -> Found:
    """The design of a trial, in the vocabulary of the evidence, or what a record is instead.

    Examples
    --------
    >>> from reprieve.living.record import Record
    >>> design(Record("clinicaltrials.gov", "NCT1", "registration", study_type="interventional",
    ...               allocation="randomized", intervention_model="parallel")).value
    'parallel'
    >>> design(Record("file", "1", "paper", title="Stem cells in a rat model")).value
    'animal'
    """
    return _paper(record) if record.kind == "paper" else Found(_registered(record))


def _registered(record: Record) -> str | None:
    if record.study_type in _TYPES:
        return _TYPES[record.study_type]
    if not record.study_type and record.raw.get("DesignObservationalModel"):
        return "observational"  # flat records are cut off at times, before the type of study
    model, allocation, arms = record.intervention_model, record.allocation, len(record.arms)
    if "crossover" in model.replace("-", ""):
        return "crossover"
    titles = f"{record.title} {record.official_title}".lower()
    if "cluster" in titles and _CLUSTERS.search(titles):  # the first is quick
        return "cluster"
    if allocation == "randomized":
        return "single_arm" if model.startswith("single") and arms <= 1 else "parallel"
    if model.startswith("single"):
        return "single_arm"
    if allocation.startswith("non"):
        return "single_arm" if arms == 1 else "nonrandomised"
    if model and arms == 1:
        return "single_arm"
    return None


def _paper(record: Record) -> Found:
    for name in (kind.lower() for kind in record.publication_types):
        if name in _PUBLICATIONS:
            return Found(_PUBLICATIONS[name])
    for where, text in (("title", record.title), ("summary", record.summary)):
        words = passage(where, text)
        found: dict[str, Because] = {}
        for code, match in rules("paper").found(words.low):
            found.setdefault(code, words.because("design", *match.span()))
        ranked = [code for code, _ in rules("paper").each if code in found]
        if where == "summary":  # abstracts of trials tell of animals and reviews, too
            ranked = [code for code in ranked if code not in _ASIDE]
        if ranked:
            return Found(ranked[0], (found[ranked[0]],))
    return Found(None)


def phase(record: Record) -> str | None:
    """The phases, joined by a semicolon.

    Examples
    --------
    >>> from reprieve.living.record import Record
    >>> phase(Record("file", "1", "registration", phases=("phase1", "phase2")))
    'phase1;phase2'
    """
    return ";".join(record.phases) or None
