"""Direct and indirect evidence about each pair of treatments, and whether they agree.

Back-calculation: the network estimate is the average of direct and indirect estimate, weighted by
precision, so that the share of direct evidence is the ratio of the variances (König, Krahn &
Binder 2013 Stat Med 32:5414; netmeta's ``netsplit``). SIDDE: the indirect estimate is that of the
network without any trial that compares the two (Efthimiou et al. 2019 Stat Med 38:2992).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.errors import UnknownWordError
from reprieve.synthesis.findings import Finding, plain
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.connection import components
from reprieve.synthesis.networks.rows import Index, Rows
from reprieve.synthesis.networks.words import frame_text

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.results import NetworkMetaAnalysis
    from reprieve.synthesis.networks.trials import Trials

_TOLERANCE = 5e-4  # netmeta's: nearer to none or all, a share leaves no indirect estimate


@dataclass(frozen=True)
class Evidence:
    """Direct and indirect estimates of all pairs, first minus second treatment.

    Attributes
    ----------
    trials : ndarray of int, shape (pairs,)
        Trials that compare the two.
    direct, direct_se : ndarray
        NaN without such a trial.
    indirect, indirect_se : ndarray
        NaN where all evidence is direct.
    proportion : ndarray
        Share of direct evidence, from 0 to 1.
    """

    trials: Index
    direct: Array
    direct_se: Array
    indirect: Array
    indirect_se: Array
    proportion: Array


def direct_estimates(trials: Trials, tau2: float) -> tuple[Array, Array, Index]:
    """Pooled estimate of the trials of each pair, its variance, and their number.

    Each has shape (n, n), first minus second treatment above the diagonal.
    """
    rows, n = trials.rows, trials.n
    pair, w = rows.a * n + rows.b, 1 / (rows.v + tau2)
    total = np.bincount(pair, w, n * n).reshape(n, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(pair, w * rows.y, n * n).reshape(n, n) / total
        variance = 1 / total
    return mean, variance, np.bincount(pair, minlength=n * n).reshape(n, n)


def back_calculate(fit: NetworkMetaAnalysis) -> Evidence:
    """Direct and indirect estimates behind each network estimate."""
    i, j = fit.pairs
    means, variances, counts = direct_estimates(fit.trials, fit.tau2_used)
    mean, variance, count = means[i, j], variances[i, j], counts[i, j]
    seen = count > 0
    network, own = fit.estimates, fit.standard_errors**2
    share = np.minimum(np.where(seen, own / variance, 0.0), 1.0)  # rounding may pass 1
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = np.where(np.abs(share - 1) < _TOLERANCE, np.nan, 1 - share)
        indirect = (network - share * np.where(seen, mean, 0.0)) / rest
        indirect_se = np.sqrt(own / rest)
    direct = np.where(seen, mean, np.nan)
    return Evidence(
        count, direct, np.where(seen, np.sqrt(variance), np.nan), indirect, indirect_se, share
    )


@dataclass(frozen=True, eq=False, repr=False)
class Split(Finding):
    """Direct against indirect evidence, for each pair that has been compared directly.

    Attributes
    ----------
    method : str
        How the indirect estimates were found.
    table : data frame
        treatment1, treatment2, k, network, proportion_direct, direct, direct_se, indirect,
        indirect_se, difference (direct minus indirect), se, z, p; null without indirect evidence.
    """

    method: str
    table: pl.DataFrame

    def to_frame(self) -> pl.DataFrame:
        """The table."""
        return self.table

    def to_dict(self) -> dict[str, Any]:
        """The method, and the table as a list of rows."""
        return {"method": self.method, "split": plain(self.table.to_dicts())}

    def summary(self) -> str:
        """The table to read."""
        shown = self.table.select(
            "treatment1", "treatment2", "k", "proportion_direct", "network", "direct", "indirect",
            "difference", "p",
        )  # fmt: skip
        title = f"Direct against indirect evidence ({self.method}); treatment1 minus treatment2"
        return title + "\n\n" + frame_text(shown)


def split(fit: NetworkMetaAnalysis, method: str = "back-calculation") -> Split:
    """Compare direct with indirect evidence; see `NetworkMetaAnalysis.split`."""
    import polars as pl

    if method not in ("back-calculation", "SIDDE"):
        raise UnknownWordError("method of splitting", method, ("back-calculation", "SIDDE"))
    evidence = back_calculate(fit)
    i, j = fit.pairs
    chosen = np.flatnonzero(evidence.trials > 0)
    indirect, indirect_se = evidence.indirect[chosen], evidence.indirect_se[chosen]
    if method == "SIDDE":
        found = [
            _without_direct(fit, int(a), int(b)) for a, b in zip(i[chosen], j[chosen], strict=True)
        ]
        indirect, indirect_se = np.array(found).reshape(-1, 2).T
    direct, direct_se = evidence.direct[chosen], evidence.direct_se[chosen]
    difference = direct - indirect
    se = np.sqrt(direct_se**2 + indirect_se**2)
    z = difference / se
    names = fit.treatments
    table = pl.DataFrame(
        {
            "treatment1": [names[a] for a in i[chosen]],
            "treatment2": [names[b] for b in j[chosen]],
            "k": evidence.trials[chosen],
            "network": fit.estimates[chosen],
            "proportion_direct": evidence.proportion[chosen],
            "direct": direct,
            "direct_se": direct_se,
            "indirect": indirect,
            "indirect_se": indirect_se,
            "difference": difference,
            "se": se,
            "z": z,
            "p": two_sided(z),
        }
    )
    return Split(method, table.fill_nan(None))


def two_sided(z: Array) -> Array:
    """Two-sided p values of normal deviates."""
    from scipy.special import ndtr

    return np.asarray(2 * ndtr(-np.abs(z)))


def _without_direct(fit: NetworkMetaAnalysis, a: int, b: int) -> tuple[float, float]:
    """Estimate and standard error of a – b from trials that do not compare the two."""
    from reprieve.synthesis.networks.analysis import fit_rows

    rows = fit.trials.rows
    out = np.isin(rows.study, rows.study[(rows.a == a) & (rows.b == b)])
    left = subset(rows, ~out)
    names = {name: t for t, name in enumerate(left.treatments)}
    first, second = (names.get(fit.treatments[t]) for t in (a, b))
    nothing = (math.nan, math.nan)
    if first is None or second is None:
        return nothing
    if len(components(len(left.treatments), left.a, left.b)) > 1:
        return nothing
    rest = fit_rows(
        left,
        reference=None,
        model=fit.model,
        method=fit.method,
        level=fit.level,
        small_values=fit.small_values,
    )
    found = rest.relative(fit.treatments[a], fit.treatments[b])
    return found.estimate, found.se


def subset(rows: Rows, keep: Any) -> Rows:
    """Some of the rows, with only the treatments and studies that they hold."""
    treatments = np.union1d(rows.a[keep], rows.b[keep])
    studies, study = np.unique(rows.study[keep], return_inverse=True)
    return Rows(
        tuple(rows.treatments[t] for t in treatments),
        tuple(rows.studies[s] for s in studies),
        study,
        np.searchsorted(treatments, rows.a[keep]),
        np.searchsorted(treatments, rows.b[keep]),
        rows.y[keep],
        rows.v[keep],
        (),
    )
