"""Comparisons that were posted: differences of means between two arms, where their sign is sure.

The record names two groups but not which is subtracted from which; the values of the groups tell,
where the difference is theirs in one direction only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reprieve.living.results.ledger import Ledger
from reprieve.living.results.numerals import decimals, number, p_value
from reprieve.living.results.outcomes import Candidate
from reprieve.living.results.posted import Analysis, Measure

_DIFFERENCE = re.compile(
    r"^(?:(?:adjusted|estimated|ls|least[- ]squares?|mean|net|final values?|treatment|of|in|[-()])"
    r"\s*)*differences?"
    r"(?:\s*(?:in|of|between|[()]|ls|means?|groups?|net|final values?|treatment))*\s*$",
    re.I,
)
_OTHER_MODEL = 0.1
"""Of the difference, by which an adjusted one may differ from that of the posted means."""


def place_contrasts(
    outcomes: Sequence[Measure], placed: Sequence[Candidate], ledger: Ledger
) -> None:
    """Write down the comparisons of a record.

    Parameters
    ----------
    outcomes : sequence of Measure
    placed : sequence of Candidate
        The scores that became rows; a comparison is of two of these.
    ledger : Ledger
    """
    for measure in outcomes:
        of_measure = [one for one in placed if one.measure is measure and not one.at_baseline]
        for place, analysis in enumerate(measure.analyses, 1):
            where = f"outcome {measure.number}, comparison {place}"
            shown = f"{measure.title}: {analysis.parameter or analysis.method or 'comparison'}"
            what = f"{shown} {analysis.value}".strip()
            reason = _place(measure, analysis, of_measure, what, where, ledger)
            if reason:
                ledger.leave(what, reason, where)


def _place(
    measure: Measure,
    analysis: Analysis,
    placed: Sequence[Candidate],
    what: str,
    where: str,
    ledger: Ledger,
) -> str:
    """Write the comparison down, or say why not."""
    estimate = number(analysis.value)
    if not analysis.value:
        return "a test without an estimate"
    if estimate is None:
        return f"its estimate {analysis.value!r} is no number"
    if len(analysis.groups) != 2:
        return "is not between two groups"
    if not _DIFFERENCE.match(analysis.parameter):
        return "is not a difference of means"
    if "mean" not in measure.parameter or not placed:
        return "the means that it compares were not placed"
    pair = [[one for one in placed if one.cell.group == group] for group in analysis.groups]
    if any(len(found) != 1 for found in pair):
        return "it is not certain which line of the outcome it compares"
    first, second = pair[0][0], pair[1][0]
    ordered = _ordered(first, second, estimate, analysis.value)
    if ordered is None:
        return "it is not certain which arm is subtracted from which"
    ledger.place("contrasts", _row(*ordered, estimate, analysis), what, where)
    return ""


def _ordered(
    first: Candidate, second: Candidate, estimate: float, written: str
) -> tuple[Candidate, Candidate] | None:
    """The arm on the left of the difference and the one that is subtracted."""
    if first.key[1:] != second.key[1:]:
        return None
    difference = first.centre - second.centre
    digits = map(decimals, (written, first.cell.value, second.cell.value))
    near = max(_OTHER_MODEL * abs(difference), 1.5 * 10.0 ** -min(digits))
    as_posted, turned = abs(estimate - difference) <= near, abs(estimate + difference) <= near
    if as_posted == turned or abs(difference) <= near:
        return None
    return (first, second) if as_posted else (second, first)


def _row(a: Candidate, b: Candidate, estimate: float, analysis: Analysis) -> dict[str, object]:
    meaning, notes = a.meaning, list(a.value.notes)
    low, high = meaning.scale or (None, None)
    row: dict[str, object] = {
        "arm_a": a.arm,
        "arm_b": b.arm,
        "domain": meaning.domain,
        "instrument": meaning.instrument,
        "scale_min": low,
        "scale_max": high,
        "higher_is": meaning.higher_is,
        "month": meaning.month,
        "measure": "MD",
        "estimate": estimate,
        "p": p_value(analysis.p),
        "n_a": a.people,
        "n_b": b.people,
    }
    limits = number(analysis.lower), number(analysis.upper)
    two_sided = analysis.sides.startswith(("two", "2"))
    if None not in limits and two_sided and number(analysis.percent) == 95:
        row |= {"ci_low": limits[0], "ci_high": limits[1]}
    elif analysis.percent:
        notes.append(f"the posted interval is {analysis.percent} %, {analysis.sides}: left out")
    if "error" in analysis.dispersion.lower():
        row["se"] = number(analysis.spread)
    said = f" ({'; '.join(notes)})" if notes else ""
    row["locator"] = f"registry results, outcome {a.measure.number}, analysis{said}"
    return row
