"""Tables with a comparison a row: metafor's, netmeta's, and CINeMA's inverse variance form.

metafor: ``ai bi ci di`` or ``ai n1i ci n2i`` (events and the rest, or events and people),
``m1i sd1i n1i m2i sd2i n2i`` (group 1 against group 2), ``yi vi`` or ``yi sei``. netmeta: ``TE
seTE treat1 treat2 studlab``. CINeMA: ``id t1 t2 effect se``. Effects stand on the scale of
analysis in all of them: ratios as logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from reprieve.living.tables.account import read_rows
from reprieve.living.tables.arms import STUDY, sound, study_of
from reprieve.living.tables.cells import CellError, Row, Table
from reprieve.living.tables.measures import measure_named, natural
from reprieve.living.tables.values import ArmValue, ContrastValue, ReadTable

_COUNTS = frozenset({"ai", "ci"})
_MEANS = frozenset({"m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"})
_EFFECT, _SE, _VARIANCE = ("te", "effect", "yi"), ("sete", "se", "sei"), ("vi",)
_FIRST, _SECOND = ("treat1", "t1"), ("treat2", "t2")
_LABELS = (*STUDY, "author", "year")


def is_two_groups(columns: frozenset[str]) -> bool:
    """Whether the table is metafor's of two groups.

    Examples
    --------
    >>> is_two_groups(frozenset({"trial", "ai", "n1i", "ci", "n2i"}))
    True
    """
    people = {"bi", "di"} <= columns or {"n1i", "n2i"} <= columns
    return columns >= _MEANS or (columns >= _COUNTS and people)


def is_effects(columns: frozenset[str]) -> bool:
    """Whether the table has an effect with its standard error a row.

    Examples
    --------
    >>> is_effects(frozenset({"studlab", "te", "sete", "treat1", "treat2"}))
    True
    """
    return any(name in columns for name in _EFFECT) and any(
        name in columns for name in (*_SE, *_VARIANCE)
    )


def read_two_groups(table: Table, arms: tuple[str, str]) -> ReadTable:
    """Read metafor's table of two groups.

    Parameters
    ----------
    table : Table
    arms : (str, str)
        What groups 1 and 2 are called.
    """
    if frozenset(table.columns) >= _MEANS:
        return read_rows(table, "metafor means", lambda row: _means(row, arms), (*_LABELS, *_MEANS))
    used = (*_LABELS, *_COUNTS, "bi", "di", "n1i", "n2i")
    return read_rows(table, "metafor counts", lambda row: _counts(row, arms), used)


def read_effects(table: Table, measure: str, arms: tuple[str, str]) -> ReadTable:
    """Read effects with their standard errors.

    Parameters
    ----------
    table : Table
    measure : str
        ``"MD"``, ``"SMD"``, ``"RD"``, ``"OR"``, ``"RR"`` or ``"HR"``; such a table does not say.
    arms : (str, str)
        What the two arms are called, where the table does not say.
    """

    def read(row: Row) -> Iterator[ContrastValue]:
        code = measure_named(measure)
        estimate = row.number(*_EFFECT)
        if estimate is None:
            raise CellError("the row holds no effect")
        yield ContrastValue(
            study_of(row),
            row.text(*_FIRST) or arms[0],
            row.text(*_SECOND) or arms[1],
            code,
            natural(code, estimate),
            row.where,
            se=_standard_error(row),
        )

    used = (*_LABELS, *_EFFECT, *_SE, *_VARIANCE, *_FIRST, *_SECOND)
    return read_rows(table, "effects with standard errors", read, used)


def _standard_error(row: Row) -> float:
    error = row.positive(*_SE)
    if error is not None:
        return error
    variance = row.positive(*_VARIANCE)
    if variance is None:
        raise CellError("the effect has no standard error")
    return math.sqrt(variance)


def _means(row: Row, arms: tuple[str, str]) -> Iterator[ArmValue]:
    for group, arm in zip(("1", "2"), arms, strict=True):
        mean, sd = row.number(f"m{group}i"), row.positive(f"sd{group}i")
        value = sound(
            ArmValue(study_of(row), arm, row.where, n=row.count(f"n{group}i"), mean=mean, sd=sd)
        )
        if value is None:
            raise CellError(f"group {group} has no mean")
        yield value


def _counts(row: Row, arms: tuple[str, str]) -> Iterator[ArmValue]:
    for group, arm, with_event, without in zip("12", arms, ("ai", "ci"), ("bi", "di"), strict=True):
        events, rest = row.count(with_event), row.count(without)
        people = row.count(f"n{group}i")
        if events is not None and rest is not None:
            if people is not None and people != events + rest:
                raise CellError(f"{events} and {rest} are not {people} people in group {group}")
            people = events + rest
        value = sound(ArmValue(study_of(row), arm, row.where, n=people, events=events))
        if value is None:
            raise CellError(f"group {group} has no number of events")
        yield value
