"""Tables with a result for each arm: one arm a row (long), or one trial a row (wide).

Long: MetaInsight (``Study, T, N, R`` or ``Study, T, N, Mean, SD``), CINeMA (``id, t, r, n`` or
``id, t, y, sd, n``), MBNMAtime (``studyID, time, treatment, y, se``), multinma (``study, trt, y,
se``). Wide: the same with a number behind (``T.1, N.1, R.1, T.2 …``, ``t1, r1, n1, t2 …``), which
is also what netmeta's ``pairwise`` takes (``treat1, event1, n1, treat2 …``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprieve.living.tables.account import read_rows
from reprieve.living.tables.cells import CellError, Row, Table
from reprieve.living.tables.values import ArmValue, ReadTable

STUDY = ("study", "studlab", "slab", "studyid", "id", "trial")
ARM = ("t", "treatment", "treat", "trt", "arm")
_ROLES = {
    "n": ("n", "samplesize", "total"),
    "events": ("r", "events", "event", "cases"),
    "mean": ("y", "mean"),
    "sd": ("sd",),
    "se": ("se",),
}
_TIME = ("time",)
_OUTCOME = ("outcome",)
_NUMBERED = re.compile(r"(t|treatment|treat|trt|arm)([1-9]\d?)")


def is_long(columns: frozenset[str]) -> bool:
    """Whether a table with these columns has an arm a row.

    Examples
    --------
    >>> is_long(frozenset({"study", "t", "n", "r"})), is_long(frozenset({"study", "effect"}))
    (True, False)
    """
    return _has(columns, STUDY) and _has(columns, ARM) and _has_result(columns, "")


def is_wide(columns: frozenset[str]) -> bool:
    """Whether a table with these columns has a trial a row.

    Examples
    --------
    >>> is_wide(frozenset({"study", "t1", "n1", "r1", "t2", "n2", "r2"}))
    True
    """
    return (
        _has(columns, STUDY)
        and len(_numbers(columns)) > 1
        and all(_has_result(columns, number) for number in _numbers(columns)[:2])
    )


def read_long(table: Table) -> ReadTable:
    """Read a table with an arm a row."""

    def read(row: Row) -> Iterator[ArmValue]:
        value = arm_value(
            row, study_of(row), row.text(*ARM), outcome=row.text(*_OUTCOME), time=row.number(*_TIME)
        )
        if value is not None:
            yield value

    used = {*STUDY, *ARM, *_TIME, *_OUTCOME, *(n for names in _ROLES.values() for n in names)}
    return read_rows(table, "arms, one a row", read, used)


def read_wide(table: Table) -> ReadTable:
    """Read a table with a trial a row."""
    numbers = _numbers(frozenset(table.columns))

    def read(row: Row) -> Iterator[ArmValue]:
        for number in numbers:
            label = row.text(*(f"{name}{number}" for name in ARM))
            if label:
                value = arm_value(row, study_of(row), label, number)
                if value is None:
                    raise CellError(f"arm {number} ({label[:40]}) has no result")
                yield value

    names = [*ARM, *(n for names in _ROLES.values() for n in names)]
    used = {*STUDY, *(f"{name}{number}" for name in names for number in numbers)}
    return read_rows(table, "arms, one trial a row", read, used)


def study_of(row: Row) -> str:
    """The name of a row's study; author and year where it has no other.

    Raises
    ------
    CellError
    """
    study = row.text(*STUDY) or " ".join(filter(None, (row.text("author"), row.text("year"))))
    if not study:
        raise CellError("which study it is, is not said")
    return study


def arm_value(
    row: Row,
    study: str,
    arm: str,
    number: str = "",
    *,
    outcome: str = "",
    time: float | None = None,
) -> ArmValue | None:
    """The result of an arm from the columns of a row, with `number` behind their names.

    Returns
    -------
    ArmValue or None
        None where the columns are empty.

    Raises
    ------
    CellError
        The numbers contradict each other, or can't be what they are said to be.
    """
    if not arm:
        raise CellError("which treatment it is, is not said")
    columns = {role: [f"{name}{number}" for name in names] for role, names in _ROLES.items()}
    value = ArmValue(
        study,
        arm,
        row.where,
        outcome=outcome,
        time=time,
        n=row.count(*columns["n"]),
        events=row.count(*columns["events"]),
        mean=row.number(*columns["mean"]),
        sd=row.positive(*columns["sd"]),
        se=row.positive(*columns["se"]),
    )
    return sound(value)


def sound(value: ArmValue) -> ArmValue | None:
    """The value, unless it is empty.

    Raises
    ------
    CellError
        More people have the event than there are, or nobody was analysed.

    Examples
    --------
    >>> sound(ArmValue("a", "cells", "line 2", n=10)) is None
    True
    """
    if value.events is None and value.mean is None:
        return None
    if value.n == 0:
        raise CellError("nobody was analysed")
    if value.events is not None and value.n is None:
        raise CellError(f"{value.events} events, but of how many people is not said")
    if value.events is not None and value.n is not None and value.events > value.n:
        raise CellError(f"{value.events} events in {value.n} people")
    return value


def _has(columns: frozenset[str], names: tuple[str, ...]) -> bool:
    return any(name in columns for name in names)


def _has_result(columns: frozenset[str], number: str) -> bool:
    def has(role: str) -> bool:
        return any(f"{name}{number}" in columns for name in _ROLES[role])

    return (has("n") and (has("events") or has("mean"))) or (has("mean") and has("se"))


def _numbers(columns: frozenset[str]) -> list[str]:
    found = (_NUMBERED.fullmatch(column) for column in columns)
    return sorted({match[2] for match in found if match}, key=int)
