"""The trial that an article tells of: rows of studies and arms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from reprieve.evidence.schema import DESIGNS
from reprieve.living.articles.arms import Arm
from reprieve.living.articles.numbers import plain
from reprieve.living.recognising import recognise
from reprieve.living.record import Record
from reprieve.living.results.treatments import what_was_given

Row = dict[str, Any]

_FALLBACK = "other_chronic_pain"
_BLINDING = (
    ("double", r"(?:double|triple|quadruple)[-\s]*(?:blind|mask|dummy)\w*"),
    (
        "assessor",
        r"(?:assessor|evaluator|observer|outcome)s?[-\s]*(?:blind|mask)\w*|"
        r"blinded (?:outcome )?(?:assess|evaluat|observ)\w*",
    ),
    ("single", r"single[-\s]*(?:blind|mask)\w*"),
    ("open", r"open[-\s]*label|unblinded|non-?blinded|not blinded"),
)
_RANDOMISED = re.compile(
    r"\b(?P<a>\d{2,5})\s+(?:\w+\s){0,4}?(?:patients|subjects|participants|people|women|men|"
    r"adults|individuals|knees)"
    r"[^.;]{0,60}?\brandom\w*|\brandom\w*\s(?:\w+\s){0,3}?(?P<b>\d{2,5})\s+(?:\w+\s){0,3}?"
    r"(?:patients|subjects|participants|people|women|men|adults|individuals)",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"\bplacebo\b|\bvehicle\b|\bsaline\b", re.IGNORECASE)
_SHAM = re.compile(r"\bsham\b|\bsimulated\b|\bdetuned\b", re.IGNORECASE)
_REGISTER = re.compile(
    r"^(?:NCT|ISRCTN|ACTRN|CHICTR|IRCT|UMIN|KCT|CTRI|DRKS|NTR|JPRN|EUDRACT)", re.IGNORECASE
)


def study_id_of(record: Record) -> str:
    """The number of the trial in a register if the article gives just one, else of the article.

    Examples
    --------
    >>> study_id_of(Record("europepmc", "PMC5446739", "paper", ids=("NCT01510535", "doi:10.1/x")))
    'nct01510535'
    >>> study_id_of(Record("europepmc", "PMC1", "paper"))
    'pmc1'
    """
    numbers = registrations(record)
    own = numbers[0] if len(numbers) == 1 else record.id
    return re.sub(r"[^a-z0-9]+", "-", own.lower()).strip("-")


def registrations(record: Record) -> tuple[str, ...]:
    """The numbers that an article gives its trial in registers."""
    return tuple(number for number in record.ids if _REGISTER.match(number))


def study_row(record: Record, text: str, arms: Sequence[Row], months: Sequence[float]) -> Row:
    """The row of the trial.

    Parameters
    ----------
    record : Record
        The front matter.
    text : str
        Title, abstract and body.
    arms : sequence of dict
        Rows of its arms.
    months : sequence of float
        Months at which something was measured.
    """
    found = recognise(record)
    design = found.design if found.design in DESIGNS else None
    if design is None or (design == "single_arm" and len(arms) > 1):
        design = _design_by_arms(text, len(arms))
    numbers = {key: number for key, _, number in (n.partition(":") for n in record.ids) if number}
    note = "Read by a program from the tables of the article, not checked by a person yet."
    if not found.condition:
        note += " The condition was not recognised."
    counts = [arm.get("n_randomised") for arm in arms if not arm.get("stratum")]
    return {
        "label": _label(record),
        "registration": ";".join(registrations(record)),
        "pmid": numbers.get("pmid", record.id if record.id.isdigit() else ""),
        "doi": numbers.get("doi", ""),
        "year": record.year,
        "condition": found.condition or _FALLBACK,
        "design": design,
        "blinding": _blinding(f"{record.title} {record.summary}", text),
        "n_randomised": _randomised(f"{record.title}. {record.summary}", counts),
        "follow_up_months": max(months, default=None),
        "source_url": source_of(record),
        "note": note,
    }


def source_of(record: Record) -> str:
    """The page that people would open."""
    if record.url:
        return record.url
    doi = next((number for number in record.ids if number.startswith("doi:")), "")
    if doi:
        return f"https://doi.org/{doi.removeprefix('doi:')}"
    return f"https://pubmed.ncbi.nlm.nih.gov/{record.id}/"


def arm_row(arm: Arm, arm_id: str, label: str, meaning: str, record: Record) -> Row:
    """The row of an arm.

    Parameters
    ----------
    arm : Arm
    arm_id, label : str
    meaning : str
        What short names in its label stand for.
    record : Record
    """
    words = " ".join((*arm.names, meaning))
    kind = "placebo comparator" if _CONTROL.search(words) else ""
    kind = "sham comparator" if _SHAM.search(words) else kind
    given = what_was_given(kind, [text for text in (*arm.names, meaning) if text], record.title)
    return {
        "arm_id": arm_id,
        "label": label,
        **asdict(given),
        "n_randomised": arm.n if label == arm.label else None,
    }


def slug(name: str) -> str:
    """A name as an arm_id: lower case, words joined by underscores, at most 40 letters.

    Examples
    --------
    >>> slug("Active tDCS + Exercise")
    'active_tdcs_exercise'
    """
    return re.sub(r"[^a-z0-9]+", "_", plain(name).lower()).strip("_")[:40].strip("_") or "arm"


def _design_by_arms(text: str, arms: int) -> str:
    if arms == 1:
        return "single_arm"
    return "parallel" if re.search(r"\brandom", text, re.IGNORECASE) else "nonrandomised"


def _label(record: Record) -> str:
    author = re.sub(r"\s+[A-Z]{1,4}$", "", record.authors[0]) if record.authors else record.id
    return f"{author} {record.year}" if record.year else author


def _blinding(front: str, text: str) -> str:
    for where in (front, text):
        for word, pattern in _BLINDING:
            if re.search(pattern, where, re.IGNORECASE):
                return word
    return "unclear"


def _randomised(abstract: str, counts: Sequence[int | None]) -> int | None:
    known = [n for n in counts if n is not None]
    together = sum(known) if known and len(known) == len(counts) else None
    said = {int(found["a"] or found["b"]) for found in _RANDOMISED.finditer(plain(abstract))}
    if together is not None and together in said:
        return together
    if len(said) == 1 and (together is None or together <= max(said)):
        return said.pop()
    return together
