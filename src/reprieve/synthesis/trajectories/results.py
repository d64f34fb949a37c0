"""The result of a trajectory: all treatments against each other at any month."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from reprieve.errors import InputError, UnknownWordError
from reprieve.synthesis.bayes.mixtures import NormalMixture
from reprieve.synthesis.findings import plain, quantile
from reprieve.synthesis.inputs import Excluded
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.rows import Index, label_of
from reprieve.synthesis.trajectories.fitting import Nodes
from reprieve.synthesis.trajectories.layout import Layout
from reprieve.synthesis.trajectories.reach import Reach, reach_of
from reprieve.synthesis.trajectories.visits import Visits

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.ranking import Ranks
    from reprieve.synthesis.trajectories.milestones import Milestone, Relief

_STEPS = 240  # of the grid on which times are read off curves


@dataclass(frozen=True, eq=False, repr=False)
class Trajectories:
    """All treatments against each other over months: what `trajectory` returns.

    Differences are treatment1 minus treatment2. Beyond the months that trials speak of (see
    `reach`) everything is NaN unless `extrapolate=True` asks for it.

    Attributes
    ----------
    layout : Layout
        The visits, and which coefficients there are.
    nodes : Nodes
        What is known of the coefficients.
    reference : str
    method : str
        "REML", "ML" or "Bayes".
    df : int
        Independent contrasts of trials beyond those that the sizes need: degrees of freedom of
        prediction intervals.
    level : float
    small_values : str
    scores : tuple of dict
        A row a shape that was tried; see `shapes`.
    correlation : float
        Assumed between visits, where the covariance was not given.
    excluded : tuple of Excluded
    warnings : tuple of str
    """

    layout: Layout
    nodes: Nodes
    reference: str
    method: str
    df: int
    level: float
    small_values: str
    scores: tuple[dict[str, Any], ...]
    correlation: float
    excluded: tuple[Excluded, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        return self.summary()

    # -- what it stands on

    @property
    def visits(self) -> Visits:
        """Contrasts over time."""
        return self.layout.visits

    @property
    def treatments(self) -> tuple[str, ...]:
        """All treatments, sorted."""
        return self.visits.treatments

    @property
    def months(self) -> Array:
        """The different months of visits after baseline."""
        return self.visits.months

    @property
    def k(self) -> int:
        """Number of trials."""
        return len(self.visits.studies)

    @property
    def shape(self) -> str:
        """The shape of the curves."""
        return self.layout.shape.name

    @property
    def form(self) -> str:
        """Parameters of the form, in words; empty where it has none."""
        from reprieve.synthesis.trajectories.choosing import form_words

        return form_words(self.layout, self.nodes)

    @property
    def shapes(self) -> pl.DataFrame:
        """How each shape that was tried predicts trials it has not seen.

        Columns shape; log_density (higher is better; the sum over trials that can be left out);
        difference from the chosen shape and its standard error; tau, departure (standard
        deviations); form (its parameters); chosen.
        """
        import polars as pl

        return pl.DataFrame(list(self.scores))

    @property
    def tau2(self) -> float:
        """Variance of true contrasts of trials at a visit; NaN where it can't be estimated."""
        return self.nodes.parameter("tau2")

    @property
    def rho(self) -> float:
        """Correlation of heterogeneity between visits of a trial (AR: at one month's distance)."""
        return self.nodes.parameter("rho")

    @cached_property
    def _reach(self) -> Reach:
        return reach_of(self.visits)

    def reach(self) -> pl.DataFrame:
        """How far data go, for all pairs.

        Columns treatment1, treatment2; trials that compare them; direct, the last month of
        those; start and months, from and up to which trials connect the two, directly or over
        others. Before start a difference rests on the form of the course alone.
        """
        import polars as pl

        i, j = self._pairs
        names, found = self.treatments, self._reach
        return pl.DataFrame(
            {
                "treatment1": [names[t] for t in i],
                "treatment2": [names[t] for t in j],
                "trials": found.trials[i, j],
                "direct": found.direct[i, j],
                "start": found.start[i, j],
                "months": found.overall[i, j],
            }
        ).with_columns(pl.col("direct").fill_nan(None))

    # -- differences

    @cached_property
    def _pairs(self) -> tuple[Index, Index]:
        return np.triu_indices(len(self.treatments), 1)

    def place(self, treatment: str) -> int:
        """Where a treatment stands among `treatments`."""
        if (name := label_of(treatment)) not in self.treatments:
            raise UnknownWordError("treatment", name, self.treatments)
        return self.treatments.index(name)

    def at(self, month: float, *, extrapolate: bool = False) -> pl.DataFrame:
        """All pairs at one month.

        Columns treatment1, treatment2, estimate (treatment1 minus treatment2), se, p, ci_low,
        ci_high, pi_low, pi_high (in a new trial), direct (whether trials compare the two at this
        month or later), extrapolated.
        """
        import polars as pl

        months = _checked([month], zero=False)
        i, j = self._pairs
        names = self.treatments
        found = self._described(months, i, j, extrapolate)
        frame = {"treatment1": [names[t] for t in i], "treatment2": [names[t] for t in j]}
        direct = self._reach.direct[i, j] >= month
        return pl.DataFrame(
            frame | {name: part[0] for name, part in found.items()} | {"direct": direct}
        )

    def difference(
        self,
        treatment1: str,
        treatment2: str | None = None,
        months: ArrayLike | None = None,
        *,
        extrapolate: bool = False,
    ) -> pl.DataFrame:
        """treatment1 minus treatment2 (the reference when not given) over months.

        Columns month, estimate, se, p, ci_low, ci_high, pi_low, pi_high, extrapolated. `months`
        are those of visits when not given.
        """
        import polars as pl

        other = self.reference if treatment2 is None else treatment2
        i, j = np.array([self.place(treatment1)]), np.array([self.place(other)])
        when = self.months if months is None else _checked(months, zero=True)
        found = self._described(when, i, j, extrapolate)
        return pl.DataFrame({"month": when} | {name: part[:, 0] for name, part in found.items()})

    def to_frame(self) -> pl.DataFrame:
        """Each treatment against the reference at the months of visits."""
        import polars as pl

        others = [name for name in self.treatments if name != self.reference]
        parts = [
            self.difference(name).select(
                pl.lit(name).alias("treatment"), pl.lit(self.reference).alias("reference"), pl.all()
            )
            for name in others
        ]
        return pl.concat(parts)

    def _described(self, months: Array, i: Index, j: Index, extrapolate: bool) -> dict[str, Array]:
        """Columns of differences, shape (months, pairs); NaN beyond the data."""
        mean, variance = self._moments(months, i, j)
        beyond = months[:, None] > self._reach.overall[i, j] + 1e-9
        estimate = np.tensordot(self.nodes.weights, mean, 1)
        spread = variance + (mean - estimate) ** 2
        se = np.sqrt(np.tensordot(self.nodes.weights, spread, 1))
        low, high, p = self._interval(mean, variance)
        wide = self._prediction(months, estimate, se, mean, variance)
        found = {
            "estimate": estimate, "se": se, "p": p, "ci_low": low, "ci_high": high,
            "pi_low": wide[0], "pi_high": wide[1],
        }  # fmt: skip
        if not extrapolate:
            found = {name: np.where(beyond, np.nan, part) for name, part in found.items()}
        return found | {"extrapolated": beyond & extrapolate}

    def _moments(self, months: Array, i: Index, j: Index) -> tuple[Array, Array]:
        """Mean and variance of differences at each node, shape (N, months, pairs)."""
        used, place = np.unique(np.concatenate([i, j]), return_inverse=True)
        a, b = place[: len(i)], place[len(i) :]
        shape = (len(self.nodes.weights), len(months), len(i))
        mean, variance = np.empty(shape), np.empty(shape)
        L, last = np.empty(0), None
        for node, psi in enumerate(self.nodes.psi):
            if last is None or not np.array_equal(psi, last):
                L, last = self.layout.loadings(months, psi)[:, used], psi
            curve = L @ self.nodes.beta[node]
            S = L @ self.nodes.cov[node] @ np.swapaxes(L, 1, 2)
            own = np.diagonal(S, axis1=1, axis2=2)
            mean[node] = curve[:, a] - curve[:, b]
            variance[node] = np.maximum(own[:, a] + own[:, b] - 2 * S[:, a, b], 0.0)
        return mean, variance

    def _interval(self, mean: Array, variance: Array) -> tuple[Array, Array, Array]:
        """Ends of intervals and two-sided p values of mixtures over nodes."""
        from scipy.special import ndtr

        if len(mean) == 1:
            half = quantile((1 + self.level) / 2, math.inf) * np.sqrt(variance[0])
            with np.errstate(divide="ignore", invalid="ignore"):
                below = ndtr(-np.abs(mean[0]) / np.sqrt(variance[0]))
            return mean[0] - half, mean[0] + half, 2 * below
        low, high, p = np.zeros((3, *mean.shape[1:]))
        some = (variance > 0).all(axis=0)
        p[~some] = np.nan
        if some.any():
            mixture = NormalMixture(
                self.nodes.weights, mean[:, some].T, np.sqrt(variance[:, some]).T
            )
            low[some], high[some] = mixture.interval(self.level)
            z = mean[:, some] / np.sqrt(variance[:, some])
            p[some] = 2 * np.minimum(self.nodes.weights @ ndtr(z), self.nodes.weights @ ndtr(-z))
        return low, high, p

    def _prediction(
        self, months: Array, estimate: Array, se: Array, mean: Array, variance: Array
    ) -> tuple[Array, Array]:
        """Intervals for the true difference in a new trial."""
        after = (months > 0)[:, None]
        if self.method == "Bayes":
            tau2 = self.nodes.theta[:, self.nodes.names.index("tau2")]
            low, high, _ = self._interval(mean, variance + tau2[:, None, None] * after)
            return low, high
        if self.df < 2 or math.isnan(self.tau2):
            return np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
        wide = quantile((1 + self.level) / 2, self.df) * np.sqrt(se**2 + self.tau2 * after)
        return estimate - wide, estimate + wide

    # -- draws, and what is read off them

    def draws(
        self, n: int = 10_000, seed: int | None = None, *, months: ArrayLike | None = None
    ) -> Array:
        """Draws of all curves against the reference, shape (n, months, treatments).

        `months` are those of visits when not given. Curves go on beyond the data here; `reach`
        says from where on.
        """
        when = self.months if months is None else _checked(months, zero=True)
        out = np.empty((n, len(when), len(self.treatments)))
        for rows, psi, beta in self._drawn(n, seed):
            out[rows] = np.einsum("mtp,np->nmt", self.layout.loadings(when, psi), beta)
        return np.asarray(out - out[:, :, [self.place(self.reference)]])

    def _drawn(self, n: int, seed: int | None) -> Iterable[tuple[Index, Array, Array]]:
        """Draws of the coefficients, node by node: which draws, the form, coefficients."""
        rng = np.random.default_rng(seed)
        which = rng.choice(len(self.nodes.weights), size=n, p=self.nodes.weights)
        unit = rng.standard_normal((n, self.layout.p))
        for node in np.unique(which):
            rows = np.flatnonzero(which == node)
            root = np.linalg.cholesky(self.nodes.cov[node])
            yield rows, self.nodes.psi[node], self.nodes.beta[node] + unit[rows] @ root.T

    def _relief(self, treatment1: str, treatment2: str | None, n: int, seed: int) -> Relief:
        from reprieve.synthesis.trajectories.milestones import Relief

        other = self.reference if treatment2 is None else treatment2
        i, j = self.place(treatment1), self.place(other)
        if i == j:
            raise InputError(f"{treatment1!r} can't be compared with itself")
        grid = np.linspace(0.0, self._reach.overall[i, j], _STEPS + 1)
        sign = -1.0 if self.small_values == "desirable" else 1.0
        drawn = np.empty((n, len(grid)))
        for rows, psi, beta in self._drawn(n, seed):
            L = self.layout.loadings(grid, psi)
            drawn[rows] = sign * (beta @ (L[:, i] - L[:, j]).T)
        return Relief(grid, drawn, sign, (treatment1, other), self.level)

    def peak(
        self, treatment1: str, treatment2: str | None = None, *, n: int = 4000, seed: int = 1
    ) -> Milestone:
        """The month of greatest relief within the data, and the difference there."""
        return self._relief(treatment1, treatment2, n, seed).peak()

    def onset(
        self, treatment1: str, treatment2: str | None = None, *, n: int = 4000, seed: int = 1
    ) -> Milestone:
        """The first month at which half of the peak of relief is reached."""
        return self._relief(treatment1, treatment2, n, seed).onset()

    def half_life(
        self, treatment1: str, treatment2: str | None = None, *, n: int = 4000, seed: int = 1
    ) -> Milestone:
        """The month by which half of the peak of relief has gone again."""
        return self._relief(treatment1, treatment2, n, seed).half_life()

    def time_below(
        self,
        treatment1: str,
        treatment2: str | None = None,
        *,
        mcid: float,
        n: int = 4000,
        seed: int = 1,
    ) -> Milestone:
        """The month from which relief is less than `mcid`; 0 where it never reaches it."""
        if not mcid > 0:
            raise InputError(f"mcid is a smallest worthwhile relief above zero; it was {mcid!r}")
        return self._relief(treatment1, treatment2, n, seed).time_below(mcid)

    def area(
        self, treatment1: str, treatment2: str | None = None, *, until: float | None = None
    ) -> dict[str, float]:
        """The area between the curves from month 0 to `until`, in points × months.

        Keys estimate, se, ci_low, ci_high, until (the end of the data when not given) and mean
        (the estimate a month). NaN where `until` lies beyond the data.
        """
        other = self.reference if treatment2 is None else treatment2
        i, j = self.place(treatment1), self.place(other)
        end = float(self._reach.overall[i, j]) if until is None else float(until)
        grid = np.linspace(0.0, _checked([end], zero=False)[0], 4 * _STEPS + 1)
        # rectangles about the middles: a constant effect starts just after month 0
        grid = 0.5 * (grid[1:] + grid[:-1])
        step = end / len(grid)
        mean, variance = np.empty((2, len(self.nodes.weights), 1, 1))
        for node, psi in enumerate(self.nodes.psi):
            L = self.layout.loadings(grid, psi)
            row = step * (L[:, i] - L[:, j]).sum(axis=0)
            mean[node] = row @ self.nodes.beta[node]
            variance[node] = row @ self.nodes.cov[node] @ row
        estimate = float(self.nodes.weights @ mean[:, 0, 0])
        spread = variance[:, 0, 0] + (mean[:, 0, 0] - estimate) ** 2
        low, high, _ = self._interval(mean, variance)
        found = {
            "estimate": estimate,
            "se": math.sqrt(float(self.nodes.weights @ spread)),
            "ci_low": float(low[0, 0]),
            "ci_high": float(high[0, 0]),
            "mean": estimate / end,
        }
        if end > self._reach.overall[i, j] + 1e-9:
            found = dict.fromkeys(found, math.nan)
        return {"until": end, **found}

    def ranks(self, month: float, *, n: int = 10_000, seed: int = 1) -> Ranks:
        """Ranks at one month, of the treatments that data connect with the reference there."""
        from reprieve.synthesis.networks.ranking import Ranks

        when, r = _checked([month], zero=False), self.place(self.reference)
        far = self._reach.overall[r] >= month - 1e-9
        far[r] = True
        known = np.flatnonzero(far)
        if len(known) < 2:
            raise InputError(f"at month {month:g} no data connect {self.reference!r} with another")
        sign = 1.0 if self.small_values == "desirable" else -1.0
        order = (sign * self.draws(n, seed, months=when)[:, 0, known]).argsort(axis=1)
        count = len(known)
        places = order.argsort(axis=1) + np.arange(count) * count
        shares = np.bincount(places.ravel(), minlength=count**2).reshape(count, count) / n
        better = self._probability_better(when, known, sign)
        return Ranks(tuple(self.treatments[t] for t in known), better, shares, self.level)

    def _probability_better(self, when: Array, known: Index, sign: float) -> Array:
        """The mean probability of each treatment to be better than another."""
        from scipy.special import ndtr

        i, j = (known[part] for part in np.nonzero(~np.eye(len(known), dtype=bool)))
        mean, variance = self._moments(when, i, j)
        chance = self.nodes.weights @ ndtr(-sign * mean[:, 0] / np.sqrt(variance[:, 0]))
        return np.asarray(chance.reshape(len(known), -1).mean(axis=1))

    # -- absolute curves

    def absolute(
        self,
        baseline: float,
        months: ArrayLike | None = None,
        *,
        response: Any = None,
        extrapolate: bool = False,
    ) -> pl.DataFrame:
        """Pain under each treatment from a baseline, in the units of the data.

        Parameters
        ----------
        baseline : float
            Mean at month 0.
        months : array_like, optional
            Those of visits when not given.
        response : data frame, optional
            How arms with the reference change: study, month, change, se. When not given, from
            the arms of the fit that have a visit at month 0.

        Returns
        -------
        data frame
            treatment, month, estimate, se, ci_low, ci_high, extrapolated. The uncertainty of the
            response and that of differences are added up as if independent.
        """
        import polars as pl

        from reprieve.synthesis.trajectories.response import response_of_arms, response_of_table

        r = self.place(self.reference)
        pooled = (
            response_of_arms(self.visits, r)
            if response is None
            else response_of_table(response, self.correlation)
        )
        when = self.months if months is None else _checked(months, zero=True)
        change, spread = pooled.at(when)
        T = len(self.treatments)
        i, j = np.arange(T), np.full(T, r)
        mean, variance = self._moments(when, i, j)
        mean = mean + (baseline + change)[:, None]
        variance = variance + spread[:, None]
        low, high, _ = self._interval(mean, variance)
        estimate = np.tensordot(self.nodes.weights, mean, 1)
        se = np.sqrt(np.tensordot(self.nodes.weights, variance + (mean - estimate) ** 2, 1))
        far = np.minimum(np.where(i == r, np.inf, self._reach.overall[i, r]), pooled.horizon)
        beyond = when[:, None] > far + 1e-9
        columns = {"estimate": estimate, "se": se, "ci_low": low, "ci_high": high}
        if not extrapolate:
            columns = {name: np.where(beyond, np.nan, part) for name, part in columns.items()}
        columns["extrapolated"] = beyond & extrapolate
        return pl.DataFrame(
            {
                "treatment": np.repeat(self.treatments, len(when)).tolist(),
                "month": np.tile(when, T),
                **{name: part.T.ravel() for name, part in columns.items()},
            }
        )

    # -- for machines and for people

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        content = {
            "model": {
                "shape": self.shape,
                "form": self.form,
                "method": self.method,
                "level": 100 * self.level,
                "small_values": self.small_values,
            },
            "treatments": list(self.treatments),
            "reference": self.reference,
            "k": self.k,
            "months": self.months,
            "tau2": self.tau2,
            "rho": self.rho,
            "effects": self.to_frame().to_dicts(),
            "shapes": self.scores,
            "reach": self.reach().to_dicts(),
            "excluded": [
                {"row": row.row, "study": row.study, "reason": row.reason} for row in self.excluded
            ],
            "warnings": list(self.warnings),
        }
        return dict(plain(content))

    def summary(self) -> str:
        """The result as a table to read."""
        from reprieve.synthesis.trajectories.words import trajectory_summary

        return trajectory_summary(self)


def _checked(months: ArrayLike, *, zero: bool) -> Array:
    """Months as an array, none before baseline."""
    when = np.atleast_1d(np.asarray(months, dtype=float))
    wrong = ~np.isfinite(when) | (when < 0) | ((when == 0) & (not zero))
    if when.ndim != 1 or wrong.any():
        bound = "0 or more" if zero else "above 0"
        raise InputError(f"months must be numbers {bound}; given were {months!r}")
    return when
