"""Publication bias: small-study tests, silent registered trials, and who paid."""

from __future__ import annotations

from typing import Any

from reprieve.certainty.grading.body import Body
from reprieve.certainty.grading.domains import Domain
from reprieve.certainty.grading.imprecision import optimal_information_size
from reprieve.certainty.grading.rules import SOURCES, Rules
from reprieve.certainty.grading.text import interval_text, number_text, share_text
from reprieve.certainty.grading.verdicts import target_of, verdict_of
from reprieve.certainty.unpublished import MissingEvidence

RULE = (
    "one level where, of ten trials or more, small ones favour the treatment more than large ones "
    "(Egger's test); where, had the registered trials that stay silent found nothing, the claim "
    "would change or its interval reach out of it; or where most of the weight is in trials paid "
    "for by industry, all of them small"
)


def publication_bias(body: Body, rules: Rules) -> Domain:
    """Whether results are likely to have stayed unpublished."""
    inputs: dict[str, Any] = {"k": body.k}
    asymmetric, first = _asymmetry(body, rules, inputs)
    silent, second = _silent(body, rules, inputs)
    bought, third = _industry(body, rules, inputs)
    return Domain(
        "publication bias",
        int(asymmetric or silent or bought),
        f"{RULE} ({SOURCES['publication bias']})",
        inputs,
        "; ".join(part for part in (first, second, third) if part),
    )


def _asymmetry(body: Body, rules: Rules, inputs: dict[str, Any]) -> tuple[bool, str]:
    found = body.asymmetry if body.k >= rules.fewest_for_asymmetry else None
    inputs["egger_p"] = None if found is None else found.p
    inputs["small_trials_favour_treatment"] = None if found is None else found.favours_treatment
    if found is None:
        trials = "one trial is" if body.k == 1 else f"{body.k} trials are"
        return False, f"{trials} too few to compare small with large ones"
    differ = found.p < rules.asymmetry_p and found.favours_treatment
    how = "favour the treatment more than" if differ else "do not clearly favour it more than"
    return differ, f"small trials {how} large ones (Egger's test, p {found.p:.2f})"


def _silent(body: Body, rules: Rules, inputs: dict[str, Any]) -> tuple[bool, str]:
    missing = body.missing
    if missing is None or not missing.silent:
        inputs |= {"silent_trials": 0, "share_missing": 0.0}
        return False, ""
    changes = _changes(body, missing, rules)
    null = missing.if_null
    inputs |= {
        "silent_trials": missing.silent,
        "planned_silent": missing.planned_silent,
        "share_missing": missing.share_missing,
        "if_null": None if null is None else [null.estimate, *null.ci],
        "if_null_changes_the_claim": changes,
        "register_of": missing.as_of.isoformat(),
    }
    said = (
        f"{missing.silent} registered randomised trials of cells in the condition are silent "
        f"({missing.planned_silent:,} people, {share_text(missing.share_missing)} of all)"
    )
    if null is None:
        return False, said
    end = "where the claim no longer holds" if changes else "and the claim still holds"
    said += (
        f"; had they found nothing: {number_text(null.estimate)} ({interval_text(null.ci)}), {end}"
    )
    return changes and missing.share_missing >= rules.silent_share, said


def _changes(body: Body, missing: MissingEvidence, rules: Rules) -> bool:
    """Whether the claim would be another one, or its interval reach out of it.

    The interval as it is plays no part: a wider one must not make silent trials matter less.
    """
    null = missing.if_null
    if null is None:
        return False
    after = target_of(null.estimate, body.mcid, rules)
    return (
        after.verdict != verdict_of(body.estimate, body.mcid, rules) or after.crossed(null.ci) > 0
    )


def _industry(body: Body, rules: Rules, inputs: dict[str, Any]) -> tuple[bool, str]:
    paid = body.share(t.funding in ("industry", "mixed") for t in body.trials)
    size = optimal_information_size(body.sd, body.mcid, rules)
    largest = max((t.people for t in body.trials), default=0)
    inputs |= {"paid_by_industry": paid, "largest_trial": largest}
    if paid < rules.industry_share:
        return False, ""
    said = f"{share_text(paid)} of the weight was paid for by industry"
    small = largest < size
    return small, said + (f", and the largest trial has {largest} people" if small else "")
