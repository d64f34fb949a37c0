"""`reprieve rob`: what the tools propose, figures of what people judged, and hints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.cli import output
from reprieve.cli.opening import AsOf, EvidencePlace, evidence_of
from reprieve.errors import InputError

if TYPE_CHECKING:
    from reprieve.certainty import BiasJudgement, Proposal

app = typer.Typer(
    help="Risk of bias: tools propose, people judge; hints are not judgements.",
    no_args_is_help=True,
)

Tool = Annotated[str, typer.Option("--tool", help="rob2, rob2-adherence, robins-i or rob-me.")]


@app.command()
def judge(
    answers: Annotated[
        Path,
        typer.Argument(help="A CSV file: study_id, outcome, comparison, and a column a question."),
    ],
    tool: Tool = "rob2",
    write: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write a file of judgements for people to fill in."),
    ] = None,
    json: output.Json = False,
) -> None:
    """What the algorithm of a tool makes of the answers: proposals, for people to judge."""
    from rich.markup import escape

    from reprieve.certainty.risk_of_bias.files import write_judgements
    from reprieve.certainty.risk_of_bias.records import proposals
    from reprieve.certainty.risk_of_bias.sheets import read_answers

    blank = read_answers(answers, tool)
    found = list(zip(blank, proposals(blank), strict=True))
    if write is not None:
        write_judgements(write, blank)
    if json:
        output.print_json({"tool": tool, "proposals": [_plain(*pair) for pair in found]})
        return
    shown = output.table("Study", "Domain", "Proposed", "Because")
    for record, proposal in found:
        result = " ".join(filter(None, (record.study, record.outcome, record.comparison)))
        shown.add_row(escape(result), _named(proposal), proposal.judgement or "–", proposal.reason)
    output.console().print(shown)
    if write is not None:
        typer.echo(f"Wrote {write}; fill in judgement, who and date", err=True)


@app.command()
def plot(
    file: Annotated[Path, typer.Argument(help="A file of judgements, or one in robvis's layout.")],
    save_as: Annotated[
        Path, typer.Option("--output", "-o", help="Ends in .svg, .png, .html or .json.")
    ],
    tool: Tool = "rob2",
    summary: Annotated[
        bool, typer.Option("--summary", help="Bars a domain; by the column Weight if there is one.")
    ] = False,
    outcome: Annotated[
        str | None, typer.Option(help="Which result, where a study has several.")
    ] = None,
    json: output.Json = False,
) -> None:
    """Draw judgements: traffic lights, or their summary."""
    from reprieve.certainty import count_judgements
    from reprieve.figures.risk_of_bias_summary import risk_of_bias_summary
    from reprieve.figures.theme import save
    from reprieve.figures.traffic_light import traffic_light

    judgements, weights = _read(file, tool)
    if outcome is not None:
        judgements = [j for j in judgements if j.outcome == outcome]
        if not judgements:
            raise InputError(f"{file}: no judgement by {tool} of the outcome {outcome!r}")
    chart = risk_of_bias_summary(judgements, weights) if summary else traffic_light(judgements)
    save(chart, save_as)
    counts = count_judgements(judgements, list(dict.fromkeys(j.study for j in judgements)))
    if json:
        output.print_json({"figure": str(save_as), "overall": counts})
        return
    told = ", ".join(f"{n} {word}" for word, n in counts.items())
    typer.echo(f"Wrote {save_as}; overall: {told}")


@app.command()
def hints(
    study: Annotated[str, typer.Argument(help="A trial: vega-2015, its label or number.")],
    outcome: Annotated[str, typer.Option(help="The domain of outcomes concerned.")] = "pain",
    evidence: EvidencePlace = None,
    as_of: AsOf = None,
    json: output.Json = False,
) -> None:
    """What the evidence shows of a trial that bears on its risk of bias: hints, no judgements."""
    from rich.markup import escape

    from reprieve.certainty import hints as hints_of
    from reprieve.evidence.catalogue import find_study

    package = evidence_of(evidence, as_of)
    trial = find_study(package, study)["study_id"]
    found = hints_of(package, trial, outcome)
    if json:
        output.print_json(
            {"study": trial, "judgement": "not judged", "hints": [h.to_dict() for h in found]}
        )
        return
    shown = output.table("Topic", "Seen", "To look up", "Bears on", title=f"Hints for {trial}")
    for hint in found:
        bears = f"{hint.domain} {hint.domain_name}"
        shown.add_row(hint.topic, escape(hint.saw), escape(hint.look_up), bears)
    console = output.console()
    console.print(shown)
    console.print("Hints are no judgements: this trial is not judged.")


def _plain(record: BiasJudgement, proposal: Proposal) -> dict[str, Any]:
    return {
        "study_id": record.study,
        "outcome": record.outcome,
        "comparison": record.comparison,
        "domain": record.domain,
        "proposed": proposal.judgement,
        "asks": list(proposal.asks),
        "because": dict(proposal.because),
        "note": proposal.note,
    }


def _named(proposal: Proposal) -> str:
    from reprieve.certainty.risk_of_bias.tools import tool

    name = tool(proposal.tool).domains[proposal.domain]
    return name if name == proposal.domain else f"{proposal.domain} {name}"


def _read(file: Path, tool: str) -> tuple[list[BiasJudgement], Any]:
    """The judgements of one tool, and the weights of robvis's layout if it has them."""
    from reprieve.certainty import read_judgements, read_robvis
    from reprieve.certainty.risk_of_bias.sheets import header_of
    from reprieve.certainty.risk_of_bias.tools import tool as known_tool

    known_tool(tool)
    if "Study" in header_of(file):
        robvis = read_robvis(file, tool, who=file.name)
        return robvis.judgements, robvis.weights or None
    found = [j for j in read_judgements(file) if j.tool == tool]
    if not found:
        raise InputError(f"{file}: no judgement by {tool}; choose another with --tool")
    return found, None
