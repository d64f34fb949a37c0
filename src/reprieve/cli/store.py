"""`reprieve store`: evidence that a team edits together, with every change kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.cli import accounts, output
from reprieve.cli.signing_in import StoreOption, UserOption, opened, password_of, signed_in
from reprieve.cli.texts import harmless, typed_cells

if TYPE_CHECKING:
    from reprieve.living.store import Store
    from reprieve.living.store.history import RowChange

app = typer.Typer(
    help="Evidence that a team edits together, with every change kept.", no_args_is_help=True
)
app.add_typer(accounts.users, name="users")
app.add_typer(accounts.token, name="token")

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="As it stood at the end of a day: 2026-03-01 (UTC)."),
]
Why = Annotated[str, typer.Option("--why", "-w", help="The reason, for the history.")]
Trial = Annotated[str, typer.Argument(help="The id of a trial: vega-2015.")]


@app.command()
def init(
    admin: Annotated[str, typer.Option("--admin", help="The name of the first account.")],
    store: StoreOption = None,
    json: output.Json = False,
) -> None:
    """Make a store and its first account, an admin's (password: REPRIEVE_NEW_PASSWORD or asked)."""
    password = password_of(admin, new=True)
    with opened(store, create=True) as it:
        it.accounts.add(admin, "admin", password=password)
        if json:
            output.print_json({"store": it.origin, "admin": admin})
        else:
            typer.echo(f"Made the store {it.origin}; {admin} is its admin")


@app.command("import")
def import_package(
    package: Annotated[
        Path | None,
        typer.Argument(help="An evidence package; left out, the snapshot that comes along."),
    ] = None,
    why: Why = "import of a package",
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Let the package win over rows that were changed here, and over trials it lacks.",
        ),
    ] = False,
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Make the evidence in the store that of a package; only what differs is written."""
    from dataclasses import asdict

    from reprieve.evidence import load_evidence

    with opened(store) as it:
        who = signed_in(it, user)
        done = it.import_package(load_evidence(package), who=who, why=why, replace=replace)
    if json:
        output.print_json(asdict(done))
    elif done.batch is None:
        typer.echo("The store holds all of it already")
    else:
        typer.echo(
            f"Batch {done.batch}: {done.inserted} rows put in, {done.updated} changed, "
            f"{done.deleted} taken out"
        )


@app.command()
def propose(
    package: Annotated[Path, typer.Argument(help="A package that `reprieve read` wrote.")],
    why: Why = "read by program",
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Put rows that a program read beside what is there, for people to verify."""
    with opened(store) as it:
        done = it.propose(package, who=signed_in(it, user), why=why)
    if json:
        beside = [{"trial": t, "table": table, "rows": n} for (t, table), n in done.beside.items()]
        output.print_json({"batch": done.batch, "inserted": done.inserted, "left_out": beside})
        return
    if done.batch is None:
        typer.echo("No row was put in")
    else:
        typer.echo(
            f"Batch {done.batch}: {done.inserted} rows put in, unverified; "
            "`reprieve verify list` shows them"
        )
    for (trial, table), rows in done.beside.items():
        typer.echo(f"{harmless(trial)}: {table} left out ({rows} read): it has some already")
    if done.beside:
        typer.echo("`reprieve extract add TRIAL` has two people look at what was left out")


@app.command("rows")
def list_rows(
    table: Annotated[str, typer.Argument(help="studies, arms, outcomes, contrasts, events …")],
    trial: Trial,
    only: Annotated[
        list[str] | None,
        typer.Argument(metavar="COLUMN=VALUE...", help="Only rows with these: month=12"),
    ] = None,
    store: StoreOption = None,
    json: output.Json = False,
) -> None:
    """Rows of a trial, with the number and the version that `edit` takes."""
    from dataclasses import asdict

    from reprieve.living.store.cells import name_of

    with opened(store) as it:
        wanted = {column: value or None for column, value in typed_cells(only or ()).items()}
        found = it.rows(table, trial, **wanted)
    if json:
        output.print_json({"rows": [asdict(row) for row in found]})
        return
    for row in found:
        typer.echo(f"row {row.id}, version {row.version}: {harmless(name_of(table, row.cells))}")
        filled = "; ".join(f"{column} {value}" for column, value in row.cells.items() if value)
        typer.echo(output.paragraphs(harmless(filled), "  "))
    if not found:
        typer.echo(f"There is no such row in {table} of {harmless(trial)}")


@app.command()
def edit(
    row: Annotated[int, typer.Argument(help="The number of a row, as `rows` shows it.")],
    changes: Annotated[
        list[str],
        typer.Argument(metavar="COLUMN=VALUE...", help="New values: mean=41.2; none empties it."),
    ],
    why: Annotated[str, typer.Option("--why", "-w", help="The reason, for the history.")],
    version: Annotated[
        int | None,
        typer.Option("--version", help="What you saw; refused if it has changed since."),
    ] = None,
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Give some columns of a row new values."""
    with opened(store) as it:
        who = signed_in(it, user)
        batch = it.edit(row, typed_cells(changes), who=who, why=why, expected_version=version)
        _print_batch(it, batch, json=json)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="The folder to write the package to.")],
    as_of: AsOf = None,
    store: StoreOption = None,
    json: output.Json = False,
) -> None:
    """Write the evidence of the store as a package, as it stands or stood."""
    from reprieve.evidence.schema import TABLES

    with opened(store) as it:
        evidence = it.export_package(folder, as_of=as_of)
    counts = {name: evidence.table(name).height for name in TABLES}
    if json:
        output.print_json({"package": str(folder), "date": evidence.date, "rows": counts})
    else:
        listed = ", ".join(f"{n} {t}" for t, n in counts.items())
        typer.echo(f"Wrote {listed} to {folder}")


@app.command()
def history(
    trial: Annotated[str | None, typer.Argument(help="A trial; left out, all.")] = None,
    batch: Annotated[int | None, typer.Option("--batch", help="Only this batch.")] = None,
    before: Annotated[
        int | None, typer.Option("--before", help="Only revisions before this one: the next page.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", help="How many, the newest first.", min=1, max=10_000)
    ] = 20,
    store: StoreOption = None,
    json: output.Json = False,
) -> None:
    """What changed, who changed it and why, the newest first."""
    with opened(store) as it:
        changes = it.history(study_id=trial, batch=batch, before=before, limit=limit)
    if json:
        output.print_json({"changes": [_plain(change) for change in changes]})
        return
    for change in changes:
        told = harmless(change.words)
        typer.echo(f"revision {change.revision}, batch {change.batch}: {told}")
    if not changes:
        about = [f"trial {trial}"] * (trial is not None) + [f"batch {batch}"] * (batch is not None)
        typer.echo(f"No change of {' in '.join(about) or 'evidence'} is known here")


@app.command()
def diff(
    start: Annotated[str, typer.Argument(help="A day: 2026-03-01 (its end, in UTC).")],
    end: Annotated[str | None, typer.Argument(help="A later day; left out, now.")] = None,
    store: StoreOption = None,
    json: output.Json = False,
) -> None:
    """How the evidence at the end differs from that at the start, in words."""
    from reprieve.living.store import told

    with opened(store) as it:
        changes = it.diff(start, end)
    if json:
        output.print_json(
            {"words": told(changes), "changes": [_plain(change) for change in changes]}
        )
        return
    for line in told(changes) or ["Nothing is different"]:
        typer.echo(harmless(line))


@app.command()
def undo(
    batch: Annotated[int | None, typer.Option("--batch", help="The batch to take back.")] = None,
    revision: Annotated[
        int | None, typer.Option("--revision", help="One revision of a batch.")
    ] = None,
    why: Why = "undo",
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Take back a batch or one revision; that is a change too, and can be undone."""
    with opened(store) as it:
        who = signed_in(it, user)
        done = it.undo(batch=batch, revision=revision, who=who, why=why)
        _print_batch(it, done, json=json)


def _print_batch(store: Store, batch: int | None, *, json: bool) -> None:
    """What a batch changed."""
    from reprieve.living.store import told

    changes = [] if batch is None else store.history(batch=batch, limit=None)
    if json:
        output.print_json({"batch": batch, "changes": [_plain(change) for change in changes]})
        return
    for line in told(changes) or ["Nothing was to be changed"]:
        typer.echo(harmless(line))


def _plain(change: RowChange) -> dict[str, Any]:
    from dataclasses import asdict

    at = change.at.isoformat(timespec="seconds")
    return {**asdict(change), "at": at, "words": change.words}
