"""`reprieve doses`: effects of agents along their dose, from a file of arms or of contrasts."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from reprieve.cli import output
from reprieve.cli.network import require_numbers
from reprieve.cli.tables import DataFile, read_table, require_columns
from reprieve.errors import InputError, SynthesisError


def doses(
    data: DataFile,
    study: Annotated[str, typer.Option(help="Column of study labels.")],
    agent: Annotated[
        str | None, typer.Option(help="Column of agents, where a row is an arm.")
    ] = None,
    dose: Annotated[str | None, typer.Option(help="Column of their doses, 0 for placebo.")] = None,
    mean: Annotated[str | None, typer.Option(help="Column of means of arms.")] = None,
    sd: Annotated[str | None, typer.Option(help="Column of standard deviations.")] = None,
    events: Annotated[str | None, typer.Option(help="Column of people with the event.")] = None,
    n: Annotated[str | None, typer.Option("--n", help="Column of people.")] = None,
    measure: Annotated[str | None, typer.Option(help="Of arms: MD, SMD, ROM; OR, RR, RD.")] = None,
    agent1: Annotated[str | None, typer.Option(help="Column of the first agent, and")] = None,
    dose1: Annotated[str | None, typer.Option(help="of its dose, of a contrast.")] = None,
    agent2: Annotated[str | None, typer.Option(help="Column of the second agent, and")] = None,
    dose2: Annotated[
        str | None, typer.Option(help="of its dose; effects are first minus second.")
    ] = None,
    effect: Annotated[str | None, typer.Option(help="Column of effects.")] = None,
    se: Annotated[str | None, typer.Option(help="Column of standard errors.")] = None,
    variance: Annotated[str | None, typer.Option(help="Column of sampling variances.")] = None,
    shape: Annotated[
        str, typer.Option(help="linear, log-linear, emax, spline, or auto (lowest AIC).")
    ] = "log-linear",
    unit: Annotated[
        float | None, typer.Option(help="Dose that counts as one; the smallest if not given.")
    ] = None,
    knots: Annotated[int, typer.Option(help="Of splines.")] = 3,
    ed50: Annotated[str, typer.Option(help="One ED50 for each agent, or common.")] = "agent",
    placebo: Annotated[str, typer.Option(help="Name of what has no dose.")] = "placebo",
    reach: Annotated[
        float | None, typer.Option(help="Effect for which the smallest dose is sought, as -10.")
    ] = None,
    shapes: Annotated[bool, typer.Option("--shapes", help="Compare all shapes.")] = False,
    model: Annotated[str, typer.Option(help="random or common.")] = "random",
    method: Annotated[str, typer.Option(help="Of τ²: DL, REML or ML.")] = "DL",
    level: Annotated[float, typer.Option(help="Of intervals, in percent.")] = 95.0,
    json: output.Json = False,
) -> None:
    """Dose–response network meta-analysis: effects of agents along their dose."""
    from reprieve.synthesis.findings import plain
    from reprieve.synthesis.networks.doses import dose_network
    from reprieve.synthesis.networks.words import frame_text

    table = read_table(data, (study, agent, agent1, agent2))
    named = {"study": study, "agent": agent, "dose": dose, "mean": mean, "sd": sd, "events": events}
    named |= {"n": n, "agent1": agent1, "dose1": dose1, "agent2": agent2, "dose2": dose2}
    named |= {"effect": effect, "se": se, "variance": variance}
    columns: dict[str, Any] = {role: column for role, column in named.items() if column is not None}
    require_columns(data, table, columns.values())
    require_numbers(data, table, columns)
    if not 1 <= level < 100:
        raise InputError(f"--level is {level:g}; expected percent, such as 95")
    options: dict[str, Any] = {"measure": measure, "shape": shape, "unit": unit, "knots": knots}
    options |= {"ed50": ed50, "placebo": placebo, "model": model, "method": method}
    try:
        fit = dose_network(table, **columns, **options, level=level / 100)
    except SynthesisError as error:
        raise SynthesisError(f"{data}: {error}") from error
    reached = [] if reach is None else [fit.dose_for(name, reach) for name in fit.curves.place]
    if json:
        extra = {"reach": plain(reached)} if reached else {}
        extra |= {"shapes": fit.shapes().to_dicts()} if shapes else {}
        output.print_json(fit.to_dict() | extra)
        return
    typer.echo(fit.summary())
    if shapes:
        found = fit.shapes()
        fault = found.filter(found["fault"] != "").select("shape", "fault").rows()
        lines = ["", "Shapes by maximum likelihood, the lowest AIC first", ""]
        lines += [frame_text(found.drop("fault"))]
        typer.echo("\n".join([*lines, *(f"note: {name}: {why}" for name, why in fault)]))
    for row in reached:
        typer.echo("\n" * (row is reached[0]) + row.summary())
