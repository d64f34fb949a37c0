"""The result of a network meta-regression."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.findings import Finding, notes_text, number, p_text, plain, quantile
from reprieve.synthesis.inputs import Excluded
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.covariates import Covariates
from reprieve.synthesis.networks.relatives import Relatives
from reprieve.synthesis.networks.shrinkage import Variances
from reprieve.synthesis.networks.trials import Trials
from reprieve.synthesis.regression import WaldTest

if TYPE_CHECKING:
    import polars as pl


class Coefficients(NamedTuple):
    """Coefficients of a network meta-regression.

    Attributes
    ----------
    beta, cov : ndarray, shape (p,), (p, p)
        Fixed ones, then predictions of random ones.
    main : ndarray, shape (n, p)
        Makes effects of all treatments at the mean of them.
    slopes : ndarray, shape (q, n, p)
        Makes their interactions with each covariate.
    tested : tuple of str
        The fixed interactions, which stand after the n − 1 effects.
    """

    beta: Array
    cov: Array
    main: Array
    slopes: Array
    tested: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class NetworkRegression(Finding):
    """Effects of treatments that depend on features of trials: what `network_regression` returns.

    Attributes
    ----------
    trials : Trials
    covariates : Covariates
        One row a trial, about the mean (`covariates.centre`).
    coefficients : Coefficients
    kind : str
        How interactions of treatments hang together: common, exchangeable or independent.
    variances : Variances
        τ² and, of exchangeable interactions, ω²; Cochran's Q that is left.
    tau2_without : float
        τ² of the same trials without covariates.
    reference, method : str
    level : float
    small_values : str
    excluded : tuple of Excluded
    warnings : tuple of str
    """

    trials: Trials
    covariates: Covariates
    coefficients: Coefficients
    kind: str
    variances: Variances
    tau2_without: float
    reference: str
    method: str
    level: float
    small_values: str
    excluded: tuple[Excluded, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    # -- size and heterogeneity

    @property
    def treatments(self) -> tuple[str, ...]:
        """All treatments, sorted."""
        return self.trials.rows.treatments

    @property
    def k(self) -> int:
        """Number of trials."""
        return len(self.trials.rows.studies)

    @property
    def tau2(self) -> float:
        """Variance of true contrasts between trials that have the same covariates."""
        return self.variances.tau2

    @property
    def R2(self) -> float:  # noqa: N802 - its name in the field
        """Share of τ² that the covariates explain, in percent; NaN where there was none."""
        if not self.tau2_without > 0:
            return math.nan
        return 100 * max(0.0, 1 - self.tau2 / self.tau2_without)

    @property
    def Q_p(self) -> float:  # noqa: N802 - Q is Cochran's
        """P value of the Q that is left."""
        from scipy.special import chdtrc

        found = self.variances
        return float(chdtrc(found.df, found.Q)) if found.df else math.nan

    @cached_property
    def test(self) -> WaldTest:
        """Wald test that there is no interaction (of exchangeable ones: that their mean is 0)."""
        from scipy.special import chdtrc

        tested = self.coefficients.tested
        first = len(self.treatments) - 1
        part = slice(first, first + len(tested))
        beta = self.coefficients.beta[part]
        statistic = float(beta @ np.linalg.solve(self.coefficients.cov[part, part], beta))
        df = len(tested)
        return WaldTest(tested, statistic, df, float(chdtrc(df, statistic)))

    # -- effects

    def at(self, value: Any = None) -> Relatives:
        """All treatments against each other in trials with given covariates.

        Parameters
        ----------
        value : number, text or mapping, optional
            The value of the only covariate, or a value for each by name; the mean over trials
            when not given.

        Raises
        ------
        InputError
            A covariate without a value, or a category that no trial has.
        """
        if value is None:
            x, notes = np.zeros(len(self.covariates.names)), list[str]()
        else:
            values = self._values(value)
            x, notes = self.covariates.at(values)[0], self._outside(values)
        found = self.coefficients
        L = found.main + np.einsum("q,qnp->np", x, found.slopes)
        n, df = len(self.treatments), self.variances.df
        return Relatives(
            trials=self.trials,
            names=self.treatments,
            weights=np.ones(1),
            mean=(L @ found.beta)[None],
            cov=(L @ found.cov @ L.T)[None],
            between=np.full((1, n), self.variances.tau2_used),
            prediction_df=np.full(n, float(df) if df >= 2 else math.nan),
            bayesian=False,
            tail=math.inf,
            reference=self.reference,
            level=self.level,
            small_values=self.small_values,
            warnings=tuple(notes),
        )

    def _values(self, value: Any) -> dict[str, list[Any]]:
        variables = list(self.covariates.values)
        if isinstance(value, Mapping):
            return {name: [part] for name, part in value.items()}
        if len(variables) != 1:
            raise InputError(
                f"there are several covariates: give at() a value for each of {variables}, as a "
                "mapping"
            )
        return {variables[0]: [value]}

    def _outside(self, values: Mapping[str, Sequence[Any]]) -> list[str]:
        """Values that no trial comes near."""
        notes = []
        for name, seen in self.covariates.values.items():
            if not all(isinstance(part, int | float) for part in seen):
                continue
            low, high = min(seen), max(seen)
            if not low <= values[name][0] <= high:
                notes.append(
                    f"{name} = {values[name][0]:g} lies outside of what trials had ({low:g} to "
                    f"{high:g}): an extrapolation"
                )
        return notes

    def curve(
        self,
        treatment: str,
        comparator: str | None = None,
        values: Sequence[float] | None = None,
    ) -> pl.DataFrame:
        """One difference over a range of the covariate, for a figure.

        Parameters
        ----------
        treatment, comparator : str
            The reference is the comparator when none is given.
        values : sequence of float, optional
            Fifty-one points over the range of the trials when not given.

        Returns
        -------
        polars.DataFrame
            The covariate, estimate (treatment minus comparator), se, p, ci_low, ci_high, pi_low
            and pi_high; `inside`: whether trials that have either treatment reach that far on
            both sides.

        Raises
        ------
        InputError
            More than one covariate, or one that is not a number.
        """
        import polars as pl

        (name, seen), *more = self.covariates.values.items()
        if more or not all(isinstance(part, int | float) for part in seen):
            raise InputError(
                "a curve needs one covariate that is a number; use at() for each value instead"
            )
        points = np.linspace(min(seen), max(seen), 51) if values is None else np.asarray(values)
        other = self.reference if comparator is None else comparator
        i, j = (np.array([self.at().place(word)]) for word in (treatment, other))
        rows = self.trials.rows
        of = [np.isin(rows.a, t) | np.isin(rows.b, t) for t in (i, j)]
        own = np.asarray(seen, dtype=float)[np.unique(rows.study[of[0] | of[1]])]
        found = [self.at({name: float(x)}).columns(i, j) for x in points]
        return pl.DataFrame(
            {
                name: points,
                **{key: [row[key][0] for row in found] for key in found[0]},
                "inside": (own.min() <= points) & (points <= own.max()),
            }
        ).fill_nan(None)

    def interactions(self) -> pl.DataFrame:
        """How effects against the reference change with a unit of each covariate.

        Columns covariate, treatment (null where one number holds for all), estimate, se,
        statistic, p, ci_low, ci_high. Exchangeable interactions are shown by their mean, which
        has a p value, and by treatment, drawn towards it.
        """
        import polars as pl
        from scipy.special import ndtr

        found, r = self.coefficients, self.treatments.index(self.reference)
        rows: list[tuple[str, str | None, Array]] = []
        first = len(self.treatments) - 1
        for j, covariate in enumerate(self.covariates.names):
            if self.kind != "independent":
                rows.append((covariate, None, np.eye(len(found.beta))[first + j]))
            if self.kind != "common":
                rows += [
                    (covariate, name, found.slopes[j, t])
                    for t, name in enumerate(self.treatments)
                    if t != r
                ]
        L = np.stack([row[2] for row in rows])
        estimate, se = L @ found.beta, np.sqrt(np.einsum("mp,pq,mq->m", L, found.cov, L))
        half = quantile((1 + self.level) / 2, math.inf) * se
        tested = np.array([self.kind != "exchangeable" or row[1] is None for row in rows])
        return pl.DataFrame(
            {
                "covariate": [row[0] for row in rows],
                "treatment": [row[1] for row in rows],
                "estimate": estimate,
                "se": se,
                "statistic": np.where(tested, estimate / se, np.nan),
                "p": np.where(tested, 2 * ndtr(-np.abs(estimate / se)), np.nan),
                "ci_low": estimate - half,
                "ci_high": estimate + half,
            },
            schema_overrides={"treatment": pl.String},
        ).fill_nan(None)

    def to_frame(self) -> pl.DataFrame:
        """Treatments against the reference at the mean of the covariates."""
        return self.at().to_frame()

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of all effects against the reference at the mean, shape (n, treatments)."""
        return self.at().draws(n, seed)

    # -- for machines and for people

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        found: dict[str, Any] = plain(
            {
                "model": {
                    "formula": self.covariates.design.formula,
                    "interactions": self.kind,
                    "method": self.method,
                    "level": 100 * self.level,
                },
                "treatments": self.treatments,
                "reference": self.reference,
                "k": self.k,
                "centre": dict(
                    zip(self.covariates.names, self.covariates.centre.tolist(), strict=True)
                ),
                "tau2": self.tau2,
                "tau2_without": self.tau2_without,
                "R2": self.R2,
                "omega2": self.variances.terms,
                "Q": {"residual": self.variances.Q, "df": self.variances.df, "p": self.Q_p},
                "test": self.test,
                "interactions": self.interactions().to_dicts(),
                "effects_at_mean": self.at().effects().to_dicts(),
                "excluded": self.excluded,
                "warnings": self.warnings,
            }
        )
        return found

    def summary(self) -> str:
        """The result as a table to read."""
        from reprieve.synthesis.networks.words import frame_text

        mean = ", ".join(
            f"{name} {value:.4g}"
            for name, value in zip(self.covariates.names, self.covariates.centre, strict=True)
        )
        test, left = self.test, self.variances
        lines = [
            f"Network meta-regression {self.covariates.design.formula} (τ² by {self.method}, "
            f"{self.kind} interactions)",
            f"{len(self.treatments)} treatments, {self.k} trials",
            "",
            f"τ²   {number(self.tau2)}   without covariates {number(self.tau2_without)}"
            + ("" if math.isnan(self.R2) else f"   explained {self.R2:.1f} %"),
            *(f"{name[:5]}²{name[5:]}   {number(value)}" for name, value in left.terms.items()),
            f"Q    {number(left.Q)}   df {left.df}   p {p_text(self.Q_p)}   (what is left)",
            f"test of no interaction   χ² {number(test.statistic)}   df {test.df}   "
            f"p {p_text(test.p)}",
            "",
            f"interactions: change of the effect against {self.reference} per unit",
            "",
            frame_text(self.interactions()),
            "",
            f"at the mean of {self.k} trials ({mean})",
            self.at().summary(),
        ]
        lines += [""] * bool(self.excluded)
        lines += [f"excluded: row {row.row} ({row.study}): {row.reason}" for row in self.excluded]
        return "\n".join([*lines, *notes_text(self.warnings)])
