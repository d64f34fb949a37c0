"""Risk of bias: where the weight of the pooled estimate lies."""

from __future__ import annotations

from reprieve.certainty.grading.body import Body
from reprieve.certainty.grading.domains import Domain
from reprieve.certainty.grading.rules import SOURCES, Rules
from reprieve.certainty.grading.text import share_text
from reprieve.certainty.risk_of_bias.tools import NOT_JUDGED

RULE = (
    "down one level unless most of the weight is in trials judged low, two where most is in trials "
    "judged high; a trial that nobody has judged is never low, so it counts like some concerns "
    "until someone has judged it"
)
CLASSES = ("low", "some concerns", "high", NOT_JUDGED)


def risk_of_bias(body: Body, rules: Rules) -> Domain:
    """Down by the share of the weight that each judgement carries."""
    shares = {word: body.share(t.bias == word for t in body.trials) for word in CLASSES}
    blind = body.share(t.double_blind for t in body.trials)
    down = 0
    if _reaches(shares["high"], rules.high_share):
        down = 2
    elif not _reaches(shares["low"], rules.low_share):
        down = 1
    told = [f"{share_text(share)} {word}" for word, share in shares.items() if share > 0]
    hint = ""
    if shares[NOT_JUDGED] > 0:
        hint = (
            f"; as a hint only, {share_text(1 - blind)} of the weight is in trials not recorded "
            "as double-blind"
        )
    return Domain(
        "risk of bias",
        down,
        f"{RULE} ({SOURCES['risk of bias']})",
        {
            **{word.replace(" ", "_"): share for word, share in shares.items()},
            "not_double_blind": 1 - blind,
        },
        f"by weight, {', '.join(told)}{hint}",
    )


def _reaches(share: float, threshold: float) -> bool:
    """Weights are sums of floats: half is half, whatever its last digit."""
    return share >= threshold - 1e-9
