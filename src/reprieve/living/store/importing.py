"""What would make the store equal to a package: rows put in, changed, moved, taken out."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence

from sqlalchemy.orm import Session

from reprieve.living.store.cells import ALL_TABLES, Cells, name_of
from reprieve.living.store.changes import Change, Delete, Insert, Update
from reprieve.living.store.errors import ConflictError
from reprieve.living.store.models import EvidenceRow
from reprieve.living.store.ranks import ranks_between
from reprieve.living.store.states import changed_here
from reprieve.living.store.words import author, day

ROW_KEYS: dict[str, tuple[str, ...]] = {
    "studies": ("study_id",),
    "arms": ("study_id", "arm_id"),
    "outcomes": ("study_id", "arm_id", "domain", "instrument", "month", "statistic"),
    "contrasts": ("study_id", "arm_a", "arm_b", "domain", "instrument", "month", "measure"),
    "events": ("study_id", "arm_id", "event", "month"),
    "cautions": ("study_id", "kind", "arm_id", "other_study_id"),
    "conflicts": ("table", "study_id", "key", "column"),
}
"""By what a row is known again when its values have changed."""


def differences(
    present: dict[str, list[EvidenceRow]], package: dict[str, list[Cells]]
) -> list[Change]:
    """The changes that make the rows of the store those of a package, in its order.

    Parameters
    ----------
    present : dict of list of EvidenceRow
        The rows of each table, in order.
    package : dict of list of Cells
        The rows that each table shall have, complete.

    Returns
    -------
    list of Change
        Empty where they are the same. A row that only changed keeps its identity; of rows out
        of order as few as possible are moved.
    """
    changes: list[Change] = []
    for table in ALL_TABLES:
        changes += _of_table(table, present.get(table, []), package.get(table, []))
    return changes


def refuse_to_lose(
    session: Session, changes: Sequence[Change], studies: Sequence[EvidenceRow]
) -> None:
    """Refuse to import over what was changed in the store, or a part of it over the whole.

    Parameters
    ----------
    session : Session
    changes : sequence of Change
        Those that `differences` found.
    studies : sequence of EvidenceRow
        The trials that the store holds.

    Raises
    ------
    ConflictError
        If a trial would go, or a change concerns a row that is not as it was last imported.
    """
    deleted = {change.row_id for change in changes if isinstance(change, Delete)}
    going = [row.study_id for row in studies if row.id in deleted]
    if going:
        named = ", ".join(going[:3]) + (f" and {len(going) - 3} more" if len(going) > 3 else "")
        raise ConflictError(
            f"the package lacks {len(going)} of {len(studies)} trials that the store holds, and "
            f"would take them out: {named}; nothing was written. If that is meant, let the package "
            "win with replace=True (--replace). Rows that a program read go beside what is there "
            "with `reprieve store propose`."
        )
    concerned = [
        change.row_id
        for change in changes
        if isinstance(change, Delete) or (isinstance(change, Update) and change.cells)
    ]
    changed = changed_here(session, concerned)
    if not changed:
        return
    listed = "\n".join(
        f"  {found.study_id}, {name_of(found.table_name, found.after or found.before or {})}: "
        f"{author(found.batch.user)}, {day(found.batch.at)} ({found.batch.why})"
        for found in changed[:10]
    )
    more = f"\n  and {len(changed) - 10} more" if len(changed) > 10 else ""
    raise ConflictError(
        f"the package would change or take out {len(changed)} rows that were changed in the "
        f"store since they were imported; nothing was written:\n{listed}{more}\n"
        "Export the store and bring the package up to date, or let the package win with "
        "replace=True (--replace); the history keeps both."
    )


def _of_table(table: str, present: list[EvidenceRow], wanted: list[Cells]) -> list[Change]:
    partner = _partners(table, present, wanted)
    kept = {row.id for row in partner.values()}
    changes: list[Change] = [Delete(row.id, row.version) for row in present if row.id not in kept]
    for place, position in enumerate(_positions([partner.get(i) for i in range(len(wanted))])):
        row = partner.get(place)
        if row is None:
            changes.append(Insert(table, wanted[place], position))
        elif row.cells != wanted[place]:
            changes.append(Update(row.id, wanted[place], row.version, position))
        elif row.position != position:
            changes.append(Update(row.id, {}, row.version, position))
    return changes


def _partners(
    table: str, present: list[EvidenceRow], wanted: list[Cells]
) -> dict[int, EvidenceRow]:
    """For the place of each wanted row, the present row that it is: equal ones first."""

    def same(cells: Cells) -> Hashable:
        return tuple(sorted(cells.items()))

    def alike(cells: Cells) -> Hashable:
        return tuple(cells[column] for column in ROW_KEYS[table])

    found: dict[int, EvidenceRow] = {}
    for key in (same, alike):
        _match(key, present, wanted, found)
    return found


def _match(
    key: Callable[[Cells], Hashable],
    present: list[EvidenceRow],
    wanted: list[Cells],
    found: dict[int, EvidenceRow],
) -> None:
    """Pair what is left on both sides by a key, in order."""
    taken = {row.id for row in found.values()}
    free: dict[Hashable, deque[EvidenceRow]] = defaultdict(deque)
    for row in present:
        if row.id not in taken:
            free[key(row.cells)].append(row)
    for place, cells in enumerate(wanted):
        if place not in found and (rows := free.get(key(cells))):
            found[place] = rows.popleft()


def _positions(rows: Sequence[EvidenceRow | None]) -> list[str]:
    """A place for each row in this order; rows that need not move keep theirs."""
    stay = _longest_rising([row.position if row else None for row in rows])
    positions: list[str] = []
    low, start = "", 0
    for place in [*sorted(stay), len(rows)]:
        row = rows[place] if place < len(rows) else None
        high = row.position if row else ""
        positions += ranks_between(low, high, place - start)
        if row:
            positions.append(high)
        low, start = high, place + 1
    return positions


def _longest_rising(values: Sequence[str | None]) -> set[int]:
    """The places of a longest strictly rising selection of the values (patience sorting)."""
    tops: list[str] = []
    at: list[int] = []
    before: dict[int, int | None] = {}
    for place, value in enumerate(values):
        if value is None:
            continue
        pile = bisect_left(tops, value)
        before[place] = at[pile - 1] if pile else None
        tops[pile : pile + 1] = [value]
        at[pile : pile + 1] = [place]
    chosen: set[int] = set()
    last = at[-1] if at else None
    while last is not None:
        chosen.add(last)
        last = before[last]
    return chosen
