"""Events that a record counts twice for one arm and month: which count is that of the people?"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from reprieve.living.results.ledger import Entry, Ledger


def withdraw_repeats(ledger: Ledger) -> None:
    """Leave one row of events for each arm, event and month, or none.

    Two parts of a record that agree give one row. Where they differ, or where one part counts the
    event twice (under two terms, or in two groups of one arm), nobody knows how many people it
    was.

    Parameters
    ----------
    ledger : Ledger

    Examples
    --------
    >>> ledger, row = Ledger(), {"arm_id": "a", "event": "death", "month": 6.0, "n": 9}
    >>> for part, count in (("outcome 1", 1), ("adverse events (all)", 2)):
    ...     said = f"registry results, {part}"
    ...     ledger.place("events", row | {"events": count, "locator": said}, "death", part)
    >>> withdraw_repeats(ledger)
    >>> ledger.entries, [left.reason for left in ledger.left_out]
    ([], ['the record counts this twice', 'the record counts this twice'])
    """
    alike: defaultdict[tuple[Any, ...], list[Entry]] = defaultdict(list)
    for entry in ledger.entries:
        if entry.table == "events":
            row = entry.row
            alike[row["arm_id"], row["event"], row["month"]].append(entry)
    for entries in alike.values():
        if len(entries) == 1:
            continue
        parts = {entry.row["locator"].partition(" (")[0] for entry in entries}
        counts = {(entry.row["events"], entry.row["n"]) for entry in entries}
        if len(parts) == len(entries) and len(counts) == 1:
            for entry in entries[1:]:
                ledger.withdraw(entry, f"the same is given in {entries[0].where}")
        else:
            for entry in entries:
                ledger.withdraw(entry, "the record counts this twice")
