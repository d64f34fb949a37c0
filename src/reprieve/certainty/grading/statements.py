"""What a rated result says, in GRADE's standard wording.

Santesso et al. (2020) J Clin Epidemiol 119:126 (GRADE guidelines 26): high certainty states,
moderate says probably, low says may, and very low says that the evidence is very uncertain.
"""

from __future__ import annotations

from typing import Literal

from reprieve.certainty.grading.verdicts import Verdict

Level = Literal["high", "moderate", "low", "very low", "not rated"]
LEVELS: tuple[Level, ...] = ("very low", "low", "moderate", "high")

EFFECTS = {
    "pain": ("reduce pain", "increase pain", "pain"),
    "function": ("improve daily activity", "worsen daily activity", "daily activity"),
    "quality_of_life": (
        "improve quality of life",
        "worsen quality of life",
        "quality of life",
    ),
    "structure": ("reduce damage to tissue", "increase damage to tissue", "damage to tissue"),
    "inflammation": ("reduce inflammation", "increase inflammation", "inflammation"),
    "global": ("reduce overall complaints", "increase overall complaints", "overall complaints"),
}
"""For each outcome: what a benefit and a harm do, and the outcome itself."""


def statement(
    level: Level,
    verdict: Verdict,
    treatment: str,
    comparator: str,
    outcome: str,
    *,
    slight: bool = False,
) -> str:
    """A result in GRADE's standard wording.

    Parameters
    ----------
    level : {"high", "moderate", "low", "very low"}
    verdict : str
        See `verdicts.Verdict`.
    treatment, comparator : str
        In words.
    outcome : str
        A code of the outcomes, such as ``"pain"``, or words for another one (an event).
    slight : bool
        Whether the effect is smaller than the smallest worthwhile difference.

    Examples
    --------
    >>> statement("moderate", "little or no difference", "cells", "saline", "pain")
    'Cells probably result in little to no difference in pain compared with saline.'
    >>> statement("low", "benefit", "cells", "saline", "pain", slight=True)
    'Cells may reduce pain slightly compared with saline.'
    >>> statement("very low", "important benefit", "cells", "saline", "pain")
    'The evidence is very uncertain about the effect of cells on pain compared with saline.'
    """
    better, worse, name = EFFECTS.get(
        outcome, (f"reduce {outcome}", f"increase {outcome}", outcome)
    )
    if level == "not rated":
        return f"No trial shows the effect of {treatment} on {name} compared with {comparator}."
    if level == "very low":
        return (
            f"The evidence is very uncertain about the effect of {treatment} on {name} compared "
            f"with {comparator}."
        )
    if "difference" in verdict:
        effect = f"result in little to no difference in {name}"
    else:
        effect = better if verdict.endswith("benefit") else worse
        effect += " slightly" if slight else ""
    how = {"high": "", "moderate": "probably ", "low": "may "}[level]
    subject = treatment[:1].upper() + treatment[1:]
    verb = effect if level == "low" or _plural(treatment) else _third_person(effect)
    return f"{subject} {how}{verb} compared with {comparator}."


def _plural(name: str) -> bool:
    """Whether a treatment's name takes the plural: cells do, surgery does not."""
    first = name.split(" (")[0].split(" or ")[0].split(" from ")[0].split(" of ")[0]
    return first.endswith(("cells", "injections", "drugs", "exercises", "blocks", "pills"))


def _third_person(effect: str) -> str:
    verb, _, rest = effect.partition(" ")
    return f"{verb}s {rest}"
