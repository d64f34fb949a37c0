"""Imprecision: the interval against the thresholds, and the optimal information size."""

from __future__ import annotations

import math

from reprieve.certainty.grading.body import Body
from reprieve.certainty.grading.domains import Domain
from reprieve.certainty.grading.rules import SOURCES, Rules
from reprieve.certainty.grading.text import interval_text, number_text
from reprieve.certainty.grading.verdicts import claim, target_of
from reprieve.synthesis.findings import quantile

RULE = (
    "one level for each threshold out of the claim that the confidence interval reaches, up to "
    "three; at least one when fewer people were analysed than a single adequate trial needs, and "
    "two when far fewer and an effect is claimed"
)


def imprecision(body: Body, rules: Rules) -> Domain:
    """Whether chance alone could turn the claim.

    The information size counts beside the interval, not only where the interval lies clear of the
    thresholds: so a wider interval can never raise the certainty. For little or no difference it
    costs one level at most: GRADE guidance 34 keeps two for large effects from few people, which
    are what chance makes.
    """
    target = target_of(body.estimate, body.mcid, rules)
    crossed = target.crossed(body.ci)
    size = optimal_information_size(body.sd, body.mcid, rules)
    short = 0
    if body.people < size:
        effect = target.verdict != "little or no difference"
        short = 2 if effect and body.people < rules.far_below * size else 1
    inputs = {
        "ci": body.ci,
        "mcid": body.mcid,
        "target": target.kind,
        "claim": target.verdict,
        "thresholds_reached": crossed,
        "people": body.people,
        "optimal_information_size": size,
        "standard_deviation": body.sd,
    }
    told = (
        f"the interval ({interval_text(body.ci)}) lies within the claim of {claim(target.verdict)}"
        if not crossed
        else f"the interval ({interval_text(body.ci)}) holds {target.says(body.ci)}"
    )
    if body.mcid is not None:
        told += f", with {number_text(body.mcid)} points as the smallest worthwhile difference"
    if short:
        told += f"; {body.people:,} people are fewer than the {size:,.0f} of one adequate trial"
    return Domain(
        "imprecision",
        max(crossed, short),
        f"{RULE} ({SOURCES['imprecision']})",
        inputs,
        told,
    )


def optimal_information_size(sd: float | None, mcid: float | None, rules: Rules) -> float:
    """People that a single trial needs to find the smallest worthwhile difference.

    Two arms of 2 (z₁₋α/₂ + z₁₋β)² (SD / difference)² people each; never fewer than
    `Rules.information_size`, since a difference worthwhile to a person is large between groups.

    Examples
    --------
    >>> optimal_information_size(20.0, 17.5, Rules())
    400.0
    >>> round(optimal_information_size(20.0, 4.0, Rules()))
    785
    """
    if sd is None or not sd > 0 or mcid is None:
        return rules.information_size
    z = quantile(1 - rules.alpha / 2, math.inf) + quantile(rules.power, math.inf)
    return max(rules.information_size, 4 * (z * sd / mcid) ** 2)
