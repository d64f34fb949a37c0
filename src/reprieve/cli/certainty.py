"""`reprieve certainty`: how sure an answer is, each domain with its inputs, rule and reason."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli import output
from reprieve.cli.opening import AsOf, EvidencePlace, Judgements, judged_evidence
from reprieve.cli.words import ConditionArgument, TreatmentAsked
from reprieve.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from reprieve.certainty import Certainty


def certainty(
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
    mcid: Annotated[
        float | None, typer.Option(help="Smallest worthwhile improvement, points of 100.")
    ] = None,
    nonrandomised: Annotated[
        bool, typer.Option("--nonrandomised", help="Let nonrandomised trials answer too.")
    ] = False,
    target: Annotated[
        str, typer.Option(help="What is rated: mcid (a worthwhile difference) or null (any).")
    ] = "mcid",
    judgements: Judgements = None,
    overrules: Annotated[
        Path | None, typer.Option(help="What people decided otherwise: overrules.csv.")
    ] = None,
    overrule: Annotated[
        str | None,
        typer.Option(help="Decide a domain otherwise and add it to --overrules: imprecision=2."),
    ] = None,
    withdraw: Annotated[
        str | None, typer.Option(help="Take the last overrule of a domain back: imprecision.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for --overrule and --withdraw.")] = "",
    who: Annotated[str, typer.Option(help="Who decides, for --overrule and --withdraw.")] = "",
    flips: Annotated[
        bool, typer.Option("--flips", help="Also: what would change the level or the verdict?")
    ] = False,
    evidence: EvidencePlace = None,
    as_of: AsOf = None,
    json: output.Json = False,
) -> None:
    """How sure is the answer? GRADE's domains by stated rules, which people may overrule."""
    from reprieve.answers import Question
    from reprieve.answers.ask import ask
    from reprieve.answers.flips import verdict_flips
    from reprieve.certainty import Rules, read_overrules

    question = Question(
        condition=condition,
        treatment=treatment,
        comparator=comparator,
        outcome=outcome,
        month=month,
        mcid=mcid,
        randomised=not nonrandomised,
    )
    package, judged = judged_evidence(evidence, as_of, judgements)
    rules = Rules(target=target)  # type: ignore[arg-type]  # Rules checks the word
    if overrule is not None or withdraw is not None:
        proposed = ask(question, package, judgements=judged, rules=rules).certainty
        _decide(proposed, overrules, overrule, withdraw, reason, who)
    decided = read_overrules(overrules) if overrules else []
    answer = ask(question, package, judgements=judged, overrules=decided, rules=rules)
    every = verdict_flips(question, package, rules=rules, judgements=judged) if flips else None
    if json:
        output.print_json(
            answer.certainty.to_dict() | ({"flips": every.to_dict()} if every else {})
        )
        return
    console = output.console()
    console.print(output.paragraphs(answer.certainty.in_words()), markup=False)
    print_reasons(console, answer.certainty, everything=True)
    if every:
        typer.echo("\n" + every.summary())
        if any(d.overruled_by for d in (*answer.certainty.domains, *answer.certainty.upgrades)):
            typer.echo("These are changes of what the rules propose, before anybody overruled it.")
    console.print("\nDecision support, not medical advice.", style="dim")


def print_reasons(console: Console, found: Certainty, *, everything: bool = False) -> None:
    """Level and domains; only those that moved the level, unless `everything` is asked for."""
    console.print(f"\nCertainty: {found.level} {found.symbols}", style="bold")
    for domain in (*found.domains, *found.upgrades) if everything else found.reasons:
        by = domain.overruled_by
        sign = "−" if domain.downgrade > 0 else "+"
        levels = f"{sign}{abs(domain.downgrade)}" if domain.downgrade else "0"
        told = f"{levels} {domain.domain}: {domain.reason}."
        if by and by.inputs_changed:
            told += f" Inputs have changed since {by.who} judged it ({by.date}): look again."
        elif by:
            told += f" Overruled by {by.who} on {by.date}: {by.reason}."
        console.print(output.paragraphs(told, "  "), markup=False)
        if everything:
            console.print(output.paragraphs(f"Rule: {domain.rule}", "    "), markup=False)


def _decide(
    proposed: Certainty,
    path: Path | None,
    overruled: str | None,
    withdrawn: str | None,
    reason: str,
    who: str,
) -> None:
    from reprieve.certainty import overrule as write
    from reprieve.certainty import withdraw as take_back
    from reprieve.certainty.grading.domains import DOMAINS, UPGRADES
    from reprieve.errors import UnknownWordError

    if overruled is not None and withdrawn is not None:
        raise InputError("--overrule and --withdraw are both given; decide one at a time")
    if path is None:
        raise InputError("--overrule and --withdraw need --overrules FILE to be written to")
    if overruled is not None:
        name, sign, levels = overruled.partition("=")
        if not sign or not levels.strip().lstrip("-").isdigit():
            raise InputError(
                f"--overrule is {overruled!r}; expected a domain and levels: imprecision=2"
            )
        known = [d.domain for d in (*proposed.domains, *proposed.upgrades)]
        if not known:
            raise InputError(f"{proposed.key}: there is no trial, and nothing to overrule")
        if name.strip() not in known:
            raise UnknownWordError("domain", name.strip(), known)
        seen = proposed.domain(name.strip())
        write(path, proposed.key, seen, int(levels), reason=reason, who=who)
    if withdrawn is not None:
        if withdrawn not in (*DOMAINS, *UPGRADES):
            raise UnknownWordError("domain", withdrawn, (*DOMAINS, *UPGRADES))
        take_back(path, proposed.key, withdrawn, reason=reason, who=who)
