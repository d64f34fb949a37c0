"""From what each arm of a trial reports to contrasts between all its arms."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.effects import binary, continuous
from reprieve.effects.effect import Effect
from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis.inputs import Excluded, column, opened
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.rows import Index, Rows, arrange, labels_of

_OF_MEANS, _OF_EVENTS = ("MD", "SMD", "ROM"), ("OR", "RR", "RD")


@dataclass(frozen=True)
class Arms:
    """Arms that can be used.

    Attributes
    ----------
    values : dict of str to ndarray, shape (arms,)
        mean, sd and n; or events and n.
    trial : ndarray of int, shape (arms,)
    pairs : ndarray of int, shape (pairs, 2)
        Arms of the same trial.
    """

    values: dict[str, Array]
    trial: Index
    pairs: Index

    def sides(self, name: str) -> tuple[Array, Array]:
        """A value of the first and second arm of each pair."""
        return self.values[name][self.pairs[:, 0]], self.values[name][self.pairs[:, 1]]

    def per_trial(self, values: Array) -> Array:
        """Sums over the arms of each trial."""
        return np.bincount(self.trial, values).astype(float)


def rows_of_arms(
    data: Any,
    study: Any,
    treatment: Any,
    mean: Any = None,
    sd: Any = None,
    events: Any = None,
    n: Any = None,
    measure: str | None = None,
) -> Rows:
    """All contrasts of each trial, from a table with a row an arm.

    Parameters
    ----------
    data : data frame, mapping of columns, or None
    study, treatment : str or sequence
    mean, sd, events, n : str or sequence
        Means, standard deviations and people; or people with the event, and people.
    measure : str, optional
        MD, SMD, ROM; OR, RR, RD.

    Notes
    -----
    SMD takes the standard deviation within all arms of a trial, so that contrasts of a trial add
    up (Gleser & Olkin 2009); with two arms it is Hedges' g. ROM is corrected for bias, as
    metafor's. Ratios and RD follow netmeta's ``pairwise`` where a trial has a zero cell: ½ is
    added to each cell of all its arms (RR: to events and to people; RD: in the variance alone).

    Examples
    --------
    >>> rows = rows_of_arms(
    ...     None, ["A", "A"], ["drug", "sham"], mean=[40, 48], sd=[20, 22], n=[50, 49]
    ... )
    >>> rows.y, rows.v.round(3)
    (array([-8.]), array([17.878]))
    """
    data = opened(data)
    given = {"mean": mean, "sd": sd, "events": events, "n": n}
    measure = _measure(measure, given)
    studies, treatments = (
        labels_of(column(data, part, role))
        for part, role in ((study, "study"), (treatment, "treatment"))
    )
    values = {
        role: _numbers(column(data, part, role), role)
        for role, part in given.items()
        if part is not None
    }
    lengths = {len(studies), len(treatments), *map(len, values.values())}
    if len(lengths) > 1:
        raise InputError(f"study, treatment, {', '.join(values)} must be of one length")
    faults = _faults(studies, treatments, values)
    of_study: dict[str, list[int]] = {}
    for i, label in enumerate(studies):
        if i not in faults:
            of_study.setdefault(str(label), []).append(i)
    for label, rows in of_study.items():
        _require_distinct(label, [str(treatments[i]) for i in rows])
        if len(rows) == 1:
            faults[rows[0]] = "the study has no other arm to compare with"
    trials = [rows for rows in of_study.values() if len(rows) > 1]
    if trials:
        silent = _silent(measure, values, trials)
        for rows, mute in zip(trials, silent, strict=True):
            if mute:
                faults |= dict.fromkeys(rows, _MUTE.format(measure=measure))
        trials = [rows for rows, mute in zip(trials, silent, strict=True) if not mute]
    if not trials:
        raise SynthesisError("there is no contrast to use: no study has two arms that inform")
    places = [i for rows in trials for i in rows]
    arms = _arms(values, trials)
    effect = _of_means(measure, arms) if events is None else _of_events(measure, arms)
    ends = [[places[arm] for arm in side] for side in arms.pairs.T.tolist()]
    trial = [str(studies[i]) for i in ends[0]]
    first, second = ([str(treatments[i]) for i in side] for side in ends)
    _require_numbers(measure, effect, trial, first, second)
    excluded = tuple(
        Excluded(i + 1, studies[i] or "?", reason) for i, reason in sorted(faults.items())
    )
    return arrange(trial, first, second, effect.estimate, effect.variance, excluded)


_MUTE = "no arm of the study informs about the {measure}: all have the event, or none"


def _measure(measure: str | None, given: dict[str, Any]) -> str:
    """The measure that was asked for, if the data allow it."""
    counts = given["events"] is not None
    if counts == (given["mean"] is not None or given["sd"] is not None):
        raise InputError("arms need either mean=, sd= and n=, or events= and n=")
    needed = ("n",) if counts else ("mean", "sd", "n")
    if missing := [f"{name}=" for name in needed if given[name] is None]:
        raise InputError(
            f"arms lack {', '.join(missing)}: give mean=, sd= and n=, or events= and n="
        )
    known = _OF_EVENTS if counts else _OF_MEANS
    if measure is None:
        return known[0]
    if measure not in known:
        raise UnknownWordError(f"measure of {'events' if counts else 'means'}", measure, known)
    return measure


def _faults(
    studies: list[str | None], treatments: list[str | None], values: dict[str, Array]
) -> dict[int, str]:
    """What is wrong with arms, by their place."""
    found: dict[int, str] = {}
    least = {"n": 1.0 if "events" in values else 2.0, "events": 0.0}
    for i, names in enumerate(zip(studies, treatments, strict=True)):
        if None in names:
            found[i] = "study or treatment is missing"
    for role, part in values.items():
        for i in np.flatnonzero(np.isnan(part)).tolist():
            found.setdefault(i, f"{role} is missing")
        for i in np.flatnonzero(np.isinf(part)).tolist():
            found.setdefault(i, f"{role} is infinite")
        low = part <= 0 if role == "sd" else part < least.get(role, -np.inf)
        for i in np.flatnonzero(low).tolist():
            limit = "not above zero" if role == "sd" else f"below {least[role]:g}"
            found.setdefault(i, f"{role} is {part[i]:g}, {limit}")
    if "events" in values:
        for i in np.flatnonzero(values["events"] > values["n"]).tolist():
            found.setdefault(i, "more events than people")
    return found


def _require_distinct(label: str, treatments: list[str]) -> None:
    twice = sorted({name for name in treatments if treatments.count(name) > 1})
    if twice:
        raise InputError(
            f"study {label!r} has more than one arm of {', '.join(twice)}; combine them first, or "
            "give them names of their own"
        )


def _silent(measure: str, values: dict[str, Array], trials: list[list[int]]) -> list[bool]:
    """Trials in which nobody, or (OR) everybody, has the event in all arms."""
    if measure not in ("OR", "RR"):
        return [False] * len(trials)
    events, n = values["events"], values["n"]
    nobody = [not events[rows].any() for rows in trials]
    if measure == "RR":
        return nobody
    everybody = [bool((events[rows] == n[rows]).all()) for rows in trials]
    return [none or every for none, every in zip(nobody, everybody, strict=True)]


def _arms(values: dict[str, Array], trials: list[list[int]]) -> Arms:
    """Values of the arms of trials, in their order, and all pairs within trials."""
    places = [i for rows in trials for i in rows]
    pairs, before = [], 0
    for rows in trials:
        pairs += list(combinations(range(before, before + len(rows)), 2))
        before += len(rows)
    return Arms(
        {role: part[places] for role, part in values.items()},
        np.repeat(np.arange(len(trials)), [len(rows) for rows in trials]),
        np.array(pairs, dtype=np.intp),
    )


def _of_means(measure: str, arms: Arms) -> Effect:
    (mean1, mean2), (sd1, sd2), (n1, n2) = (arms.sides(name) for name in ("mean", "sd", "n"))
    if measure == "MD":
        return continuous.mean_difference(mean1, sd1, n1, mean2, sd2, n2)
    if measure == "ROM":
        return continuous.ratio_of_means(mean1, sd1, n1, mean2, sd2, n2)
    n, sd, trial = arms.values["n"], arms.values["sd"], arms.trial[arms.pairs[:, 0]]
    df = arms.per_trial(n - 1)
    within = np.sqrt(arms.per_trial((n - 1) * sd**2) / df)
    g = (mean1 - mean2) / within[trial] * continuous.hedges_correction(df[trial])
    return Effect.of(g, 1 / n1 + 1 / n2 + g**2 / (2 * arms.per_trial(n)[trial]))


def _of_events(measure: str, arms: Arms) -> Effect:
    (x1, x2), (n1, n2) = arms.sides("events"), arms.sides("n")
    zero: NDArray[np.bool_] = (arms.values["events"] == 0) | (
        arms.values["events"] == arms.values["n"]
    )
    half = np.where(arms.per_trial(zero.astype(float)) > 0, 0.5, 0.0)
    half = half[arms.trial[arms.pairs[:, 0]]]
    cells = (x1 + half, n1 + 2 * half, x2 + half, n2 + 2 * half)
    if measure == "OR":
        return binary.odds_ratio(*cells, to="none")
    if measure == "RD":
        variance = binary.risk_difference(*cells, to="none").variance
        return Effect.of(x1 / n1 - x2 / n2, variance)
    effect = binary.risk_ratio(x1 + half, n1 + half, x2 + half, n2 + half, to="none")
    everybody = (x1 == n1) & (x2 == n2)
    full = 1 / n1 - 1 / (n1 + half) + 1 / n2 - 1 / (n2 + half)
    return Effect.of(effect.estimate, np.where(everybody, full, effect.variance))


def _require_numbers(
    measure: str, effect: Effect, label: list[str], first: list[str], second: list[str]
) -> None:
    y, v = effect.estimate, effect.variance
    bad = ~(np.isfinite(y) & np.isfinite(v) & (v > 0))
    if bad.any():
        i = int(bad.argmax())
        raise SynthesisError(
            f"the {measure} of study {label[i]!r} ({first[i]} – {second[i]}) can't be computed "
            "from its arms; check its numbers"
        )


def _numbers(values: Any, role: str) -> Array:
    numbers = np.full(len(values), np.nan)
    for i, value in enumerate(values):
        if value is None or value == "":
            continue
        try:
            numbers[i] = float(value)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"row {i + 1}: {role} is not a number: {value!r}; correct it, or leave it empty"
            ) from error
    return numbers
