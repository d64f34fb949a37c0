"""`reprieve findings`: the Summary-of-Findings table of a comparison, or of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reprieve.cli import output
from reprieve.cli.opening import AsOf, EvidencePlace, Judgements, judged_evidence
from reprieve.cli.words import ComparatorAsked, ConditionArgument, TreatmentAsked
from reprieve.errors import InputError


def findings(
    condition: ConditionArgument,
    treatment: TreatmentAsked = "cell_therapy",
    comparator: ComparatorAsked = "placebo",
    path: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to .html, .docx or .csv.")
    ] = None,
    month: Annotated[
        float | None,
        typer.Option("--month", "-m", help="With --comparator all: months after treatment (6)."),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="With --comparator all: the treatment to hold the others against."),
    ] = None,
    approach: Annotated[
        str | None,
        typer.Option(help="With --comparator all: how to rate, GRADE (unless said) or CINeMA."),
    ] = None,
    judgements: Judgements = None,
    overrules: Annotated[
        Path | None, typer.Option(help="What people decided otherwise: overrules.csv.")
    ] = None,
    evidence: EvidencePlace = None,
    as_of: AsOf = None,
    json: output.Json = False,
) -> None:
    """Summary of findings: seven outcomes at most, absolute effects, how sure and why."""
    from reprieve.answers.findings_rows import SummaryOfFindings
    from reprieve.answers.network_findings import NetworkFindings, network_findings
    from reprieve.answers.summary_of_findings import summary_of_findings
    from reprieve.certainty import read_overrules
    from reprieve.report.findings import write_findings

    if comparator != "all":
        _refuse_network_options(month=month, reference=reference, approach=approach)
    package, judged = judged_evidence(evidence, as_of, judgements)
    decided = read_overrules(overrules) if overrules else []
    found: SummaryOfFindings | NetworkFindings
    if comparator == "all":
        if decided:
            raise InputError("--overrules are kept for questions, not for --comparator all")
        found = network_findings(
            condition,
            package,
            month=6.0 if month is None else month,
            reference=reference,
            approach=approach or "GRADE",  # type: ignore[arg-type]  # network_certainty checks the word
            judgements=judged,
        )
    else:
        found = summary_of_findings(
            condition, treatment, comparator, package, judgements=judged, overrules=decided
        )
    written = write_findings(found, path) if path else None
    if json:
        output.print_json(found.to_dict() | ({"file": str(written)} if written else {}))
    elif written:
        typer.echo(f"The findings are at {written}")
    else:
        typer.echo(found.summary())


def _refuse_network_options(**given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise InputError(
                f"--{name} is {value}, and belongs to --comparator all; a table of two treatments "
                "takes its months from the outcomes"
            )
