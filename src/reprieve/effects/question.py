"""The question that a person asks, and the choices that decide how it is answered."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from reprieve.errors import InputError, UnknownWordError
from reprieve.evidence import schema, vocabulary

NARROWEST, WIDEST = 0.5, 2.0
"""Visits between half and twice the month asked for can stand in for it."""

HIERARCHIES = ("published", "overall")


@dataclass(frozen=True, kw_only=True)
class Question:
    """Does `treatment` change `outcome` more than `comparator` does, in `condition`, at `month`?

    Attributes
    ----------
    condition : str
        A code of the vocabulary, such as ``"knee_osteoarthritis"``.
    treatment, comparator : str
        A treatment node (``"bm_msc"``) or a class (``"cell_therapy"``, ``"traditional"``).
    outcome : str
        A domain: ``"pain"``, ``"function"``, ``"quality_of_life"`` …
    month : float
        Months after treatment.
    window : tuple of float, optional
        The earliest and latest visit that may stand in for `month`; by default from half of it
        to twice it.
    statistic : {"final", "change"}
        Which kind of value is preferred when a trial gives both. The other one is used where
        the preferred one is missing, since both estimate the same difference between
        randomised arms (Cochrane Handbook 10.5.2).
    correlation : float
        Between baseline and follow-up, for changes that a trial does not report.
    hierarchy : {"published", "overall"}
        Which instrument a trial gives: the first in the vocabulary's published order, or one
        that asks for pain as a whole before all others.
    impute : bool
        Whether a missing standard deviation may come from other trials.
    randomised : bool
        Only randomised trials answer, unless this is False.
    blinded : bool
        Only double-blind trials answer.
    mcid : float, optional
        The smallest worthwhile improvement in points of 100; by default the vocabulary's
        threshold for the condition and outcome.
    level : float
        Of intervals.

    Examples
    --------
    >>> question = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")
    >>> question.treatment, question.month, question.months
    ('cell_therapy', 6.0, (3.0, 12.0))
    """

    condition: str
    treatment: str = "cell_therapy"
    comparator: str = "placebo"
    outcome: str = "pain"
    month: float = 6.0
    window: tuple[float, float] | None = None
    statistic: Literal["final", "change"] = "final"
    correlation: float = 0.5
    hierarchy: Literal["published", "overall"] = "published"
    impute: bool = True
    randomised: bool = True
    blinded: bool = False
    mcid: float | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        vocabulary.condition(self.condition)
        vocabulary.treatment(self.treatment)
        vocabulary.treatment(self.comparator)
        if self.outcome not in schema.DOMAINS:
            raise UnknownWordError("outcome", self.outcome, schema.DOMAINS)
        if self.statistic not in schema.STATISTICS:
            raise UnknownWordError("statistic", self.statistic, schema.STATISTICS)
        if self.hierarchy not in HIERARCHIES:
            raise UnknownWordError("hierarchy", self.hierarchy, HIERARCHIES)
        if self.treatment == self.comparator:
            raise InputError(
                f"treatment and comparator are both {self.treatment!r}; name two different ones"
            )
        if not 0 < self.month < math.inf:
            raise InputError(f"month is {self.month}; expected months after treatment, above 0")
        low, high = self.months
        if not 0 < low <= self.month <= high:
            raise InputError(
                f"window is {low:g} to {high:g}; expected one that holds month {self.month:g}"
            )
        if not -1 < self.correlation < 1:
            raise InputError(f"correlation is {self.correlation}; expected one between -1 and 1")
        if not 0 < self.level < 1:
            raise InputError(f"level is {self.level}; expected a share such as 0.95")
        if self.mcid is not None and not 0 < self.mcid <= 100:
            raise InputError(f"mcid is {self.mcid}; expected points between 0 and 100")

    @property
    def months(self) -> tuple[float, float]:
        """The earliest and the latest visit that may stand in for the month."""
        return self.window or (NARROWEST * self.month, WIDEST * self.month)
