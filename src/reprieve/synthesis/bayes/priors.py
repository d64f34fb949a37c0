"""Priors for the standard deviation between studies (τ), and for mean effects and coefficients.

The text of a prior, such as ``half-normal(0.5)``, is what a person types, what a result shows
and what a command line takes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis.bayes.evidence_priors import RHODES, TURNER, rhodes, turner
from reprieve.synthesis.least_squares import Array

Parameters = tuple[float, ...]
_SIGNED = {"mean", "meanlog", "location"}
_TINY = 1e-300


class _Kind(NamedTuple):
    """A family of priors for τ."""

    parameters: tuple[str, ...]
    log_density: Callable[[Array, Parameters, Array], Array]
    #: the density falls as τ to the power of minus this
    tail: Callable[[Parameters], float]
    #: "no" is improper; "unscaled" is proper, but its density is known up to a factor only
    proper: Literal["yes", "no", "unscaled"] = "yes"
    #: the density depends on the sampling variances
    by_data: bool = False


def _half_t(tau: Array, df: float, scale: float) -> Array:
    front = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    front += math.log(2 / scale)
    return np.asarray(front - 0.5 * (df + 1) * np.log1p((tau / scale) ** 2 / df))


def _log_t(tau: Array, location: float, scale: float, df: float) -> Array:
    z = (np.log(tau) - location) / scale
    return _half_t(np.abs(z), df, 1.0) - math.log(2 * scale) - np.log(tau)


def _log_normal(tau: Array, mean: float, sd: float) -> Array:
    z = (np.log(tau) - mean) / sd
    return np.asarray(-0.5 * z**2 - np.log(tau) - math.log(sd) - 0.5 * math.log(2 * math.pi))


def _inverse_gamma(tau: Array, shape: float, scale: float) -> Array:
    front = math.log(2) + shape * math.log(scale) - math.lgamma(shape)
    return np.asarray(front - (2 * shape + 1) * np.log(tau) - scale / tau / tau)


def _uniform(tau: Array, low: float, high: float) -> Array:
    return np.where((tau >= low) & (tau <= high), -math.log(high - low), -np.inf)


def _shares(tau: Array, v: Array) -> Array:
    return np.asarray(tau[..., None] / (v + tau[..., None] ** 2))


def _overall_jeffreys(tau: Array, v: Array) -> Array:
    mean_information = (1 / (v + tau[..., None] ** 2)).sum(axis=-1)
    return np.asarray(0.5 * np.log(mean_information * (_shares(tau, v) ** 2).sum(axis=-1)))


def _per_study(tau: Array, v: Array, power: float) -> Array:
    return np.asarray(np.log(tau) - power * np.log(v + tau[..., None] ** 2).mean(axis=-1))


def _on_share(tau: Array, typical: float) -> Array:
    """Uniform on the share of variance τ²/(τ² + typical)."""
    return np.asarray(math.log(2 * typical) + np.log(tau) - 2 * np.log(typical + tau**2))


def _harmonic(v: Array) -> float:
    return len(v) / float((1 / v).sum())


def _higgins_thompson(v: Array) -> float:
    a = 1 / v
    if len(v) < 2:
        raise SynthesisError("the prior i2 needs two studies or more: I² compares studies")
    return float((len(v) - 1) * a.sum() / (a.sum() ** 2 - (a**2).sum()))


_KINDS = {
    "half-normal": _Kind(
        ("scale",),
        lambda t, p, v: 0.5 * math.log(2 / math.pi) - math.log(p[0]) - 0.5 * (t / p[0]) ** 2,
        lambda p: math.inf,
    ),
    "half-cauchy": _Kind(("scale",), lambda t, p, v: _half_t(t, 1.0, p[0]), lambda p: 2),
    "half-t": _Kind(("df", "scale"), lambda t, p, v: _half_t(t, *p), lambda p: p[0] + 1),
    "exponential": _Kind(("rate",), lambda t, p, v: math.log(p[0]) - p[0] * t, lambda p: math.inf),
    "log-normal": _Kind(
        ("meanlog", "sdlog"), lambda t, p, v: _log_normal(t, *p), lambda p: math.inf
    ),
    "log-t": _Kind(("location", "scale", "df"), lambda t, p, v: _log_t(t, *p), lambda p: 1),
    "inverse-gamma": _Kind(
        ("shape", "scale"), lambda t, p, v: _inverse_gamma(t, *p), lambda p: 2 * p[0] + 1
    ),
    "uniform": _Kind(("low", "high"), lambda t, p, v: _uniform(t, *p), lambda p: math.inf),
    "improper-uniform": _Kind((), lambda t, p, v: np.zeros_like(t), lambda p: 0, "no"),
    "sqrt": _Kind((), lambda t, p, v: -0.5 * np.log(t), lambda p: 0.5, "no"),
    "jeffreys": _Kind(
        (),
        lambda t, p, v: 0.5 * np.log((_shares(t, v) ** 2).sum(axis=-1)),
        lambda p: 1,
        "no",
        True,
    ),
    "overall-jeffreys": _Kind((), lambda t, p, v: _overall_jeffreys(t, v), lambda p: 2, "no", True),
    "berger-deely": _Kind((), lambda t, p, v: _per_study(t, v, 1.0), lambda p: 1, "no", True),
    "conventional": _Kind((), lambda t, p, v: _per_study(t, v, 1.5), lambda p: 2, "unscaled", True),
    "dumouchel": _Kind(
        (),
        lambda t, p, v: 0.5 * math.log(_harmonic(v)) - 2 * np.log(math.sqrt(_harmonic(v)) + t),
        lambda p: 2,
        by_data=True,
    ),
    "shrinkage": _Kind((), lambda t, p, v: _on_share(t, _harmonic(v)), lambda p: 3, by_data=True),
    "i2": _Kind((), lambda t, p, v: _on_share(t, _higgins_thompson(v)), lambda p: 3, by_data=True),
}
_EFFECT_KINDS: dict[str, tuple[str, ...]] = {"normal": ("mean", "sd"), "flat": ()}


@dataclass(frozen=True)
class Prior:
    """A prior: its word and its parameters.

    Parameters
    ----------
    word : str
        For τ, the standard deviation between studies: ``half-normal`` (scale),
        ``half-cauchy`` (scale), ``half-t`` (df, scale), ``exponential`` (rate), ``log-normal``
        (meanlog, sdlog), ``log-t`` (location, scale, df), ``inverse-gamma`` (shape and scale of
        τ²), ``uniform`` (low, high); ``improper-uniform``, ``sqrt`` (uniform on √τ),
        ``jeffreys``, ``overall-jeffreys``, ``berger-deely`` (all improper); ``conventional``,
        ``dumouchel``, ``shrinkage``, ``i2`` (proper, and set by the sampling variances).
        For effects: ``normal`` (mean, sd), ``flat``.
    parameters : tuple of float

    Raises
    ------
    UnknownWordError
        A word that is not listed above.
    InputError
        Parameters that are too few, too many or out of range.

    Notes
    -----
    Densities as in the R package bayesmeta (Röver 2020 J Stat Softw 93(6), section 2.3), where
    the sources of each are named.

    Examples
    --------
    >>> Prior("half-normal", (0.5,)).text
    'half-normal(0.5)'
    >>> Prior("half-cauchy", (1.0,)).log_density([0.0, 1.0]).round(4)
    array([-0.4516, -1.1447])
    """

    word: str
    parameters: Parameters = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", tuple(float(x) for x in self.parameters))
        if self.word in _EFFECT_KINDS:
            names = _EFFECT_KINDS[self.word]
        elif self.word in _KINDS:
            names = _KINDS[self.word].parameters
        else:
            raise UnknownWordError("prior", self.word, [*_KINDS, *_EFFECT_KINDS])
        usage = f"{self.word}({', '.join(names)})" if names else self.word
        if len(self.parameters) != len(names):
            raise InputError(
                f"the prior {self.word} takes {len(names)} parameters, as {usage}; "
                f"{len(self.parameters)} were given"
            )
        for name, value in zip(names, self.parameters, strict=True):
            if not math.isfinite(value):
                raise InputError(f"{name} of the prior {usage} must be finite; it was {value}")
            if name not in _SIGNED and name not in ("low", "high") and value <= 0:
                raise InputError(f"{name} of the prior {usage} must be positive; it was {value}")
        if self.word == "uniform" and not self.parameters[0] < self.parameters[1]:
            low, high = self.parameters
            raise InputError(f"uniform(low, high) needs low < high; they were {low} and {high}")

    @property
    def text(self) -> str:
        """The prior as a person types it."""
        if not self.parameters:
            return self.word
        return f"{self.word}({', '.join(f'{x:.10g}' for x in self.parameters)})"

    @property
    def role(self) -> Literal["effect", "heterogeneity"]:
        """What the prior is for."""
        return "effect" if self.word in _EFFECT_KINDS else "heterogeneity"

    @property
    def proper(self) -> bool:
        """Whether its density integrates to a finite number."""
        return self.word != "flat" and (self.role == "effect" or _KINDS[self.word].proper != "no")

    @property
    def scaled(self) -> bool:
        """Whether `log_density` integrates to one."""
        return self.role == "heterogeneity" and _KINDS[self.word].proper == "yes"

    @property
    def by_data(self) -> bool:
        """Whether the density depends on the sampling variances."""
        return self.role == "heterogeneity" and _KINDS[self.word].by_data

    @property
    def tail(self) -> float:
        """The density falls as this power of 1/τ; infinite when it falls faster than any."""
        return float(_KINDS[self.word].tail(self.parameters))

    @property
    def support(self) -> tuple[float, float]:
        """Where the density of τ is not zero."""
        if self.word == "uniform":
            return self.parameters[0], self.parameters[1]
        return 0.0, math.inf

    def log_density(self, tau: Array | list[float], v: Array | None = None) -> Array:
        """Log-density of τ.

        Parameters
        ----------
        tau : array_like
        v : ndarray, shape (k,), optional
            Sampling variances, for the priors that depend on them.
        """
        self.expect("heterogeneity")
        kind = _KINDS[self.word]
        if v is None and kind.by_data:
            raise InputError(f"the prior {self.word} depends on the sampling variances; give v")
        values = np.asarray(tau, dtype=float)
        if self.word in ("log-normal", "log-t", "inverse-gamma"):
            with np.errstate(over="ignore"):
                inside = kind.log_density(np.maximum(values, _TINY), self.parameters, np.empty(0))
            return np.where(values > 0, inside, -np.inf)
        with np.errstate(divide="ignore"):
            known = np.empty(0) if v is None else np.asarray(v, dtype=float)
            return np.asarray(kind.log_density(values, self.parameters, known))

    def expect(self, role: Literal["effect", "heterogeneity"]) -> Prior:
        """The prior itself, if it can serve as `role`.

        Raises
        ------
        InputError
            A prior for effects in the place of one for τ, or the other way round.
        """
        if self.role != role:
            wanted = (
                "for τ such as half-normal(0.5)"
                if role == "heterogeneity"
                else "for effects: normal(mean, sd) or flat"
            )
            raise InputError(f"the prior {self.text} can't be used here; give one {wanted}")
        return self


FLAT = Prior("flat")


def parse_prior(text: str | Prior) -> Prior:
    """Read a prior from its text.

    Parameters
    ----------
    text : str or Prior
        ``half-normal(0.5)``, ``uniform(0, 4)``, ``half-cauchy(0.5)``, ``log-normal(-2, 1.5)``,
        ``normal(0, 4)`` …: see `Prior`. ``uniform`` alone is the improper uniform prior.
        ``turner(outcome, comparison)`` and ``rhodes(outcome, comparison)`` are the priors for
        log odds ratios and standardised mean differences that were fitted to Cochrane reviews:
        see `turner_prior` and `rhodes_prior`. A `Prior` is handed back as it is.

    Raises
    ------
    UnknownWordError
        A word that is no prior, with the nearest that are.
    InputError
        A text that can't be read, or parameters that do not fit.

    Examples
    --------
    >>> parse_prior("Half-Normal( 0.5 )")
    Prior(word='half-normal', parameters=(0.5,))
    >>> parse_prior("turner(pain, non-pharmacological vs placebo)").text
    'log-normal(-1.025, 0.855)'
    """
    if isinstance(text, Prior):
        return text
    found = re.fullmatch(r"\s*([\w\- ]+?)\s*(?:\((.*)\))?\s*", str(text))
    if found is None:
        raise InputError(
            f"the prior {text!r} can't be read; write it as half-normal(0.5) or normal(0, 4)"
        )
    word = re.sub(r"[_\s]+", "-", found[1].lower())
    inside = [part.strip() for part in (found[2] or "").split(",") if part.strip()]
    if word == "turner":
        return turner_prior(*inside)
    if word == "rhodes":
        return rhodes_prior(*inside)
    if word == "uniform" and not inside:
        return Prior("improper-uniform")
    if word not in _KINDS and word not in _EFFECT_KINDS:
        raise UnknownWordError("prior", word, [*_KINDS, *_EFFECT_KINDS, "turner", "rhodes"])
    try:
        numbers = tuple(float(part) for part in inside)
    except ValueError as error:
        raise InputError(
            f"the parameters of the prior {text!r} must be numbers, as in half-normal(0.5)"
        ) from error
    return Prior(word, numbers)


def turner_prior(outcome: str | None = None, comparison: str | None = None) -> Prior:
    """The prior for τ of log odds ratios that Turner et al. fitted to Cochrane reviews.

    Parameters
    ----------
    outcome : str, optional
        One of `TURNER.outcomes`, such as ``pain`` or ``adverse events``; the prior for any
        setting when not given.
    comparison : str, optional
        One of `TURNER.comparisons`, such as ``non-pharmacological vs placebo``.

    Returns
    -------
    Prior
        Log-normal, for τ; the published one is for τ², twice its mean and sd.

    Notes
    -----
    Turner, Jackson, Wei, Thompson & Higgins (2015) Stat Med 34:984, table IV, as carried by the
    R packages bayesmeta 3.4 (`TurnerEtAlPrior`) and rnmamod (`table_tau2_prior`), which agree.

    Examples
    --------
    >>> turner_prior().text
    'log-normal(-1.28, 0.87)'
    """
    mean, sd = turner(outcome, comparison)
    return Prior("log-normal", (mean / 2, sd / 2))


def rhodes_prior(outcome: str | None = None, comparison: str | None = None) -> Prior:
    """The prior for τ of standardised mean differences of Rhodes et al., from Cochrane reviews.

    Parameters
    ----------
    outcome : str, optional
        One of `RHODES.outcomes`, such as ``pain``; the prior for any setting when not given.
    comparison : str, optional
        One of `RHODES.comparisons`, such as ``non-pharmacological``.

    Returns
    -------
    Prior
        Log-t with 5 degrees of freedom, for τ; the published one is for τ².

    Notes
    -----
    Rhodes, Turner & Higgins (2015) J Clin Epidemiol 68:52, table 3 (medical areas other than
    cancer and respiratory disease), as carried by the R packages bayesmeta 3.4
    (`RhodesEtAlPrior`) and rnmamod (`table_tau2_prior`). Left out because they can't be
    confirmed: the tables for cancer and respiratory disease, on which the two packages differ,
    and mental health in non-pharmacological comparisons, which breaks the table's own pattern.

    Examples
    --------
    >>> rhodes_prior("pain", "non-pharmacological").text
    'log-t(-1.51, 1.135, 5)'
    """
    location, scale = rhodes(outcome, comparison)
    return Prior("log-t", (location / 2, scale / 2, 5.0))


__all__ = ["FLAT", "RHODES", "TURNER", "Prior", "parse_prior", "rhodes_prior", "turner_prior"]
