"""`reprieve network`: all treatments at once, from a file of contrasts or of arms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve import synthesis
from reprieve.cli import output
from reprieve.cli.network_figures import FiguresFolder, write_figures
from reprieve.cli.tables import DataFile, read_table, require_columns
from reprieve.errors import InputError, SynthesisError

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl


def network(
    data: DataFile,
    study: Annotated[str, typer.Option(help="Column of study labels.")],
    treatment1: Annotated[
        str | None, typer.Option(help="Column of the first treatment of a contrast.")
    ] = None,
    treatment2: Annotated[
        str | None, typer.Option(help="Column of the second; effects are first minus second.")
    ] = None,
    effect: Annotated[str | None, typer.Option(help="Column of effects.")] = None,
    se: Annotated[str | None, typer.Option(help="Column of standard errors.")] = None,
    variance: Annotated[str | None, typer.Option(help="Column of sampling variances.")] = None,
    treatment: Annotated[
        str | None, typer.Option(help="Column of treatments, where a row is an arm.")
    ] = None,
    mean: Annotated[str | None, typer.Option(help="Column of means of arms.")] = None,
    sd: Annotated[str | None, typer.Option(help="Column of standard deviations.")] = None,
    events: Annotated[str | None, typer.Option(help="Column of people with the event.")] = None,
    n: Annotated[str | None, typer.Option("--n", help="Column of people.")] = None,
    measure: Annotated[str | None, typer.Option(help="Of arms: MD, SMD, ROM; OR, RR, RD.")] = None,
    reference: Annotated[
        str | None, typer.Option(help="Treatment that the others are shown against.")
    ] = None,
    model: Annotated[str, typer.Option(help="random or common.")] = "random",
    method: Annotated[str, typer.Option(help="Of τ²: DL, REML or ML.")] = "DL",
    prior: Annotated[
        str | None, typer.Option(help='Bayes: prior of τ, such as "half-normal(5)".')
    ] = None,
    effect_prior: Annotated[
        str | None,
        typer.Option(help='Prior of effects against the reference: "normal(0, 100)" (mean, sd).'),
    ] = None,
    small_values: Annotated[
        str, typer.Option(help="desirable (as with pain) or undesirable; decides ranks.")
    ] = "desirable",
    level: Annotated[float, typer.Option(help="Of intervals, in percent.")] = 95.0,
    components: Annotated[
        bool, typer.Option("--components", help='Take "A + B" as the sum of A and B.')
    ] = False,
    separator: Annotated[str, typer.Option(help="What stands between components.")] = "+",
    inactive: Annotated[
        str | None, typer.Option(help="Component that is taken to have no effect, as placebo.")
    ] = None,
    interaction: Annotated[
        list[str] | None,
        typer.Option(help='Components that may not just add up, as "A*B"; repeat for more.'),
    ] = None,
    league: Annotated[bool, typer.Option("--league", help="Print the league table.")] = False,
    figures: FiguresFolder = None,
    json: output.Json = False,
) -> None:
    """Network meta-analysis: all treatments against each other, directly and indirectly."""
    table = read_table(data, (study, treatment1, treatment2, treatment))
    named = {
        "study": study,
        "treatment1": treatment1,
        "treatment2": treatment2,
        "effect": effect,
        "se": se,
        "variance": variance,
        "treatment": treatment,
        "mean": mean,
        "sd": sd,
        "events": events,
        "n": n,
    }
    columns: dict[str, Any] = {role: column for role, column in named.items() if column is not None}
    require_columns(data, table, columns.values())
    require_numbers(data, table, columns)
    if not 1 <= level < 100:
        raise InputError(f"--level is {level:g}; expected percent, such as 95")
    if effect_prior is not None and prior is None:
        raise InputError("--effect-prior needs --prior, the prior of τ")
    options: dict[str, Any] = {"measure": measure, "reference": reference, "model": model}
    options |= {"small_values": small_values, "level": level / 100}
    if components:
        if figures is not None:
            raise InputError("--figures can't be given with --components")
        if prior is not None:
            raise InputError("--components and --prior can't be given together")
        options |= {"method": method, "separator": separator, "inactive": inactive}
        options["interactions"] = interaction or ()
        _components(data, table, columns | options, league, json)
        return
    if inactive is not None or interaction:
        raise InputError("--inactive and --interaction need --components")
    posterior = None
    try:
        fit = synthesis.network(table, **columns, **(options | {"method": method}))
        if prior is not None:
            options |= {"prior": prior, "effect_prior": effect_prior or "flat"}
            posterior = synthesis.bayesian_network(table, **columns, **options)
    except SynthesisError as error:
        raise SynthesisError(f"{data}: {error}") from error
    if figures is not None:
        write_figures(fit, figures, measure)
    if json:
        extra = {} if posterior is None else {"posterior": posterior.to_dict()}
        output.print_json(fit.to_dict() | extra)
        return
    parts = [fit.summary(), fit.ranks().summary(), fit.split().summary()]
    if league:
        parts.append(fit.league().summary())
    if posterior is not None:
        parts += [posterior.summary(), posterior.ranks().summary()]
        parts += [posterior.league().summary()] * league
    typer.echo("\n\n".join(parts))


def _components(
    data: Path, table: pl.DataFrame, options: dict[str, Any], league: bool, json: bool
) -> None:
    from reprieve.synthesis.networks.components import component_network

    try:
        fit = component_network(table, **options)
    except SynthesisError as error:
        raise SynthesisError(f"{data}: {error}") from error
    if json:
        output.print_json(fit.to_dict())
        return
    parts = [fit.summary(), fit.ranks().summary()]
    parts += [fit.league().summary()] * league
    typer.echo("\n\n".join(parts))


_NUMBERS = (
    "effect", "se", "variance", "mean", "sd", "events", "n", "dose", "dose1", "dose2",
)  # fmt: skip


def require_numbers(path: Path, table: pl.DataFrame, columns: dict[str, str]) -> None:
    """Raise on a cell that should be a number, with its place in the file."""
    import polars as pl

    for role in _NUMBERS:
        if role not in columns or table[columns[role]].dtype != pl.String:
            continue
        column = table[columns[role]]
        number = column.str.strip_chars().cast(pl.Float64, strict=False)
        bad = (column.is_not_null() & number.is_null()).arg_true()
        if len(bad):
            row = bad[0]
            comma = "write decimals with a point" if "," in column[row] else "correct it"
            raise InputError(
                f"{path}:{row + 2}: {column.name}: {column[row]!r} is not a number; {comma}, "
                "or leave it empty"
            )
