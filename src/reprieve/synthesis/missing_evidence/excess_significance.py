"""The test of excess significance: are more studies significant than their power allows?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from reprieve.synthesis.base import Result
from reprieve.synthesis.findings import Finding, choice, notes_text, number, p_text, share
from reprieve.synthesis.given import given_fit
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.results import MetaAnalysis

Side = Literal["two-sided", "greater", "less"]


@dataclass(frozen=True, eq=False, repr=False)
class ExcessSignificance(Finding):
    """Significant studies, observed and expected.

    Attributes
    ----------
    k, observed : int
        Studies, and significant ones.
    expected : float
        Significant ones to be expected: the sum of the powers.
    ratio : float
        Observed over expected.
    power : ndarray, shape (k,)
        Power of each study at the effect that is taken as true.
    p : float
        p value of there being no excess.
    test : str
    theta : float
        The effect that is taken as true; NaN when it depends on moderators.
    limit : float
        The true effect at which the p value is 0.10; NaN where there is none.
    warnings : tuple of str
    """

    k: int
    observed: int
    expected: float
    ratio: float
    power: Array
    p: float
    test: str
    theta: float
    limit: float
    warnings: tuple[str, ...]

    def summary(self) -> str:
        """The result as text to read."""
        lines = [
            f"Test of excess significance ({self.test})",
            "",
            f"significant studies   observed {self.observed} of {self.k}   "
            f"expected {self.expected:.2f}   ratio {self.ratio:.2f}",
            f"p {p_text(self.p)}   true effect taken {number(self.theta)}   "
            f"limit {number(self.limit)}",
        ]
        return "\n".join(lines + notes_text(self.warnings))


def excess_significance(
    data: Any = None,
    *,
    test: Literal["exact", "chi2", "binom"] = "exact",
    alpha: float = 0.05,
    alternative: Side = "two-sided",
    **how: Any,
) -> ExcessSignificance:
    """Test whether more studies are significant than their power makes one expect.

    Parameters
    ----------
    data : MetaAnalysis, MetaRegression, or the data of `meta_analysis`
        The true effects are those of the fit, with its τ². Data are fitted with method EE unless
        `method` says otherwise: the common effect, as Ioannidis and Trikalinos propose.
    test : {"exact", "chi2", "binom"}
        ``exact``: the number of significant studies as a sum of events of different chances, for
        any number of studies. ``chi2``, ``binom``: as if the chances were equal.
    alpha : float
        Significance of a study.
    alternative : {"two-sided", "greater", "less"}
        Of the studies' own tests.
    **how
        The other arguments of `meta_analysis` when `data` are data.

    Returns
    -------
    ExcessSignificance

    References
    ----------
    Ioannidis & Trikalinos (2007) Clin Trials 4:245; Francis (2013) J Math Psychol 57:153; `tes`
    of the R package metafor (which takes chi2 above a million combinations).

    Examples
    --------
    >>> result = excess_significance(effect=[-1.2, -0.9, -0.8, -0.4, -0.5],
    ...                              se=[0.5, 0.4, 0.3, 0.2, 0.15])
    >>> result.observed, round(result.expected, 2), round(result.p, 3)
    (5, 2.75, 0.022)
    """
    choice("test", test, ("exact", "chi2", "binom"))
    choice("alternative", alternative, ("two-sided", "greater", "less"))
    share("alpha", alpha)
    fit = given_fit(data, how, method="EE", test="z")
    theta = np.full(fit.k, fit.beta[0]) if fit.X is None else fit.X @ fit.beta
    power = _power(fit, theta, alpha, alternative)
    observed = _significant(fit, alpha, alternative)
    mean = float(fit.beta[0]) if isinstance(fit, MetaAnalysis) else math.nan
    expected = float(power.sum())
    return ExcessSignificance(
        k=fit.k,
        observed=observed,
        expected=expected,
        ratio=observed / expected,
        power=power,
        p=_excess_p(observed, power, test),
        test=test,
        theta=mean,
        limit=_limit(fit, mean, observed, test, alpha, alternative),
        warnings=fit.warnings,
    )


def _critical(alpha: float, alternative: Side) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - (alpha / 2 if alternative == "two-sided" else alpha)))


def _power(fit: Result, theta: Array, alpha: float, alternative: Side) -> Array:
    """Chance of a significant result at true effects with mean theta and variance τ²."""
    from scipy.special import ndtr

    crit = _critical(alpha, alternative)
    tau2 = 0.0 if math.isnan(fit.tau2) else fit.tau2
    edge, spread = crit * np.sqrt(fit.v), np.sqrt(fit.v + tau2)
    above, below = ndtr((theta - edge) / spread), ndtr((-edge - theta) / spread)
    return np.asarray({"greater": above, "less": below}.get(alternative, above + below))


def _significant(fit: Result, alpha: float, alternative: Side) -> int:
    z = fit.y / np.sqrt(fit.v)
    size = {"greater": z, "less": -z}.get(alternative, np.abs(z))
    return int((size >= _critical(alpha, alternative)).sum())


def _excess_p(observed: int, power: Array, test: str) -> float:
    """P value of at least so many significant studies."""
    from scipy.special import bdtrc, ndtr

    k = len(power)
    chance = float(power.mean())
    if test == "exact":
        share = np.ones(1)
        for p in power:
            share = np.convolve(share, [1 - p, p])
        return float(min(1.0, share[observed:].sum()))
    if test == "binom":
        return 1.0 if observed == 0 else float(bdtrc(observed - 1, k, chance))
    spread = math.sqrt(k * chance * (1 - chance))
    return float(ndtr(-(observed - k * chance) / spread)) if spread > 0 else 1.0


def _limit(
    fit: Result, theta: float, observed: int, test: str, alpha: float, alternative: Side
) -> float:
    """The true effect, on the side of `theta`, at which the p value reaches 0.10."""
    from scipy.optimize import brentq

    if math.isnan(theta):
        return math.nan

    def excess(effect: float) -> float:
        power = _power(fit, np.full(fit.k, effect), alpha, alternative)
        return _excess_p(observed, power, test) - 0.10

    far = theta
    if excess(0.0) >= 0 or theta == 0:
        return math.nan
    for _ in range(60):
        if excess(far) > 0:
            return float(brentq(excess, 0.0, far, xtol=1e-10))
        far *= 2
    return math.nan
