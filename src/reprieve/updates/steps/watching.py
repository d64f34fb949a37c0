"""Who watches the steps of an update."""

from __future__ import annotations

from typing import Protocol


class Watcher(Protocol):
    """Is told how far a step has come."""

    def __call__(self, step: str, done: int, total: int | None = None, detail: str = "") -> None:
        """`done` of `total` are done in `step`; None where nobody knows how many there are."""


def nobody(step: str, done: int, total: int | None = None, detail: str = "") -> None:
    """Watches nothing."""
