"""Agreement of two people who judged the same things: Cohen's κ with its interval."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from reprieve.errors import InputError

_Z = 1.959963984540054  # the 97.5 % point of the normal distribution
_NO_WIDTH = 1e-9


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two people agreed.

    Attributes
    ----------
    n : int
        Things that both judged.
    agreed : int
        Things on which they said the same.
    observed, expected : float or None
        Shares of agreement: seen, and to be expected by chance from how often each used each word.
    kappa, se, low, high : float or None
        κ, its standard error, and the ends of its 95 % interval (at most 1). None where there is
        nothing to compute them from: no thing judged by both, or only one word used by both. No
        interval where both agree on all, or on nothing: the formula gives one without width.
    """

    n: int
    agreed: int
    observed: float | None
    expected: float | None
    kappa: float | None
    se: float | None
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON can hold them."""
        return asdict(self)

    def __str__(self) -> str:
        if not self.n:
            return "nothing has been judged by both"
        said = f"agreed on {self.agreed} of {self.n}"
        if self.kappa is None:
            return f"{said}; κ is undefined, for both used one word only"
        if self.se is None:
            return f"{said}; κ {self.kappa:.2f}"
        return f"{said}; κ {self.kappa:.2f} (95 % CI {self.low:.2f} to {self.high:.2f})"


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> Agreement:
    """Cohen's κ of two people's judgements, with the standard error for large samples.

    Parameters
    ----------
    first, second : sequence
        What each of the two said of the same things, in the same order: words or numbers that
        are equal or not.

    Raises
    ------
    InputError
        The two are not equally long.

    Notes
    -----
    κ: Cohen 1960, Educational and Psychological Measurement 20:37. Standard error that does not
    presuppose κ = 0: Fleiss, Cohen & Everitt 1969, Psychological Bulletin 72:323, formula 13.

    Examples
    --------
    >>> print(cohen_kappa(["in"] * 20 + ["out"] * 30, ["in"] * 15 + ["out"] * 35))
    agreed on 45 of 50; κ 0.78 (95 % CI 0.61 to 0.96)
    """
    if len(first) != len(second):
        raise InputError(
            f"the first person judged {len(first)} things and the second {len(second)}; "
            "give what both said of the same things, in the same order"
        )
    n = len(first)
    if not n:
        return Agreement(0, 0, None, None, None, None, None, None)
    words = {word: i for i, word in enumerate(dict.fromkeys([*first, *second]))}
    counts = np.zeros((len(words), len(words)))
    for one, other in zip(first, second, strict=True):
        counts[words[one], words[other]] += 1
    shares = counts / n
    of_first, of_second = shares.sum(axis=1), shares.sum(axis=0)
    agreed = int(np.trace(counts))
    observed, expected = agreed / n, float(of_first @ of_second)
    if len(words) == 1:
        return Agreement(n, agreed, observed, expected, None, None, None, None)
    kappa = (observed - expected) / (1 - expected)
    se = _standard_error(shares, of_first, of_second, n)
    if se < _NO_WIDTH:
        return Agreement(n, agreed, observed, expected, kappa, None, None, None)
    return Agreement(
        n, agreed, observed, expected, kappa, se, kappa - _Z * se, min(1.0, kappa + _Z * se)
    )


def _standard_error(
    shares: np.ndarray, of_first: np.ndarray, of_second: np.ndarray, n: int
) -> float:
    observed, expected = float(np.trace(shares)), float(of_first @ of_second)
    both = of_second[:, None] + of_first[None, :]  # [i, j]: second says i, first says j
    agree = np.diag(shares) @ ((1 - expected) - np.diag(both) * (1 - observed)) ** 2
    off = shares * both**2
    disagree = (1 - observed) ** 2 * (off.sum() - np.trace(off))
    middle = (observed * expected - 2 * expected + observed) ** 2
    variance = (agree + disagree - middle) / (n * (1 - expected) ** 4)
    return math.sqrt(max(0.0, float(variance)))
