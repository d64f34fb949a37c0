"""`reprieve effects`: effect sizes from what each study reports, by metafor's names."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.cli import output
from reprieve.cli.tables import DataFile, read_table, require_columns
from reprieve.errors import InputError

if TYPE_CHECKING:
    import polars as pl

COLUMNS = {
    "m1i": "mean of group 1",
    "sd1i": "SD of group 1",
    "n1i": "size of group 1",
    "m2i": "mean of group 2",
    "sd2i": "SD of group 2",
    "n2i": "size of group 2",
    "ai": "events in group 1",
    "bi": "people without event in group 1",
    "ci": "events in group 2",
    "di": "people without event in group 2",
    "x1i": "events in group 1, for rates",
    "t1i": "person-time of group 1",
    "x2i": "events in group 2, for rates",
    "t2i": "person-time of group 2",
    "mi": "mean, or people without event",
    "sdi": "SD",
    "ni": "size",
    "ri": "correlation",
    "xi": "events",
    "ti": "person-time",
}
"""metafor's columns of raw data; each is an option that names the column of the file."""

OPTIONS = {
    "vtype": (str, "which large-sample variance: LS, UB, HO …"),
    "add": (float, "added to cells of 2×2 tables that hold a zero"),
    "to": (str, "which tables it is added to: only0, all, if0all, none"),
    "drop00": (bool, "leave out tables without events in both groups"),
    "correct": (bool, "correct for small-sample bias"),
}
Measure = Annotated[
    str | None,
    typer.Option("--measure", help="Compute effect sizes from raw columns: SMD, MD, OR, RR …"),
]


@dataclass(frozen=True)
class RawData:
    """Where the raw columns stand in the file, and how the effect size is computed."""

    columns: dict[str, str]
    options: dict[str, Any]


def with_raw_data(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command one option for each raw column; it gets them as ``raw: RawData``."""

    @wraps(command)
    def wrapped(**given: Any) -> None:
        columns = {name: given.pop(name) for name in COLUMNS}
        options = {name: given.pop(name) for name in OPTIONS}
        command(
            raw=RawData(
                {name: column for name, column in columns.items() if column is not None},
                {name: value for name, value in options.items() if value is not None},
            ),
            **given,
        )

    def option(name: str, kind: Any, text: str) -> inspect.Parameter:
        panel = "Raw data (metafor's names; by default the column of that name)"
        flag = f"--{name}/--no-{name}" if kind is bool else f"--{name}"
        annotation = Annotated[kind | None, typer.Option(flag, help=text, rich_help_panel=panel)]
        return inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
        )

    own = inspect.signature(command, eval_str=True)
    kept = [
        p.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for p in own.parameters.values()
        if p.name != "raw"
    ]
    added = [option(name, str, f"column: {text}") for name, text in COLUMNS.items()]
    added += [option(name, kind, text) for name, (kind, text) in OPTIONS.items()]
    wrapped.__signature__ = own.replace(parameters=kept + added)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in kept + added}
    del wrapped.__wrapped__
    return wrapped


def compute(path: Path, table: pl.DataFrame, measure: str, raw: RawData) -> pl.DataFrame:
    """The table with the effect sizes in the columns ``yi`` and ``vi``."""
    import polars as pl

    from reprieve.effects.measures import MEASURES, effect_sizes
    from reprieve.errors import UnknownWordError

    if measure not in MEASURES:
        raise UnknownWordError("effect size", measure, MEASURES)
    added = raw.options.get("add", 0.0)
    if not (math.isfinite(added) and added >= 0):
        raise InputError(f"--add is {added:g}; expected a number from 0 on, such as 0.5")
    wanted = MEASURES[measure].columns
    columns = {name: name for name in COLUMNS if name in wanted and name in table.columns}
    columns |= raw.columns
    if not set(wanted) <= set(columns):
        # People without the event can stand for group sizes; effect_sizes knows how.
        columns |= {n: n for n in ("bi", "di", "mi") if n in table.columns and n not in columns}
    require_columns(path, table, columns.values())
    values = {}
    for name, column in columns.items():
        values[name] = _numbers(path, table[column])
    try:
        effect = effect_sizes(measure, **values, **raw.options)
    except InputError as error:
        raise InputError(_placed(path, measure, columns, str(error))) from error
    return table.with_columns(
        pl.Series("yi", effect.estimate).fill_nan(None),
        pl.Series("vi", effect.variance).fill_nan(None),
    )


def _placed(path: Path, measure: str, columns: dict[str, str], message: str) -> str:
    """The message with file, row and column in place of an argument and its index."""
    from reprieve.effects.measures import MEASURES

    found = re.match(r"(\w+)\[(\d+)\] (.*)", message, re.DOTALL)
    if found is None:
        return f"{path}: {message}"
    argument, index, rest = found.groups()
    arguments = {given: name for name, given in MEASURES[measure].columns.items()}
    name = arguments.get(argument, argument)
    return f"{path}:{int(index) + 2}: {columns.get(name, name)} {rest}"


def _numbers(path: Path, column: pl.Series) -> Any:
    import polars as pl

    number = column.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)
    bad = (column.is_not_null() & number.is_null()).arg_true()
    if len(bad):
        row = bad[0]
        raise InputError(
            f"{path}:{row + 2}: {column.name}: {column[row]!r} is not a number; correct it, or "
            "leave it empty"
        )
    return number.to_numpy()


@with_raw_data
def effects(
    data: DataFile,
    raw: RawData,
    measure: Annotated[str, typer.Option("--measure", help="SMD, MD, OR, RR, ROM, VR …")],
    study: Annotated[str | None, typer.Option("--study", help="Column of labels.")] = None,
    save: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the data with yi and vi as CSV.")
    ] = None,
    json: output.Json = False,
) -> None:
    """Effect sizes and sampling variances from what each study reports."""
    from reprieve.effects.measures import MEASURES

    table = compute(data, read_table(data), measure, raw)
    if study is not None:
        require_columns(data, table, [study])
    labels = table[study].to_list() if study else list(range(1, table.height + 1))
    rows = [
        {
            "row": i + 1,
            "study": str(label),
            "estimate": y,
            "variance": v,
            "se": None if v is None else v**0.5,
        }
        for i, (label, y, v) in enumerate(zip(labels, table["yi"], table["vi"], strict=True))
    ]
    used = [row for row in rows if row["estimate"] is not None and row["variance"] is not None]
    excluded = [
        {
            "row": row["row"],
            "study": row["study"],
            "reason": "its values give no effect with a variance",
        }
        for row in rows
        if row not in used
    ]
    if save is not None:
        table.write_csv(save)
    if json:
        output.print_json(
            {
                "measure": measure,
                "label": MEASURES[measure].label,
                "k": len(used),
                "effects": used,
                "excluded": excluded,
            }
        )
        return
    shown = output.table("Study", measure, "Variance", "SE", title=MEASURES[measure].label)
    for row in used:
        shown.add_row(
            row["study"], *(f"{row[name]:.4f}" for name in ("estimate", "variance", "se"))
        )
    output.console().print(shown)
    for row in excluded:
        typer.echo(f"row {row['row']} ({row['study']}) left out: {row['reason']}", err=True)
