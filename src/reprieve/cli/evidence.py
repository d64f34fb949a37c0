"""`reprieve evidence`: check, show, list, map and export evidence packages."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from reprieve.cli import output
from reprieve.cli.opening import AsOf, EvidencePlace, evidence_of
from reprieve.cli.words import ConditionOption, TreatmentOption

app = typer.Typer(help="The trials and every number read from them.", no_args_is_help=True)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="An evidence package: a folder or a zip.")],
    json: output.Json = False,
) -> None:
    """Check a package: one line a fault, and exit status 1 if any is an error."""
    from reprieve.evidence import check_package

    faults = check_package(path)
    errors = sum(fault.level == "error" for fault in faults)
    warnings = len(faults) - errors
    if json:
        output.print_json(
            {
                "faults": [asdict(fault) for fault in faults],
                "errors": errors,
                "warnings": warnings,
            }
        )
    else:
        for fault in faults:
            typer.echo(str(fault))
        typer.echo(f"{path}: {errors} errors, {warnings} warnings", err=True)
    if errors:
        raise typer.Exit(1)


@app.command("list")
def list_trials(
    condition: ConditionOption = None,
    treatment: TreatmentOption = None,
    evidence: EvidencePlace = None,
    as_of: AsOf = None,
    json: output.Json = False,
) -> None:
    """The catalogue of trials, by condition and treatment."""
    from rich.markup import escape

    from reprieve.evidence import catalogue, vocabulary

    trials = catalogue.studies_of(evidence_of(evidence, as_of), condition, treatment)
    if json:
        output.print_json({"trials": trials.to_dicts()})
        return
    if trials.is_empty():
        typer.echo("No trial in the evidence tests this.")
        return
    shown = output.table("Trial", "Id", "Condition", "People", "Compared", "Values read")
    for trial in trials.iter_rows(named=True):
        compared = [vocabulary.treatment(t).name for t in trial["treatments"].split(";")]
        shown.add_row(
            escape(trial["label"]),
            trial["study_id"],
            vocabulary.condition(trial["condition"]).name,
            "?" if trial["n_randomised"] is None else f"{trial['n_randomised']:g}",
            " / ".join(compared),
            str(trial["values"]) if trial["values"] else "not read yet",
        )
    console = output.console()
    console.print(shown)
    console.print(f"{trials.height} trials")


@app.command()
def show(
    trial: Annotated[str, typer.Argument(help="Its id, label, register number, DOI or PMID.")],
    evidence: EvidencePlace = None,
    as_of: AsOf = None,
    json: output.Json = False,
) -> None:
    """A trial, its arms, and every value with its source."""
    from reprieve.evidence import catalogue

    package = evidence_of(evidence, as_of)
    study = catalogue.find_study(package, trial)
    tables = catalogue.readings_of(package, study["study_id"])
    if json:
        output.print_json({"study": study | {"link": catalogue.study_link(study)}, **tables})
        return
    _print_study(study, catalogue.study_link(study), tables)


@app.command("map")
def show_map(evidence: EvidencePlace = None, as_of: AsOf = None, json: output.Json = False) -> None:
    """The grid of conditions and treatments: trials, people, and the empty cells."""
    from reprieve.evidence import catalogue

    cells = catalogue.evidence_map(evidence_of(evidence, as_of))
    if json:
        output.print_json({"cells": cells.to_dicts()})
        return
    columns = cells["treatment_name"].unique(maintain_order=True).to_list()
    shown = output.table("Condition", *columns, title="Trials (people randomised, where reported)")
    for (condition,), row in cells.group_by(["condition_name"], maintain_order=True):
        counts = [f"{c['trials']} ({c['people']})" if c["trials"] else "–" for c in row.to_dicts()]
        shown.add_row(str(condition), *counts)
    console = output.console()
    console.print(shown)
    console.print("A trial counts in each column it has an arm in; – means no trial.", style="dim")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="The folder to write the package to.")],
    evidence: EvidencePlace = None,
    as_of: AsOf = None,
    json: output.Json = False,
) -> None:
    """Write the evidence as a package: CSV files with their datapackage.json."""
    from reprieve.evidence import schema, write_package

    package = evidence_of(evidence, as_of)
    write_package(package, folder)
    counts = {name: package.table(name).height for name in schema.TABLES}
    if json:
        output.print_json({"package": str(folder), "rows": counts})
    else:
        listed = ", ".join(f"{n} {t}" for t, n in counts.items())
        typer.echo(f"Wrote {listed} to {folder}")


def _print_study(study: dict[str, Any], link: str | None, tables: dict[str, Any]) -> None:
    from rich.markup import escape

    from reprieve.evidence import vocabulary

    console = output.console()
    console.print(f"[bold]{escape(study['label'])}[/bold]  {study['study_id']}")
    console.print(
        f"{vocabulary.condition(study['condition']).name}; {study['design']}, "
        f"blinding {study['blinding']}; {study['n_randomised'] or 'unknown number of'} people; "
        f"{link or 'no link'}",
        markup=False,
    )
    if study["note"]:
        console.print(output.paragraphs(study["note"], "  "), markup=False, style="dim")
    arms = output.table("Arm", "Treatment", "Dose", "Route", "Besides", "People", title="Arms")
    for arm in tables["arms"]:
        arms.add_row(
            escape(f"{arm['arm_id']}: {arm['label']}"),
            vocabulary.treatment(arm["treatment"]).name,
            f"{arm['dose_cells']:,.0f} cells" if arm["dose_cells"] else "",
            arm["route"] or "",
            arm["adjunct"] or "",
            "" if arm["n_randomised"] is None else f"{arm['n_randomised']:g}",
        )
    console.print(arms)
    for name in ("outcomes", "contrasts", "events"):
        if tables[name]:
            console.print(_values(name, tables[name]))
    if not tables["outcomes"] and not tables["contrasts"]:
        console.print("Its results have not been read yet.")
    for name, text in (("cautions", "reason"), ("conflicts", "column")):
        for row in tables[name]:
            console.print(f"[bold]{name[:-1]}[/bold]: {escape(str(row[text]))}")


def _values(name: str, rows: list[dict[str, Any]]) -> Any:
    """One line a value: what, when, the numbers given, and where they stand."""
    from rich.markup import escape

    shown = output.table("Row", "What", "Month", "Value", "Where", "Read", title=name.capitalize())
    numbers = ("n", "mean", "sd", "se", "ci_low", "ci_high", "median", "q1", "q3", "min", "max",
               "estimate", "p", "n_a", "n_b", "events")  # fmt: skip
    for row in rows:
        who = row.get("arm_id") or f"{row['arm_a']} − {row['arm_b']}"
        what = row.get("event") or row["instrument"]
        if row.get("scale_max") is not None:
            what += f" ({row['scale_min']:g}–{row['scale_max']:g})"
        kind = {"change": "change ", "final": ""}.get(row.get("statistic", ""), "")
        value = ", ".join(f"{c} {row[c]:g}" for c in numbers if row.get(c) is not None)
        shown.add_row(
            f"{row['row']}",
            escape(f"{who}: {what}"),
            "?" if row["month"] is None else f"{row['month']:g}",
            kind + value,
            escape(row["locator"] + (f" [{row['flag']}]" if row["flag"] else "")),
            f"{row['readings']}×",
        )
    return shown
