"""`reprieve ask … --comparator all`: every treatment of a condition at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from reprieve.cli import output

if TYPE_CHECKING:
    from reprieve.answers import NetworkAnswer
    from reprieve.answers.networks import Part
    from reprieve.effects.question import Question
    from reprieve.evidence import Evidence


def print_network(
    question: Question, evidence: Evidence, nodes: str, *, lump: bool, json: bool
) -> None:
    """The network of a question, for people or as JSON."""
    from reprieve.answers import ask_network

    answer = ask_network(
        question,
        evidence,
        nodes=nodes,  # type: ignore[arg-type]  # compare_all checks the word
        lump=lump,
    )
    if json:
        output.print_json(answer.to_dict())
        return
    console = output.console()
    console.print(output.paragraphs(answer.in_words), markup=False)
    for part in answer.parts:
        console.print(_part(part))
    if answer.responses:
        console.print(_responses(answer))
    if not answer.found.excluded.is_empty():
        left = answer.found.excluded["study_id"].n_unique()
        console.print(
            f"\n{left} trials, in whole or part, are not in it: --json lists the reasons."
        )
    typer.echo(f"\nEvidence of {answer.evidence_date}. Decision support, not medical advice.")


def _part(part: Part) -> object:
    from rich.markup import escape

    from reprieve.answers.months import trials_with
    from reprieve.answers.network_words import people_of

    fit, names = part.fit, part.names
    ranks = {row["treatment"]: row for row in fit.ranks().to_frame().iter_rows(named=True)}
    shown = output.table(
        f"Against {escape(names[fit.reference])}", "Points (95% CI)", "In a new trial",
        "Rank (95%)", "Trials",
        title=f"{fit.k} trial{'s' * (fit.k > 1)}, {people_of(part)}",
    )  # fmt: skip
    for row in fit.to_frame().sort("estimate").iter_rows(named=True):
        rank = ranks[row["treatment"]]
        between = f"{rank['rank_low']:.0f} to {rank['rank_high']:.0f}"
        shown.add_row(
            escape(names[row["treatment"]]),
            f"{output.points(row['estimate'])} ({output.points(row['ci_low'])} to "
            f"{output.points(row['ci_high'])})",
            "–"
            if row["pi_low"] != row["pi_low"]
            else f"{output.points(row['pi_low'])} to {output.points(row['pi_high'])}",
            f"{rank['median_rank']:.0f} ({between}) of {fit.n}",
            str(trials_with(part, row["treatment"])),
        )
    return shown


def _responses(answer: NetworkAnswer) -> object:
    from rich.markup import escape

    from reprieve.evidence.nodes import node

    shown = output.table(
        "Control", "Change since baseline (95% CI)", "People", "Trials",
        title="How much people with a control changed (negative is better)",
    )  # fmt: skip
    for response in answer.responses:
        low, high = response.ci
        shown.add_row(
            escape(node(response.node).name),
            f"{output.points(response.change)} ({output.points(low)} to {output.points(high)})",
            f"{response.n:,}",
            str(response.k),
        )
    return shown
