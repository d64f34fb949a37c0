"""Whether trials connect all treatments, and what to do when they don't."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reprieve.errors import SynthesisError
from reprieve.synthesis.networks.rows import Index, Rows


def components(n: int, a: Index, b: Index) -> list[list[int]]:
    """Treatments that are connected with each other, largest part first.

    Examples
    --------
    >>> components(4, np.array([0, 2]), np.array([1, 3]))
    [[0, 1], [2, 3]]
    """
    adjacent = np.zeros((n, n), dtype=bool)
    adjacent[a, b] = adjacent[b, a] = True
    left = np.ones(n, dtype=bool)
    parts = []
    while left.any():
        reached = np.zeros(n, dtype=bool)
        frontier = reached.copy()
        frontier[left.argmax()] = True
        while frontier.any():
            reached |= frontier
            frontier = adjacent[frontier].any(axis=0) & ~reached
        parts.append(np.flatnonzero(reached).tolist())
        left &= ~reached
    return sorted(parts, key=len, reverse=True)


def parts_in_words(treatments: Sequence[str], a: Index, b: Index) -> tuple[int, str]:
    """How many parts no trial connects, and what stands in each."""
    parts = components(len(treatments), a, b)
    shown = (f"({i}) {', '.join(treatments[t] for t in part)}" for i, part in enumerate(parts, 1))
    return len(parts), "; ".join(shown)


def require_connected(rows: Rows) -> None:
    """Raise, with the parts of the network, unless trials connect all treatments."""
    count, shown = parts_in_words(rows.treatments, rows.a, rows.b)
    if count == 1:
        return
    raise SynthesisError(
        f"the network falls into {count} parts that no trial connects: {shown}. Analyse each "
        "part by itself (keep only its rows; `ask_network` does that with a question), or bridge "
        "them by what treatments have in common: components (`component_network`) or classes "
        "(`class_network`)"
    )
