"""What commands print: one JSON object, or text for people."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def print_json(value: Any) -> None:
    """Print one JSON value on stdout; numbers that JSON can't hold become null."""
    from reprieve.synthesis.findings import plain

    typer.echo(json.dumps(plain(value), ensure_ascii=False, allow_nan=False))


def paragraphs(text: str, indent: str = "") -> str:
    """Text wrapped to the width of the terminal, at most 92 characters."""
    width = min(92, console().width)
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)


def console(*, stderr: bool = False) -> Console:
    """A rich console; imported here because most commands do without."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table in the one look that all commands share."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for i, column in enumerate(columns):
        made.add_column(column, overflow="fold", min_width=None if i else 16)
    return made


def points(value: float) -> str:
    """A signed number with a true minus sign: −8.3."""
    return f"{value:+.1f}".replace("-", "−")
