"""Values of a table as rows of evidence, for trials that the evidence knows.

A table of results says neither the instrument nor its range nor the month: people say it, once for
each outcome. What they do not say is left out, and every row is flagged until it has been read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reprieve.errors import InputError
from reprieve.evidence.schema import UNVERIFIED
from reprieve.evidence.vocabulary import event, instrument
from reprieve.living.account import LeftOut, Placed
from reprieve.living.tables.cells import CellError
from reprieve.living.tables.values import ArmValue, ContrastValue, ReadTable

if TYPE_CHECKING:
    from reprieve.evidence.records import Evidence

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Score:
    """What the numbers of an outcome are, where they are scores.

    Attributes
    ----------
    domain, instrument : str
        As in the vocabulary of instruments: ``"pain"``, ``"VAS"``.
    scale_min, scale_max : float
        The range as the trials used it.
    month : float
    statistic : {"final", "change"}
    """

    domain: str
    instrument: str
    scale_min: float
    scale_max: float
    month: float
    statistic: str = "final"


@dataclass(frozen=True, slots=True)
class Count:
    """What the numbers of an outcome are, where people with an event were counted.

    Attributes
    ----------
    event : str
        A code of the vocabulary of events.
    month : float or None
    """

    event: str
    month: float | None = None


@dataclass(frozen=True, slots=True)
class PlacedRows:
    """Rows for the tables of the evidence.

    Attributes
    ----------
    tables : mapping
        Rows of ``outcomes``, ``contrasts`` and ``events``, as mappings.
    placed : tuple of Placed
    left_out : tuple of LeftOut
        What the table's reader left out, and what could not be placed.
    """

    tables: Mapping[str, list[Row]]
    placed: tuple[Placed, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """The trials of the evidence and their arms, by what people call them."""

    studies: Mapping[str, set[str]]
    arms: Mapping[tuple[str, str], list[str]]
    renamed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, evidence: Evidence, names: Mapping[str, str]) -> _Known:
        studies: dict[str, set[str]] = {}
        for study_id, label in evidence.studies.select("study_id", "label").iter_rows():
            for name in (study_id, label):
                studies.setdefault(_folded(name), set()).add(study_id)
        arms: dict[tuple[str, str], list[str]] = {}
        columns = ("study_id", "arm_id", "label", "treatment")
        for study_id, arm_id, *others in evidence.arms.select(columns).iter_rows():
            for name in {_folded(arm_id), *map(_folded, others)}:
                arms.setdefault((study_id, name), []).append(arm_id)
        return cls(studies, arms, {_folded(name): to for name, to in names.items()})

    def study(self, name: str) -> str:
        found = self.studies.get(_folded(self._called(name)), set())
        if len(found) != 1:
            many = "several trials" if found else "no trial"
            raise CellError(f"the evidence knows {many} called {name!r}")
        return next(iter(found))

    def arm(self, study_id: str, name: str) -> str:
        found = self.arms.get((study_id, _folded(self._called(name))), [])
        if len(found) != 1:
            many = "several arms" if found else "no arm"
            raise CellError(f"{study_id} has {many} called {name!r}")
        return found[0]

    def _called(self, name: str) -> str:
        return self.renamed.get(_folded(name), name)


def place(
    read: ReadTable,
    evidence: Evidence,
    meanings: Mapping[str, Score | Count],
    *,
    source_url: str,
    names: Mapping[str, str] | None = None,
) -> PlacedRows:
    """Rows of evidence from the values of a table.

    Parameters
    ----------
    read : ReadTable
    evidence : Evidence
        Knows the trials and their arms: by id, label, or (an arm) treatment.
    meanings : mapping
        What each outcome of the table is; ``""`` for that of a table without outcomes. An outcome
        with several times can't be of one month: none of it is placed.
    source_url : str
        The page that the numbers come from.
    names : mapping, optional
        What a trial or an arm of the table is called in the evidence.

    Returns
    -------
    PlacedRows

    Raises
    ------
    reprieve.errors.UnknownWordError
        A meaning names an instrument or an event that the vocabulary does not hold.
    reprieve.errors.InputError
        A range is none, or a statistic is neither ``"final"`` nor ``"change"``.
    """
    for meaning in meanings.values():
        _check(meaning)
    known = _Known.of(evidence, names or {})
    times: dict[str, set[float | None]] = {}
    for one in read.arms:
        times.setdefault(one.outcome, set()).add(one.time)
    tables: dict[str, list[Row]] = {"outcomes": [], "contrasts": [], "events": []}
    placed: list[Placed] = []
    left_out = list(read.left_out)
    for value, was in zip(_all(read), read.placed, strict=True):
        try:
            meaning = _meaning(value, meanings)
            if len(times.get(value.outcome, ())) > 1:
                raise CellError("its outcome has several times; name an outcome for each of them")
            table, row = _row(value, meaning, known)
        except CellError as error:
            left_out.append(LeftOut(was.what, str(error), value.where))
            continue
        marks = {"locator": value.where, "source_url": source_url, "flag": UNVERIFIED}
        tables[table].append({**row, **marks, "readings": 0})
        placed.append(Placed(was.what, value.where, table))
    return PlacedRows(tables, tuple(placed), tuple(left_out))


def _all(read: ReadTable) -> Iterable[ArmValue | ContrastValue]:
    return (*read.arms, *read.contrasts)


def _check(meaning: Score | Count) -> None:
    if isinstance(meaning, Count):
        event(meaning.event)
        return
    instrument(meaning.domain, meaning.instrument)
    if not meaning.scale_min < meaning.scale_max or meaning.statistic not in ("final", "change"):
        raise InputError(
            f"{meaning}: expected a range from low to high, and 'final' or 'change'; correct it"
        )


def _meaning(
    value: ArmValue | ContrastValue, meanings: Mapping[str, Score | Count]
) -> Score | Count:
    try:
        return meanings[value.outcome]
    except KeyError:
        raise CellError(f"what the outcome {value.outcome!r} is, was not said") from None


def _row(value: ArmValue | ContrastValue, meaning: Score | Count, known: _Known) -> tuple[str, Row]:
    if value.subgroup:
        raise CellError(f"it is of a subgroup ({value.subgroup}), not of the trial")
    study_id = known.study(value.study)
    if isinstance(value, ContrastValue):
        return "contrasts", _contrast_row(value, meaning, study_id, known)
    row: Row = {"study_id": study_id, "arm_id": known.arm(study_id, value.arm), "n": value.n}
    if isinstance(meaning, Count):
        if value.events is None:
            raise CellError("it is no number of people with an event")
        counted = {"event": meaning.event, "month": meaning.month, "events": value.events}
        return "events", {**row, **counted}
    if value.mean is None:
        raise CellError("it is no score")
    _within(value.mean, meaning, change=meaning.statistic == "change")
    scores = {name: getattr(value, name) for name in ("mean", "sd", "se", "ci_low", "ci_high")}
    return "outcomes", {**row, **_scale(meaning), "statistic": meaning.statistic, **scores}


def _contrast_row(
    value: ContrastValue, meaning: Score | Count, study_id: str, known: _Known
) -> Row:
    if isinstance(meaning, Count) or value.measure not in ("MD", "SMD"):
        raise CellError(f"a contrast ({value.measure}) of events has no place in the tables")
    if value.measure == "MD":
        _within(value.estimate, meaning, change=True)
    given = ("measure", "estimate", "se", "ci_low", "ci_high")
    return {
        "study_id": study_id,
        "arm_a": known.arm(study_id, value.arm_a),
        "arm_b": known.arm(study_id, value.arm_b),
        **_scale(meaning),
        **{name: getattr(value, name) for name in given},
    }


def _within(score: float, meaning: Score, *, change: bool) -> None:
    """Refuse a score outside of its range, which is how a wrong range or column shows."""
    low, high = meaning.scale_min, meaning.scale_max
    if change:
        low, high = low - high, high - low
    if not low <= score <= high:
        raise CellError(f"{score:g} is outside of the range from {low:g} to {high:g}")


def _scale(meaning: Score) -> Row:
    known = instrument(meaning.domain, meaning.instrument)
    return {
        "domain": known.domain,
        "instrument": known.name,
        "scale_min": meaning.scale_min,
        "scale_max": meaning.scale_max,
        "higher_is": known.higher_is,
        "month": meaning.month,
    }


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
