"""The sets of names that the columns and the rows of a table, or its caption, may give to arms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from reprieve.living.articles.arms import is_no_arm, may_be_an_arm, name_of, people_in
from reprieve.living.articles.instrument_words import names_a_measure
from reprieve.living.articles.layout import Layout
from reprieve.living.articles.times import without_times

_BASELINE = re.compile(
    r"base-?line|demograph|characteristic|homogene|inclusion|clinical data", re.IGNORECASE
)
MOST_ARMS = 8
_OF_GROUP = re.compile(
    r"\b(?:in|of|for|within|among|[-:–])\s+(?:the\s+)?(?P<name>[A-Za-z][\w+-]*(?: [\w+-]+){0,3}? "
    r"(?:group|arm)|[Gg]roup (?:[A-E]|[1-6]|I{1,3}|IV))\b(?!s)"
)


@dataclass(frozen=True, slots=True)
class NameSet:
    """Names that one axis of one table gives.

    `titled` where the table calls them groups, `of_people` where its rows give age and sex.
    """

    names: tuple[tuple[str, int | None], ...]
    score: float
    of_columns: bool = False
    titled: bool = False
    of_people: bool = False


def sets_of(layout: Layout, several: bool = False) -> list[NameSet]:
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
    columns = _only_counted(columns)
    people = layout.describes_people
    if 1 <= len(columns) <= MOST_ARMS and layout.readings:
        score = 1.0 + 3.0 * baseline + 1.5 * people + _counted(columns)
        grouped = people and len(columns) > 1
        found.append(NameSet(tuple(columns.items()), score, of_columns=True, of_people=grouped))
    for level in _levels(layout):
        found.append(NameSet(tuple(level.items()), 1.0, of_columns=True))
    for names, repeated in _row_names(layout, several):
        if 2 <= len(names) <= MOST_ARMS:
            found.append(NameSet(tuple(names.items()), 1.0 + _counted(names) + repeated))
    titled = _titled_rows(layout)
    if 2 <= len(titled) <= MOST_ARMS:
        found.append(NameSet(tuple(titled.items()), 1.0 + _counted(titled), titled=True))
    return found


def _titled_rows(layout: Layout) -> dict[str, int | None]:
    """The names in a column of the stub that the table calls groups."""
    found: dict[str, int | None] = {}
    for text in layout.called_groups():
        name = without_times(name_of(text)) or name_of(text)
        if name and may_be_an_arm(text) and name not in found:
            found[name] = people_in(text)
    return found


def _levels(layout: Layout) -> list[dict[str, int | None]]:
    """The names in the outer and in the inner headings of columns, where those come again.

    Arms may stand below each outcome or subgroup, or above them.
    """
    paths = [[part for part in path if may_be_an_arm(part)] for path in layout.column_headings()]
    nested = [path for path in paths if len(path) > 1]
    found = []
    for depth in (0, -1):
        names = [without_times(name_of(path[depth])) or name_of(path[depth]) for path in nested]
        others = {name: set[str]() for name in names}
        for name, path in zip(names, nested, strict=True):
            others[name].add(path[-1] if depth == 0 else path[0])
        if 2 <= len(others) <= MOST_ARMS and all(len(beside) > 1 for beside in others.values()):
            found.append(dict.fromkeys(others))
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


def _only_counted(names: dict[str, int | None]) -> dict[str, int | None]:
    """The names that count their people, where two or more do and so few do not."""
    counted: dict[str, int | None] = {name: n for name, n in names.items() if n is not None}
    return counted if len(counted) >= 2 else names


def _counted(names: dict[str, int | None]) -> float:
    return 2.0 if names and all(n is not None for n in names.values()) else 0.0


def sets_of_captions(layouts: Sequence[Layout]) -> list[NameSet]:
    """The groups that captions name, where each group has tables of its own."""
    names: dict[str, int | None] = {}
    for layout in layouts:
        for match in _OF_GROUP.finditer(layout.table.caption):
            names.setdefault(re.sub(r"^the\s+", "", match["name"]), None)
    return [NameSet(tuple(names.items()), 1.0)] if 2 <= len(names) <= MOST_ARMS else []
