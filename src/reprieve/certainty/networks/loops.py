"""Indirect evidence: the chain of comparisons that says most about a pair.

GRADE rates the most dominant first-order loop: both treatments against the same third one (Puhan
2014 BMJ 349:g5630). Where none exists, the shortest chain is rated.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

from reprieve.certainty.networks.comparisons import Pair
from reprieve.synthesis.networks.contribution import Contributions


def chain(
    pair: Pair,
    compared: Collection[Pair],
    contributions: Contributions,
) -> tuple[str, ...]:
    """The treatments from the first to the second of a pair, other than by comparing the two.

    Parameters
    ----------
    pair : tuple of str
    compared : collection of tuple of str
        Pairs that trials compare, in the order of the network.
    contributions : Contributions
        What each of them contributes to each estimate; between common comparators the one is
        taken whose weaker comparison contributes most.

    Returns
    -------
    tuple of str
        Empty where only trials of the pair itself say anything.

    Examples
    --------
    >>> from reprieve.synthesis import network
    >>> fit = network(study=["1", "2"], treatment1=["cells", "exercise"],
    ...               treatment2=["saline", "saline"], effect=[-8, -5], se=[3, 3])
    >>> shares = fit.contributions()
    >>> chain(("cells", "exercise"), shares.columns, shares)
    ('cells', 'saline', 'exercise')
    """
    first, last = pair
    neighbours: dict[str, set[str]] = {}
    for a, b in compared:
        if {a, b} != {first, last}:
            neighbours.setdefault(a, set()).add(b)
            neighbours.setdefault(b, set()).add(a)
    share = shares_of(pair, contributions)

    def weakest(path: tuple[str, ...]) -> float:
        return min(share.get(ordered(step), 0.0) for step in pairwise(path))

    paths: list[tuple[str, ...]] = [(first,)]
    while paths:
        found = [path for path in paths if last in neighbours.get(path[-1], ())]
        if found:
            return max(((*path, last) for path in found), key=lambda path: (weakest(path), path))
        paths = [
            (*path, there)
            for path in paths
            for there in sorted(neighbours.get(path[-1], ()))
            if there not in path
        ]
    return ()


def shares_of(pair: Pair, contributions: Contributions) -> dict[Pair, float]:
    """What each direct comparison contributes to the estimate of a pair, of 1."""
    shares = contributions.shares[contributions.rows.index(pair)]
    return {
        ordered(column): float(share)
        for column, share in zip(contributions.columns, shares, strict=True)
    }


def ordered(pair: Pair) -> Pair:
    """A pair whichever way round, as the key of a dictionary."""
    a, b = sorted(pair)
    return a, b
