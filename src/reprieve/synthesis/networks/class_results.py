"""The result of a network of classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.synthesis.bayes.gaussian import BayesianGaussian
from reprieve.synthesis.bayes.tables import described, nested, posterior_lines
from reprieve.synthesis.findings import Finding, notes_text, number, plain
from reprieve.synthesis.inputs import Excluded
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.league import League
from reprieve.synthesis.networks.relatives import Relatives
from reprieve.synthesis.networks.results import Relative
from reprieve.synthesis.networks.shrinkage import Variances

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class ClassNetwork(Finding):
    """Treatments and classes against each other: what `class_network` returns.

    Attributes
    ----------
    everything : Relatives
        All treatments, and all classes (their means).
    members : dict of tuple of str
        Treatments of each class.
    spread : str
        shared, own or none.
    method : str
    variances : Variances or None
        τ² and σ² by likelihood; None for a Bayesian fit.
    posterior : BayesianGaussian or None
        Posterior of τ and σ; None for a fit by likelihood.
    excluded : tuple of Excluded
    warnings : tuple of str
    """

    everything: Relatives
    members: dict[str, tuple[str, ...]]
    spread: str
    method: str
    variances: Variances | None
    posterior: BayesianGaussian | None
    excluded: tuple[Excluded, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    @property
    def treatments(self) -> tuple[str, ...]:
        """All treatments, sorted."""
        return self.everything.trials.rows.treatments

    @property
    def reference(self) -> str:
        """What the others are shown against."""
        return self.everything.reference

    @property
    def tau(self) -> float:
        """Standard deviation of true contrasts between trials; its posterior median."""
        return self.standard_deviations["tau"]

    @property
    def sigma(self) -> float | dict[str, float]:
        """Standard deviation of treatments within a class, or by class; zero when held so."""
        found = self.standard_deviations
        if self.spread != "own":
            return found.get("sigma", 0.0 if self.spread == "none" else float("nan"))
        return {name[6:-1]: value for name, value in found.items() if name != "tau"}

    @cached_property
    def standard_deviations(self) -> dict[str, float]:
        """τ and each σ by name: estimates, or posterior medians."""
        if self.posterior is not None:
            return {name: part.median for name, part in self.posterior.hyperparameters.items()}
        assert self.variances is not None
        found = {"tau": self.variances.tau2, **self.variances.terms}
        return {name: float(np.sqrt(value)) for name, value in found.items()}

    # -- effects

    @cached_property
    def by_treatment(self) -> Relatives:
        """Treatments alone, drawn towards the mean of their class."""
        return self.everything.only(self.treatments)

    @cached_property
    def by_class(self) -> Relatives:
        """Means of classes, and treatments that stand alone.

        The reference is that of the fit, or the class that it belongs to.
        """
        inside = {name: group for group, names in self.members.items() for name in names}
        names = dict.fromkeys(inside.get(name, name) for name in self.treatments)
        return self.everything.only(tuple(names), inside.get(self.reference, self.reference))

    def relative(self, name1: str, name2: str) -> Relative:
        """One treatment or class minus another.

        The prediction interval is that of a new trial for a treatment, and of a new treatment
        for a class.
        """
        return self.everything.relative(name1, name2)

    def league(self, digits: int = 2) -> League:
        """All treatments and classes in one square."""
        return self.everything.league(digits)

    def probability_better(self, by: float = 0.0) -> pl.DataFrame:
        """For all ordered pairs of treatments and classes, that the first is better by `by`."""
        return self.everything.probability_better(by)

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of all treatments, then classes, against the reference, shape (n, names)."""
        return self.everything.draws(n, seed)

    def to_frame(self) -> pl.DataFrame:
        """Classes, their treatments, and treatments that stand alone, against the reference.

        Columns class, treatment (null for the mean of a class), reference, estimate, se, p,
        ci_low, ci_high, pi_low, pi_high: of a treatment in a new trial, of a class for a new
        treatment of it.
        """
        import polars as pl

        inside = {name: group for group, names in self.members.items() for name in names}
        order = [(group, name) for group, names in self.members.items() for name in ("", *names)]
        order += [("", name) for name in self.treatments if name not in inside]
        order = [(group, name) for group, name in order if (name or group) != self.reference]
        names = [name or group for group, name in order]
        i = np.array([self.everything.place(name) for name in names])
        found = self.everything.columns(i, np.full(len(i), self.everything.place(self.reference)))
        return pl.DataFrame(
            {
                "class": [group or None for group, _ in order],
                "treatment": [name or None for _, name in order],
                "reference": [self.reference] * len(order),
                **found,
            }
        ).fill_nan(None)

    # -- for machines and for people

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        left, level = self.variances, self.everything.level
        found: dict[str, Any] = plain(
            {
                "model": {
                    "spread": self.spread,
                    "method": self.method if self.posterior is None else None,
                    "priors": None if self.posterior is None else self.posterior.priors,
                    "level": 100 * level,
                },
                "classes": self.members,
                "reference": self.reference,
                "k": self.everything.k,
                "tau": self.tau,
                "sigma": self.sigma,
                "posterior": None
                if self.posterior is None
                else {
                    name: nested(described(part, level))
                    for name, part in self.posterior.hyperparameters.items()
                },
                "Q": None if left is None else {"residual": left.Q, "df": left.df},
                "effects": self.to_frame().to_dicts(),
                "pairs": self.everything.effects().to_dicts(),
                "excluded": self.excluded,
                "warnings": self.warnings,
            }
        )
        return found

    def summary(self) -> str:
        """The result as a table to read."""
        from reprieve.synthesis.networks.words import frame_text

        fit, kinds = self.everything, {"shared": "one σ", "own": "a σ each", "none": "σ = 0"}
        alone = len(self.treatments) - sum(map(len, self.members.values()))
        how = f"by {self.method}" if self.posterior is None else "Bayesian"
        lines = [
            f"Network of classes ({how}, {kinds[self.spread]})",
            f"{len(self.treatments)} treatments, {fit.k} trials; "
            f"{len(self.members)} class{'es' * (len(self.members) != 1)}, {alone} "
            f"treatment{'s' * (alone != 1)} without",
            "",
        ]
        if self.posterior is not None:
            lines += posterior_lines(self.posterior.hyperparameters, fit.level)
        else:
            lines += [f"{name}   {number(sd)}" for name, sd in self.standard_deviations.items()]
        side = "lower" if fit.small_values == "desirable" else "higher"
        table = self.to_frame().drop("reference")
        table = table.drop("p") if self.posterior is not None else table
        lines += [
            "",
            f"against {self.reference} (minus reference; {side} is better); pi: a new treatment "
            "of the class, a new trial of the treatment",
            "",
            frame_text(table),
        ]
        lines += [""] * bool(self.excluded)
        lines += [f"excluded: row {row.row} ({row.study}): {row.reason}" for row in self.excluded]
        return "\n".join([*lines, *notes_text(self.warnings)])
