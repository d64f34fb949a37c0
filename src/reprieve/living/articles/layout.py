"""How a table is laid out: for each number, the headings that speak of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reprieve.living.articles.grid_parts import (
    calls_groups,
    head_rows,
    is_blank,
    is_p_value,
    labels_in_the_middle,
    looks_like_data,
    path_above,
    repeats_itself,
    stub_columns,
    text_columns,
    with_group,
    with_spread_heads,
)
from reprieve.living.articles.numbers import Value, plain, read_interval, read_spread, read_value
from reprieve.living.articles.tables import Cell, Table
from reprieve.living.articles.times import names_only_a_time

_P_NUMBER = re.compile(r"^\W*(?:[<>=]?\s?0?\.\d+\**|ns|n\.s\.|p\s?[<=>].*)$", re.IGNORECASE)
_COUNT = re.compile(r"^\W*n\s?=\s?\d+\W*(?:\(?\d*\)?|%)?\W*$", re.IGNORECASE)
_OF_PEOPLE = [
    re.compile(rf"^\W*(?:(?:mean|median|average|patient'?s?'?) )?(?:{words})", re.IGNORECASE)
    for words in (
        r"age\b|years of age",
        r"(?:fe)?males?\b|sex\b|gender|(?:wo)?m[ae]n\b|boys|girls",
        r"bmi\b|body mass|(?:body )?weight|height|stature",
        r"ethnic|race\b|white\b|caucasian|education|married|marital|smok|employ",
        r"duration of|(?:disease|symptom|pain) duration|comorbid|time since (?:onset|diagnosis)",
    )
]
_TEST_ROW = re.compile(r"\bp\b[- ]?(?:value)?|anova|\btest\b|\bvs\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """The numbers of one cell and the headings that speak of them.

    Attributes
    ----------
    cell : Cell
    value : Value
    columns : tuple of str
        Headings above it, the nearest first.
    stubs : tuple of str
        Headings to its left, the nearest first.
    sections : tuple of str
        Headings of the part of the table that it stands in, the nearest first.
    before : tuple of str
        First headings of the rows before it, the nearest first.
    row, column : int
        Its place in the grid, from 0.
    """

    cell: Cell
    value: Value
    columns: tuple[str, ...]
    stubs: tuple[str, ...]
    sections: tuple[str, ...]
    before: tuple[str, ...]
    row: int
    column: int

    @property
    def headings(self) -> tuple[str, ...]:
        """All of them: stubs, sections, then columns, each the nearest first."""
        return (*self.stubs, *self.sections, *self.columns)


@dataclass(slots=True)
class _Section:
    text: str
    indent: int
    bold: bool
    row: int
    children_indented: bool = False


@dataclass(slots=True)
class Layout:
    """A table with its head and its stub told from its numbers.

    Attributes
    ----------
    table : Table
    head : int
        Rows of the head, with those that the markup does not call so.
    stub : int
        Columns of the stub.
    readings : list of Reading
    """

    table: Table
    head: int
    stub: int
    readings: list[Reading] = field(default_factory=list)

    def column_headings(self) -> list[tuple[str, ...]]:
        """The headings above each column of numbers, the outermost first."""
        return [
            tuple(path_above(self.table.rows[: self.head], c))
            for c in range(self.stub, self.table.width)
        ]

    def called_groups(self) -> list[str]:
        """The names in a column of the stub whose title says that it holds groups."""
        heads, body = self.table.rows[: self.head], self.table.rows[self.head :]
        for c in range(self.stub):
            title = " ".join(path_above(heads, c))
            if calls_groups(title):
                texts = (with_group(row[c].text, title) for row in body)
                return [text for text in texts if not is_blank(text)]
        return []

    @property
    def describes_people(self) -> bool:
        """Whether its rows give age and sex or build of people, as a first table does."""
        rows = {h for r in self.readings for h in (*r.stubs, *r.sections)}
        return sum(any(kind.match(plain(row)) for row in rows) for kind in _OF_PEOPLE) >= 2

    @property
    def corner(self) -> str:
        """What stands above the stub."""
        return " ".join(
            dict.fromkeys(
                cell.text for row in self.table.rows[: self.head] for cell in row[: self.stub]
            )
        ).strip()


def lay_out(table: Table) -> Layout:
    """Find head, stub and sections of a table, and read its numbers with their headings."""
    table = _with_lines_as_rows(table)
    head = head_rows(table)
    table = with_spread_heads(table, head)
    rows = table.rows
    stub = stub_columns(table, head)
    layout = Layout(table, head, stub)
    between = text_columns(table, head, stub)
    titles = [" ".join(path_above(rows[:head], c)) for c in range(stub)]
    heads: list[Sequence[Cell]] = list(rows[:head])
    sections = _first_section(table, head, stub)
    centred = labels_in_the_middle(rows, head, stub)
    filled: dict[int, str] = {}
    before: list[str] = []
    parents: list[_Section] = []
    last_was_section = False
    for r in range(head, len(rows)):
        row = rows[r]
        if all(is_blank(cell.text) for cell in row):
            continue
        if _is_heading_row(table, r, head, stub):
            named = stub and _begins(rows, r, 0) and not is_blank(row[0].text)
            label = row[0].text if named else ""
            heads = [*_still_above(heads, row, stub), row]
            if label or not _kind_of(row, stub):
                sections = [_Section(label, row[0].indent, row[0].bold, r)] if label else []
                parents = []
            filled.clear()
            continue
        if _is_section(row, stub):
            first = next(cell for cell in row if not is_blank(cell.text))
            section = _Section(first.text, first.indent, first.bold, r)
            sections = _opened(sections, section, last_was_section)
            filled.clear()
            parents = []
            last_was_section = True
            before.insert(0, first.text)
            continue
        own_first = row[0]
        if sections and stub:
            sections = _still_open(sections, own_first, _begins(rows, r, 0))
        if r in centred:
            filled[0] = centred[r]
            parents = []
        stubs = _stubs(rows, r, titles, filled)
        if stub and _begins(rows, r, 0) and not is_blank(own_first.text):
            parents = [parent for parent in parents if parent.indent < own_first.indent]
        above = [*sections, *(p for p in parents if p.text not in stubs)]
        for c in range(stub, table.width):
            cell = row[c]
            if (c and row[c - 1] is cell) or not _begins(rows, r, c):
                continue
            value = _value(cell.text)
            if value is None:
                continue
            layout.readings.append(
                Reading(
                    cell=cell,
                    value=value,
                    columns=tuple(reversed(path_above(heads, c))),
                    stubs=(*_words_before(row, c, between), *reversed(stubs)),
                    sections=tuple(section.text for section in reversed(above)),
                    before=tuple(before[:6]),
                    row=r,
                    column=c,
                )
            )
        if stubs:
            before.insert(0, stubs[0])
        if stub and _begins(rows, r, 0) and not is_blank(own_first.text):
            parents.append(_Section(own_first.text, own_first.indent, own_first.bold, r))
        last_was_section = False
    return layout


def _begins(rows: Sequence[Sequence[Cell]], r: int, c: int) -> bool:
    """Whether the cell at a place does not reach there from the row above."""
    return r == 0 or rows[r - 1][c] is not rows[r][c]


def _with_lines_as_rows(table: Table) -> Table:
    """A table in which rows of several lines a cell have become several rows.

    It is done where every cell with numbers in a row has as many lines as the one that names
    them, each with numbers of its own. The places of cells stay those of the article.
    """
    rows: list[tuple[Cell, ...]] = []
    for r, row in enumerate(table.rows):
        count = _lines_of(row) if r >= table.head else 1
        rows += [
            tuple(_line_of(cell, i, count) for cell in row) if count > 1 else row
            for i in range(count)
        ]
    return table if len(rows) == len(table.rows) else replace(table, rows=tuple(rows))


def _lines_of(row: Sequence[Cell]) -> int:
    counts = {len(cell.lines) for cell in row if len(cell.lines) > 1}
    count = counts.pop() if len(counts) == 1 else 1
    numbers = [cell for cell in row[1:] if looks_like_data(" ".join(cell.lines[:1]))]
    named = any(len(cell.lines) == count and cell not in numbers for cell in row[:3])
    if count < 2 or not named or not numbers:
        return 1
    if any(len(cell.lines) != count or cell.height > 1 for cell in numbers):
        return 1
    alone = all(read_value(line) or is_blank(line) for cell in numbers for line in cell.lines)
    return count if alone else 1


def _line_of(cell: Cell, i: int, count: int) -> Cell:
    if len(cell.lines) != count:
        return cell if i == 0 or not cell.lines else replace(cell, text="", lines=())
    return replace(cell, text=cell.lines[i], lines=(cell.lines[i],))


def bounds(cell: Cell) -> tuple[float, float] | None:
    """An interval that fills a cell."""
    return read_interval(cell.text)


def spread_alone(cell: Cell) -> float | None:
    """A spread that fills a cell, after ±."""
    return read_spread(cell.text)


def _value(text: str) -> Value | None:
    if is_blank(text) or read_interval(text) is not None:
        return None
    if re.match(r"^\W*[<>≤≥]", text):
        return None
    return read_value(text)


def _words_before(row: Sequence[Cell], column: int, columns: Sequence[int]) -> list[str]:
    """The texts of such columns on the left of a number, the nearest first."""
    return [row[c].text for c in reversed(columns) if c < column and not is_blank(row[c].text)]


def _is_section(row: Sequence[Cell], stub: int) -> bool:
    texts = [cell for cell in dict.fromkeys(row) if not is_blank(cell.text)]
    if not texts:
        return False
    if len(texts) == 1 and not looks_like_data(texts[0].text):
        return True
    data = [cell for cell in dict.fromkeys(row[max(stub, 1) :]) if not is_blank(cell.text)]
    named = [cell for cell in row[: max(stub, 1)] if not is_blank(cell.text)]
    if not named or len(data) > 1 or _TEST_ROW.search(named[0].text):
        return False
    return all(_P_NUMBER.match(plain(cell.text)) for cell in data)


def _is_heading_row(table: Table, r: int, head: int, stub: int) -> bool:
    """Whether a row of the body gives new headings for the rows below it."""
    row = table.rows[r]
    data = [cell for cell in dict.fromkeys(row[max(1, stub) :]) if not is_blank(cell.text)]
    if len(data) < 2 or (r and any(cell in table.rows[r - 1] for cell in data)):
        return False
    if any(looks_like_data(cell.text) for cell in data):
        return False
    if any(is_p_value(cell.text) and re.match(r"^\W*ns\W*$", cell.text, re.I) for cell in data):
        return False
    headings = {
        plain(text) for c in range(stub, table.width) for text in path_above(table.rows[:head], c)
    }
    named = sum(
        1
        for cell in data
        if plain(cell.text) in headings
        or re.search(
            r"[nN]\s?=|mean|\bSD\b|base-?line|\bweeks?\b|\bmonths?\b|\bpre|\bpost|before|after|"
            r"p[- ]value|group|change",
            cell.text,
            re.IGNORECASE,
        )
    )
    return named >= max(1, len(data) // 2) or (r == head and repeats_itself(row))


def _still_above(
    heads: Sequence[Sequence[Cell]], row: Sequence[Cell], stub: int
) -> list[Sequence[Cell]]:
    """The rows of headings that still hold below a row that gives new ones.

    A row that only counts people, or only says when, takes the place of the one that did so.
    """
    kind = _kind_of(row, stub)
    if not kind:
        return []
    return [head for head in heads if _kind_of(head, stub) != kind]


def _kind_of(row: Sequence[Cell], stub: int) -> str:
    """Whether a row of headings counts people or says when, and nothing else."""
    texts = [cell.text for cell in dict.fromkeys(row[max(1, stub) :]) if not is_blank(cell.text)]
    texts = [text for text in texts if not is_p_value(text)]
    if texts and all(_COUNT.match(plain(text)) for text in texts):
        return "people"
    return "times" if texts and all(names_only_a_time(text) for text in texts) else ""


def _first_section(table: Table, head: int, stub: int) -> list[_Section]:
    """The part of the table that its head opens, where rows of the body open others alike."""
    again = [r for r in range(head, len(table.rows)) if _is_heading_row(table, r, head, stub)]
    if not again or not head or is_blank(table.rows[again[0]][0].text):
        return []
    first = table.rows[head - 1][0]
    return (
        [] if is_blank(first.text) else [_Section(first.text, first.indent, first.bold, head - 1)]
    )


def _stubs(
    rows: Sequence[Sequence[Cell]], r: int, titles: Sequence[str], filled: dict[int, str]
) -> list[str]:
    """The headings on the left of a row; an empty one means the one above."""
    row, stub = rows[r], len(titles)
    texts: list[str] = []
    fresh = False
    for c in range(stub):
        text = with_group(row[c].text, titles[c])
        if is_blank(text):
            text = "" if fresh else filled.get(c, "")
        else:
            if _begins(rows, r, c):
                for later in range(c + 1, stub):
                    if c == 0 or _begins(rows, r, later):
                        filled.pop(later, None)
                fresh = True
            filled[c] = text
        if text and (not texts or texts[-1] != text):
            texts.append(text)
    return texts


def _opened(sections: list[_Section], new: _Section, nested: bool) -> list[_Section]:
    """The sections that are open once a new one begins."""
    kept = [section for section in sections if section.indent < new.indent]
    if nested and sections and not kept and sections[-1].indent == new.indent:
        # Two headings in a row without numbers between them: the second is a part of the first,
        # unless they look the same and the first led to nothing.
        last = sections[-1]
        alone = len(sections) == 1 and not last.children_indented
        kept = [last] if (last.bold and not new.bold) or (last.bold == new.bold and alone) else []
    return [*kept, new]


def _still_open(sections: list[_Section], first: Cell, begins: bool) -> list[_Section]:
    """The sections that still hold at a row: an indented block ends where the indent does."""
    if not begins or is_blank(first.text):
        return sections
    kept = []
    for section in sections:
        if first.indent > section.indent:
            section.children_indented = True
        elif section.children_indented:
            continue
        kept.append(section)
    return kept
