"""The parts of a grid: the rows of its head, the columns of its stub, and paths of headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from reprieve.living.articles.numbers import plain, read_interval, read_value
from reprieve.living.articles.tables import Cell, Table

_BLANK = re.compile(r"^[\s.\-–—−/]*$")
_P_VALUE = re.compile(
    r"^\W*(?:[pP](?:[- ]?\W*(?i:values?|val)?\W+(?:[A-Za-z0-9]|\([A-Za-z -]+\)?)?|[a-z0-9])?|"
    r"(?i:p[- ]?values?)[a-z0-9]?|(?i:sig)\w*|[pP]\s?[<=>].*|(?i:ns|n\.s\.))\W*$"
)
_GROUPS = re.compile(
    r"^\W*(?:(?:study|treatment|intervention|experimental|randomi[sz]ed|patient) )?"
    r"(?:groups?|arms?)"
    r"(?: (?:assignment|allocation|name))?(?:\s*\(?\s*[nN]\s*\)?)?\W*$",
    re.IGNORECASE,
)
_LETTER = re.compile(r"^\W*([A-Ha-h]|[1-8]|I{1,3}|IV|V)\W*$")
_UNIT_WORD = re.compile(r"\b(days?|weeks?|wks?|months?|mo|years?)\b", re.IGNORECASE)
_PEOPLE_TITLE = re.compile(
    r"^\W*(?:n|no\.?|number(?: of \w+)?|patients|subjects)\W*$", re.IGNORECASE
)
_BARE_NUMBER = re.compile(r"^\s*\d{1,3}\s*$")


def is_p_value(heading: str) -> bool:
    """Whether a heading stands above p values.

    Two capitals are a short name, as of a placebo group or of physical function.

    Examples
    --------
    >>> [is_p_value(h) for h in ("P", "p-value*", "Pa", "P (a)", "PG", "PF")]
    [True, True, True, True, False, False]
    """
    return bool(_P_VALUE.match(plain(heading)))


def calls_groups(title: str) -> bool:
    """Whether the title of a column says that it names groups.

    Examples
    --------
    >>> calls_groups("Group (n)"), calls_groups("Study arm"), calls_groups("Age group")
    (True, True, False)
    """
    return bool(_GROUPS.match(title))


def is_blank(text: str) -> bool:
    """Whether a cell says nothing."""
    return bool(_BLANK.match(text))


def head_rows(table: Table) -> int:
    """The rows of the head: those that the markup names, and those before the first number."""
    head = table.head
    while head > 1 and _spreads_in(table.rows[head - 1]) > 1:
        head -= 1
    limit = min(len(table.rows), max(head, 0) + 3)
    while head < limit:
        row = table.rows[head]
        cells = [cell for cell in dict.fromkeys(row) if not is_blank(cell.text)]
        if not cells:
            head += 1
            continue
        numbers = sum(1 for cell in row[1:] if looks_like_data(cell.text))
        if numbers or len(cells) < 2:
            break
        if head > 0 and head >= table.head > 0 and not _mostly_short(row):
            break
        if table.head > 0 and _is_arm_free_text_row(row) and not repeats_itself(row):
            break
        head += 1
    if head == 0 and table.rows:
        first = table.rows[0]
        data = sum(1 for cell in first[1:] if looks_like_data(cell.text))
        if not data:
            head = 1
    return min(head, len(table.rows))


def _mostly_short(row: Sequence[Cell]) -> bool:
    texts = [cell.text for cell in row[1:] if not is_blank(cell.text)]
    return bool(texts) and all(len(text) < 60 for text in texts)


def _is_arm_free_text_row(row: Sequence[Cell]) -> bool:
    """A first row of the body that holds words is data of a table of words."""
    texts = [cell.text for cell in row[1:] if not is_blank(cell.text)]
    return not any(
        re.search(
            r"n\s?=|mean|\bsd\b|baseline|week|month|%|\bpre|\bpost|group", text, re.IGNORECASE
        )
        for text in texts
    )


def repeats_itself(row: Sequence[Cell]) -> bool:
    """Whether the cells of a row come in the same order twice, as headings under groups do.

    Examples
    --------
    >>> repeats_itself([Cell(t, 1, c) for c, t in enumerate(["Test", "n", "Mean", "n", "Mean"])])
    True
    """
    texts = [cell.text.strip().lower() for cell in dict.fromkeys(row[1:])]
    texts = [text for text in texts if not is_blank(text)]
    for size in range(2, len(texts) // 2 + 1):
        first = texts[:size]
        if len(set(first)) > 1 and texts[size : 2 * size] == first:
            return True
    return False


def with_spread_heads(table: Table, head: int) -> Table:
    """A table in whose head a blank beside a heading has become that heading.

    It is done in rows without a cell of several columns, where the row below has headings in the
    blank places: either one heading stands alone above them all, or the headings below come in
    the same order again.
    """
    rows = list(table.rows)
    for r in range(head - 1):
        row, below = rows[r], rows[r + 1]
        named = [c for c in range(1, len(row)) if not is_blank(row[c].text)]
        empty = [
            c for c in range(1, len(row)) if is_blank(row[c].text) and not is_blank(below[c].text)
        ]
        if not named or not empty or any(row[c].width > 1 or row[c].height > 1 for c in named):
            continue
        alone = len(named) == 1 and bool(_GROUPS.match(row[named[0]].text))
        if not alone and not _again(below, named):
            continue
        filled = list(row)
        for c in empty:
            before = [n for n in named if n < c]
            filled[c] = row[named[0]] if alone else row[before[-1]] if before else row[c]
        rows[r] = tuple(filled)
    return replace(table, rows=tuple(rows))


def _again(below: Sequence[Cell], starts: Sequence[int]) -> bool:
    """Whether the headings below come in the same order under two or more headings."""
    ends = [*starts[1:], len(below)]
    blocks = [
        tuple(below[c].text.strip().lower() for c in range(start, end))
        for start, end in zip(starts, ends, strict=True)
    ]
    return any(len(block) > 1 and blocks.count(block) > 1 for block in blocks)


def looks_like_data(text: str) -> bool:
    """Whether a cell holds a number or an interval."""
    text = plain(text)
    if is_blank(text):
        return False
    if _BARE_NUMBER.match(text):
        return True
    return read_value(text) is not None or read_interval(text) is not None


def stub_columns(table: Table, head: int) -> int:
    """The columns on the left that name rows."""
    body = table.rows[head:]
    stub = 0
    for c in range(table.width):
        texts = [row[c].text for row in body if not is_blank(row[c].text) and not _spans(row)]
        if not texts:
            heading = " ".join(path_above(table.rows[:head], c))
            if c == 0 or not heading:
                stub += 1
                continue
            break
        data = sum(1 for text in texts if looks_like_data(text))
        if c == 0:
            stub += 1
            continue
        if data >= 0.3 * len(texts) or (c and _spreads_in([row[c] for row in body]) > 1):
            heading = " ".join(path_above(table.rows[:head], c))
            counted = _UNIT_WORD.search(heading) if c == 1 else None
            if (counted or _GROUPS.match(heading)) and all(_BARE_NUMBER.match(t) for t in texts):
                stub += 1
                continue
            break
        if any(is_p_value(part) for part in path_above(table.rows[:head], c)):
            break
        stub += 1
    return min(stub, table.width - 1) if table.width else 0


def _spreads_in(cells: Sequence[Cell]) -> int:
    """How many cells hold a number and its spread."""
    values = (read_value(cell.text) for cell in dict.fromkeys(cells) if not is_blank(cell.text))
    return sum(1 for value in values if value is not None and value.spread is not None)


def labels_in_the_middle(rows: Sequence[Sequence[Cell]], head: int, stub: int) -> dict[int, str]:
    """Labels of blocks of rows that stand beside the middle of their block, by its first row.

    Blocks are told by the second column, whose first name begins each of them again. Nothing is
    found where a label stands beside the first row of a block, as it mostly does.
    """
    if stub < 2 or head >= len(rows):
        return {}
    body = range(head, len(rows))
    first = next((r for r in body if not is_blank(rows[r][1].text)), head)
    if not is_blank(rows[first][0].text):
        return {}
    starts = [r for r in body if rows[r][1].text == rows[first][1].text]
    found: dict[int, str] = {}
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        inside = {rows[r][0].text for r in range(start, end) if not is_blank(rows[r][0].text)}
        if len(inside) != 1 or not is_blank(rows[start][0].text):
            return {}
        found[start] = inside.pop()
    return found if len(found) > 1 else {}


def with_group(text: str, heading: str) -> str:
    """A lone letter or number in a column of groups, as the name of a group.

    Examples
    --------
    >>> with_group("2", "Group"), with_group("II", "Groups"), with_group("2", "Weeks")
    ('Group 2', 'Group II', '2')
    """
    found = _LETTER.match(text) if _GROUPS.match(heading) else None
    return f"Group {found[1]}" if found else text


def text_columns(table: Table, head: int, stub: int) -> list[int]:
    """Columns that name rows though numbers stand to the left of them."""
    found = []
    for c in range(stub, table.width - 1):
        texts = [row[c].text for row in table.rows[head:] if not is_blank(row[c].text)]
        data = sum(1 for text in texts if looks_like_data(text))
        tests = any(is_p_value(part) for part in path_above(table.rows[:head], c))
        if len(texts) > 1 and data < 0.1 * len(texts) and not tests:
            found.append(c)
    return found


def _spans(row: Sequence[Cell]) -> bool:
    """Whether one cell fills the row."""
    return row[0].width >= len(row) or all(is_blank(cell.text) for cell in row[1:])


def path_above(heads: Sequence[Sequence[Cell]], column: int) -> list[str]:
    """The headings above a column, the outermost first, each once."""
    found: list[tuple[Cell, str]] = []
    for row in heads:
        cell = row[column]
        if not is_blank(cell.text) and not any(cell is other for other, _ in found):
            found.append((cell, row[0].text if row[0] is not cell else ""))
    return [
        _with_unit(cell.text, title, [other.text for other, _ in found]) for cell, title in found
    ]


def _with_unit(text: str, title: str, path: Sequence[str]) -> str:
    """A bare number as a heading, with what the title of its row or the heading above it says."""
    if not _BARE_NUMBER.match(text):
        return text
    if _PEOPLE_TITLE.match(title):
        return f"N = {text.strip()}"
    unit = next((found[1] for part in (title, *path) if (found := _UNIT_WORD.search(part))), "")
    return f"{text.strip()} {unit}" if unit else text
