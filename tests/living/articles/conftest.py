from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import fromstring

import pytest

from reprieve.living.articles.layout import Layout, lay_out
from reprieve.living.articles.tables import Table, read_tables

Rows = list[list[str]]


def _html_table(head: Rows, body: Rows, caption: str = "", foot: str = "") -> str:
    """A JATS table of plain cells; a leading `>` sets a cell in, `|` spreads it over columns."""

    def cell(tag: str, text: str) -> str:
        width = len(text) - len(text.lstrip("|")) + 1
        text = text.lstrip("|")
        if text.startswith(">"):
            text = "\u2003" + text[1:]
        return f'<{tag} colspan="{width}">{text}</{tag}>'

    def rows(tag: str, lines: Rows) -> str:
        return "".join(f"<tr>{''.join(cell(tag, text) for text in line)}</tr>" for line in lines)

    return (
        f"<table-wrap><label>Table 2</label><caption><p>{caption}</p></caption><table>"
        f"<thead>{rows('th', head)}</thead><tbody>{rows('td', body)}</tbody></table>"
        f"<table-wrap-foot><p>{foot}</p></table-wrap-foot></table-wrap>"
    )


def _jats(*tables: str, text: str = "", title: str = "Cells for knee osteoarthritis") -> bytes:
    return (
        '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS v1.0//EN" "JATS-archivearticle1.dtd">'
        '<article article-type="research-article"><front><article-meta>'
        '<article-id pub-id-type="pmc">77</article-id><title-group><article-title>'
        f"{title}</article-title></title-group><contrib-group><contrib contrib-type='author'><name>"
        "<surname>Ruiz</surname><given-names>Ana B</given-names></name></contrib></contrib-group>"
        "<pub-date><year>2021</year></pub-date></article-meta></front><body><sec><title>Methods"
        f"</title><p>{text}</p></sec>{''.join(tables)}</body></article>"
    ).encode()


@pytest.fixture
def html_table() -> Callable[..., str]:
    """Make the markup of a table from the texts of its cells."""
    return _html_table


@pytest.fixture
def jats() -> Callable[..., bytes]:
    """Make an article around tables."""
    return _jats


@pytest.fixture
def grid() -> Callable[[str], Table]:
    def read(markup: str) -> Table:
        tables, _ = read_tables(fromstring(f"<article>{markup}</article>"))
        return tables[0]

    return read


@pytest.fixture
def laid_out(grid: Callable[[str], Table]) -> Callable[[str], Layout]:
    return lambda markup: lay_out(grid(markup))
