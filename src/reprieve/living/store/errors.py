"""Errors of the store.

::

    ReprieveError
    ├── StoreError            the store can't be opened, or is busy
    │   ├── ConflictError     someone else changed the row in the meantime
    │   └── AccessError       the user may not do this, or is not who they say
    └── InputError
        ├── FaultyChangeError the change would put faults into the evidence
        └── UnfitTextError    a text or number that no database can keep
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.exc import DontWrapMixin

from reprieve.errors import InputError, ReprieveError
from reprieve.evidence.faults import Fault


class StoreError(ReprieveError):
    """The store can't be opened, is of another version, or is busy."""


class ConflictError(StoreError):
    """Someone else changed the row in the meantime; nothing was written.

    Attributes
    ----------
    yours, theirs : dict
        The values of the columns in question: those that were to be written, and those that
        stand now.
    """

    def __init__(
        self,
        message: str,
        yours: dict[str, str | None] | None = None,
        theirs: dict[str, str | None] | None = None,
    ) -> None:
        self.yours, self.theirs = yours or {}, theirs or {}
        super().__init__(message)


class AccessError(StoreError):
    """The user may not do this, or is not who they say they are."""


class FaultyChangeError(InputError):
    """The change would put faults into the evidence; nothing was written.

    Attributes
    ----------
    faults : tuple of Fault
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        shown = "\n".join(f"  {fault}" for fault in self.faults[:10])
        more = f"\n  and {len(self.faults) - 10} more" if len(self.faults) > 10 else ""
        super().__init__(
            f"the change would put faults into the evidence; nothing was written:\n{shown}{more}"
        )


class UnfitTextError(InputError, DontWrapMixin):
    """A text or number that no database can keep."""
