"""What would change an answer: its certainty level, or the verdict that is rated.

One thing is changed at a time: a threshold of the rules, a trial left out, the smallest worthwhile
difference, which trials count, or how they are analysed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from reprieve.answers.ask import pool
from reprieve.answers.multiverse import DATA_CHOICES, METHODS, TESTS, published_thresholds
from reprieve.certainty.grading.certainty import Certainty
from reprieve.certainty.grading.rating import DEFAULT, rate
from reprieve.certainty.grading.rules import Rules
from reprieve.certainty.grading.verdicts import claim
from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.effects.harmonise import Comparisons, harmonise
from reprieve.effects.question import Question
from reprieve.effects.trials import by_study
from reprieve.evidence.package import load_evidence
from reprieve.evidence.records import Evidence
from reprieve.synthesis.findings import Finding

KINDS = ("rule", "trial", "worthwhile difference", "restriction", "analysis")
"""What is changed: a threshold of the rules, one trial left out, the smallest worthwhile
difference, which trials count, how the numbers are analysed."""

OTHER_RULES: Mapping[str, tuple[Any, ...]] = {
    "target": ("null", "mcid"),
    "low_share": (0.33, 0.67),
    "high_share": (0.33, 0.67),
    "substantial_i2": (30.0, 40.0, 75.0),
    "mismatch_share": (0.25, 0.75),
    "information_size": (0.0, 200.0, 800.0),
    "far_below": (0.3, 0.7),
    "very_wide": (1.5, 3.0),
    "asymmetry_p": (0.05,),
    "fewest_for_asymmetry": (5,),
    "silent_share": (0.05, 0.5, 0.95),
    "industry_share": (0.25, 0.75),
}
"""Other values that a careful person could have chosen, by threshold."""

RULE_WORDS: Mapping[str, str] = {
    "target": "what is rated",
    "low_share": "the share of the weight that must be at low risk of bias",
    "high_share": "the share of the weight at high risk of bias that costs two levels",
    "substantial_i2": "the I² from which trials that disagree count",
    "mismatch_share": "the share of the weight that may miss the question",
    "information_size": "the least optimal information size",
    "far_below": "what counts as far below the optimal information size",
    "very_wide": "what counts as a very wide interval",
    "asymmetry_p": "the p value of small-study tests",
    "fewest_for_asymmetry": "the trials that small-study tests need",
    "silent_share": "the share of people in silent trials that counts",
    "industry_share": "the share of the weight paid for by industry",
}
RESTRICTIONS: Mapping[str, Mapping[str, Any]] = {
    "only double-blind trials count": {"blinded": True},
    "trials that did not report a standard deviation do not count": {"impute": False},
    "only randomised trials count": {"randomised": True},
    "trials that did not randomise count too": {"randomised": False},
}


@dataclass(frozen=True)
class Flip:
    """One thing changed, and what came of it.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    change : str
        What was changed, in words.
    level_before, level_after : str
    verdict_before, verdict_after : str
        ``no number`` where no trial is left.
    estimate, ci_low, ci_high : float or None
        The difference after the change.
    """

    kind: str
    change: str
    level_before: str
    level_after: str
    verdict_before: str
    verdict_after: str
    estimate: float | None
    ci_low: float | None
    ci_high: float | None

    @property
    def flips(self) -> bool:
        """Whether the level or the verdict changed."""
        return (self.level_before, self.verdict_before) != (self.level_after, self.verdict_after)

    def in_words(self) -> str:
        """What was changed, and what changed with it."""
        parts = []
        if self.level_before != self.level_after:
            parts.append(f"certainty {self.level_after} instead of {self.level_before}")
        if self.verdict_before != self.verdict_after:
            parts.append(f"{self.verdict_after} instead of {self.verdict_before}")
        return f"If {self.change}: {' and '.join(parts) or 'nothing changes'}."


@dataclass(frozen=True, eq=False, repr=False)
class VerdictFlips(Finding):
    """What `verdict_flips` returns.

    Attributes
    ----------
    question : Question
    base : Certainty
        As it is.
    tried : tuple of Flip
        Everything that was changed.
    """

    question: Question
    base: Certainty
    tried: tuple[Flip, ...]

    @property
    def flips(self) -> tuple[Flip, ...]:
        """Those that change the level or the verdict."""
        return tuple(flip for flip in self.tried if flip.flips)

    def to_frame(self) -> pl.DataFrame:
        """A row for everything tried: the fields of `Flip`, and whether it ``flips``."""
        return pl.DataFrame(
            [{**vars(flip), "flips": flip.flips} for flip in self.tried],
            schema={
                **dict.fromkeys(
                    ("kind", "change", "level_before", "level_after", "verdict_before",
                     "verdict_after"),
                    pl.String,
                ),
                **dict.fromkeys(("estimate", "ci_low", "ci_high"), pl.Float64),
                "flips": pl.Boolean,
            },
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """The map as JSON can hold it."""
        return {
            "level": self.base.level,
            "verdict": self.base.verdict,
            "tried": len(self.tried),
            "flips": [{**vars(flip), "in_words": flip.in_words()} for flip in self.flips],
        }

    def summary(self) -> str:
        """What flips, by kind, to read."""
        if self.base.verdict is None:
            return "No trial, no verdict: nothing can change it."
        lines = [
            f"As it is: {self.base.level} certainty of {claim(self.base.verdict)}. "
            f"{len(self.flips)} of {len(self.tried)} single changes alter the level or the verdict."
        ]
        for kind in KINDS:
            found = [flip for flip in self.flips if flip.kind == kind]
            tried = sum(flip.kind == kind for flip in self.tried)
            if tried:
                lines.append(f"{kind}: {len(found) or 'none'} of {tried}")
                lines += [f"  {flip.in_words()}" for flip in found]
        return "\n".join(lines)


def verdict_flips(
    question: Question,
    evidence: Evidence | None = None,
    *,
    rules: Rules = DEFAULT,
    judgements: Sequence[BiasJudgement] = (),
) -> VerdictFlips:
    """Change one thing at a time, and see whether the certainty level or the verdict moves.

    Overrules do not count here: the map shows what the rules make of each change.

    Parameters
    ----------
    question : Question
    evidence : Evidence, optional
        By default the curated snapshot.
    rules : Rules
    judgements : sequence of BiasJudgement

    Examples
    --------
    >>> question = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")
    >>> found = verdict_flips(question)
    >>> next(flip for flip in found.flips if "no difference" in flip.change).verdict_after
    'benefit'
    """
    evidence = evidence or load_evidence()

    def rated(
        asked: Question, found: Comparisons, with_rules: Rules = rules, **how: str
    ) -> Certainty:
        fit = pool(found, asked.level, **how)
        return rate(asked, evidence, found, fit, rules=with_rules, judgements=judgements)

    found = harmonise(evidence, question)
    base = rated(question, found)
    if base.verdict is None:
        return VerdictFlips(question, base, ())
    tried: list[Flip] = []

    def note(kind: str, change: str, after: Certainty) -> None:
        tried.append(_flip(kind, change, base, after))

    for change, other in _other_rules(rules):
        note("rule", change, rated(question, found, other))
    labels = by_study(evidence).studies
    for study in found.covariance:
        note(
            "trial",
            f"{labels[study]['label']} is left out",
            rated(question, _without(found, study)),
        )
    for points in published_thresholds(question):
        if points != base.mcid and not np.isnan(points):
            asked = replace(question, mcid=points)
            change = f"{points:g} points are the smallest worthwhile difference"
            note("worthwhile difference", change, rated(asked, replace(found, question=asked)))
    for kind, change, asked in _other_questions(question):
        note(kind, change, rated(asked, harmonise(evidence, asked)))
    for method in METHODS:
        for test in ("z",) if method == "EE" else TESTS:
            if (method, test) != ("REML", "adhoc") and len(found.covariance) > 1:
                how = f"trials are pooled by {method} with the interval by {test}"
                note("analysis", how, rated(question, found, method=method, test=test))
    return VerdictFlips(question, base, tuple(tried))


def _flip(kind: str, change: str, base: Certainty, after: Certainty) -> Flip:
    none = "no number"
    low, high = after.domain("imprecision").inputs["ci"] if after.verdict else (None, None)
    return Flip(
        kind, change, base.level, after.level, base.verdict or none, after.verdict or none,
        after.estimate, low, high,
    )  # fmt: skip


def _other_rules(rules: Rules) -> Iterator[tuple[str, Rules]]:
    for name, values in OTHER_RULES.items():
        now = getattr(rules, name)
        for value in values:
            if value == now:
                continue
            if name == "target":
                than = "no difference" if value == "null" else "the smallest worthwhile difference"
                change = f"certainty is about the side of {than} on which the effect lies"
            else:
                change = f"{RULE_WORDS[name]} is {value:g} instead of {now:g}"
            yield change, replace(rules, **{name: value})


def _without(found: Comparisons, study: str) -> Comparisons:
    return replace(
        found,
        table=found.table.filter(pl.col("study_id") != study),
        covariance={name: block for name, block in found.covariance.items() if name != study},
    )


def _other_questions(question: Question) -> Iterator[tuple[str, str, Question]]:
    """The question with one restriction or choice of data changed."""
    for change, part in RESTRICTIONS.items():
        if any(getattr(question, name) != value for name, value in part.items()):
            yield "restriction", change, replace(question, **part)
    month = question.month
    choices = {
        **{name: DATA_CHOICES[name] for name in ("instrument", "value", "correlation")},
        "window": {"within a quarter of the month": {"window": (0.75 * month, 1.25 * month)}},
    }
    for choice, options in choices.items():
        for option, part in options.items():
            if any(getattr(question, name) != value for name, value in part.items()):
                yield "analysis", f"{choice} is {option}", replace(question, **part)
