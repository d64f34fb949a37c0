"""What all tables share: names of constraints, moments in UTC, and texts every database holds."""

from __future__ import annotations

import datetime
import json
import re
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, MetaData, String, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

from reprieve.living.store.errors import UnfitTextError

_NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class Moment(TypeDecorator[datetime.datetime]):
    """A point in time, kept in UTC; naive times are refused because nobody knows their zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime.datetime | None, dialect: Dialect
    ) -> datetime.datetime | None:
        """To UTC; SQLite keeps no zone, so that it is taken off there."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise UnfitTextError(f"{value} has no time zone; give an aware time in UTC")
        value = value.astimezone(datetime.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self, value: datetime.datetime | None, dialect: Dialect
    ) -> datetime.datetime | None:
        """Always aware, always in UTC."""
        if value is None:
            return None
        known = value.replace(tzinfo=datetime.UTC) if value.tzinfo is None else value
        return known.astimezone(datetime.UTC)


class Number(TypeDecorator[int]):
    """A whole number of 64 bits, the most that both databases hold."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """``INTEGER`` in SQLite, whose keys count up by themselves only under that name."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """The number itself, or an error where it can't be kept, nor looked for."""
        if value is not None and not -(2**63) <= value < 2**63:
            raise UnfitTextError(f"{value} is larger than any number that a database keeps")
        return value


class Words(TypeDecorator[str]):
    """A text that both databases can hold: no NUL characters, no halves of surrogate pairs."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text itself, or an error that shows where it can't be kept."""
        if value is not None:
            refuse_unfit(value)
        return value


class Key(Words):
    """A text by which rows are looked up: short enough for an index of both databases."""

    cache_ok = True
    longest = 600
    """Characters; PostgreSQL's indexes take 2,704 bytes."""

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text itself, or an error where it is too long."""
        if value is not None and len(value) > self.longest:
            raise UnfitTextError(
                f"the text {value[:40]!r} … has {len(value):,} characters; the name of a trial, a "
                f"record or a result has {self.longest} at most: shorten it"
            )
        return super().process_bind_param(value, dialect)


KeyText = Annotated[str, "key"]
"""In a model: a `Key`."""


def refuse_unfit(text: str) -> None:
    r"""Raise where a text can't be kept in every database.

    Raises
    ------
    UnfitTextError
        If it holds a NUL character or half of a surrogate pair.

    Examples
    --------
    >>> refuse_unfit("12 µg ≥ 3")
    >>> refuse_unfit("12\x00")
    Traceback (most recent call last):
    ...
    reprieve.living.store.errors.UnfitTextError: the text '12\x00' holds a NUL character, ...
    """
    if "\0" in text:
        raise UnfitTextError(
            f"the text {_around(text, text.index(chr(0)))} holds a NUL character, which databases "
            "can't keep; take it out"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnfitTextError(
            f"the text {_around(text, error.start)} holds half of a surrogate pair, which is no "
            "character; take it out"
        ) from None


def _around(text: str, place: int) -> str:
    return repr(text[max(place - 30, 0) : place + 10])


def to_json(value: Any) -> str:
    r"""JSON text as the store keeps it.

    Raises
    ------
    UnfitTextError
        If a text in `value` can't be kept in every database, or a number is none that JSON has.

    Examples
    --------
    >>> to_json({"mean": "41.2", "note": "±"})
    '{"mean": "41.2", "note": "±"}'
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise UnfitTextError(f"{error}; JSON has no NaN and no infinity: leave it empty") from None
    if nul := _NUL_IN_JSON.search(text):
        raise UnfitTextError(
            f"the text near {_around(text, nul.start())} holds a NUL character, which databases "
            "can't keep; take it out"
        )
    refuse_unfit(text)
    return text


class Base(DeclarativeBase):
    """Base of all tables of the store."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        str: Words,
        KeyText: Key,
        int: Number,
        datetime.datetime: Moment,
        dict[str, Any]: JSON(none_as_null=True),
    }


Rank = String().with_variant(String(collation="C"), "postgresql")
"""A place in an order, as text that sorts by its bytes in every database."""
