"""Agents at doses, from columns to the treatments of a network."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.inputs import column, opened
from reprieve.synthesis.networks.reading import read_trials
from reprieve.synthesis.networks.rows import Rows, labels_of


@dataclass(frozen=True)
class Dosed:
    """Rows of contrasts, and what each treatment is.

    Attributes
    ----------
    rows : Rows
    nodes : tuple of (str, float)
        Agent and dose of each treatment; the agent without dose is `placebo`, at 0.
    """

    rows: Rows
    nodes: tuple[tuple[str, float], ...]


def read_doses(
    data: Any, study: Any, arms: dict[str, Any], contrasts: dict[str, Any], placebo: str
) -> Dosed:
    """Rows of arms (agent, dose and numbers) or of contrasts (agent1, dose1, agent2, dose2, …).

    Raises
    ------
    InputError
        Arguments that contradict each other, a dose that is no number or below zero, placebo with
        a dose.
    SynthesisError
        No dose is above zero.
    """
    data = opened(data)
    names: dict[str, tuple[str, float]] = {}
    given = {key: value for key, value in {**arms, **contrasts}.items() if value is not None}
    if "agent" in given and "dose" in given:
        given["treatment"] = _labels(data, given, "", names, placebo)
    elif {"agent1", "dose1", "agent2", "dose2"} <= given.keys():
        for side in "12":
            given[f"treatment{side}"] = _labels(data, given, side, names, placebo)
    else:
        raise InputError(
            "give arms (agent=, dose= with mean=, sd= and n=, or with events= and n=), or "
            "contrasts (agent1=, dose1=, agent2=, dose2=, effect= and variance= or se=)"
        )
    passed = {key: value for key, value in given.items() if not re.match("agent|dose", key)}
    rows = read_trials(data, study=study, **passed)
    nodes = tuple(names[label] for label in rows.treatments)
    if not any(dose for _, dose in nodes):
        raise SynthesisError("no arm has a dose above zero; check the column of doses")
    told = tuple(
        replace(row, reason=re.sub(r"treatment(\d?)", r"agent\1 or dose\1", row.reason))
        for row in rows.excluded
    )
    return Dosed(replace(rows, excluded=told), nodes)


def _labels(
    data: Any,
    given: dict[str, Any],
    side: str,
    names: dict[str, tuple[str, float]],
    placebo: str,
) -> list[str | None]:
    """Treatments such as "cells 1e+07"; None where agent or dose is missing."""
    agents = labels_of(column(data, given[f"agent{side}"], f"agent{side}"))
    doses = list(column(data, given[f"dose{side}"], f"dose{side}"))
    if len(agents) != len(doses):
        raise InputError(
            f"agent{side} holds {len(agents)} values but dose{side} {len(doses)}; they must be of "
            "one length"
        )
    made: list[str | None] = []
    for i, (agent, value) in enumerate(zip(agents, doses, strict=True)):
        dose = _dose(value, f"row {i + 1}: dose{side}")
        if agent == placebo and dose > 0:
            raise InputError(
                f"row {i + 1}: {placebo} has the dose {dose:g}; give it dose 0, or name another "
                "placebo="
            )
        if dose == 0 or agent == placebo:
            node = (placebo, 0.0)
        elif agent is None or math.isnan(dose):
            made.append(None)
            continue
        else:
            node = (agent, dose)
        label = f"{node[0]} {node[1]:.12g}" if node[1] else placebo
        names[label] = node
        made.append(label)
    return made


def _dose(value: Any, where: str) -> float:
    if value is None or value == "":
        return math.nan
    try:
        dose = float(value)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{where} is not a number: {value!r}; correct it, or leave it empty"
        ) from error
    if dose < 0 or math.isinf(dose):
        raise InputError(f"{where} is {dose:g}; a dose is a finite number, zero or more")
    return dose
