"""Reasons to rate up: for trials that did not randomise and have no other fault."""

from __future__ import annotations

import math

import numpy as np

from reprieve.certainty.grading.body import Body
from reprieve.certainty.grading.domains import Domain
from reprieve.certainty.grading.rules import SOURCES, Rules
from reprieve.certainty.grading.text import number_text

_ONLY = "only where nothing was rated down"
LARGE = (
    "up one level where a worthwhile improvement is at least twice as frequent or as rare, and two "
    f"where five times, at the end of the interval nearest to no difference; {_ONLY}"
)
GRADIENT = (
    "up one level where, of ten trials or more, those with a higher dose show a larger benefit "
    f"(meta-regression on the logarithm of the dose); {_ONLY}"
)
OPPOSING = (
    "up one level where all plausible confounding would hide the effect; nothing in the numbers "
    "shows that, so that only a person can say it"
)


def upgrades(body: Body, rules: Rules, *, faultless: bool) -> tuple[Domain, ...]:
    """The three reasons to rate up; none is proposed unless the evidence is `faultless`."""
    return (
        _large_effect(body, rules, faultless),
        _gradient(body, rules, faultless),
        Domain("opposing confounding", 0, _cited(OPPOSING), {}, "not judged by any rule"),
    )


def _large_effect(body: Body, rules: Rules, faultless: bool) -> Domain:
    ratio = body.risk_ratio
    if ratio is None:
        return Domain(
            "large effect", 0, _cited(LARGE), {"risk_ratio": None},
            "how many people improve by a worthwhile amount is not known",
        )  # fmt: skip
    middle, low, high = ratio
    nearest = 1.0 if low <= 1 <= high else max(low, 1 / high)
    up = (nearest >= rules.large) + (nearest >= rules.very_large)
    return Domain(
        "large effect",
        -up if faultless else 0,
        _cited(LARGE),
        {"risk_ratio": middle, "risk_ratio_ci": [low, high], "nothing_rated_down": faultless},
        f"a worthwhile improvement is {number_text(middle)} times as frequent "
        f"({number_text(low)} to {number_text(high)})",
    )


def _gradient(body: Body, rules: Rules, faultless: bool) -> Domain:
    dosed = [(t.estimate, t.ci, t.dose) for t in body.trials if t.dose]
    doses = np.log10([dose for _, _, dose in dosed])
    if len(dosed) < rules.fewest_for_gradient or float(np.ptp(doses)) == 0:
        return Domain(
            "dose-response", 0, _cited(GRADIENT), {"trials_with_dose": len(dosed)},
            "too few trials with different doses to see a gradient",
        )  # fmt: skip
    slope, p = _slope(np.array([y for y, _, _ in dosed]), [ci for _, ci, _ in dosed], doses)
    shown = slope < 0 and p < rules.gradient_p
    return Domain(
        "dose-response",
        -int(shown and faultless),
        _cited(GRADIENT),
        {
            "trials_with_dose": len(dosed),
            "slope_per_tenfold": slope,
            "p": p,
            "nothing_rated_down": faultless,
        },
        f"ten times the dose goes with a difference of {number_text(slope)} points (p {p:.2f})",
    )


def _slope(
    y: np.ndarray, intervals: list[tuple[float, float]], doses: np.ndarray
) -> tuple[float, float]:
    """The change of the effect with a tenfold dose, and its p value."""
    from reprieve.synthesis.regression import meta_regression

    z = 1.959963984540054
    se = np.array([(high - low) / (2 * z) for low, high in intervals])
    fit = meta_regression(
        "~ dose", {"dose": doses, "y": y, "v": se**2}, effect="y", variance="v", test="knha"
    )
    row = fit.to_frame().row(1, named=True)
    p = float(row["p"])
    return float(row["estimate"]), 1.0 if math.isnan(p) else p


def _cited(rule: str) -> str:
    return f"{rule} ({SOURCES['upgrades']})"
