"""In how many settings, and for how many people, is the benefit worthwhile?

Two questions that a mean effect does not answer. *Settings*: which share of the true effects
behind studies like these is beyond the smallest worthwhile difference. *People*: how many of 100
improve by at least that much with the treatment, and without it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from reprieve.effects.scales import Responders, responders
from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.core import fit_batch
from reprieve.synthesis.findings import Finding, notes_text, plain, share, text_table
from reprieve.synthesis.given import given_mean
from reprieve.synthesis.heterogeneity import COMMON, solve_q
from reprieve.synthesis.least_squares import Array, LeastSquares
from reprieve.synthesis.results import MetaAnalysis

if TYPE_CHECKING:
    import polars as pl

_RESAMPLES = 2_000


class Share(NamedTuple):
    """A share from 0 to 1, or people of 100, with its interval.

    Attributes
    ----------
    estimate, low, high : float
    """

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, eq=False, repr=False)
class WorthwhileShare(Finding):
    """Settings and people with a worthwhile benefit: what `worthwhile_share` returns.

    Attributes
    ----------
    fit : MetaAnalysis
    mcid : float
        The smallest worthwhile difference, above zero.
    better : {"lower", "higher"}
        Which effects are a benefit.
    settings : Share
        Of settings whose mean effect is a benefit of `mcid` or more, true effects taken as
        normal.
    calibrated : Share
        The same from the studies themselves, without a normal distribution.
    harmed : Share
        Of settings whose mean effect is a harm of `mcid` or more (normal).
    treated, untreated, more : Share or None
        People of 100 who improve by `mcid` or more with the treatment, without it, and the
        difference, in the average setting.
    new_setting : Share or None
        The difference in a new setting.
    level : float
        Coverage of the intervals.
    seed : int
    warnings : tuple of str
    """

    fit: MetaAnalysis
    mcid: float
    better: str
    settings: Share
    calibrated: Share
    harmed: Share
    treated: Share | None
    untreated: Share | None
    more: Share | None
    new_setting: Share | None
    level: float
    seed: int
    warnings: tuple[str, ...] = ()

    @property
    def conclusion(self) -> str:
        """What the analysis says, in words."""
        s = self.settings
        text = (
            f"In {_percent(s.estimate)} % of settings ({_percent(s.low)} to {_percent(s.high)}) "
            f"the mean effect is a benefit of {self.mcid:g} or more."
        )
        if self.more is None:
            return text
        size, word = abs(self.more.estimate), "more" if self.more.estimate >= 0 else "fewer"
        return (
            f"{text} Of 100 people {size:.0f} {word} improve that much with the treatment "
            f"({self.more.low:.0f} to {self.more.high:.0f}), if changes are normal."
        )

    def to_frame(self) -> pl.DataFrame:
        """A row a quantity: settings as shares, people of 100."""
        import polars as pl

        return pl.DataFrame(
            [(name, *value) for name, value in self._quantities.items()],
            schema=["quantity", "estimate", "ci_low", "ci_high"],
            orient="row",
        )

    @cached_property
    def _quantities(self) -> dict[str, Share]:
        every = {
            "settings with a worthwhile benefit": self.settings,
            "settings, calibrated": self.calibrated,
            "settings with a harm as large": self.harmed,
            "treated people of 100": self.treated,
            "untreated people of 100": self.untreated,
            "more people of 100": self.more,
            "more people of 100, new setting": self.new_setting,
        }
        return {name: value for name, value in every.items() if value is not None}

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of the share of settings with a worthwhile benefit."""
        mean, tau = _draws(self.fit, n, np.random.default_rng(seed))
        return _share_below(_sign(self.better) * mean, tau, -self.mcid)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        found = {
            "mcid": self.mcid,
            "better": self.better,
            "k": self.fit.k,
            "level": self.level,
            "quantities": {name: value._asdict() for name, value in self._quantities.items()},
            "conclusion": self.conclusion,
            "seed": self.seed,
            "warnings": self.warnings,
        }
        return {name: plain(value) for name, value in found.items()}

    def summary(self) -> str:
        """The result as a table to read."""
        rows = []
        for name, value in self._quantities.items():
            digits = 1 if "100" in name else 3
            estimate, low, high = (
                "–" if math.isnan(number) else f"{number:.{digits}f}" for number in value
            )
            rows.append([name, estimate, "–" if low == "–" else f"{low} to {high}"])
        return "\n".join(
            [
                f"Worthwhile benefit: {self.mcid:g} or more, {self.better} is better "
                f"(k = {self.fit.k})",
                "",
                *text_table(["", "estimate", f"{100 * self.level:g} % interval"], rows),
                "",
                self.conclusion,
                *notes_text(self.warnings),
            ]
        )


def worthwhile_share(
    data: Any = None,
    *,
    mcid: float,
    better: str = "lower",
    control_change: float | None = None,
    sd: float | None = None,
    draws: int = 10_000,
    seed: int = 1,
    **how: Any,
) -> WorthwhileShare:
    """The share of settings, and of people, with a worthwhile benefit.

    Parameters
    ----------
    data : MetaAnalysis, data frame or mapping
        A fit, or data with `effect`, `variance` or `se`, `study`, `method` as in
        `meta_analysis`; in points.
    mcid : float
        Smallest worthwhile difference in the same points, above zero.
    better : {"lower", "higher"}
        Whether lower scores are better, as everywhere in Reprieve, or higher ones.
    control_change, sd : float, optional
        Mean change since baseline under the comparator, and standard deviation of changes
        between people: both or neither. Without them nothing is said about people.
    draws, seed : int
        Of the uncertainty.
    **how
        The other arguments of `meta_analysis`, when data are given.

    Returns
    -------
    WorthwhileShare

    Raises
    ------
    InputError
        An `mcid` or `sd` that is not above zero, only one of `control_change` and `sd`.
    SynthesisError
        A common-effect fit, or fewer than two studies: there is no spread between settings.

    Notes
    -----
    The normal share is Φ((−mcid − μ)/τ). Its interval comes from draws of τ², that of the
    generalised Q statistic whose quantiles are the Q-profile limits, and of μ given τ²; unlike
    the delta method it stays in range near 0 and 1. The calibrated share counts the studies
    whose estimate, shrunk so that the estimates scatter as true effects do, is beyond `mcid`;
    its interval is the bias-corrected accelerated bootstrap, NaN where all resamples agree.

    References
    ----------
    Mathur MB, VanderWeele TJ (2019) Stat Med 38:1336 (normal); (2020) Res Synth Methods 11:730
    and Wang C-C, Lee W-C (2019) Res Synth Methods 10:255 (calibrated); the R package MetaUtility.

    Examples
    --------
    >>> found = worthwhile_share(
    ...     effect=[-12.0, -4.0, -9.0, -15.0, -2.0, -11.0],
    ...     se=[4.0, 3.0, 5.0, 4.5, 2.5, 3.5],
    ...     mcid=10,
    ...     control_change=-8,
    ...     sd=25,
    ... )
    >>> round(found.settings.estimate, 3), round(found.calibrated.estimate, 3)
    (0.312, 0.5)
    >>> round(found.untreated.estimate), round(found.treated.estimate)
    (47, 60)
    """
    if not (np.isfinite(mcid) and mcid > 0):
        raise InputError(
            f"mcid must be above zero, the size of a worthwhile difference; got {mcid}"
        )
    if better not in ("lower", "higher"):
        raise InputError(f'better must be "lower" or "higher"; it was {better!r}')
    if (control_change is None) != (sd is None):
        raise InputError("give both control_change= and sd=, or neither")
    fit = given_mean(data, how)
    if fit.method in COMMON:
        raise SynthesisError(
            "a common-effect fit knows no spread between settings; fit with a method that "
            "estimates τ², such as REML"
        )
    share("level", fit.level)
    rng, sign = np.random.default_rng(seed), _sign(better)
    mean, tau = _draws(fit, draws, rng)
    mean, centre, at = sign * mean, np.array(sign * fit.estimate), np.array(fit.tau)
    notes = []
    if fit.tau == 0:
        notes.append("τ² is estimated as zero: all settings share the mean effect")
    people: dict[str, Share | None] = dict.fromkeys(("treated", "untreated", "more", "new_setting"))
    if control_change is not None and sd is not None:
        drawn = responders(mean, mcid, sign * control_change, sd)
        new = responders(mean + tau * rng.standard_normal(draws), mcid, sign * control_change, sd)
        people = _people(responders(centre, mcid, sign * control_change, sd), drawn, new, fit.level)
    return WorthwhileShare(
        fit=fit,
        mcid=float(mcid),
        better=better,
        settings=_summed(_share_below(centre, at, -mcid), _share_below(mean, tau, -mcid), fit),
        calibrated=_calibrated(sign * fit.y, fit.v, fit.method, -mcid, fit.level, rng),
        harmed=_summed(_share_below(-centre, at, -mcid), _share_below(-mean, tau, -mcid), fit),
        level=fit.level,
        seed=seed,
        warnings=(*fit.warnings, *notes),
        **people,
    )


def _sign(better: str) -> float:
    return 1.0 if better == "lower" else -1.0


def _draws(fit: MetaAnalysis, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draws of the mean and of τ, shape (n,) each."""
    one = LeastSquares(fit.y[None], fit.v[None])
    tau2 = solve_q(one.take(np.zeros(n, dtype=np.intp)), rng.chisquare(fit.k - 1, n))
    w = 1 / (fit.v + tau2[:, None])
    total = w.sum(axis=1)
    mean = (w @ fit.y) / total + rng.standard_normal(n) / np.sqrt(total)
    return np.asarray(mean), np.sqrt(tau2)


def _share_below(mean: Array, tau: Array, limit: float) -> Array:
    """The share of a normal distribution below `limit`; all or nothing where it has no spread."""
    from scipy.special import ndtr

    with np.errstate(divide="ignore", invalid="ignore"):
        inside = ndtr((limit - mean) / tau)
    return np.where(tau > 0, inside, (mean <= limit).astype(float))


def _summed(estimate: Array, drawn: Array, fit: MetaAnalysis) -> Share:
    low, high = _central(drawn, fit.level)
    return Share(float(estimate), low, high)


def _central(drawn: Array, level: float) -> tuple[float, float]:
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _people(
    at: Responders, drawn: Responders, new: Responders, level: float
) -> dict[str, Share | None]:
    untreated = float(at.untreated)
    return {
        "treated": Share(float(at.treated), *_central(drawn.treated, level)),
        "untreated": Share(untreated, untreated, untreated),
        "more": Share(float(at.difference), *_central(drawn.difference, level)),
        "new_setting": Share(float(np.median(new.difference)), *_central(new.difference, level)),
    }


def _calibrated(
    y: Array, v: Array, method: str, limit: float, level: float, rng: np.random.Generator
) -> Share:
    """The share of calibrated estimates below `limit`, with a BCa bootstrap interval."""
    k = len(y)
    estimate = float(_below(y, v, method, limit))
    chosen = rng.integers(0, k, (_RESAMPLES, k))
    drawn = _below(y[chosen], v[chosen], method, limit)
    others = np.array([np.delete(np.arange(k), i) for i in range(k)])
    jackknife = _below(y[others], v[others], method, limit) if k > 2 else np.zeros(1)
    return Share(estimate, *_bca(estimate, drawn, jackknife, level))


def _below(y: Array, v: Array, method: str, limit: float) -> Array:
    """The share of calibrated estimates below `limit`, for data sets in rows."""
    fits = fit_batch(y, v, method=method, test="z")
    mean, tau2 = fits.beta, np.asarray(fits.tau2)[..., None]
    calibrated = mean + np.sqrt(tau2 / (tau2 + v)) * (y - mean)
    return np.asarray((calibrated < limit).mean(axis=-1))


def _bca(estimate: float, drawn: Array, jackknife: Array, level: float) -> tuple[float, float]:
    """Bias-corrected accelerated interval (Efron 1987 J Am Stat Assoc 82:171)."""
    from scipy.special import ndtr, ndtri

    away = jackknife.mean() - jackknife
    spread = float((away**2).sum()) ** 1.5
    lower = float((drawn < estimate).mean())
    if spread == 0 or not 0 < lower < 1:
        return math.nan, math.nan
    bias, acceleration = ndtri(lower), float((away**3).sum()) / (6 * spread)
    z = bias + ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    low, high = np.quantile(drawn, ndtr(bias + z / (1 - acceleration * z)))
    return float(low), float(high)


def _percent(value: float) -> str:
    return f"{100 * value:.0f}"
