"""Between instruments, points of 100, standard deviations and people of a hundred.

Everywhere in Reprieve scores lie on 0–100 points where *higher is worse*, and effects are
treatment minus comparator, so negative is better.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reprieve.effects import checks
from reprieve.effects.checks import Array
from reprieve.errors import UnknownWordError
from reprieve.evidence.schema import DIRECTIONS


def rescale(value: ArrayLike, low: ArrayLike, high: ArrayLike, higher_is: ArrayLike) -> Array:
    """A score or mean score on 0–100 points where higher is worse.

    Parameters
    ----------
    value : array_like
        In points of the instrument, between `low` and `high`.
    low, high : array_like
        Lowest and highest score of the instrument as used.
    higher_is : {"worse", "better"} or array_like of them
        What a higher score means.

    Examples
    --------
    A pain score of 7 on 0–10, and a KOOS pain score of 80, where 100 is no pain:

    >>> print(rescale([7, 80], [0, 0], [10, 100], ["worse", "better"]))
    [70. 20.]
    """
    low, width = _low_and_width(low, high)
    value = checks.numbers("value", value)
    # A mean may miss the end of its scale by the rounding of the paper.
    checks.require("value", value, (value - low) / width >= -0.005, "a score on its scale")
    checks.require("value", value, (value - low) / width <= 1.005, "a score on its scale")
    points = 100 * (value - low) / width
    return np.where(_is_better(higher_is), 100 - points, points)


def rescale_difference(
    difference: ArrayLike, low: ArrayLike, high: ArrayLike, higher_is: ArrayLike
) -> Array:
    """A change or a difference between groups on 0–100 points where higher is worse.

    Parameters
    ----------
    difference : array_like
        In points of the instrument.
    low, high : array_like
        Lowest and highest score of the instrument as used.
    higher_is : {"worse", "better"} or array_like of them
        What a higher score means.

    Examples
    --------
    >>> print(rescale_difference([-2, 15], [0, 0], [10, 100], ["worse", "better"]))
    [-20. -15.]
    """
    points = 100 * checks.numbers("difference", difference) / _low_and_width(low, high)[1]
    return np.where(_is_better(higher_is), -points, points)


def rescale_sd(sd: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    """A standard deviation or standard error on 0–100 points.

    Parameters
    ----------
    sd : array_like
        In points of the instrument.
    low, high : array_like
        Lowest and highest score of the instrument as used.

    Examples
    --------
    >>> print(rescale_sd(2.5, 0, 10))
    25.0
    """
    return 100 * checks.positive("sd", sd) / _low_and_width(low, high)[1]


def unscale(points: ArrayLike, low: ArrayLike, high: ArrayLike, higher_is: ArrayLike) -> Array:
    """Points of 100 as a score of an instrument: the way back from `rescale`.

    Parameters
    ----------
    points : array_like
        On 0–100, higher is worse.
    low, high : array_like
        Lowest and highest score of the instrument.
    higher_is : {"worse", "better"} or array_like of them
        What a higher score of the instrument means.

    Examples
    --------
    >>> print(unscale(20, 0, 10, "better"))
    8.0
    """
    low, width = _low_and_width(low, high)
    points = checks.numbers("points", points)
    return low + width * np.where(_is_better(higher_is), 100 - points, points) / 100


def smd_to_points(smd: ArrayLike, sd: ArrayLike) -> Array:
    """A standardised mean difference in points: SMD × SD.

    Source: Cochrane Handbook 15.5.3.2.

    Parameters
    ----------
    smd : array_like
        Standardised mean difference, or its standard error.
    sd : array_like
        Typical standard deviation between people, in the points wanted.

    Examples
    --------
    >>> print(smd_to_points(-0.4, 25))
    -10.0
    """
    return checks.numbers("smd", smd) * checks.positive("sd", sd)


def points_to_smd(points: ArrayLike, sd: ArrayLike) -> Array:
    """A difference in points as a standardised mean difference: the way back.

    Parameters
    ----------
    points : array_like
        Difference, or its standard error.
    sd : array_like
        Standard deviation between people in the same points.

    Examples
    --------
    >>> print(points_to_smd(-10, 25))
    -0.4
    """
    return checks.numbers("points", points) / checks.positive("sd", sd)


def smd_to_log_odds(smd: ArrayLike) -> Array:
    """A standardised mean difference as a log odds ratio: SMD·π/√3.

    Source: Chinn S. Stat Med 2000;19:3127–3131; Cochrane Handbook 10.6. It holds if scores
    follow a logistic distribution with the same spread in both groups.

    Parameters
    ----------
    smd : array_like
        Standardised mean difference, or its standard error.

    Examples
    --------
    >>> print(smd_to_log_odds(-0.5).round(3))
    -0.907
    """
    return checks.numbers("smd", smd) * (np.pi / 3**0.5)


def chance_of_less_pain(smd: ArrayLike) -> Array:
    """The chance that a treated person fares better than one given the comparator: Φ(−SMD/√2).

    Source: McGraw KO, Wong SP. Psychol Bull 1992;111:361–365 (common language effect size),
    with the sign turned because lower is better. It holds if scores are normal with the same
    spread in both groups; ½ means no difference.

    Parameters
    ----------
    smd : array_like
        Standardised mean difference, treatment minus comparator.

    Examples
    --------
    >>> print(chance_of_less_pain([0, -0.5]).round(3))
    [0.5   0.638]
    """
    from scipy.special import ndtr

    chance: Array = ndtr(-checks.numbers("smd", smd) / np.sqrt(2))
    return chance


class Responders(NamedTuple):
    """People of 100 who improve by at least the smallest worthwhile difference.

    Attributes
    ----------
    treated, untreated : ndarray
        Of 100 people given the treatment, and of 100 given the comparator.
    """

    treated: Array
    untreated: Array

    @property
    def difference(self) -> Array:
        """How many more of 100 improve with the treatment; negative if fewer do."""
        return self.treated - self.untreated


def responders(
    effect: ArrayLike, mcid: ArrayLike, control_change: ArrayLike, sd: ArrayLike
) -> Responders:
    """People of 100 with a worthwhile improvement, with the treatment and without it.

    Assumes that changes are normal with the same spread `sd` in both groups, and that the
    treatment shifts everyone's change by `effect`: where few people respond a lot and most not
    at all, the numbers mislead.

    Source: Cochrane Handbook 15.5.3.3; Furukawa TA et al. Int Clin Psychopharmacol
    2005;20:49–52; Anzures-Cabrera J et al. Stat Med 2011;30:2967–2985.

    Parameters
    ----------
    effect : array_like
        Treatment minus comparator in points, negative is better. Draws of it give draws of the
        answer.
    mcid : array_like
        Smallest worthwhile improvement in points, above zero.
    control_change : array_like
        Mean change since baseline under the comparator in points, negative is better.
    sd : array_like
        Standard deviation of changes between people in points.

    Examples
    --------
    People improve by 10 points anyway, by 20 with the treatment, and 15 points matter:

    >>> people = responders(effect=-10, mcid=15, control_change=-10, sd=25)
    >>> print(people.untreated.round(), people.treated.round(), people.difference.round())
    42.0 58.0 16.0
    """
    from scipy.special import ndtr

    sd = checks.positive("sd", sd)
    missing_to_mcid = -checks.positive("mcid", mcid) - checks.numbers(
        "control_change", control_change
    )
    treated, untreated = np.broadcast_arrays(
        100 * ndtr((missing_to_mcid - checks.numbers("effect", effect)) / sd),
        100 * ndtr(missing_to_mcid / sd),
    )
    return Responders(treated, untreated)


def _low_and_width(low: ArrayLike, high: ArrayLike) -> tuple[Array, Array]:
    low, high = checks.numbers("low", low), checks.numbers("high", high)
    width = high - low
    checks.require("high minus low", width, width > 0, "a scale whose high end is above its low")
    return low, width


def _is_better(higher_is: ArrayLike) -> NDArray[np.bool_]:
    words = np.asarray(higher_is, dtype=object)
    for word in words.flat:
        if word not in DIRECTIONS:
            raise UnknownWordError("direction of a scale", str(word), DIRECTIONS)
    better: NDArray[np.bool_] = words == "better"
    return better
