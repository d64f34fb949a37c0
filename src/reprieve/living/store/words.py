"""Changes told in words."""

from __future__ import annotations

import datetime

from reprieve.living.store.models import Revision, User


def day(moment: datetime.datetime) -> str:
    """A day as people write it.

    Examples
    --------
    >>> day(datetime.datetime(2026, 3, 1, 10, tzinfo=datetime.UTC))
    '1 March 2026'
    """
    return f"{moment.day} {moment:%B %Y}"


def author(user: User) -> str:
    """The name that people know a user by."""
    return user.full_name or user.name


def changed_cells(revision: Revision) -> list[tuple[str, str | None, str | None]]:
    """Columns that differ before and after: name, old value, new value."""
    before, after = revision.before or {}, revision.after or {}
    names = dict.fromkeys([*before, *after])
    return [(n, before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n)]
