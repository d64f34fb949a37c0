"""`reprieve ask`: a question in, a short answer out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli import output
from reprieve.cli.certainty import print_reasons
from reprieve.cli.opening import AsOf, EvidencePlace, judged_evidence
from reprieve.cli.words import ComparatorAsked, ConditionArgument, TreatmentAsked
from reprieve.errors import InputError

if TYPE_CHECKING:
    from reprieve.answers import Answer, TrajectoryAnswer

_OTHER = "placebo"
"""Stands in for the comparator of a question about all treatments, where it does not count."""


def ask(
    condition: ConditionArgument,
    treatment: TreatmentAsked = "cell_therapy",
    comparator: ComparatorAsked = "placebo",
    outcome: Annotated[
        str, typer.Option("--outcome", "-o", help="pain, function, quality_of_life, structure …")
    ] = "pain",
    month: Annotated[
        str, typer.Option("--month", "-m", help="Months after treatment, or all: the course.")
    ] = "6",
    window: Annotated[
        tuple[float, float] | None,
        typer.Option(help="Earliest and latest month that may stand in (half to twice --month)."),
    ] = None,
    statistic: Annotated[
        str, typer.Option(help="Preferred kind of value: final or change.")
    ] = "final",
    nonrandomised: Annotated[
        bool, typer.Option("--nonrandomised", help="Let nonrandomised trials answer too.")
    ] = False,
    mcid: Annotated[
        float | None, typer.Option(help="Smallest worthwhile improvement, points of 100.")
    ] = None,
    every_analysis: Annotated[
        bool,
        typer.Option("--multiverse", help="Also run every defensible analysis: what moves it?"),
    ] = False,
    nodes: Annotated[
        str, typer.Option(help="With --comparator all: product, class or combination.")
    ] = "product",
    lump: Annotated[
        bool, typer.Option("--lump", help="With --comparator all: all controls as one.")
    ] = False,
    picture: Annotated[
        Path | None, typer.Option(help="With --month all: draw into .svg, .png or .html.")
    ] = None,
    evidence: EvidencePlace = None,
    as_of: AsOf = None,
    json: output.Json = False,
) -> None:
    """What do the trials say? A short answer with numbers, uncertainty and trials."""
    from reprieve.answers import Question, ask_trajectory, multiverse
    from reprieve.answers import ask as answer_to
    from reprieve.cli.trajectories import print_trajectory

    at_once = comparator == "all"
    _check(at_once, month == "all", picture, every_analysis, lump or nodes != "product")
    question = Question(
        condition=condition,
        treatment=treatment,
        comparator=_OTHER if at_once else comparator,
        outcome=outcome,
        month=6.0 if month == "all" else _month(month),
        window=window,
        statistic=statistic,  # type: ignore[arg-type]  # Question checks the word
        randomised=not nonrandomised,
        mcid=mcid,
    )
    package, judged = judged_evidence(evidence, as_of)
    if at_once:
        from reprieve.cli.networks import print_network

        print_network(question, package, nodes, lump=lump, json=json)
        return
    if month == "all":
        print_trajectory(question, package, picture, json=json)
        return
    answer = answer_to(question, package, judgements=judged)
    course = ask_trajectory(question, package)
    every = multiverse(question, package) if every_analysis else None
    if json:
        over_time = {"trajectory": course.to_dict()}
        more = {"multiverse": every.to_dict()} if every else {}
        output.print_json(answer.to_dict() | over_time | more)
        return
    _print(answer, course)
    if every:
        typer.echo("\n" + every.summary())


def _check(
    at_once: bool, every_month: bool, picture: Path | None, multiverse: bool, of_network: bool
) -> None:
    """Refuse options that would be passed over."""
    if at_once and every_month:
        raise InputError(
            "--comparator all takes one month, such as --month 12; the report of a condition "
            "holds its network month by month"
        )
    if picture is not None and (at_once or not every_month):
        raise InputError("--picture needs --month all, and one --comparator")
    if multiverse and (at_once or every_month):
        raise InputError("--multiverse needs one --comparator and one --month")
    if of_network and not at_once:
        raise InputError("--nodes and --lump need --comparator all")


def _month(given: str) -> float:
    try:
        return float(given)
    except ValueError:
        raise InputError(f"--month is {given!r}; expected a number of months, or all") from None


def _print(answer: Answer, course: TrajectoryAnswer) -> None:
    console = output.console()
    console.print(output.paragraphs(answer.in_words), markup=False)
    if answer.studies:
        console.print(_studies(answer))
    if course.fit is not None:
        console.print("\nAll visits of all trials together:", style="bold")
        console.print(output.paragraphs(course.in_words, "  "), markup=False)
    if answer.excluded:
        console.print("\nNot in the number:", style="bold")
        reasons: dict[str, list[str]] = {}
        for left_out in answer.excluded:
            reasons.setdefault(left_out.reason, []).append(left_out.label)
        for reason, labels in reasons.items():
            console.print(output.paragraphs(f"{'; '.join(labels)}: {reason}", "  "), markup=False)
    if answer.effect:
        print_reasons(console, answer.certainty)
    console.print(
        f"\nEvidence of {answer.evidence_date}. Decision support, not medical advice.", style="dim"
    )


def _studies(answer: Answer) -> object:
    from rich.markup import escape

    shown = output.table(
        "Trial", "Treatment", "Comparator", "Measured", "People", "Points (95% CI)", "Weight"
    )
    for study in answer.studies:
        low, high = study.ci
        shown.add_row(
            escape(study.label),
            escape(study.treatment),
            escape(study.comparator),
            f"{escape(study.instrument)}, month {study.month:g}",
            f"{study.n_treatment or '?'} v {study.n_comparator or '?'}",
            f"{output.points(study.estimate)} ({output.points(low)} to {output.points(high)})",
            f"{study.weight:.0f}%",
        )
    if answer.effect and answer.effect.k > 1:
        low, high = answer.effect.ci
        shown.add_section()
        shown.add_row(
            "Pooled", "", "", "", str(answer.effect.n),
            f"{output.points(answer.effect.estimate)} "
            f"({output.points(low)} to {output.points(high)})",
            "100%",
        )  # fmt: skip
    return shown
