"""Registered trials on their way: which are ongoing, whose results are due, whose are overdue."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

from reprieve.errors import UnknownWordError
from reprieve.evidence import vocabulary
from reprieve.evidence.records import Evidence
from reprieve.evidence.register import DUE_AFTER_MONTHS
from reprieve.evidence.schema import CELL_SOURCES, DONORS
from reprieve.updates.conclusions import Notice

State = Literal["ongoing", "due", "overdue", "reported", "never_run"]
STATES: dict[State, str] = {
    "ongoing": "not ended, as far as the register knows",
    "due": "ended; results are expected within a year of primary completion",
    "overdue": "ended more than a year ago, without results in the register or in the evidence",
    "reported": "results posted, or numbers in the evidence",
    "never_run": "withdrawn before anyone took part, or expanded access",
}
RULE = (
    f"Results are expected {DUE_AFTER_MONTHS} months after primary completion: the deadline that "
    "42 CFR 11.44(a)(1) sets for applicable clinical trials in the United States. Other trials "
    "have no such duty; the same month is shown for all."
)

_ENDED = ("completed", "terminated", "suspended", "unknown")
_NEVER = ("withdrawn", "no_longer_available", "available", "temporarily_not_available")
_ENOUGH = 10
"""Trials from which a median is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredTrial:
    """What a register says of a trial, as far as the pipeline needs it.

    Attributes
    ----------
    id, title, url : str
    condition : str
        A code of the vocabulary; empty where none fits.
    cell_source, donor, processing : str
        Words of the schema; empty where not known.
    status : str
        In lower case with underscores; empty where the register states none.
    planned : int or None
        People.
    ended : str
        Primary completion, else completion, ISO 8601 as exact as given; past or planned.
    posted : str
        When results were first posted; empty where none were, or the day is not known.
    has_results : bool
    updated : str
        The record's last update.
    sponsor : str
    """

    id: str
    title: str = ""
    url: str = ""
    condition: str = ""
    cell_source: str = ""
    donor: str = ""
    processing: str = ""
    status: str = ""
    planned: int | None = None
    ended: str = ""
    posted: str = ""
    has_results: bool = False
    updated: str = ""
    sponsor: str = ""


@dataclass(frozen=True, slots=True)
class Awaited:
    """A registered trial on a certain day.

    Attributes
    ----------
    trial : RegisteredTrial
    state : str
        One of `STATES`.
    expected : str
        The month by which results are expected (``2027-03``); empty without a date.
    late : bool
        Whether an ongoing trial's planned end has passed: its record has not been kept up.
    study_id : str or None
        The trial in the evidence.
    """

    trial: RegisteredTrial
    state: State
    expected: str
    late: bool
    study_id: str | None

    @property
    def product(self) -> str:
        """Cell source and donor in words."""
        words = {"autologous": "own cells", "allogeneic": "donor cells"}
        parts = [self.trial.cell_source.replace("_", " "), words.get(self.trial.donor, "")]
        return ", ".join(part for part in parts if part) or "not named"

    def to_dict(self) -> dict[str, Any]:
        """The trial as JSON can hold it."""
        return asdict(self.trial) | {
            "state": self.state,
            "expected": self.expected,
            "late": self.late,
            "study_id": self.study_id,
        }


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All registered trials on a certain day.

    Attributes
    ----------
    on : date
    source : str
        Which register, and of what day the records are.
    trials : tuple of Awaited
        Overdue ones first, then by the month when results are expected.
    delay : float or None
        Median months from primary completion to posting, of trials that posted; None below ten.
    """

    on: date
    source: str
    trials: tuple[Awaited, ...] = ()
    delay: float | None = field(default=None)

    def only(
        self, *, condition: str | None = None, product: str | None = None, state: str | None = None
    ) -> Pipeline:
        """The part about a condition, a product, a state.

        Parameters
        ----------
        condition : str, optional
        product : str, optional
            A cell source (``"adipose"``), a donor (``"allogeneic"``) or a treatment of the
            vocabulary (``"bm_msc"``). Trials that do not name what decides are left out.
        state : str, optional
            One of `STATES`.

        Raises
        ------
        UnknownWordError
        """
        if condition is not None:
            vocabulary.condition(condition)
        if state is not None and state not in STATES:
            raise UnknownWordError("state", state, STATES)
        fits = _product_test(product)
        kept = tuple(
            each
            for each in self.trials
            if condition in (None, each.trial.condition)
            and state in (None, each.state)
            and fits(each.trial)
        )
        return Pipeline(self.on, self.source, kept, _delay(kept))

    @property
    def counts(self) -> dict[State, tuple[int, int]]:
        """For each state the number of trials and of people planned."""
        return {
            state: (
                len(mine := [t for t in self.trials if t.state == state]),
                sum(t.trial.planned or 0 for t in mine),
            )
            for state in STATES
        }

    @property
    def silent(self) -> dict[str, Notice]:
        """The overdue trials, by register number."""
        return {
            each.trial.id: Notice(
                each.trial.id,
                f"{each.trial.id} ({each.trial.title})" if each.trial.title else each.trial.id,
                each.trial.url or None,
                each.trial.condition,
                f"ended {each.trial.ended[:7]}, results expected by {each.expected}, "
                f"{_people(each.trial.planned)}",
            )
            for each in self.trials
            if each.state == "overdue"
        }

    def to_dict(self) -> dict[str, Any]:
        """The pipeline as JSON can hold it."""
        return {
            "on": self.on.isoformat(),
            "source": self.source,
            "rule": RULE,
            "median_months_to_posting": self.delay,
            "counts": {
                state: {"trials": trials, "planned": planned}
                for state, (trials, planned) in self.counts.items()
            },
            "trials": [each.to_dict() for each in self.trials],
        }


def pipeline(
    trials: Iterable[RegisteredTrial], evidence: Evidence, on: date, source: str
) -> Pipeline:
    """What has become of registered trials by a day.

    Parameters
    ----------
    trials : iterable of RegisteredTrial
    evidence : Evidence
        A trial that is in it has been published, whether its numbers have been read or not.
    on : date
    source : str

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> ended = RegisteredTrial(id="NCT00000001", status="completed", ended="2024-03")
    >>> pipeline([ended], load_evidence(), date(2025, 3, 31), "example").trials[0].state
    'due'
    >>> pipeline([ended], load_evidence(), date(2025, 4, 1), "example").trials[0].state
    'overdue'
    """
    known = _studies_by_number(evidence)
    awaited = [_awaited(trial, known.get(trial.id.upper()), on) for trial in trials]
    order = ["overdue", "due", "ongoing", "reported", "never_run"]
    awaited.sort(key=lambda t: (order.index(t.state), t.expected or "9999", t.trial.id))
    return Pipeline(on, source, tuple(awaited), _delay(awaited))


def month_after(day: str, months: int = DUE_AFTER_MONTHS) -> str:
    """The month so many months after a date of ISO 8601; empty where that holds no month.

    Examples
    --------
    >>> month_after("2026-03-14"), month_after("2025-12", 1), month_after("2026")
    ('2027-03', '2026-01', '')
    """
    if len(day) < 7:
        return ""
    year, month = int(day[:4]), int(day[5:7])
    years, rest = divmod(month - 1 + months, 12)
    return f"{year + years:04d}-{rest + 1:02d}"


def _awaited(trial: RegisteredTrial, study: str | None, on: date) -> Awaited:
    expected, today = month_after(trial.ended), on.isoformat()[:7]
    late = False
    state: State
    if trial.has_results or study is not None:
        state = "reported"
    elif trial.status in _NEVER:
        state = "never_run"
    elif trial.ended and (trial.status in _ENDED or not trial.status):
        ended = trial.ended[:7] <= today or trial.status in _ENDED
        state = "ongoing" if not ended else "due" if expected >= today else "overdue"
    else:
        state = "ongoing"
        late = bool(trial.ended) and trial.ended[:7] < today
    return Awaited(trial, state, expected, late, study)


def _studies_by_number(evidence: Evidence) -> dict[str, str]:
    found = {}
    for study, numbers in evidence.studies.select("study_id", "registration").iter_rows():
        for number in (numbers or "").replace(",", ";").split(";"):
            found[number.strip().upper()] = study
    return found


def _delay(trials: Sequence[Awaited]) -> float | None:
    months = [
        _months_between(each.trial.ended, each.trial.posted)
        for each in trials
        if len(each.trial.ended) >= 7 and len(each.trial.posted) >= 7
    ]
    return statistics.median(months) if len(months) >= _ENOUGH else None


def _months_between(start: str, end: str) -> int:
    return 12 * (int(end[:4]) - int(start[:4])) + int(end[5:7]) - int(start[5:7])


def _product_test(product: str | None) -> Any:
    if product is None:
        return lambda trial: True
    word = product.strip().lower()
    if word in CELL_SOURCES:
        return lambda trial: trial.cell_source == word
    if word in DONORS:
        return lambda trial: trial.donor == word
    known = [*CELL_SOURCES, *DONORS, *(p.treatment for p in vocabulary.cell_products())]
    if word not in vocabulary.treatments():
        raise UnknownWordError("product", product, known)
    nodes = vocabulary.descendants(word)
    kinds = [p for p in vocabulary.cell_products() if p.treatment in nodes]
    if not kinds:
        raise UnknownWordError("product of cells", product, known)
    return lambda trial: any(
        trial.cell_source == kind.cell_source
        and trial.donor in ("", kind.donor)
        and trial.processing in ("", kind.processing)
        for kind in kinds
    )


def _people(planned: int | None) -> str:
    return "people planned not stated" if planned is None else f"{planned:,} people planned"
