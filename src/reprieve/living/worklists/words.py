"""The words that people decide with, and what each of them asks for."""

from __future__ import annotations

from typing import Literal

from reprieve.errors import InputError, UnknownWordError

Kind = Literal["screening", "extraction", "risk_of_bias", "verification", "joining"]

DECISIONS: dict[str, tuple[str, ...]] = {
    "screening": ("include", "exclude", "maybe"),
    "extraction": ("extracted",),
    "risk_of_bias": ("judged",),
    "verification": ("accept", "correct", "reject"),
    "joining": ("same_trial", "other_trial"),
}
"""By kind of work."""

NEEDS: dict[str, int] = {
    "screening": 2,
    "extraction": 2,
    "risk_of_bias": 2,
    "verification": 1,
    "joining": 1,
}
"""How many people decide independently, by kind of work."""

TAKEN_BACK = "taken_back"
"""The word of a decision that takes back an earlier one."""

REASONS: dict[str, str] = {
    "duplicate": "the same report is in the list already",
    "not_retrievable": "the full text can't be had",
    "wrong_population": "the people do not have a chronic painful condition of the review",
    "wrong_intervention": "nobody is given cells",
    "wrong_comparator": "no comparison that the review asks for",
    "wrong_outcome": "neither pain, function nor harms are measured",
    "wrong_design": "not a trial in people",
    "wrong_publication": "a protocol, review, comment or abstract without data",
    "other": "another reason, which the note gives",
}
"""Why a record is excluded, in the order in which one reason is reported where several hold."""


def check_decision(kind: str, decision: str, reason: str, note: str) -> None:
    """Refuse a decision that is no word of its kind, or lacks its reason.

    Raises
    ------
    UnknownWordError
        If the decision or the reason is no word of the list.
    InputError
        If the reason is missing, or given where there is nothing to give one for.

    Examples
    --------
    >>> check_decision("screening", "exclude", "wrong_design", "")
    >>> check_decision("screening", "exclude", "", "")
    Traceback (most recent call last):
    ...
    reprieve.errors.InputError: an exclusion needs a reason; give one of duplicate, ...
    """
    if decision not in DECISIONS[kind]:
        raise UnknownWordError(f"decision on {kind.replace('_', ' ')}", decision, DECISIONS[kind])
    if decision == "exclude":
        if not reason:
            raise InputError(f"an exclusion needs a reason; give one of {', '.join(REASONS)}")
        if reason not in REASONS:
            raise UnknownWordError("reason to exclude", reason, REASONS)
        if reason == "other" and not note.strip():
            raise InputError("the reason 'other' says nothing by itself; say in a note what it is")
    elif reason:
        raise InputError(f"a reason belongs to an exclusion, not to {decision!r}; use a note")
    if decision in ("correct", "reject") and not note.strip():
        raise InputError(f"to {decision} a row needs a reason; say in a note why")
