"""Indirectness: whether the trials tested what the question asks."""

from __future__ import annotations

from reprieve.certainty.grading.body import Body
from reprieve.certainty.grading.domains import Domain
from reprieve.certainty.grading.rules import SOURCES, Rules
from reprieve.certainty.grading.text import share_text

RULE = (
    "one level each, up to two: for an outcome that only stands in for what people feel; where "
    "most of the weight is in trials that gave one side something else besides; where most of it "
    "is in trials measured far from the month asked for"
)


def indirectness(body: Body, rules: Rules) -> Domain:
    """Whether people, treatment, outcome and time are those of the question.

    Trials of other people are left out before pooling, with the curators' reason, and every trial
    here compares both treatments itself: a share of indirect evidence arises in networks only.
    """
    adjunct = body.share(bool(t.adjunct) for t in body.trials)
    away = body.share(not _near(t.month, body.month, rules) for t in body.trials)
    surrogate = body.outcome in rules.surrogates
    concerns = []
    if surrogate:
        concerns.append(f"{body.outcome} stands in for what people feel")
    if adjunct >= rules.mismatch_share:
        given = sorted({word for t in body.trials for word in t.adjunct.split(";") if word})
        concerns.append(
            f"{share_text(adjunct)} of the weight is in trials that gave one side something else "
            f"besides ({', '.join(word.replace('_', ' ') for word in given)})"
        )
    if away >= rules.mismatch_share:
        concerns.append(
            f"{share_text(away)} of the weight is in trials measured far from month {body.month:g}"
        )
    reason = "; ".join(concerns) or (
        "the trials compare both treatments themselves, in people with the condition, about the "
        "month asked for"
        + (f"; {share_text(adjunct)} of the weight had something else besides" if adjunct else "")
    )
    return Domain(
        "indirectness",
        min(2, len(concerns)),
        f"{RULE} ({SOURCES['indirectness']})",
        {
            "indirect_evidence": 0.0,
            "surrogate_outcome": surrogate,
            "something_else_besides": adjunct,
            "far_from_month": away,
        },
        reason,
    )


def _near(month: float | None, asked: float | None, rules: Rules) -> bool:
    if month is None or asked is None:
        return True
    return rules.nearest_month * asked <= month <= rules.farthest_month * asked
