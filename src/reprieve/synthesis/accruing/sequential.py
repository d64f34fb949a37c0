"""Trial sequential analysis: is the evidence that has accrued firm, and how much is missing?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.accruing.accrual import Accrual, in_order
from reprieve.synthesis.accruing.group_sequential import (
    Spending,
    Stagewise,
    crossing_probabilities,
    efficacy_bounds,
    futility_bounds,
    stagewise_inference,
)
from reprieve.synthesis.findings import Finding, notes_text, number, share, text_table
from reprieve.synthesis.given import aligned
from reprieve.synthesis.heterogeneity import COMMON
from reprieve.synthesis.inputs import Excluded
from reprieve.synthesis.least_squares import Array

if TYPE_CHECKING:
    import polars as pl

Verdict = Literal["effect", "futile", "absent", "open"]


@dataclass(frozen=True, eq=False, repr=False)
class SequentialAnalysis(Finding):
    """Cumulative evidence against sequential boundaries: what `sequential_analysis` returns.

    Attributes
    ----------
    study : tuple of str
        The studies, oldest first: each brings a look. The other arrays have one value a look.
    estimate, se, z : ndarray, shape (k,)
        Of the pool after each study.
    information : ndarray, shape (k,)
        Inverse variance of the pool, heterogeneity counted.
    fraction : ndarray, shape (k,)
        Of the required information.
    boundary : ndarray, shape (k,)
        Which |z| has to reach for firm evidence; NaN after the last look that is tested.
    futility : ndarray, shape (k,)
        At or below this |z| an effect of `delta` can be given up; NaN where nothing would do.
    ci_low, ci_high : ndarray, shape (k,)
        Repeated confidence interval: at all looks together it holds the mean effect with
        probability 1 − `alpha`. NaN where there is no boundary.
    required_information : float
        To find `delta` with `power`.
    required_participants : float
        The same in people, at the information that people have brought so far; NaN if unknown.
    tau2, diversity : float
        Heterogeneity that the information allows for: τ² and D², the share of the variance of
        the random-effects mean that it makes up.
    delta, alpha, power : float
    spending, heterogeneity : str
    power_at_looks : float
        The chance to find `delta` at one of these looks and, at last, at the required
        information.
    crossed_at, futile_at, reached_at : int or None
        The look (from 0) at which z first crossed the boundary; at which it first fell to
        futility; at which the required information was reached.
    stagewise : tuple of float or None
        Median unbiased estimate, interval and p value that allow for the looks, on the scale of
        the effect; once the boundary was crossed or the required information reached.
    verdict : {"effect", "futile", "absent", "open"}
    excluded, warnings : tuple
    """

    study: tuple[str, ...]
    estimate: Array
    se: Array
    z: Array
    information: Array
    fraction: Array
    boundary: Array
    futility: Array
    ci_low: Array
    ci_high: Array
    required_information: float
    required_participants: float
    tau2: float
    diversity: float
    delta: float
    alpha: float
    power: float
    spending: str
    heterogeneity: str
    power_at_looks: float
    crossed_at: int | None
    futile_at: int | None
    reached_at: int | None
    stagewise: Stagewise | None
    verdict: Verdict
    excluded: tuple[Excluded, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def conclusion(self) -> str:
        """What the analysis says, in words."""
        have = 100 * self.fraction[-1]
        if self.verdict == "effect":
            look = self.crossed_at or 0
            side = "below" if self.z[look] < 0 else "above"
            return (
                f"The boundary was crossed with {self.study[look]}, at "
                f"{100 * self.fraction[look]:.0f} % of the required information: firm evidence "
                f"that the mean effect lies {side} zero."
            )
        if self.verdict == "futile":
            look = self.futile_at or 0
            return (
                f"Futility was reached with {self.study[look]}, at "
                f"{100 * self.fraction[look]:.0f} % of the required information: a mean effect "
                f"as large as {abs(self.delta):g} is unlikely."
            )
        if self.verdict == "absent":
            return (
                f"The required information was reached with {self.study[self.reached_at or 0]} "
                f"and the boundary was not crossed: a mean effect as large as "
                f"{abs(self.delta):g} is unlikely."
            )
        missing = self.required_participants * (1 - self.fraction[-1])
        people = "" if math.isnan(missing) else f", about {math.ceil(missing):,} more people"
        return (
            f"{have:.0f} % of the required information has accrued and no boundary was crossed: "
            f"the evidence settles nothing yet{people}."
        )

    def to_frame(self) -> pl.DataFrame:
        """One row a look, oldest first."""
        import polars as pl

        return pl.DataFrame(
            {
                "look": np.arange(1, len(self.study) + 1),
                "study": list(self.study),
                "estimate": self.estimate,
                "se": self.se,
                "z": self.z,
                "information": self.information,
                "fraction": self.fraction,
                "boundary": self.boundary,
                "futility": self.futility,
                "ci_low": self.ci_low,
                "ci_high": self.ci_high,
                "crossed": np.abs(self.z) >= self.boundary,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        return super().to_dict() | {"conclusion": self.conclusion}

    def summary(self) -> str:
        """The result as a table to read."""
        rows = [
            [
                name,
                f"{100 * self.fraction[i]:.1f}",
                number(self.estimate[i]),
                number(self.z[i], 3),
                number(self.boundary[i], 3),
                number(self.futility[i], 3),
            ]
            for i, name in enumerate(self.study)
        ]
        people = (
            ""
            if math.isnan(self.required_participants)
            else f", {math.ceil(self.required_participants):,} people"
        )
        lines = [
            f"Trial sequential analysis, k = {len(self.study)} (two-sided alpha {self.alpha:g}, "
            f"power {self.power:g}, effect {self.delta:g}, {self.spending} spending)",
            "",
            f"required information  {self.required_information:.4f}{people}; "
            f"diversity {100 * self.diversity:.1f} %",
            "",
            *text_table(["after", "% of it", "estimate", "z", "boundary", "futility"], rows),
            "",
            self.conclusion,
        ]
        if self.stagewise is not None:
            s = self.stagewise
            lines.append(
                f"Allowing for the looks: {s.estimate:.4f} ({s.low:.4f} to {s.high:.4f}), "
                f"p {s.p:.4f}."
            )
        lines += [f"excluded: row {row.row} ({row.study}): {row.reason}" for row in self.excluded]
        return "\n".join(lines + notes_text(self.warnings))


def sequential_analysis(
    data: Any = None,
    *,
    delta: float,
    order: Any = None,
    alpha: float = 0.05,
    power: float = 0.8,
    heterogeneity: Literal["tau2", "diversity"] | float = "tau2",
    spending: Spending = "OBF",
    participants: Any = None,
    **how: Any,
) -> SequentialAnalysis:
    """Test a growing meta-analysis after every study without inflating its error.

    Parameters
    ----------
    data : MetaAnalysis, data frame or mapping
        A fit, or data with `effect`, `variance` or `se`, `study`, `method` as in
        `meta_analysis`.
    delta : float
        The smallest mean effect worth finding, on the scale of the effects; its sign does not
        matter.
    order : str or sequence, optional
        Dates or years to sort the studies by; the order of the rows when not given.
    alpha : float
        Two-sided type I error over all looks.
    power : float
        To find `delta` at the required information.
    heterogeneity : {"tau2", "diversity"} or float
        How information allows for it. ``tau2``: each study brings 1/(v + τ²), τ² of the fit of
        all. ``diversity``: each brings (1 − D²)/v, with D² of the fit of all (Wetterslev 2009).
        A number: D² as it was foreseen, from 0 to below 1. All agree after the last study
        except a foreseen one.
    spending : {"OBF", "Pocock"}
        Lan–DeMets function: like O'Brien–Fleming, strict early; or like Pocock, even.
    participants : str or sequence of int, optional
        People in each study, to state the required information in people too.
    **how
        The other arguments of `meta_analysis`, when data are given.

    Returns
    -------
    SequentialAnalysis

    Raises
    ------
    InputError
        `delta` of zero, shares not between 0 and 1, an `order` that does not sort.

    Notes
    -----
    The required information is (z₁₋α/₂ + z_power)²/δ²: that of one look, as is usual; the looks
    cost a little power, and `power_at_looks` says what is left. z is the normal Wald statistic
    of the pool of the studies so far, τ² estimated anew, as a reviewer would have seen it. The
    boundaries are exact for a common effect and known variances; with heterogeneity estimated
    from few studies they are an approximation that errs on the bold side. A study that adds
    next to no information shares the look of the study before it. Futility does not bind: the
    error is kept if the review goes on.

    References
    ----------
    Wetterslev J, Thorlund K, Brok J, Gluud C (2008) J Clin Epidemiol 61:64; (2009) BMC Med Res
    Methodol 9:86; Brok J et al. (2008) J Clin Epidemiol 61:763; Jennison C, Turnbull BW (1989)
    J R Stat Soc B 51:305 (repeated intervals).

    Examples
    --------
    >>> found = sequential_analysis(
    ...     {
    ...         "year": [2012, 2014, 2015, 2018, 2021],
    ...         "smd": [-0.62, -0.21, -0.48, -0.35, -0.41],
    ...         "se": [0.31, 0.24, 0.22, 0.15, 0.12],
    ...     },
    ...     delta=0.3,
    ...     order="year",
    ...     effect="smd",
    ...     se="se",
    ... )
    >>> print(found.conclusion)
    The boundary was crossed with 3, at 56 % of the required information: firm evidence that the
    mean effect lies below zero.
    >>> found.boundary.round(2)
    array([6.38, 3.8 , 2.79, 1.98,  nan])
    """
    if not (np.isfinite(delta) and delta != 0):
        raise InputError(f"delta must be a number other than zero, the effect to find; got {delta}")
    share("alpha", alpha), share("power", power)
    studies = in_order(data, order, how)
    estimate, se = studies.pooled()
    z = estimate / se
    information, tau2, diversity = _information(studies, heterogeneity)
    drift = _drift(alpha, power)
    required = (drift / delta) ** 2
    fraction = information / required
    looks = _looks(fraction)
    t = fraction[looks]
    boundary = efficacy_bounds(t, alpha, spending)
    futility = futility_bounds(t, boundary, drift, 1 - power, spending)
    place = np.searchsorted(looks, np.arange(len(z)), side="right") - 1
    tested = np.arange(len(z)) <= (looks[-1] if t[-1] >= 1 else len(z))
    bound = np.where(tested, boundary[place], np.nan)
    wedge = np.where(tested & (futility[place] > 0), futility[place], np.nan)
    bound_or_nan = np.where(np.isfinite(bound), bound, np.nan)
    crossed, futile = _first(np.abs(z) >= bound), _first(np.abs(z) <= wedge)
    reached = _first(fraction >= 1)
    end = crossed if crossed is not None else reached
    people = np.nan
    if participants is not None:
        people = float(aligned(studies.fit, data, participants, "participants").sum())
    return SequentialAnalysis(
        study=studies.study,
        estimate=estimate,
        se=se,
        z=z,
        information=information,
        fraction=fraction,
        boundary=bound,
        futility=wedge,
        ci_low=estimate - bound_or_nan * se,
        ci_high=estimate + bound_or_nan * se,
        required_information=required,
        required_participants=people / float(fraction[-1]),
        tau2=tau2,
        diversity=diversity,
        delta=delta,
        alpha=alpha,
        power=power,
        spending=spending,
        heterogeneity=str(heterogeneity),
        power_at_looks=_power(t, alpha, spending, drift),
        crossed_at=crossed,
        futile_at=futile,
        reached_at=reached,
        stagewise=None
        if end is None
        else _stagewise(t, boundary, int(place[end]), float(z[end]), float(se[end]), alpha),
        verdict=_verdict(crossed, futile, reached),
        excluded=studies.fit.excluded,
        warnings=_notes(studies, tau2, crossed, reached),
    )


def _information(
    studies: Accrual, heterogeneity: Literal["tau2", "diversity"] | float
) -> tuple[Array, float, float]:
    """Information after each study, and the τ² and D² that it allows for."""
    v = studies.v
    tau2 = 0.0 if math.isnan(studies.fit.tau2) else studies.fit.tau2
    common, random = float((1 / v).sum()), float((1 / (v + tau2)).sum())
    diversity = 1 - random / common
    if heterogeneity == "tau2":
        return np.cumsum(1 / (v + tau2)), tau2, diversity
    if heterogeneity != "diversity":
        if not isinstance(heterogeneity, int | float) or not 0 <= heterogeneity < 1:
            raise InputError(
                'heterogeneity must be "tau2", "diversity" or a D² from 0 to below 1; it was '
                f"{heterogeneity!r}"
            )
        diversity = float(heterogeneity)
    return np.cumsum(1 / v) * (1 - diversity), tau2, diversity


def _drift(alpha: float, power: float) -> float:
    """Expectation of Z at the required information if the effect is delta."""
    from scipy.special import ndtri

    return float(ndtri(1 - alpha / 2) + ndtri(power))


def _looks(fraction: Array) -> Any:
    """The studies that bring a look of their own, up to the one that completes the information."""
    looks = [0]
    for i in range(1, len(fraction)):
        before = fraction[looks[-1]]
        if before >= 1:
            break
        if fraction[i] - before >= 1e-4 * fraction[i]:
            looks.append(i)
    return np.array(looks)


def _power(t: Array, alpha: float, spending: Spending, drift: float) -> float:
    """The chance to cross on the right side at the looks so far, or else at the end."""
    if t[-1] < 1:
        t = np.append(t, 1.0)
    bound = efficacy_bounds(t, alpha, spending)
    return float(crossing_probabilities(t, -bound, bound, drift).above.sum())


def _stagewise(
    t: Array, boundary: Array, look: int, z: float, se: float, alpha: float
) -> Stagewise:
    """Stage-wise inference on the scale of the effect."""
    found = stagewise_inference(t[: look + 1], boundary[: look + 1], z, 1 - alpha)
    # the drift is Z at fraction 1: an effect of size 1 has Z = 1/se at this look
    scale = se * float(t[look]) ** 0.5
    return Stagewise(found.estimate * scale, found.low * scale, found.high * scale, found.p)


def _first(condition: Any) -> int | None:
    found = np.flatnonzero(condition)
    return int(found[0]) if len(found) else None


def _verdict(crossed: int | None, futile: int | None, reached: int | None) -> Verdict:
    """A crossed boundary counts most, for futility does not bind."""
    if crossed is not None:
        return "effect"
    if reached is not None:
        return "absent"
    return "open" if futile is None else "futile"


def _notes(
    studies: Accrual, tau2: float, crossed: int | None, reached: int | None
) -> tuple[str, ...]:
    notes, k = [], len(studies.y)
    if studies.fit.test != "z":
        notes.append("z is the normal statistic; the test of the fit itself may be more cautious")
    if studies.fit.method not in COMMON and k < 5:
        notes.append(
            f"τ² is estimated from {k} stud{'y' if k == 1 else 'ies'}: the boundaries, which take "
            "it for known, are too bold"
        )
    end = crossed if crossed is not None else reached
    if end is not None and end < k - 1:
        notes.append(
            f"the analysis was decided with {studies.study[end]}; later studies are shown for "
            "information"
        )
    return tuple(notes)
