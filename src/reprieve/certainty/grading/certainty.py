"""How sure one result is: a level, and the domains that make it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reprieve.certainty.grading.domains import Domain
from reprieve.certainty.grading.rules import Rules, changed
from reprieve.certainty.grading.statements import LEVELS, Level, statement
from reprieve.certainty.grading.text import share_text
from reprieve.certainty.grading.verdicts import Verdict
from reprieve.synthesis.findings import Finding, plain, text_table

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class Certainty(Finding):
    """The certainty of one result by GRADE, as rules propose it and people decided.

    Attributes
    ----------
    key : str
        The question in short, under which overrules are kept.
    treatment, comparator, outcome : str
        In words, and the code of the outcome.
    start : {"high", "low"}
        Where the rating starts: randomised trials high, others low.
    domains : tuple of Domain
        The five reasons to rate down; empty where there is no trial.
    upgrades : tuple of Domain
        The three reasons to rate up; only where the rating starts low.
    verdict : str or None
        The claim that is rated.
    estimate, mcid : float or None
    rules : Rules
    """

    key: str
    treatment: str
    comparator: str
    outcome: str
    start: Level
    domains: tuple[Domain, ...]
    upgrades: tuple[Domain, ...]
    verdict: Verdict | None
    estimate: float | None
    mcid: float | None
    rules: Rules

    @property
    def level(self) -> Level:
        """``high``, ``moderate``, ``low``, ``very low``, or ``not rated`` without a trial."""
        if self.verdict is None:
            return "not rated"
        down = sum(domain.downgrade for domain in (*self.domains, *self.upgrades))
        return LEVELS[min(max(LEVELS.index(self.start) - down, 0), len(LEVELS) - 1)]

    @property
    def symbols(self) -> str:
        """The level in GRADE's symbols; empty where nothing was rated."""
        if self.level == "not rated":
            return ""
        full = LEVELS.index(self.level) + 1
        return "⊕" * full + "⊝" * (len(LEVELS) - full)

    @property
    def statement(self) -> str:
        """The result in GRADE's standard wording."""
        slight = (
            self.mcid is not None and self.estimate is not None and abs(self.estimate) < self.mcid
        )
        return statement(
            self.level, self.verdict or "no difference", self.treatment, self.comparator,
            self.outcome, slight=slight,
        )  # fmt: skip

    @property
    def reasons(self) -> tuple[Domain, ...]:
        """The domains that moved the level."""
        return tuple(d for d in (*self.domains, *self.upgrades) if d.downgrade)

    @property
    def to_look_at(self) -> tuple[Domain, ...]:
        """Domains that a person overruled and whose numbers have moved since."""
        every = (*self.domains, *self.upgrades)
        return tuple(d for d in every if d.overruled_by and d.overruled_by.inputs_changed)

    @property
    def provisional(self) -> bool:
        """Whether trials wait for a judgement of their risk of bias, so that it may still move."""
        bias = next((d for d in self.domains if d.domain == "risk of bias"), None)
        if bias is None or (bias.overruled_by and not bias.overruled_by.inputs_changed):
            return False
        return bool(bias.inputs["not_judged"] > 0)

    def domain(self, name: str) -> Domain:
        """One of the domains by its name, such as ``"imprecision"``."""
        return next(d for d in (*self.domains, *self.upgrades) if d.domain == name)

    def in_words(self) -> str:
        """The level, what moved it, and what the result says, in a few sentences."""
        if self.level == "not rated":
            return "How sure we can be is not rated: there is no trial to rate."
        names = [
            f"{d.domain} ({'down' if d.downgrade > 0 else 'up'} {abs(d.downgrade)})"
            for d in self.reasons
        ]
        why = f", for {_listed(names)}" if names else ""
        by = "by published rules"
        if any(
            d.overruled_by and not d.overruled_by.inputs_changed
            for d in (*self.domains, *self.upgrades)
        ):
            by += " and overruled by people"
        said = f"How sure we can be: {self.level} certainty {self.symbols}{why}; proposed {by}. "
        said += self.statement
        if self.provisional:
            unjudged = self.domain("risk of bias").inputs["not_judged"]
            said += (
                " That is provisional: nobody has judged the risk of bias in trials with "
                f"{share_text(unjudged)} of the weight, and the level can still move."
            )
        if self.to_look_at:
            said += (
                f" The inputs have changed since a person judged "
                f"{_listed([d.domain for d in self.to_look_at])}: another look is due."
            )
        return said

    def summary(self) -> str:
        """The level and a row for each domain, to read."""
        if self.level == "not rated":
            return f"{self.key}: not rated: no trial"
        head = f"{self.key}: {self.level} {self.symbols} (starts {self.start})"
        rows = [
            [d.domain, f"{-d.downgrade:+d}".replace("-", "−") if d.downgrade else "0", *_who(d)]
            for d in (*self.domains, *self.upgrades)
        ]
        lines = [head, self.statement, "", *text_table(["domain", "levels", "by"], rows), ""]
        lines += [f"{d.domain}: {d.reason}." for d in (*self.domains, *self.upgrades)]
        lines += [
            f"{d.domain}: inputs have changed since {d.overruled_by.who} overruled it on "
            f"{d.overruled_by.date}; the proposal counts until someone has looked."
            for d in self.to_look_at
            if d.overruled_by
        ]
        return "\n".join(lines)

    def to_frame(self) -> pl.DataFrame:
        """A row a domain: domain, downgrade, proposed, reason, rule, overruled_by."""
        import polars as pl

        return pl.DataFrame(
            [
                {
                    "domain": d.domain,
                    "downgrade": d.downgrade,
                    "proposed": d.proposed,
                    "reason": d.reason,
                    "rule": d.rule,
                    "overruled_by": d.overruled_by.who if d.overruled_by else None,
                }
                for d in (*self.domains, *self.upgrades)
            ],
            schema={
                "domain": pl.String,
                "downgrade": pl.Int64,
                "proposed": pl.Int64,
                "reason": pl.String,
                "rule": pl.String,
                "overruled_by": pl.String,
            },
        )

    def to_dict(self) -> dict[str, Any]:
        """The certainty as JSON can hold it."""
        return {
            "question": self.key,
            "level": self.level,
            "symbols": self.symbols,
            "start": self.start,
            "provisional": self.provisional,
            "verdict": self.verdict,
            "statement": self.statement,
            "domains": [d.to_dict() for d in self.domains],
            "upgrades": [d.to_dict() for d in self.upgrades],
            "inputs_changed": [d.domain for d in self.to_look_at],
            "rules_changed": plain(changed(self.rules)),
        }


def _who(domain: Domain) -> list[str]:
    by = domain.overruled_by
    if by is None:
        return ["rule"]
    return [f"rule (was {by.who}; inputs have changed since)" if by.inputs_changed else by.who]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
