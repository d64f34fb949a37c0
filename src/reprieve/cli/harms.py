"""`reprieve harms`: what can go wrong, how often, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli import output
from reprieve.cli.opening import AsOf, EvidencePlace, evidence_of
from reprieve.cli.words import TreatmentAsked
from reprieve.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from reprieve.answers.benefit_harm import BenefitHarm
    from reprieve.answers.harms import HarmResult, HarmsAnswer

_EVERY = "all"


def harms(
    condition: Annotated[
        str, typer.Argument(help="A condition, such as knee_osteoarthritis, or all.")
    ],
    treatment: TreatmentAsked = "cell_therapy",
    comparator: Annotated[
        str,
        typer.Option("--comparator", "-k", help="What it is held against, such as placebo."),
    ] = "placebo",
    event: Annotated[
        str | None, typer.Option(help="One family of events: serious, infection, tumour …")
    ] = None,
    nonrandomised: Annotated[
        bool, typer.Option("--nonrandomised", help="Compare in trials without randomisation too.")
    ] = False,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            help="Net benefit with your weights: serious=5 counts one serious event like five "
            "worthwhile improvements of pain. Repeat for other families."
        ),
    ] = None,
    evidence: EvidencePlace = None,
    as_of: AsOf = None,
    json: output.Json = False,
) -> None:
    """Harms of a treatment in a condition (or in all): trials, bounds, and published rates."""
    from reprieve.answers.harms import ask_harms
    from reprieve.effects.harms import HarmsQuestion

    package = evidence_of(evidence, as_of)
    question = HarmsQuestion(
        condition=None if condition == _EVERY else condition,
        treatment=treatment,
        comparator=comparator,
        randomised=not nonrandomised,
    )
    answer = ask_harms(question, package, event=event)
    page = None
    if weight:
        page = _weighed(answer, package, dict(_weight(given) for given in weight))
    if json:
        more = {"benefit_harm": page.to_dict()} if page else {}
        output.print_json(answer.to_dict() | more)
        return
    _print(answer, page)


def _weight(given: str) -> tuple[str, float]:
    family, _, number = given.partition("=")
    try:
        return family.strip(), float(number)
    except ValueError:
        raise InputError(
            f"--weight is {given!r}; expected a family and a number, such as serious=5"
        ) from None


def _weighed(answer: HarmsAnswer, package: object, weights: dict[str, float]) -> BenefitHarm:
    """Benefit and harm together; pain at six months is the benefit."""
    from reprieve.answers import Question, ask
    from reprieve.answers.benefit_harm import benefit_harm

    asked = answer.question
    if asked.condition is None:
        raise InputError("--weight needs one condition, since a benefit belongs to one")
    benefit = ask(
        Question(
            condition=asked.condition,
            treatment=asked.treatment,
            comparator=asked.comparator,
            randomised=asked.randomised,
        ),
        package,  # type: ignore[arg-type]
    )
    return benefit_harm(benefit, answer, weights)


def _print(answer: HarmsAnswer, page: BenefitHarm | None) -> None:
    from reprieve.answers.harm_models import RULE

    console = output.console()
    console.print(output.paragraphs(answer.in_words), markup=False)
    for found in answer.families:
        _print_family(console, found)
    if answer.apart:
        console.print("\nOutbreaks and case reports, apart from trials", style="bold")
        for row in answer.apart:
            text = f"{row.group}: {row.event}, {row.shown} ({row.design}). {row.source}"
            console.print(output.paragraphs(text, "  "), markup=False)
    if page is not None:
        console.print("\nBenefit and harm together", style="bold")
        console.print(output.paragraphs(page.in_words, "  "), markup=False)
    console.print(f"\n{output.paragraphs('Models: ' + RULE + '.')}", style="dim", markup=False)
    console.print(
        f"\nEvidence of {answer.evidence_date}. Decision support, not medical advice.", style="dim"
    )


def _print_family(console: Console, found: HarmResult) -> None:
    name = found.family.name
    console.print(f"\n{name[0].upper()}{name[1:]}", style="bold")
    console.print(output.paragraphs(found.in_words, "  "), markup=False)
    for trial in found.trials:
        month = "" if trial.month is None else f", month {trial.month:g}"
        notes = f" ({'; '.join(trial.notes)})" if trial.notes else ""
        text = (
            f"{trial.label}: {trial.events_treatment} of {trial.n_treatment} v "
            f"{trial.events_comparator} of {trial.n_comparator}{month}{notes}"
        )
        console.print(output.paragraphs(text, "    "), markup=False)
    for row in found.published:
        caveats = f"; {'; '.join(row.caveats)}" if row.caveats else ""
        text = f"Published: {row.group}: {row.event}: {row.shown} ({row.design}{caveats}). "
        console.print(output.paragraphs(text + row.source, "    "), markup=False)
