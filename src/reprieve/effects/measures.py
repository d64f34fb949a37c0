"""All effect sizes by their usual short names, those of R's metafor, with its column names.

`effect_sizes` computes any of them, and `MEASURES` says which columns each one wants, so that
a command line or a form can be made from it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from reprieve.effects import binary, changes, checks, continuous, correlations, rates, variability
from reprieve.effects.checks import Array
from reprieve.effects.effect import Effect
from reprieve.errors import InputError, UnknownWordError

Display = Literal["none", "exp", "tanh", "logistic", "normal", "sine", "square"]
"""How a pooled estimate is turned back for people to read: see `displayed`."""


@dataclass(frozen=True)
class Measure:
    """An effect size that `effect_sizes` can compute.

    Attributes
    ----------
    label : str
        What it is, in a few words.
    compute : callable
        The function behind it.
    columns : mapping of str to str
        metafor's name of each column that is needed, and that function's name for it.
    display : str
        How a pooled estimate is turned back for people to read.
    fixed : mapping
        Arguments of `compute` that make it this measure.
    """

    label: str
    compute: Callable[..., Effect]
    columns: Mapping[str, str]
    display: Display = "none"
    fixed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def options(self) -> tuple[str, ...]:
        """What else can be chosen, such as ``vtype`` or ``add``.

        Examples
        --------
        >>> MEASURES["OR"].options
        ('add', 'to', 'drop00')
        """
        return tuple(
            name
            for name, parameter in inspect.signature(self.compute).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY and name not in self.fixed
        )


_TWO_MEANS = {
    "m1i": "mean1",
    "sd1i": "sd1",
    "n1i": "n1",
    "m2i": "mean2",
    "sd2i": "sd2",
    "n2i": "n2",
}
_TWO_SDS = {name: _TWO_MEANS[name] for name in ("sd1i", "n1i", "sd2i", "n2i")}
_GLASS = {name: _TWO_MEANS[name] for name in ("m1i", "n1i", "m2i", "sd2i", "n2i")}
_TABLE = {"ai": "events1", "n1i": "n1", "ci": "events2", "n2i": "n2"}
_TWO_RATES = {"x1i": "events1", "t1i": "time1", "x2i": "events2", "t2i": "time2"}
_PAIR = {
    "m1i": "mean1",
    "sd1i": "sd1",
    "m2i": "mean2",
    "sd2i": "sd2",
    "ni": "n",
    "ri": "correlation",
}
_PAIR_SDS = {name: _PAIR[name] for name in ("sd1i", "sd2i", "ni", "ri")}
_PAIR_FIRST = {name: _PAIR[name] for name in ("m1i", "sd1i", "m2i", "ni", "ri")}
_MEAN = {"mi": "mean", "sdi": "sd", "ni": "n"}
_SD = {"sdi": "sd", "ni": "n"}
_PROPORTION = {"xi": "events", "ni": "n"}
_RATE = {"xi": "events", "ti": "time"}
_CORRELATION = {"ri": "r", "ni": "n"}

_TOTALS = {"n1i": ("ai", "bi"), "n2i": ("ci", "di"), "ni": ("xi", "mi")}
"""Columns that can be given as people with and people without the event."""

_LOGISTIC, _NORMAL = {"distribution": "logistic"}, {"distribution": "normal"}

MEASURES: dict[str, Measure] = {
    # Two groups, means
    "MD": Measure("mean difference", continuous.mean_difference, _TWO_MEANS),
    "SMD": Measure(
        "standardised mean difference", continuous.standardized_mean_difference, _TWO_MEANS
    ),
    "SMDH": Measure(
        "standardised mean difference, unequal SDs",
        continuous.standardized_mean_difference_unequal,
        _TWO_MEANS,
    ),
    "SMD1": Measure("difference in SDs of group 2", continuous.glass_delta, _GLASS),
    "SMD1H": Measure(
        "difference in SDs of group 2, unequal SDs", continuous.glass_delta, _TWO_MEANS
    ),
    "ROM": Measure("log ratio of means", continuous.ratio_of_means, _TWO_MEANS, "exp"),
    "VR": Measure("log ratio of SDs", variability.log_variability_ratio, _TWO_SDS, "exp"),
    "CVR": Measure(
        "log ratio of coefficients of variation", variability.log_cv_ratio, _TWO_MEANS, "exp"
    ),
    "RPB": Measure("point-biserial correlation", correlations.point_biserial, _TWO_MEANS),
    "RBIS": Measure("biserial correlation", correlations.biserial, _TWO_MEANS),
    "D2OR": Measure(
        "log odds ratio from means (logistic)",
        continuous.log_odds_ratio_from_means,
        _TWO_MEANS,
        "exp",
        _LOGISTIC,
    ),
    "D2ORL": Measure(
        "log odds ratio from means (logistic)",
        continuous.log_odds_ratio_from_means,
        _TWO_MEANS,
        "exp",
        _LOGISTIC,
    ),
    "D2ORN": Measure(
        "log odds ratio from means (normal)",
        continuous.log_odds_ratio_from_means,
        _TWO_MEANS,
        "exp",
        _NORMAL,
    ),
    # Two groups, events
    "OR": Measure("log odds ratio", binary.odds_ratio, _TABLE, "exp"),
    "RR": Measure("log risk ratio", binary.risk_ratio, _TABLE, "exp"),
    "RD": Measure("risk difference", binary.risk_difference, _TABLE),
    "PETO": Measure("log odds ratio by Peto's method", binary.peto_odds_ratio, _TABLE, "exp"),
    "AS": Measure("difference of arcsine-root risks", binary.arcsine_difference, _TABLE),
    "PBIT": Measure("difference of probit risks", binary.probit_difference, _TABLE),
    "OR2D": Measure(
        "SMD from odds ratio (logistic)",
        binary.smd_from_odds_ratio,
        _TABLE,
        fixed=_LOGISTIC,
    ),
    "OR2DL": Measure(
        "SMD from odds ratio (logistic)",
        binary.smd_from_odds_ratio,
        _TABLE,
        fixed=_LOGISTIC,
    ),
    "OR2DN": Measure(
        "SMD from odds ratio (normal)", binary.smd_from_odds_ratio, _TABLE, fixed=_NORMAL
    ),
    "PHI": Measure("phi coefficient", correlations.phi, _TABLE, fixed={"scale": "raw"}),
    "ZPHI": Measure(
        "Fisher's z of the phi coefficient", correlations.phi, _TABLE, "tanh", {"scale": "z"}
    ),
    "YUQ": Measure("Yule's Q", correlations.yule, _TABLE, fixed={"coefficient": "Q"}),
    "YUY": Measure("Yule's Y", correlations.yule, _TABLE, fixed={"coefficient": "Y"}),
    # Two groups, events over time
    "IRR": Measure("log rate ratio", rates.rate_ratio, _TWO_RATES, "exp"),
    "IRD": Measure("rate difference", rates.rate_difference, _TWO_RATES),
    "IRSD": Measure("difference of root rates", rates.root_rate_difference, _TWO_RATES),
    # The same people twice
    "MC": Measure("mean change", changes.mean_change, _PAIR),
    "SMCC": Measure("mean change in SDs of change", changes.standardized_mean_change, _PAIR),
    "SMCR": Measure(
        "mean change in SDs of measurement 1", changes.mean_change_in_first_sd, _PAIR_FIRST
    ),
    "SMCRH": Measure(
        "mean change in SDs of measurement 1, unequal SDs",
        changes.mean_change_in_first_sd,
        _PAIR,
    ),
    "SMCRP": Measure(
        "mean change in pooled SDs",
        changes.mean_change_in_pooled_sd,
        _PAIR,
        fixed={"equal": True},
    ),
    "SMCRPH": Measure(
        "mean change in pooled SDs, unequal SDs",
        changes.mean_change_in_pooled_sd,
        _PAIR,
        fixed={"equal": False},
    ),
    "ROMC": Measure("log ratio of paired means", changes.ratio_of_means_change, _PAIR, "exp"),
    "VRC": Measure(
        "log ratio of paired SDs", variability.log_variability_ratio_change, _PAIR_SDS, "exp"
    ),
    "CVRC": Measure(
        "log ratio of paired coefficients of variation",
        variability.log_cv_ratio_change,
        _PAIR,
        "exp",
    ),
    # One group
    "MN": Measure("mean", continuous.mean, _MEAN, fixed={"scale": "raw"}),
    "MNLN": Measure("log mean", continuous.mean, _MEAN, "exp", {"scale": "log"}),
    "SMN": Measure("mean in SDs", continuous.standardized_mean, _MEAN),
    "SDLN": Measure("log SD", variability.log_sd, _SD, "exp"),
    "CVLN": Measure("log coefficient of variation", variability.log_cv, _MEAN, "exp"),
    "PR": Measure("proportion", binary.proportion, _PROPORTION, fixed={"scale": "raw"}),
    "PLN": Measure("log proportion", binary.proportion, _PROPORTION, "exp", {"scale": "log"}),
    "PLO": Measure(
        "logit proportion", binary.proportion, _PROPORTION, "logistic", {"scale": "logit"}
    ),
    "PRZ": Measure(
        "probit proportion", binary.proportion, _PROPORTION, "normal", {"scale": "probit"}
    ),
    "PAS": Measure(
        "arcsine-root proportion", binary.proportion, _PROPORTION, "sine", {"scale": "arcsine"}
    ),
    "PFT": Measure(
        "Freeman–Tukey proportion",
        binary.proportion,
        _PROPORTION,
        "sine",
        {"scale": "freeman_tukey"},
    ),
    "IR": Measure("rate", rates.rate, _RATE, fixed={"scale": "raw"}),
    "IRLN": Measure("log rate", rates.rate, _RATE, "exp", {"scale": "log"}),
    "IRS": Measure("root rate", rates.rate, _RATE, "square", {"scale": "root"}),
    "IRFT": Measure("Freeman–Tukey rate", rates.rate, _RATE, "square", {"scale": "freeman_tukey"}),
    "COR": Measure("correlation", correlations.correlation, _CORRELATION, fixed={"scale": "raw"}),
    "UCOR": Measure(
        "unbiased correlation",
        correlations.correlation,
        _CORRELATION,
        fixed={"scale": "unbiased"},
    ),
    "ZCOR": Measure(
        "Fisher's z of a correlation",
        correlations.correlation,
        _CORRELATION,
        "tanh",
        {"scale": "z"},
    ),
}
"""Every effect size by its short name."""


def effect_sizes(measure: str, **given: Any) -> Effect:
    """Any effect size, from the columns and options that metafor's ``escalc`` takes.

    Parameters
    ----------
    measure : str
        A short name of `MEASURES`, such as ``"SMD"``.
    **given
        The columns of the measure (``m1i``, ``sd1i``, …), and its options (``vtype``, ``add``,
        ``to``, ``drop00``, ``correct``) where it has them. ``n1i``, ``n2i`` and ``ni`` of counts
        can be replaced by ``bi``, ``di`` and ``mi``, the people without the event.

    Raises
    ------
    UnknownWordError
        There is no such measure.
    InputError
        A column is missing, superfluous or of another length, or a value is not possible.

    Examples
    --------
    >>> effect = effect_sizes("RR", ai=[4, 6], bi=[119, 300], ci=[11, 29], di=[128, 274])
    >>> print(effect.estimate.round(4), effect.variance.round(4))
    [-0.8893 -1.5854] [0.3256 0.1946]
    """
    if measure not in MEASURES:
        raise UnknownWordError("effect size", measure, MEASURES)
    spec = MEASURES[measure]
    given = _with_totals(spec, given)
    superfluous = [name for name in given if name not in (*spec.columns, *spec.options)]
    missing = [name for name in spec.columns if name not in given]
    if missing or superfluous:
        found = f"{_list(missing)} missing" if missing else f"{_list(superfluous)} not understood"
        choices = f"; options: {', '.join(spec.options)}" if spec.options else ""
        raise InputError(f"{measure} needs {', '.join(spec.columns)}: {found}{choices}")
    arrays = {name: checks.numbers(name, given[name]) for name in spec.columns}
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError as error:
        shapes = ", ".join(f"{name} has {array.size}" for name, array in arrays.items())
        raise InputError(f"the columns of {measure} differ in length: {shapes}") from error
    options = {name: given[name] for name in spec.options if name in given}
    return spec.compute(
        **{spec.columns[name]: array for name, array in arrays.items()}, **options, **spec.fixed
    )


def displayed(measure: str, values: ArrayLike) -> Array:
    """Estimates or ends of intervals of a measure, turned back for people to read.

    The scales ``PFT`` and ``IRFT`` are turned back like ``PAS`` and ``IRS``, which is close to
    exact unless groups are small.

    Parameters
    ----------
    measure : str
        A short name of `MEASURES`.
    values : array_like
        On the scale on which the measure is pooled.

    Examples
    --------
    >>> print(displayed("OR", [0, -0.693]).round(3), displayed("PLO", 0))
    [1.  0.5] 0.5
    """
    if measure not in MEASURES:
        raise UnknownWordError("effect size", measure, MEASURES)
    x = checks.numbers("values", values)
    turned: Array
    match MEASURES[measure].display:
        case "none":
            turned = x
        case "exp":
            turned = np.exp(x)
        case "tanh":
            turned = np.tanh(x)
        case "logistic":
            turned = (1 + np.tanh(x / 2)) / 2
        case "normal":
            from scipy.special import ndtr

            turned = ndtr(x)
        case "sine":
            turned = np.sin(np.clip(x, 0, np.pi / 2)) ** 2
        case "square":
            turned = np.maximum(x, 0) ** 2
    return turned


def _with_totals(spec: Measure, given: dict[str, Any]) -> dict[str, Any]:
    """`given`, with group sizes in place of the people without the event."""
    given = dict(given)
    for total, (events, others) in _TOTALS.items():
        if others not in given or not {total, events} <= set(spec.columns) or events not in given:
            continue
        found = checks.count(others, given.pop(others)) + checks.numbers(events, given[events])
        if total in given:
            stated = checks.numbers(total, given[total])
            checks.require(
                total, stated, (stated == found) | np.isnan(found), f"{events} + {others}"
            )
        else:
            given[total] = found
    return given


def _list(names: list[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"
