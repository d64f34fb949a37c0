"""`reprieve missing`: trials registered and never heard of again, and what they could change."""

from __future__ import annotations

from typing import Annotated

import typer

from reprieve.cli import output
from reprieve.cli.opening import AsOf, EvidencePlace, evidence_of
from reprieve.cli.words import ConditionArgument, TreatmentAsked


def missing(
    condition: ConditionArgument,
    treatment: TreatmentAsked = "cell_therapy",
    comparator: Annotated[
        str,
        typer.Option("--comparator", "-k", help="What it is held against, such as placebo."),
    ] = "placebo",
    outcome: Annotated[
        str, typer.Option("--outcome", "-o", help="pain, function, quality_of_life, structure …")
    ] = "pain",
    month: Annotated[float, typer.Option("--month", "-m", help="Months after treatment.")] = 6.0,
    evidence: EvidencePlace = None,
    as_of: AsOf = None,
    json: output.Json = False,
) -> None:
    """What is missing: silent trials, what they could change, and the PRISMA 2020 numbers."""
    from rich.markup import escape

    from reprieve.answers import Question
    from reprieve.answers.flow import flow
    from reprieve.certainty.unpublished import missing_evidence

    question = Question(
        condition=condition,
        treatment=treatment,
        comparator=comparator,
        outcome=outcome,
        month=month,
    )
    package = evidence_of(evidence, as_of)
    found = missing_evidence(question, package)
    numbers = flow(question, package)
    if json:
        output.print_json(found.to_dict() | {"flow": numbers.to_dict()})
        return
    console = output.console()
    for line in found.summary().splitlines():
        console.print(output.paragraphs(line), markup=False)
    silent = found.trials.filter(state="silent").sort("primary_completion_date", "nct_id")
    if found.silent and not silent.is_empty():
        table = output.table("Silent trial", "Planned", "Ended", "Randomised", "Title")
        for row in silent.iter_rows(named=True):
            table.add_row(
                row["nct_id"],
                "?" if row["planned"] is None else str(row["planned"]),
                row["primary_completion_date"] or row["completion_date"],
                "yes" if row["allocation"] == "Randomized" else "no",
                escape(row["title"]),
            )
        console.print(table)
    console.print("From records to trials (PRISMA 2020)", style="bold")
    console.print(numbers.summary(), markup=False)
