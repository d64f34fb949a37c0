"""Inconsistency: what other settings may see, and trials that contradict one another."""

from __future__ import annotations

from itertools import combinations

from reprieve.certainty.grading.body import Body
from reprieve.certainty.grading.domains import Domain
from reprieve.certainty.grading.imprecision import imprecision
from reprieve.certainty.grading.rules import SOURCES, Rules
from reprieve.certainty.grading.text import interval_text
from reprieve.certainty.grading.verdicts import target_of, verdict_of

RULE = (
    "one level for each threshold that the prediction interval reaches, beyond what imprecision "
    "has been rated down for already, up to two; one level where I² is substantial, intervals of "
    "trials do not overlap, and trials lie on different sides of the threshold"
)


def inconsistency(body: Body, rules: Rules) -> Domain:
    """Whether trials differ by more than chance in what they claim.

    What imprecision was rated down for is not counted again: so a wider confidence interval, which
    costs levels there, can never raise the certainty by saving them here.
    """
    target = target_of(body.estimate, body.mcid, rules)
    prediction = body.prediction_interval if body.k >= rules.fewest_to_predict else None
    counted = imprecision(body, rules).proposed
    beyond = 0
    if prediction is not None:
        beyond = min(2, max(0, target.crossed(prediction) - counted))
    pairs = list(combinations(body.trials, 2))
    apart = sum(a.ci[1] < b.ci[0] or b.ci[1] < a.ci[0] for a, b in pairs)
    sides = sorted({verdict_of(t.estimate, body.mcid, rules) for t in body.trials})
    substantial = body.I2 is not None and rules.substantial_i2 <= body.I2
    contradict = substantial and apart > 0 and len(sides) > 1
    inputs = {
        "prediction_interval": prediction,
        "thresholds_reached": None if prediction is None else target.crossed(prediction),
        "thresholds_reached_by_ci": target.crossed(body.ci),
        "levels_of_imprecision": counted,
        "mcid": body.mcid,
        "I2": body.I2,
        "pairs_apart": apart,
        "pairs": len(pairs),
        "trials_say": sides,
    }
    return Domain(
        "inconsistency",
        max(beyond, int(contradict)),
        f"{RULE} ({SOURCES['inconsistency']})",
        inputs,
        _reason(body, prediction, beyond, apart, len(pairs)),
    )


def _reason(
    body: Body, prediction: tuple[float, float] | None, beyond: int, apart: int, pairs: int
) -> str:
    if body.k == 1:
        return "one trial can't contradict itself"
    overlap = (
        "the intervals of all trials overlap"
        if not apart
        else f"in {apart} of {pairs} pairs of trials the intervals do not overlap"
    )
    said = f"I² is {body.I2 or 0:.0f}%, and {overlap}"
    if prediction is None:
        return said
    reaches = (
        "reaches further thresholds than imprecision has counted"
        if beyond
        else "adds no threshold to those that imprecision has counted"
    )
    return f"{said}; the prediction interval ({interval_text(prediction)}) {reaches}"
