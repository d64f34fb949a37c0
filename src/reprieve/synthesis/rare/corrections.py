"""What is added to the cells of tables with a zero, so that a ratio can be formed.

Sweeting, Sutton & Lambert 2004 Stat Med 23:1351.
"""

from __future__ import annotations

import numpy as np

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.rare.classic import mantel_haenszel
from reprieve.synthesis.rare.counts import Counts
from reprieve.synthesis.rare.heterogeneity_tests import trial_effects


def corrected(counts: Counts, measure: str, correction: str) -> tuple[Array, Array]:
    """Effects and variances of trials, with zero cells corrected.

    Parameters
    ----------
    counts : Counts
    measure : str
        OR, RR, RD, AS, IRR or IRD.
    correction : str
        "constant": ½ to all cells. "treatment-arm": to each group the reciprocal of the other's
        size, so that groups of unequal size do not pull the effect from zero. "empirical": so
        that it pulls the effect to that of the trials without a zero. "none".

    Examples
    --------
    >>> from reprieve.synthesis.rare.counts import read_counts
    >>> counts = read_counts(None, None, [0], [100], [2], [50], person_time=False)
    >>> for how in ("constant", "treatment-arm"):
    ...     print(corrected(counts, "OR", how)[0].round(2))
    [-2.34]
    [-1.99]
    """
    if correction in ("constant", "none") or measure in ("RD", "AS", "IRD"):
        return trial_effects(counts, measure, 0.5, "only0" if correction != "none" else "none")
    zero = (counts.x1 == 0) | (counts.x2 == 0)
    if not counts.person_time:
        zero |= (counts.x1 == counts.n1) | (counts.x2 == counts.n2)
    ratio = counts.n2 / counts.n1
    pull = np.ones(counts.k)
    if correction == "empirical":
        pooled = mantel_haenszel(counts.only(~zero), measure).estimate if not zero.all() else np.nan
        pull[:] = np.exp(pooled) if np.isfinite(pooled) else 1.0
    first, second = pull / (ratio + pull), ratio / (ratio + pull)
    first, second = np.where(zero, first, 0.0), np.where(zero, second, 0.0)
    # both cells of a group get its share, so that the group grows by twice as much
    cells = 1 if counts.person_time else 2
    grown = Counts(
        counts.x1 + first,
        counts.n1 + (cells * first if not counts.person_time else 0.0),
        counts.x2 + second,
        counts.n2 + (cells * second if not counts.person_time else 0.0),
        counts.person_time,
        counts.study,
    )
    return trial_effects(grown, measure, 0.0, "none")
