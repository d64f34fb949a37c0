"""An article read as tables, an evidence package, and an account."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import polars as pl

from reprieve.evidence.check import gates
from reprieve.evidence.records import Evidence
from reprieve.evidence.schema import SIDE_TABLES, TABLES
from reprieve.evidence.typed import empty_table
from reprieve.living.account import LeftOut, Placed
from reprieve.living.articles.abbreviations import abbreviations_in
from reprieve.living.articles.arms import Arms
from reprieve.living.articles.article import Article
from reprieve.living.articles.candidate import Refusal
from reprieve.living.articles.candidates import candidates_of
from reprieve.living.articles.durations import (
    dated_visits,
    length_of_follow_up,
    length_of_treatment,
    months_after_the_end,
    only_time_named,
)
from reprieve.living.articles.finding_arms import find_arms
from reprieve.living.articles.harms import Happened, happenings_of
from reprieve.living.articles.instruments import Instruments
from reprieve.living.articles.jats import open_article, paragraphs, text_of
from reprieve.living.articles.layout import Layout, Reading, lay_out
from reprieve.living.articles.outcomes import judged
from reprieve.living.articles.proposing import CandidateRow, rows_of
from reprieve.living.articles.sentences import candidates_in_text, groups_in_text
from reprieve.living.articles.statistics import all_said
from reprieve.living.articles.study import Row
from reprieve.living.articles.tables import Table, read_tables
from reprieve.living.formats.jats import record_from_jats
from reprieve.living.record import Record

_PLAIN = 0.45
_RANDOMISED = re.compile(
    r"randomly|(?:were|was|patients|participants|subjects|women|men|adults) randomi[sz]ed|"
    r"randomi[sz]ed (?:in)?to\b",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(r"discussion|conclusion|limitation", re.IGNORECASE)
SURE = 0.4
"""Rows below this confidence are not proposed; they are listed as left out."""


@dataclass(frozen=True, eq=False)
class ReadArticle:
    """What was read from one article.

    Attributes
    ----------
    record : Record
        Its front matter.
    tables : tuple of Table
        Its tables as grids.
    rows : tuple of CandidateRow
        The rows proposed, those of `evidence` with their confidence.
    evidence : Evidence
        One trial, its arms and the rows proposed, every value flagged ``unverified`` and with no
        reading; empty tables where there is nothing.
    placed : tuple of Placed
    left_out : tuple of LeftOut
    """

    record: Record
    tables: tuple[Table, ...]
    rows: tuple[CandidateRow, ...]
    evidence: Evidence
    placed: tuple[Placed, ...]
    left_out: tuple[LeftOut, ...]


def read_article(source: Path | str | bytes) -> ReadArticle:
    """Read the tables of an article in JATS and propose the rows that they seem to hold.

    A number is proposed only where its arm, its instrument, its time and its kind (mean with
    standard deviation, median with quartiles, …) are told by the headings around it, the caption,
    the notes, or plainly by the text. Everything else is listed with the reason.

    Parameters
    ----------
    source : path, str or bytes
        A JATS file, or its XML.

    Returns
    -------
    ReadArticle

    Raises
    ------
    InputError
        If it can't be read, is no article, or has no number by which it could be cited.

    Examples
    --------
    >>> article = b'''<article><front><article-meta><article-id pub-id-type="pmc">1</article-id>
    ... <title-group><article-title>Cells for knee osteoarthritis</article-title></title-group>
    ... <pub-date><year>2020</year></pub-date></article-meta></front><body><table-wrap>
    ... <label>Table 2</label><caption><p>Pain, mean (SD)</p></caption><table>
    ... <thead><tr><th/><th>Cells (n=10)</th><th>Saline (n=12)</th></tr></thead><tbody>
    ... <tr><td>VAS, baseline</td><td>6.1 (1.2)</td><td>6.3 (1.4)</td></tr>
    ... <tr><td>VAS, 6 months</td><td>2.4 (1.1)</td><td>4.9 (1.6)</td></tr>
    ... </tbody></table></table-wrap></body></article>'''
    >>> found = read_article(article)
    >>> found.evidence.outcomes.select("arm_id", "instrument", "month", "mean", "sd").rows()[2]
    ('cells', 'VAS', 6.0, 2.4, 1.1)
    >>> found.rows[-1].where
    'Table 2, row 3, column 3'
    """
    root = open_article(source)
    record = record_from_jats(root)
    tables, pictures = read_tables(root)
    layouts = [lay_out(table) for table in tables]
    title, abstract, body = _texts(root)
    article = article_of(layouts, title, abstract, body)
    candidates, refused = [], []
    for layout in layouts:
        some, none = candidates_of(layout, article)
        candidates += some
        refused += none
    candidates += candidates_in_text(_passages(root, abstract), article, candidates)
    outcomes, repeated = judged(candidates, article)
    months = [judgement.candidate.month for judgement in outcomes]
    happened: list[Happened] = []
    not_counted: list[tuple[Reading, Layout, str]] = []
    for layout in layouts:
        events, others = happenings_of(layout, article.arms, max(months, default=0.0) or None)
        known = {(h.arm, h.event) for h in happened}
        happened += [h for h in events if (h.arm, h.event) not in known]
        others += [
            (h.reading, "counted in an earlier table, too")
            for h in events
            if (h.arm, h.event) in known
        ]
        not_counted += [(reading, layout, reason) for reading, reason in others]
    text = " ".join((title, abstract, body))
    rows = rows_of(record, article, outcomes, happened, text)
    taken = {row.where for row in rows}
    left = [
        LeftOut(label, "the table is printed as a picture", label) for label in pictures
    ] + _left_out([*refused, *repeated], not_counted, taken)
    sure = [row for row in rows if row.confidence >= SURE or row.table in ("studies", "arms")]
    left += [LeftOut(_what(row), _why_unsure(row), row.where) for row in rows if row not in sure]
    return _checked(record, tables, _with_used_arms(sure), left)


def article_of(layouts: Sequence[Layout], title: str, abstract: str, body: str) -> Article:
    """What the text of an article tells its tables."""
    whole = " ".join((title, abstract, body))
    treatment, certainty = length_of_treatment(title, abstract, body)
    alone = only_time_named(f"{title}. {abstract}") if certainty < _PLAIN else None
    if alone is not None:
        treatment, certainty = alone, _PLAIN
    follow_up, its_certainty = length_of_follow_up(title, abstract, body)
    spreads = {said.spread for said in all_said(body)} & {"sd", "se"}
    notes = [f"{layout.table.foot} {layout.table.caption}" for layout in layouts]
    short = abbreviations_in(whole, notes)
    arms = find_arms(layouts, whole)
    several = "random" in title.lower() or bool(_RANDOMISED.search(abstract))
    if not len(arms) and (several or not any(layout.readings for layout in layouts)):
        arms = Arms(groups_in_text(whole), short)
    return Article(
        arms=arms,
        several=several,
        instruments=Instruments(whole, short),
        visits=dated_visits(" ".join((body, *notes)), treatment if certainty >= _PLAIN else None),
        treatment=treatment,
        treatment_certainty=certainty,
        after_end=months_after_the_end(" ".join((whole, *notes))),
        follow_up=follow_up,
        follow_up_certainty=its_certainty,
        spread=spreads.pop() if len(spreads) == 1 else "",
        short=short,
    )


def _texts(root: Element) -> tuple[str, str, str]:
    title = text_of(root.find(".//article-title"))
    abstract = " ".join(text_of(part) for part in root.iter("abstract"))
    # What other trials did, as a discussion tells it, says nothing of this one.
    body = " ".join(
        text
        for titles, text in paragraphs(root.find("body"))
        if not (
            titles and _OF_OTHERS.search(titles[0]) and not re.search("result", titles[0], re.I)
        )
    )
    return title, abstract, body


def _passages(root: Element, abstract: str) -> list[tuple[str, str]]:
    """The abstract, then the paragraphs of the results."""
    found = [
        (f"{titles[-1]}, paragraph {number}", text)
        for number, (titles, text) in enumerate(paragraphs(root.find("body")), 1)
        if titles and any("result" in title.lower() for title in titles)
    ]
    return [*found, ("abstract", abstract)]


def _left_out(
    refused: Sequence[Refusal], counted: Sequence[tuple[Reading, Layout, str]], taken: set[str]
) -> list[LeftOut]:
    """One line for the numbers of a row of a table that were left out for one reason."""
    lines: dict[tuple[str, int, str], list[Reading]] = {}
    labels: dict[tuple[str, int, str], tuple[str, str]] = {}
    uncounted = {id(reading) for reading, _, _ in counted}
    everything = [
        (r.reading, r.layout, r.reason) for r in refused if id(r.reading) not in uncounted
    ] + list(counted)
    for reading, layout, reason in everything:
        where = layout.table.place(reading.cell)
        if where in taken:
            continue
        key = (layout.table.label, reading.cell.row, reason)
        lines.setdefault(key, []).append(reading)
        labels.setdefault(key, (" – ".join(reversed(reading.stubs)) or layout.table.label, where))
    return [
        LeftOut(
            f"{labels[key][0]}: {', '.join(reading.cell.text for reading in readings)}"[:300],
            key[2],
            labels[key][1],
        )
        for key, readings in lines.items()
    ]


def _what(row: CandidateRow) -> str:
    r = row.row
    if row.table == "outcomes":
        numbers = ", ".join(
            f"{name} {r[name]:g}"
            for name in (
                "mean",
                "sd",
                "se",
                "ci_low",
                "ci_high",
                "median",
                "q1",
                "q3",
                "min",
                "max",
            )
            if r.get(name) is not None
        )
        change = "change to month" if r["statistic"] == "change" else "month"
        return f"{r['instrument']}, {change} {r['month']:g}, {r['arm_id']}: {numbers}"
    if row.table == "events":
        return f"{r['event']}, {r['arm_id']}: {r['events']} of {r['n']}"
    return f"the trial {r['label']}" if row.table == "studies" else f"the arm {r['label']}"


def _why_unsure(row: CandidateRow) -> str:
    doubts = "; ".join(row.doubts) or "its headings leave too much open"
    return f"unsure (confidence {row.confidence:.2f}): {doubts}"


def _with_used_arms(rows: Sequence[CandidateRow]) -> list[CandidateRow]:
    """The rows without arms that no value is left for, and without the trial if none is left."""
    used = {row.row["arm_id"] for row in rows if row.table in ("outcomes", "events")}
    if not used:
        return []
    return [row for row in rows if row.table != "arms" or row.row["arm_id"] in used]


def _checked(
    record: Record, tables: Sequence[Table], rows: list[CandidateRow], left: list[LeftOut]
) -> ReadArticle:
    """The rows as evidence; those that the gates object to are taken back first."""
    while True:
        evidence = _evidence(record, rows)
        found = {
            (fault.file.removesuffix(".csv"), fault.row): f"{fault.message}; expected "
            f"{fault.expected}"
            for fault in gates(evidence)
            if fault.level == "error" and fault.file in ("outcomes.csv", "events.csv")
        }
        if not found:
            break
        faulty = {
            id(row): found[table, number]
            for table in TABLES
            for number, row in enumerate((r for r in rows if r.table == table), 2)
            if (table, number) in found
        }
        left += [
            LeftOut(
                _what(row), f"does not pass the checks of evidence: {faulty[id(row)]}", row.where
            )
            for row in rows
            if id(row) in faulty
        ]
        rows = _with_used_arms([row for row in rows if id(row) not in faulty])
    placed = tuple(Placed(_what(row), row.where, row.table, row.confidence) for row in rows)
    return ReadArticle(record, tuple(tables), tuple(rows), evidence, placed, tuple(left))


def _evidence(record: Record, rows: Sequence[CandidateRow]) -> Evidence:
    tables = {name: empty_table(name) for name in SIDE_TABLES}
    for table in TABLES:
        tables[table] = _frame(table, [row.row for row in rows if row.table == table])
    return Evidence(**tables, date=record.dates.published[:10], origin=record.id)


def _frame(table: str, rows: Sequence[Row]) -> pl.DataFrame:
    schema = empty_table(table).schema
    columns: dict[str, list[Any]] = {
        name: [row.get(name) if row.get(name) != "" else None for row in rows]
        for name in schema
        if name != "row"
    }
    columns["row"] = list(range(2, len(rows) + 2))
    return pl.DataFrame(columns, schema=schema, strict=False)
