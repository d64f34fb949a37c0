"""Which arms a trial has: the set of names that the columns or rows of its tables agree on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reprieve.living.articles.abbreviations import abbreviations_in
from reprieve.living.articles.allocation import speaks_of_group
from reprieve.living.articles.arm_sets import NameSet, sets_of, sets_of_captions
from reprieve.living.articles.arms import Arm, Arms, name_of
from reprieve.living.articles.instrument_words import names_a_measure
from reprieve.living.articles.layout import Layout, Reading

_TRIED = 8
_RANDOMISED = re.compile(
    r"\brandomly\b|(?:were|was) randomi[sz]ed|\bgroups\b.{0,40}\brandomi[sz]", re.IGNORECASE
)
_GROUP_WORDS = re.compile(
    r"\bgroups?\b|\barms?\b|placebo|sham\b|control|\busual\b|intervention|vehicle|saline|"
    r"experimental|wait(?:ing)?[- ]?list|\btreatment\b|\btherapy\b|exercise",
    re.IGNORECASE,
)
_PARTS_OF_PEOPLE = re.compile(
    r"\b(?:(?:wo)?m[ae]n|(?:fe)?males?|boys|girls|(?:non-?)?responders?|completers|drop-?outs?|"
    r"younger|older|right|left|(?:un)?affected|(?:un)?injured|(?:un)?involved|healthy|norms?|"
    r"non-?\w+|not|normal|population|reference|yes|no|mild|moderate|severe|low|high|medial|lateral|items?)\b",
    re.IGNORECASE,
)
_ONLY_PARTS = re.compile(
    r"\b(?:(?:non-?)?responders?|completers?|drop-?outs?|yes|no|(?:fe)?males?|(?:wo)?men|boys|girls|"
    r"norms?|population|healthy|lost to|excluded|declined|completed|participated)\b(?! exercise)",
    re.IGNORECASE,
)
_SOME = 0.2
_LIKELY = 2.0
_LONE = 2.5
_WORTH = 6.0
"""What it is worth if all outcomes name the arms of a set, against its score as a set."""


def find_arms(layouts: Sequence[Layout], text: str) -> Arms:
    """The arms of a trial.

    The columns of the table of baseline characteristics name them best; the columns, or the
    rows, of other tables come next. Names that the text never uses count less.

    Parameters
    ----------
    layouts : sequence of Layout
    text : str
        Title, abstract and methods.

    Returns
    -------
    Arms
        Without arms where no set of names was found; then the article may report one arm.
    """
    notes = [f"{layout.table.foot} {layout.table.caption}" for layout in layouts]
    short = abbreviations_in(text, notes)
    several = bool(_RANDOMISED.search(text))
    sets = [found for layout in layouts for found in sets_of(layout, several)]
    sets += sets_of_captions(layouts)
    if not sets:
        return Arms([], short)
    known = _Known(" ".join((text, *notes)).lower(), short)
    ranked = sorted(((_score(found, sets, known), n) for n, found in enumerate(sets)), reverse=True)
    likely = [(score, sets[n]) for score, n in ranked if score >= _LIKELY][:_TRIED]
    if not likely:
        return Arms([], short)
    tried = [(score, _registry(found, sets, short)) for score, found in likely]
    values = _values_of_outcomes(layouts)
    _, registry = max(tried, key=lambda one: one[0] + _WORTH * _named(values, one[1]))
    for layout in layouts:
        _add_unknown(registry, layout, layouts)
        registry = Arms(registry.arms, short)
    return registry


def _registry(best: NameSet, sets: Sequence[NameSet], short: Mapping[str, str]) -> Arms:
    """The arms that a set of names gives, with their names in the other sets."""
    together = _together([n for _, n in best.names])
    arms = [Arm(name, [name], n) for i, (name, n) in enumerate(best.names) if i != together]
    registry = Arms(arms, short)
    for found in sets:
        _learn(registry, found)
    return Arms(registry.arms, short)


@dataclass(frozen=True, slots=True)
class _Told:
    """What may name the arm of a number: its headings, then the caption of its table."""

    headings: tuple[str, ...]
    caption: str


def _values_of_outcomes(layouts: Sequence[Layout]) -> list[_Told]:
    """The headings of each number with a spread in tables of pain or function, else in all."""
    found, others = [], []
    for layout in layouts:
        caption = names_a_measure(layout.table.caption, any_measure=False)
        for reading in layout.readings:
            named = any(names_a_measure(h, any_measure=False) for h in reading.headings)
            if reading.value.spread is not None and (named or caption):
                found.append(_told(reading, layout.table.caption))
            elif reading.value.spread is not None:
                others.append(_told(reading, layout.table.caption))
    return found or others


def _told(reading: Reading, caption: str) -> _Told:
    return _Told((*reading.headings, " ".join(reversed(reading.columns))), caption)


def _named(values: Sequence[_Told], arms: Arms) -> float:
    """The share of numbers with a heading, or else a caption, that names an arm."""
    known = {heading: arms.match(heading) for value in values for heading in value.headings}
    told = {value.caption: arms.match_caption(value.caption) for value in values}
    named = sum(bool(told[v.caption]) or any(known[h] for h in v.headings) for v in values)
    return named / max(1, len(values))


def _add_unknown(registry: Arms, layout: Layout, layouts: Sequence[Layout]) -> None:
    """Names of a table of outcomes that are none of the arms found so far.

    As many columns as there are arms stand for them in their order; else they are arms of their
    own. Names that elsewhere stand beside arms are parts of arms, and are left alone.
    """
    headings = _headings(layout)
    if not any(names_a_measure(h, any_measure=False) for h in (*headings, layout.table.caption)):
        return
    if _named_by_a_heading(layout, registry) > _SOME or registry.match_caption(
        layout.table.caption
    ):
        return
    beside = {
        name_of(heading)
        for other in layouts
        if any(registry.match(heading) for heading in _headings(other))
        for heading in _headings(other)
    }
    for found in sets_of(layout):
        names = [name for name, _ in found.names]
        if not 2 <= len(names) <= 5 or beside & set(names):
            continue
        if any(_PARTS_OF_PEOPLE.search(name) for name in names):
            continue
        grouped = any(_GROUP_WORDS.search(name) for name in names)
        in_order = found.of_columns or (grouped and found.score >= 1)
        if in_order and len(names) == len(registry.arms) and _as_many(found, registry):
            for arm, name in zip(registry.arms, names, strict=True):
                arm.names.append(name)
            return
        if found.score >= 1 or (grouped and found.score > -_LONE):
            registry.arms += [Arm(name, [name], n) for name, n in found.names]
            return


def _as_many(found: NameSet, registry: Arms) -> bool:
    """Whether names count no more people than the arms that they would stand for, nor far fewer."""
    pairs = zip(found.names, registry.arms, strict=True)
    known = [(n, arm.n) for (_, n), arm in pairs if n and arm.n]
    return all(0.5 * most <= n <= 1.05 * most for n, most in known)


def _named_by_a_heading(layout: Layout, registry: Arms) -> float:
    """The share of the numbers with a spread that a heading gives to an arm."""
    values = [r for r in layout.readings if r.value.spread is not None] or layout.readings
    return _named([_told(reading, "") for reading in values], registry)


def _headings(layout: Layout) -> set[str]:
    return {heading for reading in layout.readings for heading in reading.headings}


def _together(counts: Sequence[int | None]) -> int | None:
    """The place of a column that holds the people of all others."""
    known = [n for n in counts if n is not None]
    if len(known) < len(counts) or len(known) < 3:
        return None
    return next((i for i, n in enumerate(known) if 2 * n == sum(known)), None)


def _score(found: NameSet, sets: Sequence[NameSet], known: _Known) -> float:
    """How much speaks for names as those of the arms; no sum of points where nothing does."""
    grouped = sum(1 for name, _ in found.names if _GROUP_WORDS.search(name)) / len(found.names)
    groups = sum(known.as_group(name) for name, _ in found.names) / len(found.names)
    counted = found.of_columns and len(found.names) > 1 and all(n for _, n in found.names)
    titled = found.titled and (groups > 0 or grouped > 0 or _all_lettered(found))
    if not (groups or grouped or counted or titled or found.of_people):
        return 0.0
    mine = {n.lower() for n, _ in found.names}
    same = sum(
        1 for other in sets if other is not found and {n.lower() for n, _ in other.names} == mine
    )
    in_text = sum(known.in_text(name) for name, _ in found.names) / len(found.names)
    alone = -2.0 if len(found.names) == 1 else 0.0
    many = -0.5 * max(0, len(found.names) - 5)
    # A table that leaves an arm out names fewer than one that leaves none out.
    wider = sum(0.75 for other in sets if {n.lower() for n, _ in other.names} < mine)
    parts = -2.0 * any(_ONLY_PARTS.search(name) for name, _ in found.names)
    words = 3.0 * max(groups, grouped) + 2.0 * in_text + 3.0 * titled
    return found.score + min(3, same) + min(3.0, wider) + words + alone + many + parts


def _all_lettered(found: NameSet) -> bool:
    return all(re.match(r"^(?:Group )?(?:[A-H]|\d|I{1,3}|IV|V)$", name) for name, _ in found.names)


@dataclass(slots=True)
class _Known:
    """What the text of an article says of names."""

    text: str
    short: Mapping[str, str]
    _groups: dict[str, bool] = field(default_factory=dict)

    def as_group(self, name: str) -> bool:
        """Whether it speaks of a name as of a group or of what a group received."""
        if name not in self._groups:
            long = self.short.get(name, "")
            self._groups[name] = speaks_of_group(self.text, name, long)
        return self._groups[name]

    def in_text(self, name: str) -> bool:
        """Whether the text knows a name, or each of its longer words."""
        simple = name.lower()
        if simple in self.text:
            return True
        words = [
            word
            for word in re.findall(r"[a-z0-9]+", simple)
            if len(word) > 2 and word not in ("group", "the")
        ]
        return bool(words) and all(word in self.text for word in words)


def _learn(registry: Arms, found: NameSet) -> None:
    """Other names of the arms, from a set of as many names."""
    matches = [registry.match(name) for name, _ in found.names]
    arms = [match.arm if match else None for match in matches]
    left = [arm for arm in range(len(registry.arms)) if arm not in arms]
    some = any(arm is not None for arm in arms)
    alike = len(found.names) == len(registry.arms) and arms.count(None) == len(left)
    if some and alike and (len(left) == 1 or found.of_columns):
        # The columns that are left stand for the arms that are left, in their order.
        arms = [left.pop(0) if arm is None else arm for arm in arms]
    for (name, n), arm in zip(found.names, arms, strict=True):
        if arm is None or [a for a in arms if a is not None].count(arm) > 1:
            continue
        known = registry.arms[arm]
        if name not in known.names:
            known.names.append(name)
        if known.n is None:
            known.n = n
