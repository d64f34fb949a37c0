"""When screening may stop: what recall has been reached, and how sure that is.

The rule is that of Callaghan & Müller-Hansen 2020 (Systematic Reviews 9:273,
doi:10.1186/s13643-020-01521-4). Suppose that more records had been missed than the target allows.
How probable is it then to have found so few in the last records screened, had those been drawn at
random from all that were left? Records are drawn by priority, not at random, which finds relevant
ones sooner: if the model ranks at all, the rule errs on the side of screening on. It does *not*
where relevant records are ranked below the others, such as those without an abstract; a sample
drawn at random (`random_from`) needs no such trust.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stopping:
    """What is known of the recall reached so far.

    Attributes
    ----------
    total, screened, found : int
        Records, those screened, and the relevant ones among these.
    target, confidence : float
        The recall wanted, and how sure one wants to be of it.
    p : float
        Probability of finding so few lately if recall were below the target: the smaller, the
        surer that it is not.
    stop : bool
        Whether p is below 1 − `confidence`, or nothing is left.
    missed, missed_at_most : int
        Relevant records among those not screened: as likely as not no more than the first; no more
        than the second at the confidence wanted.
    recall, recall_at_least : float or None
        The recall that these mean; None before anything relevant has been found.
    """

    total: int
    screened: int
    found: int
    target: float
    confidence: float
    p: float
    stop: bool
    missed: int
    missed_at_most: int
    recall: float | None
    recall_at_least: float | None

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON can hold them."""
        return asdict(self)

    def __str__(self) -> str:
        head = f"{self.screened} of {self.total} records screened, {self.found} relevant"
        if self.recall is None or self.recall_at_least is None:
            if not self.stop:
                return f"{head}: too early to say anything about recall"
            return f"{head}. {self.advice}"
        return (
            f"{head}: recall is estimated at {_percent(self.recall)} and is at least "
            f"{_percent(self.recall_at_least)} at {_percent(self.confidence)} confidence "
            f"(at most {self.missed_at_most} missed). {self.advice}"
        )

    @property
    def advice(self) -> str:
        """What the rule says to do."""
        if self.screened == self.total:
            return "Nothing is left to screen."
        wanted = f"the target of {_percent(self.target)} at {_percent(self.confidence)} confidence"
        return f"Screening may stop: {wanted} is met." if self.stop else f"Screen on for {wanted}."


Labels = Sequence[int] | Sequence[bool] | NDArray[np.integer[Any]] | NDArray[np.bool_]


def may_stop(
    screened: Labels, total: int, *, target: float = 0.95, confidence: float = 0.95
) -> bool:
    """Whether the rule says stop, as :func:`assess` does, but with nothing else worked out.

    Examples
    --------
    >>> may_stop([1] * 40 + [0] * 360, total=500)
    True
    """
    labels = _checked(screened, total, target, confidence, None)
    left = total - len(labels)
    run = _Run(*_urns(labels, None), left=left)
    return left == 0 or run.probability(_too_many(int(labels.sum()), target)) < 1 - confidence


def assess(
    screened: Labels,
    total: int,
    *,
    target: float = 0.95,
    confidence: float = 0.95,
    random_from: int | None = None,
) -> Stopping:
    """Estimate the recall reached, and say whether screening may stop.

    Parameters
    ----------
    screened : sequence of {0, 1}
        For each record screened, in the order of screening, whether it was relevant.
    total : int
        All records, screened or not.
    target : float
        The recall wanted, between 0 and 1.
    confidence : float
        How sure one wants to be, between 0 and 1.
    random_from : int, optional
        From which place of `screened` on the records were drawn at random from all that were left.
        Then only these count as a sample, and the statement is exact. Without it the records are
        taken to have been drawn by priority, and every run of them up to the last one is tried
        ("ranked quasi-sampling").

    Raises
    ------
    InputError
        More records screened than there are, or a target or confidence that is no proportion.

    Examples
    --------
    >>> print(assess([1] * 40 + [0] * 30, total=500))
    70 of 500 records screened, 40 relevant: recall is estimated at 80 % and is at least 48 % at
    95 % confidence (at most 42 missed). Screen on for the target of 95 % at 95 % confidence.
    >>> assess([1] * 40 + [0] * 360, total=500).stop
    True
    """
    labels = _checked(screened, total, target, confidence, random_from)
    found, left = int(labels.sum()), total - len(labels)
    run = _Run(*_urns(labels, random_from), left=left)
    p = run.probability(_too_many(found, target))
    missed, at_most = run.most(0.5), run.most(1 - confidence)
    return Stopping(
        total=total,
        screened=len(labels),
        found=found,
        target=target,
        confidence=confidence,
        p=p,
        stop=left == 0 or p < 1 - confidence,
        missed=missed,
        missed_at_most=at_most,
        recall=found / (found + missed) if found else None,
        recall_at_least=found / (found + at_most) if found else None,
    )


@dataclass(frozen=True)
class _Run:
    """The last records screened, seen as samples: sizes, and relevant records in each."""

    sizes: Counts
    relevant: Counts
    left: int

    def probability(self, missed: int) -> float:
        """Of finding as few in the least favourable sample, if so many had been missed."""
        if missed > self.left:
            return 0.0  # more than there are
        if not len(self.sizes):
            return 1.0
        from scipy.stats import hypergeom

        urn = self.left + self.sizes
        chance = hypergeom.cdf(self.relevant, urn, self.relevant + missed, self.sizes)
        return float(np.min(chance))

    def most(self, chance: float) -> int:
        """The most missed that the sample does not make less probable than `chance`."""
        low, high = 0, self.left  # the probability falls as more are missed, and at 0 it is 1
        while low < high:
            middle = (low + high + 1) // 2
            if self.probability(middle) >= chance:
                low = middle
            else:
                high = middle - 1
        return low


def _urns(labels: Counts, random_from: int | None) -> tuple[Counts, Counts]:
    """Sizes of the samples to try, and how many relevant records are in each.

    Among runs with the same number of relevant records the longest is the least favourable, so
    those that begin right after a relevant record, and the whole, are enough.
    """
    if random_from is not None:
        begins = np.array([random_from] if random_from < len(labels) else [], dtype=np.int64)
    else:
        begins = np.concatenate([[0], np.flatnonzero(labels) + 1]).astype(np.int64)
        begins = begins[begins < len(labels)]
    before = np.concatenate([[0], np.cumsum(labels)])
    return len(labels) - begins, before[-1] - before[begins]


def _too_many(found: int, target: float) -> int:
    """The fewest missed with which recall is below the target."""
    return math.floor(found / target + 1e-9) - found + 1


def _checked(
    screened: Labels, total: int, target: float, confidence: float, random_from: int | None
) -> Counts:
    labels = np.asarray(screened, dtype=np.int64)
    if len(labels) > total:
        raise InputError(
            f"{len(labels)} records screened but only {total} in total; give the number of all"
        )
    if labels.size and not np.isin(labels, (0, 1)).all():
        raise InputError("a record screened is relevant (1) or not (0), nothing else")
    for name, value in (("target", target), ("confidence", confidence)):
        if not 0 < value < 1:
            raise InputError(f"{name} is {value}; it is a proportion between 0 and 1, such as 0.95")
    if random_from is not None and not 0 <= random_from <= len(labels):
        raise InputError(
            f"random_from is {random_from}; it is a place among the {len(labels)} records screened"
        )
    return labels


def _percent(share: float) -> str:
    """Rounded down, so that a recall never looks better than it is."""
    return f"{math.floor(share * 100 + 1e-9)} %"
