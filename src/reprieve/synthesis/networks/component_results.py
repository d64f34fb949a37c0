"""The result of a component network meta-analysis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.errors import SynthesisError
from reprieve.synthesis.findings import notes_text, plain, quantile
from reprieve.synthesis.inputs import Excluded
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.combinations import Alphabet
from reprieve.synthesis.networks.direct import two_sided
from reprieve.synthesis.networks.parameters import OfParameters, Parameters
from reprieve.synthesis.networks.relatives import Relatives
from reprieve.synthesis.networks.results import Relative
from reprieve.synthesis.networks.trials import Trials

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.league import League
    from reprieve.synthesis.networks.ranking import Ranks


@dataclass(frozen=True, eq=False, repr=False)
class ComponentNetwork(OfParameters):
    """Components of treatments, and all that they make: what `component_network` returns.

    Attributes
    ----------
    trials : Trials
        The contrasts, and the trials that they come from.
    alphabet : Alphabet
        Components, interactions, and how treatments are spelt.
    C : ndarray, shape (n, p)
        Treatments as sums of components and interactions.
    parameters : Parameters
        The additive model.
    full : Parameters
        The network of treatments as they are, without τ².
    reference : str
        The treatment that the others are shown against.
    model, method : str
    level : float
        Coverage of intervals.
    small_values : str
        Whether less is better: "desirable" or "undesirable".
    excluded : tuple of Excluded
        Rows that could not be used, with the reason.
    warnings : tuple of str
        What a reader of the result should know.
    """

    trials: Trials
    alphabet: Alphabet
    C: Array
    parameters: Parameters
    full: Parameters
    reference: str
    model: str
    method: str
    level: float
    small_values: str
    excluded: tuple[Excluded, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    # -- size and heterogeneity

    @property
    def components(self) -> tuple[str, ...]:
        """Components, then interactions."""
        return self.alphabet.names

    @property
    def treatments(self) -> tuple[str, ...]:
        """All treatments, sorted."""
        return self.trials.rows.treatments

    @property
    def I2(self) -> float:  # noqa: N802 - its name in the field
        """Percentage of Q beyond chance: (Q − df)/Q."""
        Q, df, _ = self.Q
        if not df:
            return math.nan
        return 100 * max(0.0, 1 - df / Q) if Q > 0 else 0.0

    # -- effects

    def to_frame(self) -> pl.DataFrame:
        """Each component and interaction: estimate, se, statistic, p and interval."""
        import polars as pl

        parts = pl.DataFrame({"component": list(self.components)})
        found = pl.DataFrame(self._columns(np.eye(len(self.components))))
        return parts.hstack(found.drop("pi_low", "pi_high")).fill_nan(None)

    def effects(self) -> pl.DataFrame:
        """All pairs of treatments: estimate (treatment1 minus treatment2), se, p and intervals.

        Null where the trials can't tell.
        """
        import polars as pl

        i, j = np.triu_indices(len(self.treatments), 1)
        pairs = pl.DataFrame(
            {
                "treatment1": [self.treatments[t] for t in i],
                "treatment2": [self.treatments[t] for t in j],
            }
        )
        return pairs.hstack(pl.DataFrame(self._columns(self.C[i] - self.C[j]))).fill_nan(None)

    def combination(self, name: str, against: str | None = None) -> Relative:
        """The effect of a combination of components, whether a trial has tested it or not.

        Parameters
        ----------
        name : str
            Components between separators, such as ``"cells + carrier"``.
        against : str, optional
            Another combination; the inactive component, that is nothing, when not given.

        Raises
        ------
        UnknownWordError
            A component that no trial has.
        """
        row = self.alphabet.rows([name])
        if against is not None:
            row = row - self.alphabet.rows([against])
        found = {key: float(values[0]) for key, values in self._columns(row).items()}
        return Relative(
            name,
            against or self.alphabet.inactive or "nothing",
            found["estimate"],
            found["se"],
            (found["ci_low"], found["ci_high"]),
            found["p"],
            (found["pi_low"], found["pi_high"]),
        )

    def _columns(self, L: Array) -> dict[str, Array]:
        estimate, se = self.parameters.combine(L)
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = estimate / se
        half = quantile((1 + self.level) / 2, math.inf) * se
        wide = self._prediction_reach * np.sqrt(se**2 + self.parameters.tau2_used)
        return {
            "estimate": estimate,
            "se": se,
            "statistic": statistic,
            "p": two_sided(statistic),
            "ci_low": estimate - half,
            "ci_high": estimate + half,
            "pi_low": estimate - wide,
            "pi_high": estimate + wide,
        }

    @property
    def _prediction_df(self) -> float:
        few = self.model == "common" or self.parameters.df < 2
        return math.nan if few else float(self.parameters.df)

    @property
    def _prediction_reach(self) -> float:
        df = self._prediction_df
        return df if math.isnan(df) else quantile((1 + self.level) / 2, df)

    # -- combinations against each other

    def relatives(self, names: Sequence[str] | None = None) -> Relatives:
        """Combinations against each other: effects, league table, ranks.

        Parameters
        ----------
        names : sequence of str, optional
            Treatments, or combinations that no trial has tested, the first of them being the
            reference. All treatments that can be compared with `reference` when not given.

        Raises
        ------
        SynthesisError
            Trials can't tell how some of them compare; they are named.
        """
        notes: tuple[str, ...] = ()
        reference = self.reference if names is None else names[0]
        asked = self.treatments if names is None else tuple(names)
        L = self.alphabet.rows(asked)
        known = self.parameters.estimable(L - self.alphabet.rows([reference]))
        if not known.all():
            lost = ", ".join(name for name, told in zip(asked, known, strict=True) if not told)
            if names is not None:
                raise SynthesisError(
                    f"trials can't tell how these compare with {reference}: {lost}; leave them "
                    "out, or name an inactive component"
                )
            notes = (f"left out, since trials can't tell how they compare: {lost}",)
            asked = tuple(name for name, told in zip(asked, known, strict=True) if told)
            L = L[known]
        root = L @ self.parameters.root
        return Relatives(
            trials=self.trials,
            names=asked,
            weights=np.ones(1),
            mean=(L @ self.parameters.beta)[None],
            cov=(root @ root.T)[None],
            between=np.full((1, len(asked)), self.parameters.tau2_used),
            prediction_df=np.full(len(asked), self._prediction_df),
            bayesian=False,
            tail=math.inf,
            reference=reference,
            level=self.level,
            small_values=self.small_values,
            warnings=notes,
        )

    @cached_property
    def _all(self) -> Relatives:
        return self.relatives()

    def ranks(self, n: int = 10_000, seed: int = 1) -> Ranks:
        """Ranks of the treatments that can be compared with `reference`, with their certainty."""
        return self._all.ranks(n, seed)

    def league(self, digits: int = 2) -> League:
        """The treatments that can be compared with `reference`, in one square."""
        return self._all.league(digits)

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of all treatment effects against the reference, shape (n, treatments).

        NaN where the trials can't tell.
        """
        L = self.C - self.C[self.treatments.index(self.reference)]
        drawn = self.parameters.draws(n, seed) @ L.T
        drawn[:, ~self.parameters.estimable(L)] = np.nan
        return np.asarray(drawn)

    # -- for machines and for people

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        scores = zip(self._all.names, self._all.p_scores.tolist(), strict=True)
        found: dict[str, Any] = plain(
            {
                "model": {
                    "model": self.model,
                    "method": self.method if self.model == "random" else None,
                    "level": 100 * self.level,
                    "small_values": self.small_values,
                },
                "treatments": self.treatments,
                "inactive": self.alphabet.inactive,
                "reference": self.reference,
                "k": self.k,
                "m": self.m,
                "tau2": self.tau2,
                "I2": self.I2,
                "Q": {
                    "additive": self.Q._asdict(),
                    "full": self.Q_full._asdict(),
                    "difference": self.Q_difference._asdict(),
                },
                "components": self.to_frame().to_dicts(),
                "effects": self.effects().to_dicts(),
                "ranks": [{"treatment": name, "p_score": score} for name, score in scores],
                "excluded": self.excluded,
                "warnings": self.warnings,
            }
        )
        return found

    def summary(self) -> str:
        """The result as a table to read."""
        from reprieve.synthesis.networks.words import frame_text, q_text

        kind = "Random-effects" if self.model == "random" else "Common-effect"
        estimator = f" (τ² by {self.method})" if self.model == "random" else ""
        lines = [
            f"{kind} component network meta-analysis{estimator}",
            f"{len(self.treatments)} treatments of {len(self.alphabet.components)} components"
            f"{f' beside {self.alphabet.inactive}' if self.alphabet.inactive else ''}, "
            f"{self.k} trials, {self.m} contrasts",
            "",
        ]
        if self.model == "random" and not math.isnan(self.tau2):
            lines.append(f"τ²   {self.tau2:.4f}   τ {self.tau:.4f}")
        if self.parameters.df:
            lines.append(f"I²   {self.I2:.1f} %")
        lines += [
            f"Q    {q_text(*self.Q)}",
            f"     treatments as they are  {q_text(*self.Q_full)}",
            f"     what additivity costs   {q_text(*self.Q_difference)}",
        ]
        side = "lower" if self.small_values == "desirable" else "higher"
        lines += ["", f"What each component adds ({side} is better)", ""]
        lines.append(frame_text(self.to_frame().drop("statistic")))
        shown = self._all.to_frame().drop("reference")
        lines += ["", f"Treatments against {self.reference}", "", frame_text(shown)]
        lines += [""] * bool(self.excluded)
        lines += [f"excluded: row {row.row} ({row.study}): {row.reason}" for row in self.excluded]
        return "\n".join([*lines, *notes_text([*self.warnings, *self._all.warnings])])
