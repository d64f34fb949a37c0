"""Merge folders of evidence tables into one package.

    python tools/merge_evidence.py FOLDER... --output DIR --date YYYY-MM-DD

A folder holds some of the five tables (studies, arms, outcomes, contrasts, events), each with the
columns of `reprieve.evidence.schema`. Words and numbers are kept as they stand; nothing is
guessed and nothing is lost:

* A trial or arm that stands in two folders becomes one row. Its empty cells are filled from the
  second row, unless an identifier (doi, pmid, registration) says that the two rows are about
  different people; values that differ are listed in conflicts.csv and the first is kept.
* A number that stands twice, with the same value, becomes one row.
* A number that stands twice with different values stays twice and is listed in conflicts.csv.

What only a reader can know lies beside this file: `cautions.csv` goes into the package as it is,
`known_conflicts.csv` is added to conflicts.csv, and `corrections.csv` mends text that can't stand
(an address that is none); a number is never corrected here. The same input always gives the same
bytes, and a package can be one of the folders: so new folders are merged into the one there is.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reprieve.errors import InputError
from reprieve.evidence.datapackage import datapackage
from reprieve.evidence.schema import CAUTIONS, CONFLICTS, SIDE_TABLES, TABLES, Column

Row = dict[str, str]

IDENTIFIERS = ("doi", "pmid", "registration")
PROVENANCE = ("locator", "source_url")
KEYS = {
    "studies": ("study_id",),
    "arms": ("study_id", "arm_id"),
    "outcomes": ("study_id", "arm_id", "domain", "instrument", "month", "statistic", "flag"),
    "contrasts": ("study_id", "arm_a", "arm_b", "domain", "instrument", "month", "measure", "flag"),
    "events": ("study_id", "arm_id", "event", "month", "flag"),
}
CORRECTIONS = tuple(
    Column(name, "text", "a correction") for name in ("table", "study_id", "column", "old", "new")
)
TWO_REPORTS = (
    "The two sources look like two reports on different people: the first is kept here, what "
    "they disagree on is listed in conflicts.csv."
)


@dataclass
class Merged:
    """One merged table: its rows, how many rows went into others, and the disagreements met."""

    rows: list[Row] = field(default_factory=list)
    merged: int = 0
    conflicts: list[Row] = field(default_factory=list)


def merge(
    folders: Sequence[Path],
    cautions: Iterable[Row] = (),
    known_conflicts: Iterable[Row] = (),
    corrections: Iterable[Row] = (),
) -> tuple[dict[str, list[Row]], list[str]]:
    """All tables of the package by name, and a line of account for each merged table."""
    package: dict[str, list[Row]] = {}
    conflicts: list[Row] = []
    account = []
    for table, columns in TABLES.items():
        rows = [row for folder in folders for row in read(folder / f"{table}.csv", columns)]
        result = unite(table, rows) if table in ("studies", "arms") else gather(table, rows)
        if len(rows) != len(result.rows) + result.merged:
            raise InputError(
                f"{table}: {len(rows)} rows in, but {len(result.rows)} out and {result.merged} "
                "merged; the merge has lost or made up rows, so nothing is written"
            )
        package[table] = sorted(result.rows, key=lambda row: row["study_id"])
        conflicts += result.conflicts
        account.append(
            f"{table}: {len(rows)} rows in, {len(result.rows)} out, {result.merged} merged"
        )
    conflicts += known_conflicts
    for folder in folders:  # a folder may be a package that was merged before
        conflicts += read(folder / "conflicts.csv", CONFLICTS)
    package["cautions"] = sorted(cautions, key=lambda row: row["study_id"])
    package["conflicts"] = in_order(conflicts)
    correct(package, corrections)
    check_references(package)
    return package, account


def correct(package: dict[str, list[Row]], corrections: Iterable[Row]) -> None:
    """Replace a piece of text in one cell of one study; it must be there, or be mended already."""
    for change in corrections:
        cells = [row for row in package[change["table"]] if row["study_id"] == change["study_id"]]
        for row in cells:
            row[change["column"]] = row[change["column"]].replace(change["old"], change["new"])
        if not any(change["new"] in row[change["column"]] for row in cells):
            raise InputError(
                f"corrections: {change['old']!r} is not in {change['column']} of "
                f"{change['study_id']}; drop the correction or mend it"
            )


def read(path: Path, columns: tuple[Column, ...]) -> list[Row]:
    """The rows of a table; none where the folder does not have it."""
    if not path.exists():
        return []
    names = [column.name for column in columns]
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != names:
            raise InputError(f"{path}: columns are {reader.fieldnames}; expected {names}")
        rows = list(reader)
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise InputError(f"{path}, row {number}: expected {len(names)} fields")
    return rows


def unite(table: str, rows: list[Row]) -> Merged:
    """One row a study or arm, the cells of later rows filled in or listed as conflicts."""
    result = Merged()
    kept: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in KEYS[table])
        if key not in kept:
            kept[key] = dict(row)
            result.rows.append(kept[key])
            continue
        result.merged += 1
        result.conflicts += unite_pair(table, kept[key], row)
    return result


def unite_pair(table: str, kept: Row, other: Row) -> list[Row]:
    """Add to `kept` what `other` knows; the cells in which they disagree."""
    different_people = table == "studies" and contradict(kept, other)
    conflicts = []
    for column in TABLES[table]:
        mine, theirs = kept[column.name], other[column.name]
        if column.name in ("note", "source_url") or not theirs or same(column, mine, theirs):
            continue
        if mine or different_people:
            conflicts.append(conflict(table, kept, other, column.name))
        else:
            kept[column.name] = theirs
    if table == "studies":
        for note in (other["note"], TWO_REPORTS if different_people else ""):
            if note.strip() not in kept["note"]:
                kept["note"] = f"{kept['note']} {note}".strip()
    return conflicts


def contradict(one: Row, other: Row) -> bool:
    """Whether an identifier that both rows give says that they are not the same report."""
    return any(
        one[name] and other[name] and not set(one[name].split(";")) & set(other[name].split(";"))
        for name in IDENTIFIERS
    )


def gather(table: str, rows: list[Row]) -> Merged:
    """The rows without those that say the same again; rows that contradict stay, and are listed."""
    result = Merged()
    by_key: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    columns = {column.name: column for column in TABLES[table]}
    for row in rows:
        # Subgroups are told apart by nothing but the locator.
        key_names = KEYS[table] + (("locator",) if row["flag"] == "subgroup" else ())
        earlier = by_key[tuple(plain(columns[name], row[name]) for name in key_names)]
        values = [name for name in columns if name not in (*key_names, *PROVENANCE)]
        if any(all(same(columns[n], row[n], e[n]) for n in values) for e in earlier):
            result.merged += 1
            continue
        if row["flag"] != "subgroup":
            result.conflicts += [
                conflict(table, e, row, n)
                for e in earlier
                for n in values
                if e[n] and row[n] and not same(columns[n], e[n], row[n])
            ]
        earlier.append(row)
        result.rows.append(row)
    return result


def conflict(table: str, kept: Row, other: Row, column: str) -> Row:
    """The row of conflicts.csv that says that `kept` and `other` disagree on `column`."""
    parts = [
        f"month {kept[name]}" if name == "month" else kept[name]
        for name in KEYS[table]
        if name != "study_id" and kept[name]
    ]
    return {
        "table": table,
        "study_id": kept["study_id"],
        "key": ", ".join(parts),
        "column": column,
        "kept": kept[column],
        "other": other[column],
        "kept_source": source(kept),
        "other_source": source(other),
    }


def source(row: Row) -> str:
    """Where a row was read; arms do not say."""
    return ", ".join(row[name] for name in PROVENANCE if row.get(name))


def plain(column: Column, value: str) -> str:
    """The value in a form in which equal numbers are equal text: 12 and 12.0, 4e7 and 40000000."""
    return repr(float(value)) if value and column.kind != "text" else value


def same(column: Column, one: str, other: str) -> bool:
    """Whether two cells say the same."""
    return plain(column, one) == plain(column, other)


def in_order(conflicts: list[Row]) -> list[Row]:
    """The conflicts, each once, by table, study, and the rest of the row."""
    order = list(TABLES)
    for row in conflicts:
        if row["table"] not in order:
            raise InputError(
                f"conflicts: unknown table {row['table']!r}; expected one of {', '.join(order)}"
            )
    each_once = {tuple(row.values()): row for row in conflicts}
    return sorted(
        each_once.values(), key=lambda row: (order.index(row["table"]), *list(row.values())[1:])
    )


def check_references(package: dict[str, list[Row]]) -> None:
    """Raise if a row names a study, an arm or a word that the package does not know."""
    studies = {row["study_id"] for row in package["studies"]}
    arms = {(row["study_id"], row["arm_id"]) for row in package["arms"]}
    words = {c.name: c.words for c in CAUTIONS}["kind"]
    for table, rows in package.items():
        for row in rows:
            named = [row["study_id"], row.get("other_study_id", "")]
            unknown = [study for study in named if study and study not in studies]
            named_arms = [row.get(name, "") for name in ("arm_id", "arm_a", "arm_b")]
            unknown += [
                f"{row['study_id']}/{arm}"
                for arm in named_arms
                if arm and (row["study_id"], arm) not in arms
            ]
            if table == "cautions" and row["kind"] not in words:
                unknown.append(f"kind {row['kind']!r}")
            if unknown:
                raise InputError(
                    f"{table}: {', '.join(unknown)} is not in the package; add its row to a "
                    "folder or correct the name"
                )


def to_csv(columns: tuple[Column, ...], rows: list[Row]) -> str:
    """The table as CSV text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.name for column in columns], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Merge the folders named on the command line; 0 if done, 2 if something can't be used."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--output", type=Path, required=True, help="folder of the package")
    parser.add_argument("--date", required=True, help="day of compilation, YYYY-MM-DD")
    parser.add_argument(
        "--curated",
        type=Path,
        default=Path(__file__).parent,
        help="folder of cautions.csv, known_conflicts.csv and corrections.csv",
    )
    options = parser.parse_args(arguments)
    try:
        for folder in options.folders:
            if not any((folder / f"{table}.csv").exists() for table in TABLES):
                raise InputError(f"{folder}: no evidence table here; expected studies.csv …")
        descriptor = datapackage(options.date)
        package, account = merge(
            options.folders,
            read(options.curated / "cautions.csv", CAUTIONS),
            read(options.curated / "known_conflicts.csv", CONFLICTS),
            read(options.curated / "corrections.csv", CORRECTIONS),
        )
    except InputError as error:
        print(f"merge_evidence: {error}", file=sys.stderr)
        return 2
    tables = {**TABLES, **SIDE_TABLES}
    texts = {f"{name}.csv": to_csv(columns, package[name]) for name, columns in tables.items()}
    texts["datapackage.json"] = json.dumps(descriptor, indent=2, ensure_ascii=False) + "\n"
    options.output.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (options.output / name).write_text(text, encoding="utf-8", newline="\n")
    print("\n".join(account))
    print(f"cautions: {len(package['cautions'])}, conflicts: {len(package['conflicts'])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
