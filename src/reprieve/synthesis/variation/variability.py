"""Do people differ in how they respond? What the spread of outcomes in two groups can tell.

A treatment that helps some people and not others widens the spread of its group, unless it helps
those most who would have fared worst. The ratio of standard deviations is pooled over studies;
what it implies for the standard deviation of individual effects is bounded, not measured: no
trial shows the same person under both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from reprieve.effects.measures import MEASURES, effect_sizes
from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.findings import Finding, choice, notes_text, plain, text_table
from reprieve.synthesis.inputs import column
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.pairwise import meta_analysis
from reprieve.synthesis.results import MetaAnalysis

if TYPE_CHECKING:
    import polars as pl

Interval = tuple[float, float]


class Spread(NamedTuple):
    """A standard deviation of individual effects, in points.

    Attributes
    ----------
    estimate : float
    low, high : float
        Confidence limits.
    """

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, eq=False, repr=False)
class VariabilityAnalysis(Finding):
    """The pooled ratio of spreads: what `variability_analysis` returns.

    Attributes
    ----------
    fit : MetaAnalysis
        Of the logarithms of the ratios.
    measure : {"VR", "CVR"}
        Ratio of standard deviations, or of coefficients of variation.
    control_sd : float
        Standard deviation under the comparator, pooled over the studies.
    warnings : tuple of str
    """

    fit: MetaAnalysis
    measure: str
    control_sd: float
    warnings: tuple[str, ...] = ()

    @property
    def ratio(self) -> float:
        """The mean ratio, treatment over comparator."""
        return math.exp(self.fit.estimate)

    @property
    def ci(self) -> Interval:
        """Confidence interval of the mean ratio."""
        return _exp(self.fit.ci)

    @property
    def prediction_interval(self) -> Interval:
        """Interval for the ratio in a new study."""
        return _exp(self.fit.prediction_interval)

    @property
    def least_spread(self) -> Spread:
        """The smallest SD of individual effects that fits: |SD₁ − SD₂|.

        It is reached if the treatment stretches or shrinks everyone's outcome in proportion. Its
        lower limit is zero where the interval of the ratio holds 1.
        """
        ends = sorted(abs(end - 1) for end in self.ci)
        low = 0.0 if self.ci[0] <= 1 <= self.ci[1] else ends[0]
        return self._in_points(abs(self.ratio - 1), low, ends[1])

    @property
    def independent_spread(self) -> Spread:
        """The SD of individual effects if they have nothing to do with the outcome otherwise.

        √(SD₁² − SD₂²), from var(treated) = var(untreated) + var(effect) + 2 cov with a covariance
        of zero; zero where the treated scatter less, which refutes the assumption unless by
        chance.
        """
        return self._in_points(*(max(r**2 - 1, 0.0) ** 0.5 for r in (self.ratio, *self.ci)))

    @property
    def most_spread(self) -> Spread:
        """The largest SD of individual effects that fits: SD₁ + SD₂."""
        return self._in_points(*(r + 1 for r in (self.ratio, *self.ci)))

    def _in_points(self, *in_control_sds: float) -> Spread:
        if self.measure != "VR":
            raise SynthesisError(
                "the ratio of coefficients of variation does not tell the spread of individual "
                'effects; use measure="VR"'
            )
        return Spread(*(self.control_sd * value for value in in_control_sds))

    def draws(self, n: int = 10_000, seed: int | None = None, *, predictive: bool = False) -> Array:
        """Draws of the mean ratio, or of the ratio in a new study."""
        return np.asarray(np.exp(self.fit.draws(n, seed, predictive=predictive)))

    @property
    def conclusion(self) -> str:
        """What the analysis says, in words."""
        low, high = self.ci
        what = "outcomes scatter" if self.measure == "VR" else "outcomes scatter, for their mean,"
        if low > 1:
            found = f"{what} more under the treatment: people seem to respond differently"
        elif high < 1:
            found = (
                f"{what} less under the treatment: it may help those most who would have fared "
                "worst, or scores may crowd at the end of the scale"
            )
        else:
            found = (
                "no difference in scatter was shown, which neither proves nor rules out that "
                "people respond differently"
            )
        return f"Ratio {self.ratio:.3f} ({low:.3f} to {high:.3f}): {found}."

    def to_frame(self) -> pl.DataFrame:
        """The ratio and, for VR, what it implies for individual effects; a row each."""
        import polars as pl

        rows = [
            ("ratio", self.ratio, *self.ci),
            ("ratio in a new study", math.nan, *self.prediction_interval),
        ]
        rows += [(name, *spread) for name, spread in self._implied().items()]
        return pl.DataFrame(
            rows, schema=["quantity", "estimate", "ci_low", "ci_high"], orient="row"
        )

    def _implied(self) -> dict[str, Spread]:
        if self.measure != "VR":
            return {}
        return {
            "individual effects, least SD": self.least_spread,
            "individual effects, SD if independent": self.independent_spread,
            "individual effects, most SD": self.most_spread,
        }

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        found = {
            "measure": self.measure,
            "k": self.fit.k,
            "ratio": self.ratio,
            "ci": self.ci,
            "prediction_interval": self.prediction_interval,
            "control_sd": self.control_sd,
            "implied": {name: spread._asdict() for name, spread in self._implied().items()},
            "conclusion": self.conclusion,
            "fit": self.fit.to_dict(),
            "warnings": self.warnings,
        }
        return {name: plain(value) for name, value in found.items()}

    def summary(self) -> str:
        """The result as a table to read."""
        rows = [
            [name, "" if math.isnan(estimate) else f"{estimate:.3f}", f"{low:.3f} to {high:.3f}"]
            for name, estimate, low, high in self.to_frame().iter_rows()
            if not math.isnan(low)
        ]
        head = [MEASURES[self.measure].label.removeprefix("log "), "estimate"]
        return "\n".join(
            [
                self.fit.summary(),
                "",
                *text_table([*head, f"{100 * self.fit.level:g} % CI"], rows),
                "",
                self.conclusion,
                *notes_text(self.warnings),
            ]
        )


def variability_analysis(
    data: Any = None,
    *,
    sd1i: Any = "sd1i",
    n1i: Any = "n1i",
    sd2i: Any = "sd2i",
    n2i: Any = "n2i",
    m1i: Any = "m1i",
    m2i: Any = "m2i",
    measure: Literal["VR", "CVR"] = "VR",
    study: Any = None,
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
) -> VariabilityAnalysis:
    """Pool the ratio of spreads, treatment over comparator.

    Parameters
    ----------
    data : data frame or mapping, optional
    sd1i, n1i, sd2i, n2i : str or sequence
        Standard deviations and people, treatment (1) and comparator (2): columns of `data`, or
        the values.
    m1i, m2i : str or sequence
        Means above zero; for CVR only.
    measure : {"VR", "CVR"}
        Ratio of standard deviations; or of coefficients of variation, for scores whose spread
        grows with their mean.
    study, method, test, level
        As in `meta_analysis`.

    Returns
    -------
    VariabilityAnalysis

    Raises
    ------
    InputError
        A column that is not there; a standard deviation or a mean that is not above zero.
    SynthesisError
        No study can be used.

    References
    ----------
    Nakagawa S et al. (2015) Methods Ecol Evol 6:143; Winkelbeiner S, Leucht S, Kane JM, Homan P
    (2019) JAMA Psychiatry 76:1063; Cortés J et al. (2018) F1000Research 7:30 (variance and
    individual effects).

    Examples
    --------
    >>> found = variability_analysis(
    ...     {
    ...         "sd1i": [24, 22, 27, 20],
    ...         "n1i": [41, 30, 26, 55],
    ...         "sd2i": [20, 19, 25, 19],
    ...         "n2i": [40, 31, 25, 50],
    ...     },
    ...     test="z",
    ... )
    >>> print(found.conclusion)
    Ratio 1.117 (0.949 to 1.314): no difference in scatter was shown, which neither proves nor
    rules out that people respond differently.
    >>> [round(sd, 1) for sd in found.independent_spread]
    [10.1, 0.0, 17.4]
    """
    choice("measure", measure, ("VR", "CVR"))
    given = {"sd1i": sd1i, "n1i": n1i, "sd2i": sd2i, "n2i": n2i, "m1i": m1i, "m2i": m2i}
    columns = {name: column(data, given[name], name) for name in MEASURES[measure].columns}
    effect = effect_sizes(measure, **columns)
    if effect.estimate.ndim != 1:
        raise InputError("standard deviations and people must be columns with a value a study")
    labels = None if study is None else column(data, study, "study")
    fit = meta_analysis(
        effect=effect.estimate,
        variance=effect.variance,
        study=labels,
        method=method,
        test=test,
        level=level,
    )
    gone = [row.row - 1 for row in fit.excluded]
    sd, n = (np.delete(np.asarray(columns[name], float), gone) for name in ("sd2i", "n2i"))
    pooled = math.sqrt(float(((n - 1) * sd**2).sum() / (n - 1).sum()))
    notes = []
    if measure == "VR" and sd.max() > 3 * sd.min():
        notes.append(
            "standard deviations under the comparator differ more than threefold: instruments may "
            "differ, and the pooled one means little"
        )
    return VariabilityAnalysis(fit, measure, pooled, (*fit.warnings, *notes))


def _exp(ends: Interval) -> Interval:
    return math.exp(ends[0]), math.exp(ends[1])
