"""How sure each estimate of a network is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reprieve.certainty.grading.certainty import Certainty
from reprieve.certainty.grading.text import interval_text, number_text
from reprieve.errors import UnknownWordError
from reprieve.synthesis.base import Interval
from reprieve.synthesis.findings import Finding, text_table

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class PairCertainty(Finding):
    """The certainty of one estimate of a network.

    Attributes
    ----------
    treatment, comparator : str
        Codes of the two treatments.
    estimate, ci : float, tuple of float
        Treatment minus comparator from the whole network; negative is better.
    trials : int
        Trials that compare the two themselves.
    proportion_direct : float
        Share of direct evidence, from 0 to 1.
    certainty : Certainty
        Of the network estimate, in the shape of any other certainty.
    direct, indirect : Certainty or None
        Of the evidence behind it, rated without imprecision (GRADE only).
    rests_on : {"direct", "indirect"}
        Which of the two the rating starts from.
    via : tuple of str
        Codes of the treatments through which the indirect evidence is rated.
    """

    treatment: str
    comparator: str
    estimate: float
    ci: Interval
    trials: int
    proportion_direct: float
    certainty: Certainty
    direct: Certainty | None
    indirect: Certainty | None
    rests_on: str
    via: tuple[str, ...]

    @property
    def level(self) -> str:
        """``high``, ``moderate``, ``low`` or ``very low``."""
        return self.certainty.level

    @property
    def symbols(self) -> str:
        """The level in GRADE's symbols."""
        return self.certainty.symbols

    def summary(self) -> str:
        """The level, what it rests on, and a row for each domain."""
        behind = [
            f"{name} evidence: {found.level} before imprecision"
            for name, found in (("direct", self.direct), ("indirect", self.indirect))
            if found
        ]
        effect = f"{number_text(self.estimate)} ({interval_text(self.ci)})"
        return "\n".join([f"{effect}; {'; '.join(behind)}" if behind else effect,
                          self.certainty.summary()])  # fmt: skip

    def to_frame(self) -> pl.DataFrame:
        """A row a domain, as for any certainty."""
        return self.certainty.to_frame()

    def to_dict(self) -> dict[str, Any]:
        """The rating as JSON can hold it."""
        return {
            "treatment": self.treatment,
            "comparator": self.comparator,
            "estimate": self.estimate,
            "ci": list(self.ci),
            "trials": self.trials,
            "proportion_direct": self.proportion_direct,
            **self.certainty.to_dict(),
            "rests_on": self.rests_on,
            "via": list(self.via),
            "direct": self.direct.to_dict() if self.direct else None,
            "indirect": self.indirect.to_dict() if self.indirect else None,
        }


@dataclass(frozen=True, eq=False, repr=False)
class NetworkCertainty(Finding):
    """The certainty of all estimates of a network.

    Attributes
    ----------
    approach : {"GRADE", "CINeMA"}
    outcome : str
    reference : str
    pairs : tuple of PairCertainty
        Every pair; the reference is always the comparator.
    """

    approach: str
    outcome: str
    reference: str
    pairs: tuple[PairCertainty, ...]

    def pair(self, treatment: str, comparator: str) -> PairCertainty:
        """The rating of two treatments, whichever of them comes first.

        Raises
        ------
        UnknownWordError
            The network holds no such treatment.
        """
        for pair in self.pairs:
            if {pair.treatment, pair.comparator} == {treatment, comparator}:
                return pair
        known = sorted({code for pair in self.pairs for code in (pair.treatment, pair.comparator)})
        unknown = next((code for code in (treatment, comparator) if code not in known), treatment)
        raise UnknownWordError("treatment", unknown, known)

    def against_reference(self) -> tuple[PairCertainty, ...]:
        """The ratings of all treatments against the reference, the best estimate first."""
        mine = (pair for pair in self.pairs if pair.comparator == self.reference)
        return tuple(sorted(mine, key=lambda pair: pair.estimate))

    def to_frame(self) -> pl.DataFrame:
        """A row a pair: estimate, level, what it rests on, and levels down for each domain."""
        import polars as pl

        return pl.DataFrame(
            [
                {
                    "treatment": pair.treatment,
                    "comparator": pair.comparator,
                    "estimate": pair.estimate,
                    "ci_low": pair.ci[0],
                    "ci_high": pair.ci[1],
                    "trials": pair.trials,
                    "level": pair.level,
                    "symbols": pair.symbols,
                    "rests_on": pair.rests_on,
                    "direct": pair.direct.level if pair.direct else None,
                    "indirect": pair.indirect.level if pair.indirect else None,
                    "via": ";".join(pair.via),
                }
                | {d.domain.replace(" ", "_"): d.downgrade for d in pair.certainty.domains}
                for pair in self.pairs
            ],
            infer_schema_length=None,
        )

    def to_dict(self) -> dict[str, Any]:
        """All ratings as JSON can hold them."""
        return {
            "approach": self.approach,
            "outcome": self.outcome,
            "reference": self.reference,
            "pairs": [pair.to_dict() for pair in self.pairs],
        }

    def summary(self) -> str:
        """A row a pair, to read."""
        rows = [
            [
                f"{pair.treatment} – {pair.comparator}",
                f"{number_text(pair.estimate)} ({interval_text(pair.ci)})",
                str(pair.trials),
                pair.level,
                ", ".join(
                    f"{d.domain} {-d.downgrade}".replace("-", "−") for d in pair.certainty.reasons
                ),
            ]
            for pair in self.pairs
        ]
        header = ["pair", "difference", "trials", "certainty", "rated down for"]
        return "\n".join([f"Certainty by {self.approach}", "", *text_table(header, rows)])
