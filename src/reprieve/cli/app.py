"""The commands put together, and how errors leave: a sentence on stderr and status 2."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from reprieve.cli import (
    appraise,
    ask,
    certainty,
    doses,
    effects,
    evidence,
    extract,
    findings,
    harms,
    landscape,
    meta,
    missing,
    network,
    rare,
    read,
    recognise,
    report,
    rob,
    screen,
    store,
    update,
    verify,
    watch,
)
from reprieve.cli.texts import harmless
from reprieve.errors import ReprieveError

app = typer.Typer(
    name="reprieve",
    help="What trials say about stem cell therapy in chronic pain: how much, for how long, "
    "how sure. Decision support, not medical advice.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# In the order of `reprieve --help`: answers, one's own data, staying current, working as a team.
app.command("ask")(ask.ask)
app.command("harms")(harms.harms)
app.command("certainty")(certainty.certainty)
app.command("findings")(findings.findings)
app.command("missing")(missing.missing)
app.command("report")(report.report)
app.add_typer(evidence.app, name="evidence")
app.command("effects")(effects.effects)
app.command("meta")(meta.meta)
app.command("network")(network.network)
app.command("doses")(doses.doses)
app.command("rare")(rare.rare)
app.command("watch")(watch.watch)
app.command("update")(update.update)
app.command("alerts")(update.alerts)
app.command("versions")(update.versions)
app.command("recognise")(recognise.recognise)
app.command("landscape")(landscape.landscape)
app.command("read")(read.read)
app.add_typer(store.app, name="store")
app.add_typer(screen.app, name="screen")
app.add_typer(extract.app, name="extract")
app.add_typer(verify.app, name="verify")
app.add_typer(appraise.app, name="appraise")
app.add_typer(rob.app, name="rob")


def _version(asked: bool) -> None:
    if asked:
        from reprieve import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; the entry point of the installed command."""
    try:
        app()
    except ReprieveError as error:
        said = "\n".join(map(harmless, str(error).split("\n")))
        typer.echo(f"reprieve: {said}", err=True)
        sys.exit(2)
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has had enough
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        typer.echo(f"reprieve: {where}{error.strerror or error}; name another place", err=True)
        sys.exit(2)
