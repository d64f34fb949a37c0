"""Tables of findings as Word documents, landscape, with real tables that people can edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reprieve.answers.findings_rows import Row, SummaryOfFindings
from reprieve.answers.network_findings import NetworkFindings
from reprieve.answers.words import capital
from reprieve.certainty.grading.domains import DOMAINS
from reprieve.report import findings as cells

NOTE = (
    "Decision support, not medical advice. Points are of a scale from 0 to 100 on which higher is "
    "worse. Levels are proposed by published rules from the data (GRADE: Guyatt 2013 J Clin "
    "Epidemiol 66:158; wording: Santesso 2020 J Clin Epidemiol 119:126) and may be overruled by "
    "people on the record. Trials that nobody has judged for risk of bias count as some concerns."
)


def comparison(found: SummaryOfFindings) -> Any:
    """The document of one comparison: findings, footnotes, evidence profile."""
    condition, treatment, comparator = found.names
    document = _document(f"{capital(treatment)} against {comparator} in {condition}")
    document.add_paragraph(
        f"People: with {condition}, in randomised trials. Treatment: {treatment}. "
        f"Comparator: {comparator}."
    )
    notes = found.footnotes
    header = (
        "Outcome", f"With {comparator}", f"With {treatment}", "Difference (95% CI)",
        "Relative effect", "People (trials)", "Certainty", "What it means",
    )  # fmt: skip
    _table(document, header, [_cells(row, notes) for row in found.rows],
           (3.9, 2.9, 3.5, 4.0, 2.5, 2.0, 2.4, 5.0))  # fmt: skip
    if notes:
        document.add_heading("Why the certainty is what it is", level=2)
        for place, reason in enumerate(notes):
            document.add_paragraph(f"{cells.letter(place)}. {reason}", style="Reason")
    rated = [_profile(row) for row in found.rows if row.certainty]
    if rated:
        document.add_heading("Evidence profile", level=2)
        _table(
            document,
            ("Outcome", "Trials", "Starts", *map(capital, DOMAINS), "Other", "People", "Certainty"),
            rated,
            (4.5, 1.4, 1.6, 2.5, 3.2, 2.7, 2.6, 2.5, 1.6, 1.6, 2.2),
        )
    _close(document, found.evidence_date, found.command)
    return document


def network(found: NetworkFindings) -> Any:
    """The document of a network: treatments by outcomes, and why."""
    document = _document(f"All treatments of {found.condition_name}")
    document.add_paragraph(
        "Every treatment against one, from direct and indirect comparisons of randomised trials; "
        f"certainty by {found.approach}."
    )
    if not found.columns:
        document.add_paragraph("No trial compares treatments with numbers that can be used.")
    else:
        header = ["Treatment"]
        for column in found.columns:
            trials = "one trial" if column.trials == 1 else f"{column.trials} trials"
            header.append(
                f"{column.title}, against {column.reference_name} ({trials}, "
                f"{column.people:,} people)"
            )
        rows = []
        for code, name in found.treatments.items():
            shown = [capital(name)]
            for column in found.columns:
                pair = column.pairs.get(code)
                shown.append(
                    "not in this network"
                    if pair is None
                    else f"{cells.points(pair.estimate, pair.ci)}\n{pair.symbols} {pair.level} "
                    f"({pair.rests_on} evidence)"
                )
            rows.append(shown)
        share = 20.0 / len(found.columns)
        _table(document, header, rows, (6.0, *[share] * len(found.columns)))
        for column in found.columns:
            document.add_heading(f"{column.title}: why", level=2)
            for pair in column.pairs.values():
                reasons = "; ".join(f"{d.domain}: {d.reason}" for d in pair.certainty.reasons)
                document.add_paragraph(
                    f"{capital(pair.certainty.treatment)}: {pair.level}. {reasons}", style="Reason"
                )
    _close(document, found.evidence_date, found.command)
    return document


def _cells(row: Row, notes: tuple[str, ...]) -> list[str]:
    outcome = f"{row.outcome}\n{row.scale}"
    if row.certainty is None or row.difference is None or row.difference_ci is None:
        return [outcome, "not reported", "", "", "", "–", "–", row.statement]
    if row.kind == "points":
        with_comparator = _mean(row.assumed)
        with_treatment = _mean(row.corresponding)
        difference = cells.points(row.difference, row.difference_ci)
    else:
        with_comparator = f"{row.assumed or 0.0:.1f} of 100"
        low, high = row.corresponding_ci or (0.0, 100.0)
        with_treatment = f"{row.corresponding or 0.0:.1f} of 100 ({low:.1f} to {high:.1f})"
        difference = cells.people_of(row)
    if row.note:
        difference += f"\n{row.note}"
    why = cells.letters(row, notes)
    certainty = f"{row.certainty.symbols}\n{row.certainty.level}" + (f" ({why})" if why else "")
    return [
        outcome, with_comparator, with_treatment, difference, cells.ratio(row),
        f"{row.people:,} ({row.trials})", certainty, row.statement,
    ]  # fmt: skip


def _mean(value: float | None) -> str:
    return "not known" if value is None else f"mean change: {cells.change(value)}"


def _profile(row: Row) -> list[str]:
    rated = row.certainty
    if rated is None:  # callers keep those that are rated
        raise AssertionError("not rated")
    up = "; ".join(f"{d.domain} {d.seriousness}" for d in rated.upgrades if d.downgrade)
    return [
        row.outcome, str(row.trials), rated.start, *(d.seriousness for d in rated.domains),
        up or "–", f"{row.people:,}", f"{rated.symbols} {rated.level}",
    ]  # fmt: skip


def _document(title: str) -> Any:
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Cm, Pt

    document = Document()
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(29.7), Cm(21.0)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Cm(1.6))
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(10)
    reason = document.styles.add_style("Reason", WD_STYLE_TYPE.PARAGRAPH)
    reason.base_style = normal
    reason.font.size = Pt(9)
    reason.paragraph_format.space_after = Pt(2)
    document.core_properties.title = title
    document.core_properties.author = "Reprieve"
    document.add_heading(title, level=1)
    return document


def _table(
    document: Any, header: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]
) -> None:
    """A table with a repeated header; a first line in a cell is followed by its small print."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt

    table = document.add_table(rows=1, cols=len(header), style="Table Grid")
    table.autofit = False
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
    for place, words in enumerate(header):
        run = table.rows[0].cells[place].paragraphs[0].add_run(words)
        run.bold, run.font.size = True, Pt(9)
    for row in rows:
        line = table.add_row()
        whole = OxmlElement("w:cantSplit")
        line._tr.get_or_add_trPr().append(whole)
        for place, words in enumerate(row):
            first, *more = words.split("\n")
            paragraph = line.cells[place].paragraphs[0]
            run = paragraph.add_run(first)
            run.font.size, run.bold = Pt(9), place == 0
            for small in more:
                run = paragraph.add_run(f"\n{small}")
                run.font.size = Pt(8)
    for width, column in zip(widths, table.columns, strict=True):
        column.width = Cm(width)  # Word goes by the cells, other programs by the columns
    for line in table.rows:
        for width, place in zip(widths, line.cells, strict=True):
            place.width = Cm(width)


def _close(document: Any, date: str, command: str) -> None:
    from reprieve import __version__

    document.add_paragraph()
    document.add_paragraph(NOTE, style="Reason")
    document.add_paragraph(
        f"Evidence of {date or 'unknown date'}. Made with Reprieve {__version__}: {command}",
        style="Reason",
    )
