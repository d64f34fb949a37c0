"""Which dose does what: questions to dose–response curves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.base import Interval
from reprieve.synthesis.findings import quantile
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.dose_curves import EmaxCurves

if TYPE_CHECKING:
    from reprieve.synthesis.networks.dose_results import DoseNetwork

_DRAWS, _POINTS, _SEED = 4000, 401, 1


@dataclass(frozen=True)
class Reach:
    """The dose at which a curve reaches an effect.

    Attributes
    ----------
    agent : str
    effect : float
        The effect that is to be reached, against placebo.
    dose : float
        The smallest dose at which the estimate reaches it; NaN where no dose tested does.
    ci : tuple of float
        Interval of that dose; an end is infinite where it lies beyond the doses tested.
    probability : float
        That a dose up to the largest tested reaches the effect.
    sure_dose : float
        The smallest dose at which the whole interval of the effect has passed it; NaN if none.
    """

    agent: str
    effect: float
    dose: float
    ci: Interval
    probability: float
    sure_dose: float

    def summary(self) -> str:
        """The answer as a sentence."""
        if math.isnan(self.dose):
            told = not math.isnan(self.probability)
            said = "no dose tested reaches it" if told else "trials can't tell"
            return f"{self.agent}, effect {self.effect:g}: {said}"
        low, high = (f"{end:g}" if math.isfinite(end) else "beyond" for end in self.ci)
        sure = "no dose tested" if math.isnan(self.sure_dose) else f"{self.sure_dose:g}"
        return (
            f"{self.agent}, effect {self.effect:g}: reached at dose {self.dose:g} "
            f"(interval {low} to {high}); with its whole interval at {sure}"
        )


def dose_for(fit: DoseNetwork, agent: str, effect: float) -> Reach:
    """The smallest dose that reaches an effect; see `DoseNetwork.dose_for`."""
    if not (math.isfinite(effect) and effect != 0):
        raise InputError(f"effect is a difference from placebo, not zero; it was {effect!r}")
    doses = fit.grid(agent, _POINTS)
    table = fit.curve(agent, doses.tolist())
    side = math.copysign(1.0, effect)
    far = table["ci_high" if side < 0 else "ci_low"].cast(float).fill_null(math.nan).to_numpy()
    estimate = table["estimate"].cast(float).fill_null(math.nan).to_numpy()
    drawn = _drawn(fit, agent, doses)
    reached = _first_reach(doses, side * drawn, abs(effect))
    return Reach(
        agent,
        float(effect),
        _told(_first_reach(doses, side * estimate[None], abs(effect))[0]),
        _ends(reached, fit.level),
        float(np.isfinite(reached).mean()) if not np.isnan(drawn).any() else math.nan,
        _told(_first_reach(doses, side * far[None], abs(effect))[0]),
    )


def half_dose(fit: DoseNetwork, agent: str) -> Reach:
    """The dose of half the maximal effect; see `DoseNetwork.half_dose`."""
    curves, beta = fit.curves, fit.parameters.beta
    fit.curve_of(agent)
    if isinstance(curves, EmaxCurves):
        place = curves.ed50_place[curves.place[agent]]
        top, _ = curves.maximum(beta, curves.place[agent])
        row = np.zeros((1, len(beta)))
        row[0, place] = 1.0
        se = float(fit.parameters.combine(row)[1][0])
        if curves.held[place - curves.count]:
            se = math.nan
        if math.isnan(se):
            return Reach(agent, math.nan, math.nan, (math.nan, math.nan), math.nan, math.nan)
        half = quantile((1 + fit.level) / 2, math.inf) * se
        with np.errstate(over="ignore"):
            low, ed50, high = np.exp(beta[place] + np.array([-half, 0.0, half])).tolist()
        return Reach(agent, top / 2, ed50, (low, high), math.nan, math.nan)
    doses = fit.grid(agent, _POINTS)
    values = fit.curve(agent, doses.tolist())["estimate"].cast(float).fill_null(math.nan).to_numpy()
    drawn = _drawn(fit, agent, doses)
    if np.isnan(values).any():
        return Reach(agent, math.nan, math.nan, (math.nan, math.nan), math.nan, math.nan)
    halves, reached = _half_reach(doses, values[None])
    ends = _ends(_half_reach(doses, drawn)[1], fit.level)
    return Reach(agent, float(halves[0]), float(reached[0]), ends, math.nan, math.nan)


def _half_reach(doses: Array, values: Array) -> tuple[Array, Array]:
    """Half of the largest effect of each curve, and the first dose that gives it."""
    at = np.abs(values).argmax(axis=1)
    half = values[np.arange(len(values)), at] / 2
    side = np.sign(half)[:, None]
    return half, _first_reach(doses, side * values, np.abs(half))


def _drawn(fit: DoseNetwork, agent: str, doses: Array) -> Array:
    """Draws of a curve, shape (draws, doses)."""
    which = np.full(len(doses), fit.curves.place[agent], dtype=np.intp)
    drawn = fit.curves.values(fit.parameters.draws(_DRAWS, _SEED), which, doses)
    L = fit.curves.gradient(fit.parameters.beta, which, doses)
    drawn[:, ~fit.parameters.estimable(L)] = np.nan
    return drawn


def _first_reach(doses: Array, values: Array, target: float | Array) -> Array:
    """The first dose at which each curve rises to `target`, infinite if none; shape (g,)."""
    goal = np.broadcast_to(np.asarray(target, dtype=float), len(values))
    above = values >= goal[:, None]
    at = above.argmax(axis=1)
    rows, before = np.arange(len(values)), np.maximum(at - 1, 0)
    low, high = values[rows, before], values[rows, at]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(at > before, (goal - low) / (high - low), 0.0)
    found = doses[before] + share * (doses[at] - doses[before])
    return np.where(above.any(axis=1), found, np.inf)


def _told(dose: float) -> float:
    return float(dose) if math.isfinite(dose) else math.nan


def _ends(reached: Array, level: float) -> Interval:
    """Central interval of doses of which some may be infinite."""
    low, high = np.quantile(reached, [(1 - level) / 2, (1 + level) / 2], method="nearest")
    return float(low), float(high)
