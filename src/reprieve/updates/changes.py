"""What differs between two moments, and which of it changes a conclusion.

A shift of a number is told in the difference and wakes nobody. These wake people: an effect, or its
interval, that crosses the smallest worthwhile difference or no difference; certainty that moves;
two options that change places; a harm that is shown, or no longer; a number where there was none,
or none where there was one; a retraction; a registered trial that falls silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from reprieve.updates import change_words as words
from reprieve.updates.conclusions import (
    Conclusion,
    EffectConclusion,
    HarmConclusion,
    HarmSignal,
    Notice,
    OptionPair,
    OrderConclusion,
    Standing,
    TrialUsed,
)

ChangeKind = Literal[
    "crosses_worthwhile",
    "crosses_null",
    "certainty",
    "order",
    "harm_signal",
    "number_appears",
    "number_disappears",
    "retracted",
    "silent",
]
KINDS: dict[ChangeKind, str] = {
    "crosses_worthwhile": "the effect or its interval crosses the smallest worthwhile difference",
    "crosses_null": "the effect or its interval crosses no difference",
    "certainty": "certainty moves",
    "order": "two options change places",
    "harm_signal": "a harm is shown, or no longer shown",
    "number_appears": "a question has a number for the first time",
    "number_disappears": "a question has no number any more",
    "retracted": "a report of a trial is retracted",
    "silent": "results of a registered trial are overdue",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One way in which a conclusion changed.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    before, after : str
        The state of what changed, in a few words.
    words : str
        A plain sentence.
    """

    kind: ChangeKind
    before: str
    after: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One answer, or one trial, of which something is different.

    Attributes
    ----------
    key, title, condition : str
    before, after : str
        The number at both moments, in words.
    changes : tuple of Change
        Empty where numbers shifted and no conclusion changed.
    came, went, other : tuple of TrialUsed
        Trials that the answer now stands on and did not before, those that it stood on, and
        those that say something else than before (as they say it now).
    also : tuple of str
        Titles of other answers that rest on the same trials and changed in the same way; for a
        trial, of the answers that stand on it.
    also_keys : tuple of str
        The keys of those other answers; empty for a trial.
    without : tuple of str
        For a retracted trial: what those answers would say without it.
    """

    key: str
    title: str
    condition: str
    before: str
    after: str
    changes: tuple[Change, ...]
    came: tuple[TrialUsed, ...] = ()
    went: tuple[TrialUsed, ...] = ()
    other: tuple[TrialUsed, ...] = ()
    also: tuple[str, ...] = ()
    also_keys: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def alerts(self) -> bool:
        """Whether a conclusion changed."""
        return bool(self.changes)

    @property
    def visible(self) -> bool:
        """Whether a reader would see anything: numbers may differ in digits not shown."""
        return bool(
            self.changes or self.before != self.after or self.came or self.went or self.other
        )

    def to_dict(self) -> dict[str, Any]:
        """The difference as JSON can hold it."""
        return asdict(self)

    def text(self) -> str:
        """The difference to read."""
        return words.difference(self)


def compare(before: Standing, after: Standing) -> tuple[Difference, ...]:
    """All differences between two moments; those that change a conclusion stand first.

    Parameters
    ----------
    before, after : Standing

    Returns
    -------
    tuple of Difference
        An answer that is the same at both moments gives none.

    Examples
    --------
    >>> compare(Standing("2026-03-01"), Standing("2026-04-01"))
    ()
    """
    found = list(_trial_notices(before, after))
    for key in dict.fromkeys([*after.conclusions, *before.conclusions]):
        was, now = before.conclusions.get(key), after.conclusions.get(key)
        difference = _difference(was, now)
        if difference is not None:
            found.append(difference)
    found = _said_once(found)
    return tuple(sorted(found, key=lambda each: not each.alerts))


def _difference(was: Conclusion | None, now: Conclusion | None) -> Difference | None:
    shown = now or was
    if shown is None or _same(was, now):
        return None
    if isinstance(shown, HarmConclusion):
        was, now = _families_moved(was, now), _families_moved(now, was)  # type: ignore[arg-type]
    old, new = _by_study(was), _by_study(now)
    difference = Difference(
        key=shown.key,
        title=shown.title,
        condition=shown.condition,
        before=words.number(was),
        after=words.number(now),
        changes=tuple(_changes(was, now)),
        came=tuple(trial for key, trial in new.items() if key not in old),
        went=tuple(trial for key, trial in old.items() if key not in new),
        other=tuple(
            trial for key, trial in new.items() if key in old and old[key].says != trial.says
        ),
    )
    return difference if difference.visible else None


def _same(was: Conclusion | None, now: Conclusion | None) -> bool:
    """Whether nothing but words differs: the wording of a newer version is no news."""
    if was is None or now is None:
        return was is now
    return replace(was, in_words="", title="") == replace(now, in_words="", title="")


def _families_moved(
    conclusion: HarmConclusion | None, other: HarmConclusion | None
) -> HarmConclusion | None:
    """The harms without the families that are the same at both moments."""
    if conclusion is None or other is None:
        return conclusion
    same = {replace(family, in_words="") for family in other.families}
    moved = tuple(f for f in conclusion.families if replace(f, in_words="") not in same)
    return replace(conclusion, families=moved)


def _by_study(conclusion: Conclusion | None) -> dict[str, TrialUsed]:
    if conclusion is None:
        return {}
    if not isinstance(conclusion, HarmConclusion):
        return {trial.study_id: trial for trial in conclusion.trials}
    says: dict[str, list[TrialUsed]] = {}
    for family in conclusion.families:
        for trial in family.trials:
            says.setdefault(trial.study_id, []).append(trial)
    return {
        key: replace(trials[0], says="; ".join(trial.says for trial in trials))
        for key, trials in says.items()
    }


def _changes(was: Conclusion | None, now: Conclusion | None) -> Iterator[Change]:
    if isinstance(was or now, EffectConclusion):
        yield from _effect_changes(was, now)  # type: ignore[arg-type]
    elif isinstance(was, OrderConclusion) and isinstance(now, OrderConclusion):
        yield from _order_changes(was, now)
    elif isinstance(was or now, HarmConclusion):
        yield from _harm_changes(was, now)  # type: ignore[arg-type]


def _effect_changes(was: EffectConclusion | None, now: EffectConclusion | None) -> Iterator[Change]:
    numbers_before = was is not None and was.estimate is not None
    numbers_after = now is not None and now.estimate is not None
    if not numbers_before and not numbers_after:
        return
    if now is not None and not numbers_before:
        yield Change("number_appears", "no number", words.number(now), words.appears(now))
        return
    if was is not None and not numbers_after:
        yield Change("number_disappears", words.number(was), "no number", words.disappears(was))
        return
    assert was is not None
    assert now is not None
    worthwhile = words.size(was), words.size(now)
    if worthwhile[0] != worthwhile[1]:
        yield Change("crosses_worthwhile", *worthwhile, words.crosses_worthwhile(was, now))
    null = words.side(was), words.side(now)
    if null[0] != null[1]:
        yield Change("crosses_null", *null, words.crosses_null(was, now))
    if was.certainty != now.certainty:
        yield Change("certainty", was.certainty, now.certainty, words.certainty(was, now))


def _order_changes(was: OrderConclusion, now: OrderConclusion) -> Iterator[Change]:
    for pair in now.pairs:
        old = was.pair(pair.one, pair.two)
        if old is None:
            continue
        if _turned(old, pair):
            names = words.option(str(old.first)), words.option(str(pair.first))
            yield Change("order", f"{names[0]} first", f"{names[1]} first", words.turned(old, pair))
        if old.certainty and pair.certainty and old.certainty != pair.certainty:
            yield Change(
                "certainty", old.certainty, pair.certainty, words.pair_certainty(old, pair)
            )


def _turned(old: OptionPair, new: OptionPair) -> bool:
    return old.first is not None and new.first is not None and old.first != new.first


def _harm_changes(was: HarmConclusion | None, now: HarmConclusion | None) -> Iterator[Change]:
    old = {family.family: family for family in was.families} if was else {}
    new = {family.family: family for family in now.families} if now else {}
    shown = was or now
    assert shown is not None
    for code in dict.fromkeys([*new, *old]):
        sides = _harm_side(old.get(code)), _harm_side(new.get(code))
        if sides[0] != sides[1]:
            yield Change("harm_signal", *sides, words.harm(old.get(code), new.get(code), shown))


def _harm_side(family: HarmSignal | None) -> str:
    return family.side if family else "not shown"


def _trial_notices(before: Standing, after: Standing) -> Iterator[Difference]:
    kinds: tuple[tuple[ChangeKind, str], ...] = (("retracted", "retracted"), ("silent", "silent"))
    for kind, name in kinds:
        old: dict[str, Notice] = dict(getattr(before, name))
        new: dict[str, Notice] = dict(getattr(after, name))
        for trial, notice in new.items():
            if trial not in old:
                yield _notice(kind, notice, "", after)
        for trial, notice in old.items():
            if trial not in new:
                yield _notice(None, notice, words.NO_LONGER[kind], after)


def _notice(kind: ChangeKind | None, notice: Notice, no_longer: str, after: Standing) -> Difference:
    """Something newly known of a trial (an alert), or no longer so (in the difference only)."""
    standing_on_it = tuple(
        conclusion.title
        for conclusion in after.conclusions.values()
        if any(trial.study_id == notice.trial for trial in conclusion.trials)
    )
    state = no_longer or KINDS[kind or "silent"]
    changes = (Change(kind, "", state, words.notice(kind, notice, standing_on_it)),) if kind else ()
    return Difference(
        key=f"{kind or 'was'} {notice.trial}",
        title=f"{notice.label}: {state}",
        condition=notice.condition,
        before="",
        after=notice.why,
        changes=changes,
        also=standing_on_it,
        without=notice.without if kind else (),
    )


def _said_once(differences: Sequence[Difference]) -> list[Difference]:
    """Answers that rest on the same trials and changed alike, told as one.

    The narrower comparator says more, and comes later in the order of questions.
    """
    kept: dict[Any, Difference] = {}
    for each in differences:
        alike = (each.condition, each.before, each.after, each.changes, each.came, each.went)
        key = alike if each.before else each.key
        earlier = kept.get(key)
        kept[key] = (
            replace(
                earlier,
                also=(*earlier.also, each.title),
                also_keys=(*earlier.also_keys, each.key),
            )
            if earlier
            else each
        )
    return list(kept.values())
