"""What each direct comparison contributes to each network estimate.

An estimate is a flow of evidence from one treatment to the other through direct comparisons. It
is taken apart into paths, whose shares are spread evenly over their steps: by peeling off
shortest paths (Papakonstantinou et al. 2018 F1000Research 7:610), or by all paths as a random
walker takes them (Davies et al. 2022 Stat Med 41:2091). netmeta's ``netcontrib``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from reprieve.errors import UnknownWordError
from reprieve.synthesis.findings import Finding
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.rows import Index
from reprieve.synthesis.networks.words import frame_text

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.results import NetworkMetaAnalysis

_NOTHING = 1e-12  # flow below this is rounding


@dataclass(frozen=True, eq=False, repr=False)
class Contributions(Finding):
    """Shares of direct comparisons in network estimates.

    Attributes
    ----------
    method : str
    rows, columns : tuple of (str, str)
        Estimated pairs, and pairs that trials compare.
    shares : ndarray, shape (rows, columns)
        Each row sums to 1.
    """

    method: str
    rows: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]
    shares: Array

    def to_frame(self) -> pl.DataFrame:
        """A row an estimate, a column a direct comparison (``treatment:treatment``)."""
        import polars as pl

        return pl.DataFrame(
            {
                "treatment1": [pair[0] for pair in self.rows],
                "treatment2": [pair[1] for pair in self.rows],
            }
            | {":".join(pair): self.shares[:, c] for c, pair in enumerate(self.columns)}
        )

    def summary(self) -> str:
        """The shares to read."""
        title = f"Contributions of direct comparisons to estimates ({self.method})"
        return f"{title}\n\n{frame_text(self.to_frame())}"


def contributions(fit: NetworkMetaAnalysis, method: str) -> Contributions:
    """The contribution matrix of a network; see `NetworkMetaAnalysis.contributions`."""
    if method not in ("shortestpath", "randomwalk"):
        raise UnknownWordError("method of contributions", method, ("shortestpath", "randomwalk"))
    i, j = fit.pairs
    flows, a, b = hat_matrix(fit)
    take = _shortest_paths if method == "shortestpath" else _random_walk
    shares = np.array(
        [
            take(row, a, b, int(source), int(sink), fit.n)
            for row, source, sink in zip(flows, i, j, strict=True)
        ]
    )
    names = fit.treatments
    return Contributions(
        method,
        tuple((names[s], names[t]) for s, t in zip(i, j, strict=True)),
        tuple((names[s], names[t]) for s, t in zip(a, b, strict=True)),
        shares,
    )


def hat_matrix(fit: NetworkMetaAnalysis) -> tuple[Array, Index, Index]:
    """Weights of direct comparisons in all estimates, and the treatments of the comparisons.

    Shape (pairs, comparisons); trials of several arms count as their independent edges.
    """
    rows, n = fit.trials.rows, fit.n
    weight = np.bincount(rows.a * n + rows.b, fit.fit.w, n * n)
    compared = np.unique(rows.a * n + rows.b)
    a, b = np.divmod(compared, n)
    i, j = fit.pairs
    pull = (fit.fit.cov[:, a] - fit.fit.cov[:, b]) * weight[compared]
    return pull[i] - pull[j], a, b


def _shortest_paths(hat: Array, a: Index, b: Index, source: int, sink: int, n: int) -> Array:
    """Peel off the shortest path with all the flow that it can carry, until none is left."""
    edges = {}
    seen: dict[int, int] = {}
    for e, (s, t, h) in enumerate(zip(a.tolist(), b.tolist(), hat.tolist(), strict=True)):
        start, end = (s, t) if h > 0 else (t, s)
        seen.setdefault(start, len(seen))
        seen.setdefault(end, len(seen))
        edges[start, end] = [e, abs(h)]
    # of paths equally short igraph takes the first by the order in which nodes come up
    onward: dict[int, list[int]] = {}
    for start, end in sorted(edges, key=lambda edge: (seen[edge[0]], seen[edge[1]])):
        if edges[start, end][1] > _NOTHING:
            onward.setdefault(start, []).append(end)
    shares = np.zeros(len(hat))
    while path := _breadth_first(onward, source, sink):
        steps = list(pairwise(path))
        flow = min(edges[step][1] for step in steps)
        for step in steps:
            e, left = edges[step]
            shares[e] += flow / len(steps)
            edges[step][1] = left - flow
            if left - flow <= _NOTHING:
                onward[step[0]].remove(step[1])
    return shares


def _breadth_first(onward: dict[int, list[int]], source: int, sink: int) -> list[int]:
    """The shortest path, empty where there is none."""
    before = {source: source}
    queue = deque([source])
    while queue and sink not in before:
        here = queue.popleft()
        for there in onward.get(here, ()):
            if there not in before:
                before[there] = here
                queue.append(there)
    if sink not in before:
        return []
    path = [sink]
    while path[-1] != source:
        path.append(before[path[-1]])
    return path[::-1]


def _random_walk(hat: Array, a: Index, b: Index, source: int, sink: int, n: int) -> Array:
    """Expected shares along the path of a walker who follows the flow.

    The walker passes an edge at one step of a path whose length is that step and what is still to
    go; the flow has no circles, so that n − 1 steps are the most.
    """
    flow = np.zeros((n, n))
    flow[a, b], flow[b, a] = np.where(hat > _NOTHING, hat, 0), np.where(hat < -_NOTHING, -hat, 0)
    leaving = flow.sum(axis=1, keepdims=True)
    step = np.divide(flow, leaving, out=np.zeros_like(flow), where=leaving > 0)
    step[sink] = 0.0
    arrive, remain = np.zeros((n, n)), np.zeros((n, n))  # [steps, node]
    arrive[0, source] = remain[0, sink] = 1.0
    for s in range(1, n):
        arrive[s] = arrive[s - 1] @ step
        remain[s] = step @ remain[s - 1]
    length = np.arange(n)[:, None] + np.arange(n) + 1.0
    passing = step * (arrive.T @ (1 / length) @ remain)
    return np.asarray(passing[a, b] + passing[b, a])
