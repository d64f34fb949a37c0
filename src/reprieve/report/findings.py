"""Tables of findings as files: a page that opens offline, a Word document, or CSV."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from reprieve.answers.findings_rows import Row, SummaryOfFindings
from reprieve.answers.network_findings import NetworkFindings
from reprieve.certainty.grading.domains import DOMAINS
from reprieve.errors import InputError
from reprieve.files import write_whole

if TYPE_CHECKING:
    from reprieve.synthesis.base import Interval

Findings = SummaryOfFindings | NetworkFindings


def write_findings(found: Findings, path: str | Path) -> Path:
    """Write a table of findings.

    Parameters
    ----------
    found : SummaryOfFindings or NetworkFindings
    path : str or Path
        A file that ends in ``.html``, ``.docx`` or ``.csv``; whole afterwards, or what it was.

    Raises
    ------
    InputError
        Another ending, or a folder that is not there.

    Examples
    --------
    >>> import tempfile
    >>> from reprieve.answers.summary_of_findings import summary_of_findings
    >>> found = summary_of_findings("tendinopathy")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_findings(found, Path(folder) / "tendon.csv").stat().st_size > 100
    True
    """
    path = Path(path)
    made = WRITERS.get(path.suffix.lower())
    if made is None:
        raise InputError(f"{path.name}: findings are written as {', '.join(WRITERS)}")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    return write_whole(path, made(found))


def html(found: Findings) -> bytes:
    """The table as a self-contained page."""
    from reprieve.report.pages import constants, templates

    network = isinstance(found, NetworkFindings)
    template = templates().get_template("network_findings.html" if network else "findings.html")
    page = template.render(
        found=found,
        date=found.evidence_date,
        points=points,
        change=change,
        people_of=people_of,
        ratio=ratio,
        way=way,
        letters=letters,
        letter=letter,
        domains=DOMAINS,
        **constants(),
    )
    return page.encode("utf-8")


def csv(found: Findings) -> bytes:
    """The table as CSV, a row an outcome (of a network: a row a treatment and outcome)."""
    return found.to_frame().write_csv().encode("utf-8")


def docx(found: Findings) -> bytes:
    """The table as a Word document."""
    from reprieve.report import findings_word

    document = (
        findings_word.network(found)
        if isinstance(found, NetworkFindings)
        else findings_word.comparison(found)
    )
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


WRITERS: dict[str, Callable[[Findings], bytes]] = {".html": html, ".docx": docx, ".csv": csv}
"""By the ending of the file."""


# Numbers in cells -----------------------------------------------------------------------------


def points(value: float, ends: Interval) -> str:
    """A difference in points with its interval, in words that need no sign.

    Examples
    --------
    >>> points(-8.3, (-15.1, 1.5))
    '8.3 points lower (15.1 lower to 1.5 higher)'
    """
    return f"{_side(value, 'points')} ({_side(ends[0])} to {_side(ends[1])})"


def _side(value: float, unit: str = "") -> str:
    if round(value, 1) == 0:
        return f"0 {unit}".strip()
    number = f"{abs(value):.1f}"
    return f"{number} {unit} {'lower' if value < 0 else 'higher'}".replace("  ", " ")


def change(value: float) -> str:
    """A mean change since baseline in words.

    Examples
    --------
    >>> change(-21.4), change(2.0)
    ('21.4 points better', '2.0 points worse')
    """
    way_it_went = "better" if value < 0 else "worse"
    return f"{abs(value):.1f} points {way_it_went}" if round(value, 1) else "no change"


def people_of(row: Row) -> str:
    """A difference in people of 100 in words.

    Examples
    --------
    >>> from dataclasses import replace
    >>> row = Row("", "", "people", 8.0, 10.4, (7.0, 15.0), 2.4, (-1.0, 7.0), None, 1, 9, None, "")
    >>> people_of(row)
    '2.4 more of 100 (1.0 fewer to 7.0 more)'
    """
    if row.difference is None or row.difference_ci is None:
        return ""
    low, high = row.difference_ci
    of_hundred = f"{way(row.difference)} of 100" if round(row.difference, 1) else "0 of 100"
    return f"{of_hundred} ({way(low)} to {way(high)})"


def way(value: float) -> str:
    """People more or fewer."""
    if not round(value, 1):
        return "0"
    return f"{abs(value):.1f} {'more' if value > 0 else 'fewer'}"


def ratio(row: Row) -> str:
    """The ratio with its interval; a dash without one."""
    if row.ratio is None:
        return "–"
    middle, low, high = row.ratio
    return f"{row.measure} {middle:.2f} ({low:.2f} to {high:.2f})"


def letters(row: Row, footnotes: tuple[str, ...]) -> str:
    """The letters of a row's footnotes.

    Examples
    --------
    >>> row = Row("", "", "none", None, None, None, None, None, None, 0, 0, None, "")
    >>> letters(row, ("one",))
    ''
    """
    return ", ".join(letter(footnotes.index(reason)) for reason in row.reasons)


def letter(place: int) -> str:
    """The sign of a footnote: a to z, then aa, ab …

    Examples
    --------
    >>> letter(0), letter(25), letter(26)
    ('a', 'z', 'aa')
    """
    first = "" if place < 26 else chr(ord("a") + place // 26 - 1)
    return first + chr(ord("a") + place % 26)
