from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import fromstring

from hypothesis import given
from hypothesis import strategies as st

from reprieve.living.articles.tables import MOST_COLUMNS, MOST_ROWS, Table, read_tables

Grid = Callable[[str], Table]


def wrapped(rows: str, head: str = "") -> str:
    thead = f"<thead>{head}</thead>" if head else ""
    body = f"<table>{thead}<tbody>{rows}</tbody></table>"
    return f"<table-wrap><label>Table 1.</label>{body}</table-wrap>"


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_spans_fill_every_place_they_cover(grid: Grid) -> None:
    table = grid(
        wrapped(
            '<tr><td rowspan="2">A</td><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr>',
            '<tr><th/><th colspan="2">VAS</th></tr>',
        )
    )
    assert texts(table) == [["", "VAS", "VAS"], ["A", "1", "2"], ["A", "3", "4"]]
    assert table.head == 1
    assert table.place(table.rows[2][2]) == "Table 1, row 3, column 3"


def test_marks_go_and_powers_stay(grid: Grid) -> None:
    table = grid(
        wrapped(
            "<tr><td>5.2<sup>a,b</sup></td><td>10<sup>6</sup></td><td>kg/m<sup>2</sup></td>"
            "<td>3.1<xref ref-type='table-fn'><sup>†</sup></xref></td></tr>"
        )
    )
    assert texts(table) == [["5.2", "10^6", "kg/m^2", "3.1"]]
    assert table.rows[0][0].marks == ("a,b",)


def test_lines_and_wide_blanks(grid: Grid) -> None:
    cell = grid(wrapped("<tr><td>HA1<break/>(n\u2009=\u00a010)</td></tr>")).rows[0][0]
    assert (cell.text, cell.lines) == ("HA1 (n = 10)", ("HA1", "(n = 10)"))


def test_indent_and_bold_are_kept(grid: Grid) -> None:
    table = grid(wrapped("<tr><td><bold>WOMAC</bold></td></tr><tr><td>\u2003\u2003Pain</td></tr>"))
    assert [(row[0].bold, row[0].indent) for row in table.rows] == [(True, 0), (False, 2)]


def test_a_picture_is_named() -> None:
    article = fromstring(
        "<article><table-wrap><label>Table 3</label><graphic/></table-wrap></article>"
    )
    assert read_tables(article) == ([], ["Table 3"])


def test_cals_tables_are_read(grid: Grid) -> None:
    markup = (
        "<table-wrap><label>T</label><table><tgroup><thead><row><entry/>"
        '<entry namest="c2" nameend="c3">VAS</entry></row></thead><tbody><row>'
        '<entry morerows="1">A</entry><entry>1</entry><entry>2</entry></row>'
        "<row><entry>3</entry><entry>4</entry></row></tbody></tgroup></table></table-wrap>"
    )
    assert texts(grid(markup)) == [["", "VAS", "VAS"], ["A", "1", "2"], ["A", "3", "4"]]


def test_hostile_spans_are_bounded(grid: Grid) -> None:
    table = grid(wrapped('<tr><td colspan="1000000000" rowspan="99999999999">x</td></tr>'))
    assert table.width == MOST_COLUMNS
    assert len(table.rows) == 1
    long = grid(wrapped("<tr><td>x</td></tr>" * (MOST_ROWS + 5)))
    assert (len(long.rows), long.cut) == (MOST_ROWS, True)


@given(
    st.lists(
        st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=5),
        min_size=1,
        max_size=6,
    )
)
def test_every_grid_is_rectangular(spans: list[list[tuple[int, int]]]) -> None:
    rows = "".join(
        "<tr>" + "".join(f'<td colspan="{w}" rowspan="{h}">1</td>' for w, h in row) + "</tr>"
        for row in spans
    )
    tables, _ = read_tables(fromstring(f"<article>{wrapped(rows)}</article>"))
    assert len({len(row) for row in tables[0].rows}) == 1
    assert len(tables[0].rows) == len(spans)
