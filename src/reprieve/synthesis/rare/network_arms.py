"""Events in the arms of trials of many treatments, read from a table with a row an arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.inputs import Excluded, column, opened
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.rows import Index, labels_of


@dataclass(frozen=True, eq=False)
class ArmTable:
    """Arms of trials, each trial with two or more.

    Attributes
    ----------
    study : tuple of str
        Of each arm.
    treatment : tuple of str
    x, n : ndarray, shape (arms,)
        People with the event, and people.
    excluded : tuple of Excluded
        Arms that are not part of the analysis, and why.
    """

    study: tuple[str, ...]
    treatment: tuple[str, ...]
    x: Array
    n: Array
    excluded: tuple[Excluded, ...]

    @property
    def treatments(self) -> tuple[str, ...]:
        """All treatments, sorted without regard to case."""
        return tuple(sorted(set(self.treatment), key=lambda word: (word.casefold(), word)))

    @property
    def trials(self) -> dict[str, list[int]]:
        """The places of each trial's arms."""
        found: dict[str, list[int]] = {}
        for place, label in enumerate(self.study):
            found.setdefault(label, []).append(place)
        return found


@dataclass(frozen=True, eq=False)
class TrialGroup:
    """Trials with equally many arms.

    Attributes
    ----------
    x, n : ndarray, shape (k, a)
    t : ndarray of int, shape (k, a)
        The treatment of each arm.
    """

    x: Array
    n: Array
    t: Index


def read_arms(data: Any, study: Any, treatment: Any, events: Any, n: Any) -> ArmTable:
    """Arms that inform about odds ratios, from columns of a data frame or from arrays.

    Left out, each with its reason: rows with something missing; treatments with which nobody (or
    everybody) has the event in any trial, whose odds ratio has no finite estimate; trials in
    which nobody or everybody has it, and those that are left with one arm.

    Raises
    ------
    InputError
        A number that can't be a count, or a treatment that a trial names twice.
    SynthesisError
        No trial is left.

    Examples
    --------
    >>> arms = read_arms(None, ["A", "A", "B", "B"], ["drug", "sham"] * 2, [1, 3, 0, 0], [50] * 4)
    >>> arms.study, arms.excluded[0].reason
    (('A', 'A'), 'no event in any arm of the trial')
    """
    data = opened(data)
    studies, treatments = (
        labels_of(column(data, given, role))
        for given, role in ((study, "study"), (treatment, "treatment"))
    )
    x, size = (
        _numbers(column(data, given, role), role) for given, role in ((events, "events"), (n, "n"))
    )
    if len({len(studies), len(treatments), len(x), len(size)}) > 1:
        raise InputError("study, treatment, events and n must be of one length")
    faults = {
        i: f"{role} is missing"
        for role, missing in (
            ("n", np.isnan(size)), ("events", np.isnan(x)),
            ("treatment", np.array([name is None for name in treatments], dtype=bool)),
            ("study", np.array([name is None for name in studies], dtype=bool)),
        )
        for i in np.flatnonzero(missing).tolist()
    }  # fmt: skip
    names = [str(name) for name in studies], [str(name) for name in treatments]
    _require_possible(*names, x, size, faults)
    _leave_out(*names, x, size, faults)
    kept = [i for i in range(len(x)) if i not in faults]
    if not kept:
        raise SynthesisError(
            "no trial tells odds apart: nobody, or everybody, had the event. See `upper_bound` "
            "for how many events that still allows"
        )
    return ArmTable(
        tuple(names[0][i] for i in kept),
        tuple(names[1][i] for i in kept),
        x[kept],
        size[kept],
        tuple(Excluded(i + 1, studies[i] or "?", why) for i, why in sorted(faults.items())),
    )


def groups_of(arms: ArmTable) -> list[TrialGroup]:
    """The trials by their number of arms, as arrays."""
    number = {name: i for i, name in enumerate(arms.treatments)}
    t = np.array([number[name] for name in arms.treatment], dtype=np.intp)
    by_size: dict[int, list[list[int]]] = {}
    for places in arms.trials.values():
        by_size.setdefault(len(places), []).append(places)
    return [TrialGroup(arms.x[rows], arms.n[rows], t[rows]) for _, rows in sorted(by_size.items())]


def _numbers(values: Any, role: str) -> Array:
    found = np.full(len(values), np.nan)
    for i, value in enumerate(values):
        if value is None or value == "":
            continue
        try:
            found[i] = float(value)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"row {i + 1}: {role} is not a number: {value!r}; correct it, or leave it empty"
            ) from error
    return found


def _require_possible(
    studies: list[str], treatments: list[str], x: Array, n: Array, faults: dict[int, str]
) -> None:
    for bad, expected in (
        (x < 0, "0 events or more"),
        (~np.isnan(x) & (x != np.floor(x)), "a whole number of events"),
        ((n <= 0) | np.isinf(n), "people, at least one"),
        (x > n, "no more events than people"),
    ):
        if bad.any():
            i = int(bad.argmax())
            raise InputError(
                f"row {i + 1} (study {studies[i]}, {treatments[i]}): {x[i]:g} events of {n[i]:g}; "
                f"expected {expected}"
            )
    seen: dict[tuple[str, str], int] = {}
    for i, arm in enumerate(zip(studies, treatments, strict=True)):
        if i in faults:
            continue
        if arm in seen:
            raise InputError(
                f"row {i + 1}: study {arm[0]} has {arm[1]} already in row {seen[arm] + 1}; add "
                "these arms up first, or give them names of their own"
            )
        seen[arm] = i


def _leave_out(
    studies: list[str], treatments: list[str], x: Array, n: Array, faults: dict[int, str]
) -> None:
    """Name what carries no information about an odds ratio, until nothing more is found.

    A treatment that lost its last event with a trial that was left out is found in the next turn.
    """

    def members(names: list[str]) -> dict[str, NDArray[np.intp]]:
        found: dict[str, list[int]] = {}
        for i, name in enumerate(names):
            if i not in faults:
                found.setdefault(name, []).append(i)
        return {name: np.array(rows, dtype=np.intp) for name, rows in found.items()}

    before = -1
    while before != len(faults):
        before = len(faults)
        for rows in members(studies).values():
            if not x[rows].any():
                faults |= dict.fromkeys(rows.tolist(), "no event in any arm of the trial")
            elif (x[rows] == n[rows]).all():
                faults |= dict.fromkeys(rows.tolist(), "everybody has the event in all arms")
            elif len(rows) == 1:
                faults[int(rows[0])] = "the trial has no other arm to compare with"
        for name, rows in members(treatments).items():
            nobody, everybody = not x[rows].any(), bool((x[rows] == n[rows]).all())
            if nobody or everybody:
                who = f"{'nobody' if nobody else 'everybody'} with {name} has the event in any "
                faults |= dict.fromkeys(
                    rows.tolist(), who + "trial: its odds ratio has no finite estimate"
                )
