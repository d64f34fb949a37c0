"""`reprieve rare`: pool events of two groups when events are rare."""

from __future__ import annotations

from typing import Annotated

import typer

from reprieve import synthesis
from reprieve.cli import output
from reprieve.cli.tables import DataFile, read_table, require_columns
from reprieve.errors import InputError, SynthesisError


def rare(
    data: DataFile,
    events1: Annotated[str, typer.Option(help="Column of events in the treated group.")],
    events2: Annotated[str, typer.Option(help="Column of events in the other group.")],
    n1: Annotated[str | None, typer.Option(help="Column of people in the treated group.")] = None,
    n2: Annotated[str | None, typer.Option(help="Column of people in the other group.")] = None,
    time1: Annotated[str | None, typer.Option(help="Column of person-time instead.")] = None,
    time2: Annotated[str | None, typer.Option(help="Column of person-time instead.")] = None,
    study: Annotated[str | None, typer.Option(help="Column of labels.")] = None,
    measure: Annotated[
        str | None, typer.Option(help="OR, RR, RD, AS; IRR or IRD of person-time.")
    ] = None,
    method: Annotated[
        str,
        typer.Option(help="MH, Peto, IV, UM.FS, UM.RS, CM.EL, CM.AL or beta-binomial."),
    ] = "MH",
    common: Annotated[
        bool, typer.Option("--common", help="IV and mixed models: one effect for all trials.")
    ] = False,
    correction: Annotated[
        str, typer.Option(help="IV, zero cells: constant, treatment-arm, empirical or none.")
    ] = "constant",
    level: Annotated[float, typer.Option(help="Of intervals, in percent.")] = 95.0,
    json: output.Json = False,
) -> None:
    """Rare events, such as harms: models of the counts themselves. Ratios on the log scale."""
    from reprieve.synthesis.rare.counts import ImpossibleCountError

    table = read_table(data)
    named = {"events1": events1, "events2": events2, "n1": n1, "n2": n2}
    named |= {"time1": time1, "time2": time2, "study": study}
    columns = {role: column for role, column in named.items() if column is not None}
    require_columns(data, table, columns.values())
    if not 0 < level < 100:
        raise InputError(f"--level is {level:g}; expected percent, such as 95")
    try:
        fit = synthesis.rare_events(
            table,
            **columns,
            measure=measure,
            method=method,  # type: ignore[arg-type]  # rare_events checks the words
            common=common,
            correction=correction,  # type: ignore[arg-type]
            level=level / 100,
        )
    except ImpossibleCountError as error:
        place = f"{data}:{error.row + 1}: {columns[error.role]}"
        raise InputError(f"{place}: {error.problem}") from error
    except SynthesisError as error:
        raise SynthesisError(f"{data}: {error}") from error
    if json:
        output.print_json(fit.to_dict())
        return
    typer.echo(fit.summary())
