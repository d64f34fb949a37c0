"""The words of the vocabulary as completions of the shell."""

from __future__ import annotations

from typing import Annotated

import typer


def _conditions(incomplete: str) -> list[tuple[str, str]]:
    from reprieve.evidence import vocabulary

    return [
        (c.code, c.name) for c in vocabulary.conditions().values() if c.code.startswith(incomplete)
    ]


def _treatments(incomplete: str) -> list[tuple[str, str]]:
    from reprieve.evidence import vocabulary

    return [
        (t.code, t.name) for t in vocabulary.treatments().values() if t.code.startswith(incomplete)
    ]


def _comparators(incomplete: str) -> list[tuple[str, str]]:
    every = (
        [("all", "all treatments at once, as a network")] if "all".startswith(incomplete) else []
    )
    return every + _treatments(incomplete)


ConditionArgument = Annotated[
    str,
    typer.Argument(help="A condition, such as knee_osteoarthritis.", autocompletion=_conditions),
]
ConditionOption = Annotated[
    str | None, typer.Option("--condition", "-c", help="A condition.", autocompletion=_conditions)
]
TreatmentOption = Annotated[
    str | None,
    typer.Option("--treatment", "-t", help="A treatment or class.", autocompletion=_treatments),
]
TreatmentAsked = Annotated[
    str,
    typer.Option(
        "--treatment",
        "-t",
        help="A treatment (bm_msc) or class (cell_therapy).",
        autocompletion=_treatments,
    ),
]
ComparatorAsked = Annotated[
    str,
    typer.Option(
        "--comparator",
        "-k",
        help="What it is held against (placebo, traditional, exercise_therapy …), or all.",
        autocompletion=_comparators,
    ),
]
