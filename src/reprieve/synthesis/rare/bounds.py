"""What a number of events, or their absence, still allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.findings import Finding, share


@dataclass(frozen=True, eq=False, repr=False)
class Bound(Finding):
    """What `upper_bound` returns.

    Attributes
    ----------
    events : int
        Over all trials.
    size : float
        People, or person-time, over all trials.
    person_time : bool
    trials : int
    upper : float
        The highest risk (or rate) that the data still allow.
    level : float
        Confidence of the bound, one-sided.
    """

    events: int
    size: float
    person_time: bool
    trials: int
    upper: float
    level: float

    @property
    def one_in(self) -> float:
        """The bound as one in so many people (or units of time)."""
        return 1 / self.upper

    def summary(self) -> str:
        """The bound in one sentence.

        Examples
        --------
        >>> print(upper_bound(0, n=340).summary())
        0 of 340 still allows up to 1 in 113 (one-sided 95 % bound).
        """
        of = f"{self.size:,.0f}" + (" units of person-time" if self.person_time else "")
        each = " units" if self.person_time else ""
        return (
            f"{self.events} of {of} still allows up to 1 in {np.floor(self.one_in):,.0f}{each} "
            f"(one-sided {100 * self.level:g} % bound)."
        )


def upper_bound(events: Any, *, n: Any = None, time: Any = None, level: float = 0.95) -> Bound:
    """The highest risk that events among so many people still allow, exactly.

    Parameters
    ----------
    events : int or sequence of int
        Of one trial, or of many, whose events and people are added up: that is exact when the
        risk is the same in all of them, and otherwise bounds its average over their people.
    n : int or sequence of int
        People.
    time : float or sequence of float
        Person-time instead of people.
    level : float
        Confidence, one-sided: of all such bounds this share lies above the truth.

    Notes
    -----
    Clopper & Pearson 1934 Biometrika 26:404; for person-time Garwood 1936 Biometrika 28:437. With
    no event and 95 % this is the "rule of three" (Hanley & Lippman-Hand 1983 JAMA 249:1743), but
    exact. An interval that is two-sided with level 95 % ends at the bound of level 97.5 %.

    Examples
    --------
    >>> round(100 * upper_bound(0, n=340).upper, 2)
    0.88
    >>> round(upper_bound([0, 1], time=[100.0, 50.0]).upper, 4)
    0.0316
    """
    from scipy.special import betaincinv, gammaincinv

    share("level", level)
    if (n is None) == (time is None):
        raise InputError("give either n= (people) or time= (person-time)")
    x = np.atleast_1d(np.asarray(events, dtype=float))
    size = np.atleast_1d(np.asarray(n if time is None else time, dtype=float))
    if x.shape != size.shape:
        raise InputError(f"events holds {x.size} values but its groups {size.size}")
    bad = ~(x >= 0) | ~(size > 0) | (x != np.floor(x)) | ((x > size) if time is None else False)
    if bad.any():
        i = int(bad.argmax())
        raise InputError(
            f"entry {i + 1}: {x[i]:g} events of {size[i]:g}; expected a whole number of events, at "
            "least 0 and, of people, no more than there are"
        )
    total, whole = float(x.sum()), float(size.sum())
    if time is not None:
        upper = float(gammaincinv(total + 1, level)) / whole
    else:
        upper = 1.0 if total == whole else float(betaincinv(total + 1, whole - total, level))
    return Bound(int(total), whole, time is not None, x.size, upper, level)
