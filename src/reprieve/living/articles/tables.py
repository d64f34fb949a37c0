"""The tables of an article as rectangular grids of cells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from reprieve.living.articles.jats import text_of, tidy

MOST_ROWS = 1500
MOST_COLUMNS = 120
"""A larger table is cut; no trial's results need more, and a hostile one can't fill memory."""

_MARK = re.compile(
    r"^(?:[a-zA-Z]{1,2}|[0-9]{1,2}|[*†‡§¶#∥‖|^∗$ǂ]+)(?:[, ]+[a-zA-Z0-9*†‡§¶#∥‖∗]{1,3})*$"
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    text : str
        What it says, on one line, without footnote marks; a break between lines is ``" / "``
        nowhere: lines are joined by a blank and kept apart in `lines`.
    lines : tuple of str
        The same, line by line.
    marks : tuple of str
        The footnote marks that stood in it.
    heading : bool
        Whether it is part of the table's head.
    row, column : int
        Where it begins, counted from 1 and with the rows of the head; row 0 is a sentence, and
        the column then counts its numbers.
    height, width : int
        How many rows and columns it covers.
    bold : bool
        Whether all of it is set in bold or italics, as headings inside a table are.
    indent : int
        How far its text is set in.
    """

    text: str
    row: int
    column: int
    lines: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    heading: bool = False
    height: int = 1
    width: int = 1
    bold: bool = False
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """One table of an article.

    Attributes
    ----------
    label : str
        ``"Table 2"``.
    caption : str
    foot : str
        The notes below it.
    rows : tuple of tuple of Cell
        The grid: a cell that covers several places stands in each of them.
    head : int
        How many of the rows are its head.
    cut : bool
        Whether it was larger than is read.
    """

    label: str
    caption: str
    foot: str
    rows: tuple[tuple[Cell, ...], ...]
    head: int
    cut: bool = False

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.rows[0]) if self.rows else 0

    def place(self, cell: Cell) -> str:
        """Where a cell stands, in words: ``"Table 2, row 5, column 3"``."""
        if not cell.row:
            return f"{self.label}, number {cell.column}"
        return f"{self.label}, row {cell.row}, column {cell.column}"


@dataclass(slots=True)
class _Grid:
    places: dict[tuple[int, int], Cell] = field(default_factory=dict)
    columns: int = 0
    cut: bool = False


def read_tables(article: Element) -> tuple[list[Table], list[str]]:
    """The tables of an article, and the labels of those that hold no cells.

    Returns
    -------
    tables : list of Table
    pictures : list of str
        Labels of tables that are printed as a picture.

    Examples
    --------
    >>> from xml.etree.ElementTree import fromstring
    >>> article = fromstring('''<article><table-wrap><label>Table 1</label><table>
    ... <thead><tr><th/><th colspan="2">VAS</th></tr></thead>
    ... <tbody><tr><td>A</td><td>5.2</td><td>1.3</td></tr></tbody></table>
    ... </table-wrap></article>''')
    >>> tables, _ = read_tables(article)
    >>> [cell.text for cell in tables[0].rows[0]], tables[0].place(tables[0].rows[1][2])
    (['', 'VAS', 'VAS'], 'Table 1, row 2, column 3')
    """
    tables: list[Table] = []
    pictures: list[str] = []
    wraps = list(article.iter("table-wrap"))
    for number, wrap in enumerate(wraps, 1):
        label = text_of(wrap.find("label")).rstrip(".: ") or f"Table {number}"
        label = re.sub(r"^TABLE\b", "Table", label)
        caption = " ".join(text_of(part) for part in wrap.iter("caption"))
        foot = " ".join(text_of(part) for part in wrap.iter("table-wrap-foot"))
        bodies = [part for part in wrap.iter("table") if part.find(".//tr") is not None]
        bodies += list(wrap.iter("tgroup"))
        if not bodies:
            pictures.append(label)
        for part, body in enumerate(bodies, 1):
            name = label if len(bodies) == 1 else f"{label}, part {part}"
            table = _read_grid(body, name, caption, foot)
            if table.rows:
                tables.append(table)
    return tables, pictures


def _read_grid(body: Element, label: str, caption: str, foot: str) -> Table:
    grid = _Grid()
    tr_rows = list(_rows(body))
    if len(tr_rows) > MOST_ROWS:
        tr_rows, grid.cut = tr_rows[:MOST_ROWS], True
    for index, (row, heading) in enumerate(tr_rows):
        _place_row(grid, row, index, len(tr_rows), heading)
    rows = tuple(
        tuple(
            grid.places.get((r, c)) or Cell("", r + 1, c + 1, heading=tr_rows[r][1])
            for c in range(grid.columns)
        )
        for r in range(len(tr_rows))
    )
    head = 0
    while head < len(tr_rows) and tr_rows[head][1]:
        head += 1
    return Table(label, caption, foot, rows if grid.columns else (), head, grid.cut)


def _rows(body: Element) -> Iterator[tuple[Element, bool]]:
    """Every row with whether it belongs to the head."""
    for child in body.iter():
        if child.tag in ("thead", "tbody", "tfoot"):
            for row in child:
                if row.tag in ("tr", "row"):
                    yield row, child.tag == "thead"
    for row in body:
        if row.tag == "tr":
            cells = [cell for cell in row if cell.tag in ("td", "th")]
            yield row, bool(cells) and all(cell.tag == "th" for cell in cells)


def _place_row(grid: _Grid, row: Element, r: int, rows: int, heading: bool) -> None:
    column = 0
    for element in row:
        if element.tag not in ("td", "th", "entry"):
            continue
        while (r, column) in grid.places:
            column += 1
        if column >= MOST_COLUMNS:
            grid.cut = True
            return
        width = min(_span(element, "colspan", "namest", "nameend"), MOST_COLUMNS - column)
        height = min(_span(element, "rowspan"), rows - r)
        if element.get("morerows"):
            height = min(_number(element.get("morerows")) + 1, rows - r)
        cell = _read_cell(element, r, column, width, height, heading)
        for y in range(r, r + height):
            for x in range(column, column + width):
                grid.places.setdefault((y, x), cell)
        column += width
        grid.columns = max(grid.columns, column)


def _span(element: Element, name: str, first: str = "", last: str = "") -> int:
    if first and element.get(first):
        start, end = (re.sub(r"\D", "", element.get(key) or "") for key in (first, last))
        if start and end:
            return max(1, _number(end) - _number(start) + 1)
    return max(1, _number(element.get(name)))


def _number(text: str | None) -> int:
    return int(text[:6]) if text and text.strip().isdigit() and len(text) < 20 else 1


def _read_cell(element: Element, r: int, c: int, width: int, height: int, heading: bool) -> Cell:
    marks: list[str] = []
    raw = "".join(_cell_pieces(element, marks))
    first = raw.lstrip("\n")
    indent = len(first) - len(first.lstrip(" \u00a0\u2000\u2001\u2002\u2003\u2007\u2009\u3000"))
    lines = tuple(line for line in (tidy(part) for part in raw.split("\x0b")) if line)
    return Cell(
        text=" ".join(lines),
        row=r + 1,
        column=c + 1,
        lines=lines,
        marks=tuple(marks),
        heading=heading,
        height=height,
        width=width,
        bold=_all_set_apart(element),
        indent=indent,
    )


def _cell_pieces(element: Element, marks: list[str], after: str = "") -> Iterator[str]:
    """The text of a cell, with marks taken out and lines ended by a vertical tab."""
    before = after
    if element.text:
        before += element.text
        yield element.text
    for child in element:
        text = tidy("".join(child.itertext()))
        if child.tag == "break":
            yield "\x0b"
        elif child.tag in ("tex-math", "annotation", "graphic", "inline-graphic"):
            pass
        elif child.tag in ("sup", "xref") and _is_mark(child, text, before):
            if text:
                marks.append(text)
        elif child.tag == "sup":
            yield "^" + text
            before += text
        else:
            pieces = list(_cell_pieces(child, marks, before))
            if child.tag in ("p", "list-item") and before.strip():
                yield "\x0b"
            yield from pieces
            before += "".join(pieces)
        if child.tail:
            before += child.tail
            yield child.tail


def _is_mark(child: Element, text: str, before: str) -> bool:
    """Whether a raised text is a footnote mark, and no power, unit or value."""
    if child.tag == "xref":
        return child.get("ref-type") in ("table-fn", "fn", "bibr") or bool(_MARK.match(text))
    if re.search(r"(?:10|×\s*10)\s*$", before) and re.fullmatch(r"[-−–]?\d{1,2}", text):
        return False
    if re.search(r"\b(?:c?m|kg|χ|R|r|I|km|mm|cm|T|η)\s*$", before) and re.fullmatch(
        r"[-−]?[1-4]", text
    ):
        return False
    return not text or bool(_MARK.match(text))


def _all_set_apart(element: Element) -> bool:
    """Whether all text of a cell is in bold or italics."""
    if (element.text or "").strip():
        return False
    children = [child for child in element if child.tag not in ("break",)]
    if not children:
        return False
    for child in children:
        if (child.tail or "").strip():
            return False
        if child.tag in ("bold", "italic", "underline", "sc", "styled-content"):
            continue
        if child.tag in ("p",) and _all_set_apart(child):
            continue
        if child.tag in ("sup", "xref"):
            continue
        return False
    return any(child.tag in ("bold", "italic", "underline", "p") for child in children)
