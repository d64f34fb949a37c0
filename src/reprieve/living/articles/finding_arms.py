"""Which arms a trial has: the set of names that the columns or rows of its tables agree on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from reprieve.living.articles.arms import (
    Arm,
    Arms,
    abbreviations_in,
    is_no_arm,
    may_be_an_arm,
    name_of,
    people_in,
)
from reprieve.living.articles.instrument_words import names_a_measure
from reprieve.living.articles.layout import Layout
from reprieve.living.articles.times import without_times

_BASELINE = re.compile(
    r"base-?line|demograph|characteristic|homogene|inclusion|clinical data", re.IGNORECASE
)
MOST_ARMS = 8
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
_OF_GROUP = re.compile(
    r"\b(?:in|of|for|within|among|[-:–])\s+(?:the\s+)?(?P<name>[A-Za-z][\w+-]*(?: [\w+-]+){0,3}? "
    r"(?:group|arm)|[Gg]roup (?:[A-E]|[1-6]|I{1,3}|IV))\b(?!s)"
)
_SOME = 0.2
_LONE = 2.5
_WORTH = 6.0
"""What it is worth if all outcomes name the arms of a set, against its score as a set."""


@dataclass(frozen=True, slots=True)
class _Set:
    """Names that one axis of one table gives."""

    names: tuple[tuple[str, int | None], ...]
    score: float
    of_columns: bool = False


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
    sets = [found for layout in layouts for found in _sets(layout, several)]
    sets += _captioned(layouts)
    if not sets:
        return Arms([], short)
    words = " ".join((text, *notes)).lower()
    ranked = sorted(((_score(found, sets, words), n) for n, found in enumerate(sets)), reverse=True)
    likely = [(score, sets[n]) for score, n in ranked if score >= 2][:_TRIED]
    if not likely:
        return Arms([], short)
    tried = [(score, _registry(found, sets, short)) for score, found in likely]
    values = _values_of_outcomes(layouts)
    _, registry = max(tried, key=lambda one: one[0] + _WORTH * _named(values, one[1]))
    for layout in layouts:
        _add_unknown(registry, layout, layouts)
        registry = Arms(registry.arms, short)
    return registry


def _registry(best: _Set, sets: Sequence[_Set], short: Mapping[str, str]) -> Arms:
    """The arms that a set of names gives, with their names in the other sets."""
    together = _together([n for _, n in best.names])
    arms = [Arm(name, [name], n) for i, (name, n) in enumerate(best.names) if i != together]
    registry = Arms(arms, short)
    for found in sets:
        _learn(registry, found)
    return Arms(registry.arms, short)


def _captioned(layouts: Sequence[Layout]) -> list[_Set]:
    """The groups that captions name, where each group has tables of its own."""
    names: dict[str, int | None] = {}
    for layout in layouts:
        for match in _OF_GROUP.finditer(layout.table.caption):
            names.setdefault(re.sub(r"^the\s+", "", match["name"]), None)
    return [_Set(tuple(names.items()), 1.0)] if 2 <= len(names) <= MOST_ARMS else []


@dataclass(frozen=True, slots=True)
class _Told:
    """What may name the arm of a number: its headings, then the caption of its table."""

    headings: tuple[str, ...]
    caption: str


def _values_of_outcomes(layouts: Sequence[Layout]) -> list[_Told]:
    """The headings of each number with a spread in tables of pain or function."""
    found = []
    for layout in layouts:
        caption = names_a_measure(layout.table.caption, any_measure=False)
        for reading in layout.readings:
            named = any(names_a_measure(h, any_measure=False) for h in reading.headings)
            if reading.value.spread is not None and (named or caption):
                headings = (*reading.headings, " ".join(reversed(reading.columns)))
                found.append(_Told(headings, layout.table.caption))
    return found


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
    for found in _sets(layout):
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


def _as_many(found: _Set, registry: Arms) -> bool:
    """Whether names count no more people than the arms that they would stand for, nor far fewer."""
    pairs = zip(found.names, registry.arms, strict=True)
    known = [(n, arm.n) for (_, n), arm in pairs if n and arm.n]
    return all(0.5 * most <= n <= 1.05 * most for n, most in known)


def _named_by_a_heading(layout: Layout, registry: Arms) -> float:
    """The share of the numbers with a spread that a heading gives to an arm."""
    values = [r for r in layout.readings if r.value.spread is not None] or layout.readings
    told = [_Told((*r.headings, " ".join(reversed(r.columns))), "") for r in values]
    return _named(told, registry)


def _headings(layout: Layout) -> set[str]:
    return {heading for reading in layout.readings for heading in reading.headings}


def _together(counts: Sequence[int | None]) -> int | None:
    """The place of a column that holds the people of all others."""
    known = [n for n in counts if n is not None]
    if len(known) < len(counts) or len(known) < 3:
        return None
    return next((i for i, n in enumerate(known) if 2 * n == sum(known)), None)


def _sets(layout: Layout, several: bool = False) -> list[_Set]:
    """The sets of names that the columns and the rows of a table may give.

    In a trial of `several` arms the rows below an instrument may be its arms, each named once.
    """
    found = []
    baseline = bool(_BASELINE.search(layout.table.caption[:160]))
    columns: dict[str, int | None] = {}
    for path in layout.column_headings():
        label, n = _label(path)
        if label and label not in columns:
            columns[label] = n
    if 1 <= len(columns) <= MOST_ARMS and layout.readings:
        score = (6.0 if baseline else 1.0) + _counted(columns)
        found.append(_Set(tuple(columns.items()), score, of_columns=True))
    for names, repeated in _row_names(layout, several):
        if 2 <= len(names) <= MOST_ARMS:
            found.append(_Set(tuple(names.items()), 1.0 + _counted(names) + repeated))
    return found


def _label(path: Sequence[str]) -> tuple[str, int | None]:
    """The name of an arm that a path of headings holds, and its people."""
    n = next((count for part in reversed(path) if (count := people_in(part)) is not None), None)
    parts = [part for part in path if may_be_an_arm(part)]
    if len(parts) < len([part for part in path if name_of(part)]) and any(
        _excludes(part) for part in path
    ):
        return "", None
    names = [without_times(name_of(part)) or name_of(part) for part in parts]
    label = re.sub(
        r"\b(?:changes?|scores?|values?|Δ)\b|Δ", " ", " ".join(names), flags=re.IGNORECASE
    )
    return re.sub(r"\s+", " ", label).strip(" ,;:-"), n


def _excludes(part: str) -> bool:
    name = name_of(part)
    return is_no_arm(name or part)


def _row_names(layout: Layout, several: bool) -> list[tuple[dict[str, int | None], float]]:
    """Names in a stub column that come again and again, or that count their people."""
    found = []
    for depth, axis in enumerate(_row_axes(layout)):
        inner = several and depth == 0 and _below_measures(layout)
        names: dict[str, int | None] = {}
        times: dict[str, int] = {}
        for text in axis:
            if may_be_an_arm(text, of_row=True):
                name = without_times(name_of(text)) or name_of(text)
                names.setdefault(name, people_in(text))
                times[name] = times.get(name, 0) + 1
        repeated = [name for name, count in times.items() if count > 1]
        counted = [name for name, n in names.items() if n is not None]
        if len(counted) >= 2:
            found.append(({name: names[name] for name in counted}, 1.0))
        elif len(repeated) >= 2:
            found.append(({name: names[name] for name in repeated}, 0.5))
        elif 2 <= len(names) <= 5:
            found.append((names, -0.5 if inner else -3.0))
    return found


def _below_measures(layout: Layout) -> bool:
    """Whether the rows of a table stand below instruments of pain or function."""
    around = [(*r.stubs[1:], *r.sections[:1]) for r in layout.readings if r.stubs]
    named = sum(any(names_a_measure(h, any_measure=False) for h in rest) for rest in around)
    return named >= 0.3 * max(1, len(around))


def _row_axes(layout: Layout) -> list[list[str]]:
    """The headings of rows, the nearest, the next and those of the parts of a table."""
    rows = dict.fromkeys((r.row, r.stubs, r.sections) for r in layout.readings)
    axes = [[stubs[depth] for _, stubs, _ in rows if len(stubs) > depth] for depth in range(2)]
    parts = groupby(sections[0] for _, _, sections in rows if sections)
    return [*axes, [part for part, _ in parts]]


def _counted(names: dict[str, int | None]) -> float:
    return 2.0 if names and all(n is not None for n in names.values()) else 0.0


def _score(found: _Set, sets: Sequence[_Set], text: str) -> float:
    same = sum(
        1
        for other in sets
        if other is not found
        and {n.lower() for n, _ in other.names} == {n.lower() for n, _ in found.names}
    )
    known = sum(1 for name, _ in found.names if _in_text(name, text)) / len(found.names)
    alone = -2.0 if len(found.names) == 1 else 0.0
    many = -0.5 * max(0, len(found.names) - 5)
    mine = {n.lower() for n, _ in found.names}
    # A table that leaves an arm out names fewer than one that leaves none out.
    wider = sum(0.75 for other in sets if {n.lower() for n, _ in other.names} < mine)
    groups = 1.5 if any(_GROUP_WORDS.search(name) for name, _ in found.names) else 0.0
    return found.score + min(3, same) + min(3.0, wider) + 3.0 * known + alone + many + groups


def _in_text(name: str, text: str) -> bool:
    """Whether the text knows a name, or each of its longer words."""
    simple = name.lower()
    if simple in text:
        return True
    words = [
        word
        for word in re.findall(r"[a-z0-9]+", simple)
        if len(word) > 2 and word not in ("group", "the")
    ]
    return bool(words) and all(word in text for word in words)


def _learn(registry: Arms, found: _Set) -> None:
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
