"""`reprieve update`, `versions` and `alerts`: keeping a review current, and what it said when."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli import output
from reprieve.cli.signing_in import StoreOption
from reprieve.cli.signing_in import opened as open_named

if TYPE_CHECKING:
    from reprieve.living.sources import Source
    from reprieve.updates.run import Updated
    from reprieve.updates.steps.watching import Watcher


def update(
    source: Annotated[
        list[str] | None,
        typer.Option(help="Search this source only; repeat for several. By default all."),
    ] = None,
    records: Annotated[
        list[Path] | None,
        typer.Option(help="Take in the records of a file too; repeat for several."),
    ] = None,
    search: Annotated[
        bool, typer.Option("--search/--no-search", help="Whether to search sources at all.")
    ] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what there is to do, and do nothing.")
    ] = False,
    schedule: Annotated[
        str,
        typer.Option(
            envvar="REPRIEVE_SCHEDULE", help="How often this runs, in words, for the log."
        ),
    ] = "",
    retire: Annotated[
        str, typer.Option(help="Write the last version, with this reason, and end the updates.")
    ] = "",
    store: StoreOption = None,
    json: output.Json = False,
) -> None:
    """Fetch what is new, queue it for people, compute again what changed, and tell.

    Exit status 0: done; 1: a source or a delivery failed and is tried again at the next run.
    Alerts go where REPRIEVE_MAIL_TO, REPRIEVE_WEBHOOKS and REPRIEVE_FEED say.
    """
    from reprieve.updates.deliveries.settings import outlets
    from reprieve.updates.run import look
    from reprieve.updates.run import update as run_update

    # Else every retry would leave a bare line on stderr; what fails in the end is told anyway.
    logging.getLogger("stamina").addHandler(logging.NullHandler())
    ways_out = outlets()
    with ExitStack() as stack:
        opened = stack.enter_context(open_named(store))
        sources, queries = _sources(stack, source, records or [], search=search)
        watch = stack.enter_context(_progress())
        if dry_run:
            done = look(opened, sources, queries, watch=watch)
        else:
            done = run_update(
                opened,
                sources,
                queries,
                outlets=ways_out,
                schedule=schedule,
                retire=retire,
                watch=watch,
            )
    if json:
        output.print_json(done.to_dict() | {"dry_run": dry_run})
    else:
        _print(done, dry_run=dry_run)
    for problem in done.problems:
        typer.echo(f"reprieve: {problem}", err=True)
    if done.problems:
        raise typer.Exit(1)


def versions(
    number: Annotated[
        int | None, typer.Argument(help="Which one; all in short if left out.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    store: StoreOption = None,
    json: output.Json = False,
) -> None:
    """The log of versions of the review (PRISMA-LSR): searches, records, changes to results."""
    from reprieve.updates import kept

    with open_named(store) as opened:
        found = kept.versions(opened) if number is None else [kept.version(opened, number)]
    if json:
        output.print_json({"versions": [each.to_dict() for each in found]})
    elif markdown:
        typer.echo("\n".join(each.markdown() for each in found))
    elif number is not None:
        typer.echo(found[0].text())
    else:
        for each in found:
            changed = each.conclusions_changed
            line = (
                f"{each.number}  {each.date[:16].replace('T', ' ')}  {changed} "
                f"conclusion{'s' * (changed != 1)} changed  {'; '.join(each.triggers)}"
            )
            typer.echo(line)
        if not found:
            typer.echo("no version yet; `reprieve update` makes the first")


def alerts(
    most: Annotated[int, typer.Option(help="How many, the newest first.")] = 20,
    store: StoreOption = None,
    json: output.Json = False,
) -> None:
    """Conclusions that changed, the newest first, each with what led to it."""
    from reprieve.updates import kept

    with open_named(store) as opened:
        found = kept.alerts(opened, most=most)
    if json:
        output.print_json({"alerts": [each.to_dict() for each in found]})
    elif not found:
        typer.echo("no conclusion has changed since the first version")
    else:
        typer.echo("\n\n".join(each.text() for each in found))


def _sources(
    stack: ExitStack, names: list[str] | None, records: list[Path], *, search: bool
) -> tuple[list[Source], dict[str, str]]:
    from reprieve.errors import InputError
    from reprieve.living.sources import SOURCES
    from reprieve.living.sources import source as open_source
    from reprieve.living.sources.client import PoliteClient
    from reprieve.updates.files import RecordFiles

    if names and not search:
        raise InputError("--source names where to search, and --no-search says not to; drop one")
    found: list[Source] = []
    queries: dict[str, str] = {}
    if search:
        client = stack.enter_context(PoliteClient())
        found += [open_source(name, client) for name in dict.fromkeys(names or SOURCES)]
    if records:
        for path in records:
            if not path.is_file():
                raise InputError(f"{path} is no file; name a file of records")
        files = RecordFiles(records)
        found.append(files)
        queries[files.name] = files.query
    return found, queries


@contextmanager
def _progress() -> Iterator[Watcher]:
    """Bars on stderr where that is a terminal; nothing elsewhere, such as under cron."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

    console = output.console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bars: dict[str, TaskID] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:

        def watch(step: str, done: int, total: int | None = None, detail: str = "") -> None:
            name = f"{step} {detail}" if step in ("fetch", "deliver") else step
            if name not in bars:
                bars[name] = progress.add_task(name, total=total)
            progress.update(bars[name], completed=done, total=total)

        yield watch


def _print(done: Updated, *, dry_run: bool) -> None:
    console = output.console()
    if dry_run:
        console.print("A dry run: nothing was written, and nobody was told.", style="bold")
    for each in done.fetched:
        line = f"{each.source}: {each.found} records, {each.new} new, {each.changed} changed"
        if each.left_out:
            line += f", {len(each.left_out)} that can't be read"
        console.print(line, markup=False)
        for left_out in each.left_out:
            text = f"{left_out.what}: {left_out.reason}"
            console.print(output.paragraphs(text, "  "), markup=False)
        for note in each.notes:
            console.print(output.paragraphs(f"it remarks: {note}", "  "), markup=False)
    console.print(
        f"{done.queued} records put before reviewers; {done.recomputed} questions asked again, "
        f"{done.kept} as they were.",
        markup=False,
    )
    for read in done.results:
        became = f"{read.proposed} rows to verify" if read.proposed else read.why
        console.print(
            output.paragraphs(f"posted results of {read.id}: {became}", "  "), markup=False
        )
    if done.version is None:
        console.print("No news: no new version.", markup=False)
    else:
        why = "; ".join(done.version.triggers)
        number = done.version.number
        made = f"There would be a version {number}" if dry_run else f"Version {number} written"
        console.print(f"{made}: {why}.", markup=False)
    for alert in done.alerts:
        console.print()
        console.print(alert.text(), markup=False, soft_wrap=True)
