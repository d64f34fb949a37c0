"""What the certainty is about: the verdict, and how an interval lies against the thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reprieve.certainty.grading.rules import Rules, TargetKind
from reprieve.synthesis.base import Interval

Verdict = Literal[
    "important benefit",
    "little or no difference",
    "important harm",
    "benefit",
    "harm",
    "no difference",
]
"""The first three against the smallest worthwhile difference, the others against none at all."""


@dataclass(frozen=True)
class Target:
    """The threshold that certainty is about, and the side on which the estimate lies.

    The estimate decides which claim is rated (Guyatt 2025 BMJ 389:e081904, Core GRADE 2): an
    important benefit, an important harm, or little or no difference; against no difference, a
    benefit or a harm. Negative is better.

    Attributes
    ----------
    verdict : str
        One of `Verdict`.
    mcid : float or None
        The smallest worthwhile difference, where there is one.
    very_wide : float
        See `Rules`.

    Examples
    --------
    >>> target = target_of(-20.0, 17.5, Rules())
    >>> target.verdict, target.crossed((-30.0, -18.0)), target.crossed((-45.0, 5.0))
    ('important benefit', 0, 2)
    """

    verdict: Verdict
    mcid: float | None
    very_wide: float

    def crossed(self, interval: Interval) -> int:
        """How far an interval reaches out of the claim, 0 to 3.

        An important benefit: whether the interval reaches less than that, harm, and important
        harm. Little or no difference: whether it reaches an important benefit, an important harm,
        and both `very_wide` times over. Against no difference: whether it reaches the other side,
        that by an important amount, and both sides `very_wide` times over.
        """
        low, high = interval
        if self.verdict in ("important harm", "harm"):
            low, high = -high, -low
        mcid = self.mcid
        wide = mcid is not None and low <= -self.very_wide * mcid and high >= self.very_wide * mcid
        if self.verdict in ("important benefit", "important harm") and mcid is not None:
            return (high > -mcid) + (high >= 0) + (high >= mcid)
        if self.verdict == "little or no difference" and mcid is not None:
            both = (low <= -mcid) + (high >= mcid)
            return both + (both == 2 and wide)
        if high < 0 and self.verdict != "no difference":
            return 0
        return 1 + (mcid is not None and high >= mcid) + wide

    @property
    def kind(self) -> TargetKind:
        """Whether the claim is about the smallest worthwhile difference, or about none at all."""
        return "null" if self.verdict in ("benefit", "harm", "no difference") else "mcid"

    def says(self, interval: Interval) -> str:
        """The interval against the thresholds, in words."""
        low, high = interval
        holds = []
        if self.mcid is not None:
            if low <= -self.mcid:
                holds.append("an important benefit")
            if high > -self.mcid and low < self.mcid:
                holds.append("a difference too small to matter")
            if high >= self.mcid:
                holds.append("an important harm")
        else:
            holds = [
                *(["a benefit"] if low < 0 else []),
                *(["no difference"] if low <= 0 <= high else []),
                *(["a harm"] if high > 0 else []),
            ]
        return " and ".join(holds) if len(holds) < 3 else f"{holds[0]}, {holds[1]} and {holds[2]}"


def target_of(estimate: float, mcid: float | None, rules: Rules) -> Target:
    """The claim that an estimate makes under some rules."""
    return Target(verdict_of(estimate, mcid, rules), mcid, rules.very_wide)


def verdict_of(estimate: float, mcid: float | None, rules: Rules) -> Verdict:
    """On which side of the thresholds an estimate lies.

    Examples
    --------
    >>> verdict_of(-17.5, 17.5, Rules()), verdict_of(-8.0, 17.5, Rules())
    ('important benefit', 'little or no difference')
    >>> verdict_of(-8.0, None, Rules())
    'benefit'
    """
    if rules.target == "mcid" and mcid is not None:
        if estimate <= -mcid:
            return "important benefit"
        return "important harm" if estimate >= mcid else "little or no difference"
    if estimate == 0:
        return "no difference"
    return "benefit" if estimate < 0 else "harm"


def claim(verdict: Verdict) -> str:
    """The verdict as part of a sentence.

    Examples
    --------
    >>> claim("important benefit"), claim("benefit"), claim("little or no difference")
    ('an important benefit', 'a benefit', 'little or no difference')
    """
    if "difference" in verdict:
        return verdict
    return f"an {verdict}" if verdict.startswith("important") else f"a {verdict}"
