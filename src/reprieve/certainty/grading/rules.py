"""The rules' thresholds, each with where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Literal

from reprieve.errors import InputError

TargetKind = Literal["mcid", "null"]
"""What certainty is about: on which side of the smallest worthwhile difference the effect lies,
or on which side of no difference."""

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "start": "Balshem 2011 J Clin Epidemiol 64:401 (GRADE guidelines 3); Guyatt 2025 BMJ "
        "389:e083864 (Core GRADE 4)",
        "risk of bias": "Guyatt 2011 J Clin Epidemiol 64:407 (GRADE guidelines 4); Cochrane "
        "Handbook 5.1, Table 12.2.d",
        "inconsistency": "Guyatt 2011 J Clin Epidemiol 64:1294 (GRADE guidelines 7); Guyatt 2023 "
        "J Clin Epidemiol 158:70 (GRADE guidance 36); Guyatt 2025 BMJ 389:e081905 (Core GRADE 3)",
        "indirectness": "Guyatt 2011 J Clin Epidemiol 64:1303 (GRADE guidelines 8)",
        "imprecision": "Guyatt 2011 J Clin Epidemiol 64:1283 (GRADE guidelines 6); Zeng 2022 J "
        "Clin Epidemiol 150:216 (GRADE guidance 34); Guyatt 2025 BMJ 389:e081904 (Core GRADE 2)",
        "publication bias": "Guyatt 2011 J Clin Epidemiol 64:1277 (GRADE guidelines 5); Cochrane "
        "Handbook 6.5, 13.3.5.4",
        "upgrades": "Guyatt 2011 J Clin Epidemiol 64:1311 (GRADE guidelines 9)",
    }
)
"""The guidance behind each domain."""

BASES: Mapping[str, str] = MappingProxyType(
    {
        "target": "Core GRADE 2: the smallest worthwhile difference, or no difference",
        "low_share": "Cochrane Handbook 5.1, Table 12.2.d: most information is from trials at "
        "low risk; most is read as half of the weight",
        "high_share": "the same, for trials at high risk",
        "substantial_i2": "Cochrane Handbook 6.5, 10.10.2: 50 % and more may be substantial",
        "fewest_to_predict": "below three trials the spread between them is hardly known",
        "surrogates": "GRADE guidelines 8: outcomes that stand in for what people feel",
        "mismatch_share": "our own reading of most, as for risk of bias",
        "nearest_month": "the window of months that questions use by default",
        "farthest_month": "the window of months that questions use by default",
        "information_size": "GRADE guidelines 6: a rule of thumb of 400 people for continuous "
        "outcomes, where a trial for the threshold would need fewer",
        "alpha": "GRADE guidelines 6: the usual error rates of a single trial",
        "power": "GRADE guidelines 6: the usual error rates of a single trial",
        "far_below": "GRADE guidance 34 says far less than the optimal information size and gives "
        "room to judge; read here as half of it",
        "very_wide": "GRADE guidance 34 leaves it to judgement when three levels are due; read "
        "here as twice the threshold on both sides",
        "fewest_for_asymmetry": "Cochrane Handbook 6.5, 13.3.5.4: ten trials",
        "asymmetry_p": "Egger 1997 BMJ 315:629: 0.1, because the test has little power",
        "silent_share": "our own: silent trials count when they would hold a tenth of all people",
        "industry_share": "GRADE guidelines 5: small trials, most of them paid for by industry",
        "large": "GRADE guidelines 9: a risk halved or doubled",
        "very_large": "GRADE guidelines 9: a risk five times lower or higher",
        "fewest_for_gradient": "Cochrane Handbook 6.5, 10.11.5.1: ten trials for each feature",
        "gradient_p": "the usual error rate",
    }
)
"""For each threshold of `Rules` where it comes from, or that it is our own reading."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The thresholds by which certainty is proposed; `BASES` says where each comes from.

    Attributes
    ----------
    target : {"mcid", "null"}
        What certainty is about. Without a published smallest worthwhile difference it is always
        ``null``.
    low_share : float
        Down one level unless at least this share of the weight is in trials judged low.
    high_share : float
        Down two levels when at least this share of the weight is in trials judged high.
    substantial_i2 : float
        Percent from which trials that disagree count as inconsistent.
    fewest_to_predict : int
        Trials from which the prediction interval counts.
    surrogates : tuple of str
        Outcomes that only stand in for what people feel.
    mismatch_share : float
        Share of the weight from which a difference to the question counts.
    nearest_month, farthest_month : float
        Times the month asked for between which a visit fits.
    information_size : float
        People that the optimal information size never falls below.
    alpha, power : float
        Of the single trial whose size is the optimal information size.
    far_below : float
        Share of the optimal information size below which two levels are due.
    very_wide : float
        Times the threshold that an interval reaches on both sides when three levels are due.
    fewest_for_asymmetry : int
        Trials from which small-study tests count.
    asymmetry_p : float
    silent_share : float
        Share of all people in silent trials from which these count.
    industry_share : float
        Share of the weight paid for by industry from which small trials raise suspicion.
    large, very_large : float
        Ratios of risk from which certainty may go up one and two levels.
    fewest_for_gradient : int
        Trials with a dose from which a gradient is looked for.
    gradient_p : float

    Examples
    --------
    >>> from dataclasses import replace
    >>> replace(Rules(), target="null").target
    'null'
    """

    target: TargetKind = "mcid"
    low_share: float = 0.5
    high_share: float = 0.5
    substantial_i2: float = 50.0
    fewest_to_predict: int = 3
    surrogates: tuple[str, ...] = ("structure", "inflammation")
    mismatch_share: float = 0.5
    nearest_month: float = 0.5
    farthest_month: float = 2.0
    information_size: float = 400.0
    alpha: float = 0.05
    power: float = 0.80
    far_below: float = 0.5
    very_wide: float = 2.0
    fewest_for_asymmetry: int = 10
    asymmetry_p: float = 0.10
    silent_share: float = 0.10
    industry_share: float = 0.5
    large: float = 2.0
    very_large: float = 5.0
    fewest_for_gradient: int = 10
    gradient_p: float = 0.05

    def __post_init__(self) -> None:
        if self.target not in ("mcid", "null"):
            raise InputError(f'target is {self.target!r}; expected "mcid" or "null"')
        for name in ("low_share", "high_share", "mismatch_share", "far_below", "silent_share",
                     "industry_share", "alpha", "power", "asymmetry_p", "gradient_p"):  # fmt: skip
            if not 0 < getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; expected one between 0 and 1")
        if not 0 <= self.substantial_i2 <= 100:
            raise InputError(f"substantial_i2 is {self.substantial_i2}; expected 0 to 100 percent")
        if not 1 < self.large <= self.very_large:
            raise InputError(
                f"large is {self.large:g} and very_large {self.very_large:g}; expected ratios "
                "above 1, the second at least the first"
            )
        if self.very_wide < 1 or self.information_size < 0:
            raise InputError("very_wide must be at least 1, and information_size not negative")


def changed(rules: Rules) -> dict[str, object]:
    """The thresholds that differ from the defaults.

    Examples
    --------
    >>> changed(Rules(target="null"))
    {'target': 'null'}
    """
    default = Rules()
    return {
        part.name: getattr(rules, part.name)
        for part in fields(Rules)
        if getattr(rules, part.name) != getattr(default, part.name)
    }
