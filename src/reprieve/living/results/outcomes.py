"""Scores: the values of outcome and baseline measures as rows of outcomes.

A value becomes a row when arm, instrument, time, statistic and the kind of value are all certain.
Where the record gives two values for one row, the measure that covers more arms counts, unless
the two contradict each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from reprieve.living.results.arms import Arms, is_total
from reprieve.living.results.instruments import NO_INSTRUMENT
from reprieve.living.results.ledger import Ledger
from reprieve.living.results.measuring import Meaning, meaning_of
from reprieve.living.results.numerals import whole
from reprieve.living.results.posted import PARTICIPANTS, Group, Line, Measure, Measurement
from reprieve.living.results.values import Value, drop_impossible, value_of

_CONTRADICTION = 0.15
"""Of the range of a scale, by which two values for one row may differ (analysis sets, models)."""
_TURNED = 0.1
"""Of the range; where all arms get worse, and one by more, the sign is in doubt."""
NO_OUTCOME = "a characteristic, not an outcome"
_NOT_SCORES = ("count of", "number")


@dataclass(slots=True)
class Candidate:
    """A row that a value could become.

    Attributes
    ----------
    arm : str
    meaning : Meaning
    value : Value
    people : int or None
    measure : Measure
    cell : Measurement
        As it was posted.
    where, shown : str
        Where it was posted, and what it says.
    at_baseline : bool
    arms_covered : int
        How many arms the measure gives values for.
    """

    arm: str
    meaning: Meaning
    value: Value
    people: int | None
    measure: Measure
    cell: Measurement
    where: str
    shown: str
    at_baseline: bool
    arms_covered: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[Any, ...]:
        """What no two rows may share."""
        meaning = self.meaning
        return self.arm, meaning.domain, meaning.instrument, meaning.month, meaning.statistic

    @property
    def centre(self) -> float:
        """Mean or median."""
        columns = self.value.columns
        return columns["mean"] if "mean" in columns else columns["median"]


def place_scores(
    baseline: Sequence[Measure], outcomes: Sequence[Measure], arms: Arms, ledger: Ledger
) -> list[Candidate]:
    """Write down all scores of a record, and what is left out of them.

    Measures that count people are not scores; they are left to other hands.

    Returns
    -------
    list of Candidate
        Those that became rows.
    """
    candidates: list[Candidate] = []
    for measure in outcomes:
        if not is_count(measure):
            candidates += _candidates(measure, arms, ledger, at_baseline=False)
    for measure in baseline:
        if not is_count(measure):
            candidates += _candidates(measure, arms, ledger, at_baseline=True)
    kept = _without_turned(_without_rivals(candidates, ledger), ledger)
    for candidate in kept:
        row = _row(candidate)
        ledger.place("outcomes", row, candidate.shown, candidate.where)
        for what, reason in candidate.value.dropped:
            ledger.leave(f"{candidate.shown}: {what}", reason, candidate.where, cells=0)
    return kept


def is_count(measure: Measure) -> bool:
    """Whether the values of a measure count something.

    Examples
    --------
    >>> is_count(Measure(1, "Responders", parameter="count of participants"))
    True
    """
    return measure.parameter.startswith(_NOT_SCORES)


def place_name(measure: Measure, line: Line | None = None, *, at_baseline: bool = False) -> str:
    """Where a value stands, in words.

    Examples
    --------
    >>> place_name(Measure(4, "VAS"), Line("6 months", "", ()))
    "outcome 4, line '6 months'"
    """
    name = f"{'baseline measure' if at_baseline else 'outcome'} {measure.number}"
    return f"{name}, line {line.title!r}" if line is not None and line.title else name


def _candidates(
    measure: Measure, arms: Arms, ledger: Ledger, *, at_baseline: bool
) -> Iterator[Candidate]:
    groups = {group.id: group for group in measure.groups}
    covered = max((len(line.measurements) for line in measure.lines), default=0)
    for line in measure.lines:
        meaning = meaning_of(line, measure, at_baseline=at_baseline)
        where = place_name(measure, line, at_baseline=at_baseline)
        for cell in line.measurements:
            group = groups.get(cell.group, Group(cell.group, cell.group))
            shown = _shown(measure, line, group, cell)
            if is_total(group):
                ledger.leave(shown, "is the sum over all arms", where)
                continue
            counted = line.people.get(cell.group) or measure.people.get(cell.group, "")
            people = whole(counted)
            arm = arms.of(group, people, alone=len(groups) == 1)
            value = value_of(cell, measure.parameter, measure.dispersion)
            reason = meaning.reason or value.reason
            if at_baseline and meaning.reason == NO_INSTRUMENT:
                reason = NO_OUTCOME
            if not reason and arm is None:
                reason = "its group is none of the arms for certain"
            if not reason and people == 0:
                reason = "nobody was analysed"
            if reason or arm is None:
                ledger.leave(shown, reason, where)
                continue
            candidate = Candidate(
                arm.id, meaning, value, people, measure, cell, where, shown, at_baseline, covered
            )
            if meaning.scale is not None and people:
                drop_impossible(value, meaning.scale, people)
            if measure.counted != PARTICIPANTS:
                candidate.people = None
                candidate.notes.append(f"counted in {measure.counted}")
            yield candidate


def _shown(measure: Measure, line: Line, group: Group, cell: Measurement) -> str:
    spread = cell.spread or (f"{cell.lower} to {cell.upper}" if cell.lower else "")
    value = f"{cell.value} ({spread})" if spread else cell.value
    title = f"{measure.title}, {line.title}" if line.title else measure.title
    return f"{title}, {group.title}: {value}"


def _without_rivals(candidates: Sequence[Candidate], ledger: Ledger) -> list[Candidate]:
    """One candidate a row; the others, and all that contradict each other, are left out."""
    by_key: defaultdict[tuple[Any, ...], list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_key[candidate.key].append(candidate)
    reasons: dict[int, str] = {}
    doubtful: set[tuple[Any, ...]] = set()
    for key, rivals in by_key.items():
        for loser, reason, contradicts in _losers(rivals):
            reasons[id(loser)] = reason
            if contradicts:
                # The other arms of that line are no better than this one.
                doubtful.add((id(loser.measure), *key[1:]))
    kept = []
    for candidate in candidates:
        reason = reasons.get(id(candidate), "")
        if not reason and (id(candidate.measure), *candidate.key[1:]) in doubtful:
            reason = "the record contradicts itself on this for another arm"
        if reason:
            ledger.leave(candidate.shown, reason, candidate.where)
        else:
            kept.append(candidate)
    return kept


def _without_turned(candidates: Sequence[Candidate], ledger: Ledger) -> list[Candidate]:
    """Without changes for the worse in all arms alike, which look like gains with a plus sign."""
    together: defaultdict[tuple[Any, ...], list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        if candidate.meaning.statistic == "change" and candidate.meaning.scale is not None:
            together[(candidate.measure.number, *candidate.key[1:])].append(candidate)
    turned = {
        id(one)
        for alike in together.values()
        if min(map(_got_worse, alike)) > 0 and max(map(_got_worse, alike)) > _TURNED
        for one in alike
    }
    for candidate in candidates:
        if id(candidate) in turned:
            reason = "everybody seems to get worse: the sign of the change is not certain"
            ledger.leave(candidate.shown, reason, candidate.where)
    return [candidate for candidate in candidates if id(candidate) not in turned]


def _got_worse(candidate: Candidate) -> float:
    """By what part of the range people got worse."""
    low, high = candidate.meaning.scale or (0.0, 1.0)
    sign = 1 if candidate.meaning.higher_is == "worse" else -1
    return sign * candidate.centre / (high - low)


def _losers(rivals: Sequence[Candidate]) -> Iterator[tuple[Candidate, str, bool]]:
    """Those of the candidates for one row that are left out, why, and whether they contradict."""
    if len(rivals) == 1:
        return
    best = max(rivals, key=lambda one: (not one.at_baseline, one.arms_covered))
    for rival in rivals:
        if rival is not best and _contradict(best, rival):
            reason = f"contradicts {{}}: {best.centre:g} and {rival.centre:g} for the same"
            yield best, reason.format(rival.where), True
            for other in rivals:
                if other is not best:
                    yield other, reason.format(best.where), True
            return
    equals = [one for one in rivals if _rank(one) == _rank(best)]
    values = {tuple(one.value.columns.items()) for one in equals}
    if len(values) > 1:
        for one in rivals:
            yield one, "the record gives two values for the same", False
        return
    for rival in rivals:
        if rival is not best:
            yield rival, f"the same is given in {best.where}", False


def _rank(candidate: Candidate) -> tuple[bool, int]:
    return candidate.at_baseline, candidate.arms_covered


def _contradict(one: Candidate, other: Candidate) -> bool:
    difference = abs(one.centre - other.centre)
    scale = one.meaning.scale or other.meaning.scale
    if scale is not None:
        return difference > _CONTRADICTION * (scale[1] - scale[0])
    return difference > 0.5 * max(abs(one.centre), abs(other.centre))


def _row(candidate: Candidate) -> dict[str, Any]:
    meaning = candidate.meaning
    low, high = meaning.scale or (None, None)
    place = "baseline" if candidate.at_baseline else f"outcome {candidate.measure.number}"
    notes = [*candidate.value.notes, *meaning.notes, *candidate.notes]
    return {
        "arm_id": candidate.arm,
        "domain": meaning.domain,
        "instrument": meaning.instrument,
        "scale_min": low,
        "scale_max": high,
        "higher_is": meaning.higher_is,
        "month": meaning.month,
        "statistic": meaning.statistic,
        "n": candidate.people,
        **candidate.value.columns,
        "locator": f"registry results, {place}" + (f" ({'; '.join(notes)})" if notes else ""),
    }
