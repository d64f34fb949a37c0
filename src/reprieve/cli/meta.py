"""`reprieve meta`: pool a data file, with or without moderators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.cli import output
from reprieve.cli.effects import Measure, RawData, compute, with_raw_data
from reprieve.cli.tables import DataFile, read_table, require_columns, require_numbers
from reprieve.errors import InputError

if TYPE_CHECKING:
    import polars as pl


@with_raw_data
def meta(
    data: DataFile,
    raw: RawData,
    effect: Annotated[str | None, typer.Option(help="Column of effects.")] = None,
    variance: Annotated[str | None, typer.Option(help="Column of sampling variances.")] = None,
    se: Annotated[str | None, typer.Option(help="Column of standard errors instead.")] = None,
    measure: Measure = None,
    study: Annotated[str | None, typer.Option(help="Column of labels.")] = None,
    method: Annotated[
        str, typer.Option(help="REML, ML, DL, PM, EB, HE, HS, SJ; EE or FE for a common effect.")
    ] = "REML",
    test: Annotated[str, typer.Option(help="knha, adhoc, t or z.")] = "knha",
    weights: Annotated[str | None, typer.Option(help="Column of your own weights.")] = None,
    moderators: Annotated[
        str | None, typer.Option(help='A formula, such as "~ dose + C(route)".')
    ] = None,
    level: Annotated[float, typer.Option(help="Of intervals, in percent.")] = 95.0,
    json: output.Json = False,
) -> None:
    """Random- or fixed-effects meta-analysis and meta-regression of a data file."""
    from reprieve.synthesis import meta_analysis, meta_regression

    table = read_table(data)
    table, columns = effect_columns(data, table, effect, variance, se, measure, raw)
    if not 0 < level < 100:
        raise InputError(f"--level is {level:g}; expected percent, such as 95")
    for name, column in (("study", study), ("weights", weights)):
        if column is not None:
            require_columns(data, table, [column])
            columns[name] = column
    choices: dict[str, Any] = {"method": method, "test": test, "level": level / 100, **columns}
    if moderators is None:
        fit: Any = meta_analysis(table, **choices)
    else:
        require_numbers(data, table, [c for c in table.columns if c in moderators])
        fit = meta_regression(moderators, table, **choices)
    if json:
        output.print_json(fit.to_dict())
    else:
        typer.echo(fit.summary())


def effect_columns(
    path: Path,
    table: pl.DataFrame,
    effect: str | None,
    variance: str | None,
    se: str | None,
    measure: str | None,
    raw: RawData,
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The table, with effect sizes computed if asked for, and which columns hold them."""
    if measure is not None:
        if effect or variance or se:
            raise InputError("--measure computes effects; leave out --effect, --variance and --se")
        return compute(path, table, measure, raw), {"effect": "yi", "variance": "vi"}
    if effect is None or (variance is None) == (se is None):
        raise InputError(
            "name the columns: --effect yi --variance vi (or --se sei); or compute effects from "
            "raw columns: --measure SMD --m1i …"
        )
    spread = {"variance": variance} if se is None else {"se": se}
    require_columns(path, table, [effect, *(c for c in spread.values() if c)])
    return table, {"effect": effect, **spread}
