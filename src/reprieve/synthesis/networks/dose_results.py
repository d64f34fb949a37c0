"""The result of a dose–response network meta-analysis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis.base import Interval
from reprieve.synthesis.findings import plain, quantile
from reprieve.synthesis.inputs import Excluded
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.direct import two_sided
from reprieve.synthesis.networks.dose_curves import Curve, Curves, EmaxCurves
from reprieve.synthesis.networks.dose_fitting import Nodes
from reprieve.synthesis.networks.parameters import OfParameters, Parameters
from reprieve.synthesis.networks.rows import Index
from reprieve.synthesis.networks.trials import Trials

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.dose_targets import Reach

_KEYS = ("estimate", "se", "p", "ci_low", "ci_high")


@dataclass(frozen=True)
class DoseEffect:
    """The effect of an agent at a dose.

    Attributes
    ----------
    agent : str
    dose : float
    against : str
        What it is compared with.
    estimate, se, p : float
        Difference, its standard error, two-sided p value of none.
    ci, prediction_interval : tuple of float
        For the mean difference, and for that in a new trial (NaN with a common effect or fewer
        than two degrees of freedom).
    extrapolated : bool
        Whether a dose lies above all that were tested of the agent.
    """

    agent: str
    dose: float
    against: str
    estimate: float
    se: float
    ci: Interval
    p: float
    prediction_interval: Interval
    extrapolated: bool


@dataclass(frozen=True, eq=False, repr=False)
class DoseNetwork(OfParameters):
    """Effects of agents at all doses: what `dose_network` returns.

    Attributes
    ----------
    trials : Trials
        The contrasts, and the trials that they come from.
    agents : tuple of (str, float)
        Agent and dose of each treatment of the network.
    nodes : Nodes
        The same, as the curves see them.
    candidates : mapping of str to Curves or SynthesisError
        All shapes, or why the doses do not allow them.
    curves : Curves
        The curves that were fitted.
    parameters : Parameters
        Their parameters.
    full : Parameters
        The network of agents at doses, without any curve.
    shape, placebo, model, method : str
    level : float
        Coverage of intervals.
    excluded : tuple of Excluded
        Rows that could not be used, with the reason.
    warnings : tuple of str
        What a reader of the result should know.
    """

    trials: Trials
    agents: tuple[tuple[str, float], ...]
    nodes: Nodes
    candidates: Mapping[str, Curves | SynthesisError]
    curves: Curves
    parameters: Parameters
    full: Parameters
    shape: str
    placebo: str
    model: str
    method: str
    level: float
    excluded: tuple[Excluded, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    # -- size and heterogeneity

    # -- curves

    def curve_of(self, agent: str) -> Curve:
        """The curve that an agent lies on: its unit, and the doses that were tested."""
        if agent not in self.curves.place:
            raise UnknownWordError("agent", agent, self.curves.place)
        return self.curves.curves[self.curves.place[agent]]

    def tested(self, agent: str) -> tuple[float, ...]:
        """The doses of an agent that were tested, ascending."""
        self.curve_of(agent)
        return tuple(sorted({dose for name, dose in self.agents if name == agent}))

    def _at(self, agent: str, doses: Array) -> tuple[Array, Array]:
        """Effects against placebo at doses, and their derivatives by the parameters."""
        self.curve_of(agent)
        which: Index = np.full(len(doses), self.curves.place[agent], dtype=np.intp)
        beta = self.parameters.beta
        return self.curves.values(beta, which, doses), self.curves.gradient(beta, which, doses)

    def _columns(self, estimate: Array, L: Array, found: Parameters) -> dict[str, Array]:
        known = found.estimable(L)
        estimate = np.where(known, estimate, np.nan)
        se = np.where(known, np.linalg.norm(L @ found.root, axis=1), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            p = two_sided(estimate / se)
        half = quantile((1 + self.level) / 2, math.inf) * se
        few = self.model == "common" or found.df < 2
        reach = math.nan if few else quantile((1 + self.level) / 2, found.df)
        wide = reach * np.sqrt(se**2 + found.tau2_used)
        return {
            "estimate": estimate,
            "se": se,
            "p": p,
            "ci_low": estimate - half,
            "ci_high": estimate + half,
            "pi_low": estimate - wide,
            "pi_high": estimate + wide,
        }

    def effect(
        self, agent: str, dose: float, against: tuple[str, float] | None = None
    ) -> DoseEffect:
        """The effect of an agent at any dose.

        Parameters
        ----------
        agent : str
        dose : float
        against : (str, float), optional
            Another agent at a dose; placebo when not given.

        Raises
        ------
        InputError
            A dose below zero, or an agent that no trial has.
        """
        estimate, L = self._at(agent, _doses([dose]))
        beyond, name = dose > self.tested(agent)[-1], self.placebo
        if against is not None:
            other, amount = against
            minus, row = self._at(other, _doses([amount]))
            estimate, L = estimate - minus, L - row
            beyond |= amount > self.tested(other)[-1]
            name = f"{other} {amount:g}"
        found = {
            key: float(values[0])
            for key, values in self._columns(estimate, L, self.parameters).items()
        }
        return DoseEffect(
            agent,
            float(dose),
            name,
            found["estimate"],
            found["se"],
            (found["ci_low"], found["ci_high"]),
            found["p"],
            (found["pi_low"], found["pi_high"]),
            bool(beyond),
        )

    def curve(self, agent: str, doses: Sequence[float] | None = None) -> pl.DataFrame:
        """The curve of an agent against placebo: what a figure draws.

        Parameters
        ----------
        agent : str
        doses : sequence of float, optional
            From 0 to the largest that was tested of the agent when not given, evenly spread over
            log(1 + dose/unit), or over the dose with the linear shape.

        Returns
        -------
        data frame
            agent, dose, estimate, se, p, ci_low, ci_high, pi_low, pi_high, extrapolated.
        """
        import polars as pl

        top = self.tested(agent)[-1]
        chosen = self.grid(agent, 101) if doses is None else _doses(doses)
        found = pl.DataFrame(self._columns(*self._at(agent, chosen), self.parameters))
        head = pl.DataFrame({"agent": [agent] * len(chosen), "dose": chosen})
        beyond = pl.DataFrame({"extrapolated": chosen > top})
        return head.hstack(found).hstack(beyond).fill_nan(None)

    def grid(self, agent: str, number: int) -> Array:
        """Doses of an agent from 0 to the largest tested, spread as its curve needs them."""
        unit, top = self.curve_of(agent).unit, self.tested(agent)[-1]
        if self.shape == "linear":
            return np.linspace(0.0, top, number)
        made = unit * np.expm1(np.linspace(0.0, np.log1p(top / unit), number))
        made[-1] = top
        return np.asarray(made)

    def points(self) -> pl.DataFrame:
        """Each agent at each dose tested, by a network that knows of no curve: points of a figure.

        agent, dose, trials, estimate (against placebo), se, p and intervals; null where no chain of
        trials leads to placebo.
        """
        import polars as pl

        rows = self.trials.rows
        known = [i for i, (_, dose) in enumerate(self.agents) if dose]
        L = np.eye(len(self.agents))[known]
        if (self.placebo, 0.0) in self.agents:
            L[:, self.agents.index((self.placebo, 0.0))] = -1.0
        # without placebo, none is estimable
        columns = self._columns(L @ self.full.beta, L, self.full)
        number = [len({*rows.study[(rows.a == i) | (rows.b == i)].tolist()}) for i in known]
        head = {
            "agent": [self.agents[i][0] for i in known],
            "dose": [self.agents[i][1] for i in known],
            "trials": number,
        }
        return pl.DataFrame(head | columns).fill_nan(None).sort("agent", "dose")

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of the effects of all `agents` at their doses against placebo, shape (n, nodes).

        NaN where the trials can't tell.
        """
        made = np.zeros((n, len(self.agents)))
        nodes, beta = self.nodes, self.parameters.draws(n, seed)
        made[:, nodes.active] = self.curves.values(beta, nodes.curve, nodes.dose)
        L = self.curves.gradient(self.parameters.beta, nodes.curve, nodes.dose)
        made[:, nodes.active[~self.parameters.estimable(L)]] = np.nan
        return np.asarray(made)

    # -- questions about doses

    def half_dose(self, agent: str) -> Reach:
        """The dose that gives half of the maximal effect: ED50 of Emax curves.

        Of other shapes, half of the largest effect between 0 and the largest dose tested.
        """
        from reprieve.synthesis.networks.dose_targets import half_dose

        return half_dose(self, agent)

    def dose_for(self, agent: str, effect: float) -> Reach:
        """The smallest dose at which the effect against placebo reaches a worthwhile difference.

        Parameters
        ----------
        agent : str
        effect : float
            Such as −10: ten points less pain than under placebo.
        """
        from reprieve.synthesis.networks.dose_targets import dose_for

        return dose_for(self, agent, effect)

    def shapes(self, *, leave_out: bool = True) -> pl.DataFrame:
        """All shapes side by side, each fitted by maximum likelihood, the lowest AIC first.

        shape, parameters, tau2, loglik, AIC, Q, df and p of what the shape costs against a network
        without curves, and, with `leave_out`, the sum of the log-densities of trials as the others
        predict them (`predictive`, higher is better) over the `trials` that every shape can
        predict; `fault` says why a shape can't be fitted.
        """
        from reprieve.synthesis.networks.dose_shapes import shape_table

        return shape_table(self, leave_out)

    # -- for machines and for people

    @cached_property
    def _emax(self) -> list[dict[str, Any]]:
        """Emax and ED50 of each curve."""
        if not isinstance(self.curves, EmaxCurves):
            return []
        made: list[dict[str, Any]] = []
        for i, curve in enumerate(self.curves.curves):
            top, row = self.curves.maximum(self.parameters.beta, i)
            found = self._columns(np.array([top]), row, self.parameters)
            made.append({"curve": curve.name, "parameter": "Emax"} | _first(found))
        shared = self.curves.common
        for curve in self.curves.curves[: 1 if shared else None]:
            ed50 = self.half_dose(curve.agents[0])
            numbers = (ed50.dose, math.nan, math.nan, *ed50.ci)
            name = "all" if shared else curve.name
            made.append(
                {"curve": name, "parameter": "ED50"} | dict(zip(_KEYS, numbers, strict=True))
            )
        return made

    def to_frame(self) -> pl.DataFrame:
        """Parameters of the curves: curve, parameter, estimate, se, p, ci_low, ci_high.

        Of Emax curves these are Emax and ED50, whose interval is made for its logarithm.
        """
        import polars as pl

        rows = self._emax
        if not rows:
            L = np.eye(len(self.curves.names))
            columns = self._columns(self.parameters.beta, L, self.parameters)
            head = {
                "curve": [curve for curve, _ in self.curves.names],
                "parameter": [word for _, word in self.curves.names],
            }
            return pl.DataFrame(head | columns).drop("pi_low", "pi_high").fill_nan(None)
        return pl.DataFrame(rows).fill_nan(None)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        found: dict[str, Any] = plain(
            {
                "model": {
                    "model": self.model,
                    "method": self.method if self.model == "random" else None,
                    "level": 100 * self.level,
                    "shape": self.shape,
                },
                "placebo": self.placebo,
                "k": self.k,
                "m": self.m,
                "tau2": self.tau2,
                "Q": {
                    "curves": self.Q._asdict(),
                    "full": self.Q_full._asdict(),
                    "difference": self.Q_difference._asdict(),
                },
                "curves": [
                    {"curve": c.name, "agents": c.agents, "unit": c.unit, "tested": c.tested}
                    for c in self.curves.curves
                ],
                "parameters": self.to_frame().to_dicts(),
                "effects": [
                    row
                    for agent in self.curves.place
                    for row in self.curve(agent, self.tested(agent)).to_dicts()
                ],
                "points": self.points().to_dicts(),
                "excluded": self.excluded,
                "warnings": self.warnings,
            }
        )
        return found

    def summary(self) -> str:
        """The result as tables to read."""
        from reprieve.synthesis.networks.dose_words import dose_summary

        return dose_summary(self)


def _doses(given: Sequence[float]) -> Array:
    doses = np.asarray(given, dtype=float)
    if doses.ndim != 1 or not (np.isfinite(doses) & (doses >= 0)).all():
        raise InputError(f"doses are finite numbers, zero or more; they were {list(given)!r}")
    return doses


def _first(columns: dict[str, Array]) -> dict[str, float]:
    return {name: float(columns[name][0]) for name in ("estimate", "se", "p", "ci_low", "ci_high")}
