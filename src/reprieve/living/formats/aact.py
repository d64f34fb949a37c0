"""The AACT dump of ClinicalTrials.gov: a zip of pipe-delimited tables, one row a piece of a study.

The tables are not in one order and together larger than memory. They are copied into a temporary
DuckDB file, sorted by NCT number, and read from there in ranges of studies.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from reprieve.errors import InputError
from reprieve.living.formats import words
from reprieve.living.formats.ctgov_v2 import PAGE
from reprieve.living.formats.dates import iso_date
from reprieve.living.formats.fields import once
from reprieve.living.formats.numbers import doi, own_numbers
from reprieve.living.formats.pieces import Piece, Pieces
from reprieve.living.record import (
    ArmGroup,
    Dates,
    Intervention,
    PlannedOutcome,
    Record,
    Reference,
)

if TYPE_CHECKING:
    import duckdb

STUDIES_AT_ONCE = 5_000

Row = Mapping[str, str]
Tables = Mapping[str, list[Row]]

# The tables and columns that a record is made of. What an older dump lacks reads as empty.
_TABLES: Mapping[str, tuple[str, ...]] = {
    "studies": (
        "brief_title", "official_title", "overall_status", "phase", "study_type", "enrollment",
        "why_stopped", "start_date", "start_date_type", "primary_completion_date",
        "primary_completion_date_type", "completion_date", "completion_date_type",
        "start_month_year", "primary_completion_month_year", "completion_month_year",
        "study_first_submitted_date", "study_first_posted_date", "results_first_posted_date",
        "last_update_posted_date",
    ),
    "brief_summaries": ("description",),
    "detailed_descriptions": ("description",),
    "conditions": ("name",),
    "keywords": ("name",),
    "browse_conditions": ("mesh_term", "mesh_type"),
    "browse_interventions": ("mesh_term", "mesh_type"),
    "interventions": ("id", "intervention_type", "name", "description"),
    "intervention_other_names": ("intervention_id", "name"),
    "design_groups": ("id", "group_type", "title", "description"),
    "design_group_interventions": ("design_group_id", "intervention_id"),
    "design_outcomes": ("outcome_type", "measure", "time_frame", "description"),
    "designs": (
        "allocation", "intervention_model", "primary_purpose", "masking", "subject_masked",
        "caregiver_masked", "investigator_masked", "outcomes_assessor_masked",
    ),
    "eligibilities": ("criteria",),
    "sponsors": ("agency_class", "lead_or_collaborator", "name"),
    "countries": ("name", "removed"),
    "id_information": ("id_value",),
    "overall_officials": ("name", "role"),
    "study_references": ("id", "pmid", "reference_type", "citation"),
    "retractions": ("reference_id",),
}  # fmt: skip


def aact_pieces(archive: zipfile.ZipFile) -> Pieces:
    """The studies of an AACT dump, in order of their NCT numbers.

    Parameters
    ----------
    archive : ZipFile
        With ``studies.txt`` and the other tables, in whatever folder.
    """
    with tempfile.TemporaryDirectory(prefix="reprieve-aact-") as folder:
        database = _loaded(archive, Path(folder))
        try:
            for first, last in _ranges(database):
                by_study = _between(database, first, last)
                for nct, tables in by_study.items():
                    yield Piece(nct, partial(record_from_aact, nct, tables))
        finally:
            database.close()


def record_from_aact(nct: str, tables: Tables) -> Record:
    """Read one study.

    Parameters
    ----------
    nct : str
    tables : mapping
        Names of AACT's tables to this study's rows of them.

    Returns
    -------
    Record

    Raises
    ------
    InputError
        The enrolment is no number.

    Examples
    --------
    >>> record = record_from_aact("NCT02674399", {
    ...     "studies": [{"brief_title": "JointStem", "phase": "PHASE1/PHASE2", "enrollment": "28"}],
    ...     "interventions": [{"id": "7", "intervention_type": "BIOLOGICAL", "name": "JointStem"}],
    ...     "design_groups": [{"id": "3", "group_type": "EXPERIMENTAL", "title": "Cells"}],
    ...     "design_group_interventions": [{"design_group_id": "3", "intervention_id": "7"}]})
    >>> record.phases, record.arms[0].interventions
    (('phase1', 'phase2'), ('JointStem',))
    """
    study, design = _one(tables, "studies"), _one(tables, "designs")
    lead = next(
        (row for row in tables.get("sponsors", ()) if row["lead_or_collaborator"] == "lead"), {}
    )
    return Record(
        source="clinicaltrials.gov",
        id=nct,
        kind="registration",
        ids=own_numbers(_column(tables, "id_information", "id_value"), nct),
        title=study.get("brief_title", ""),
        official_title=study.get("official_title", ""),
        summary=_one(tables, "brief_summaries").get("description", "").strip(),
        description=_one(tables, "detailed_descriptions").get("description", "").strip(),
        conditions=_column(tables, "conditions", "name"),
        keywords=_column(tables, "keywords", "name"),
        mesh=once(_mesh(tables)),
        interventions=tuple(_interventions(tables)),
        arms=tuple(_arms(tables)),
        outcomes=tuple(_outcomes(tables)),
        eligibility=_one(tables, "eligibilities").get("criteria", "").strip(),
        study_type=words.study_type(study.get("study_type", "")),
        phases=words.phases(study.get("phase", "")),
        allocation=words.allocation(design.get("allocation", "")),
        intervention_model=words.model(design.get("intervention_model", "")),
        purpose=words.word(design.get("primary_purpose", "")),
        masking=words.masking(design.get("masking", "")),
        who_masked=tuple(_who_masked(design)),
        enrollment=_enrollment(study.get("enrollment", "")),
        status=words.status(study.get("overall_status", "")),
        why_stopped=study.get("why_stopped", ""),
        dates=_dates(study),
        sponsor=lead.get("name", ""),
        sponsor_class=words.sponsor_class(lead.get("agency_class", "")),
        countries=once(
            row["name"] for row in tables.get("countries", ()) if not _true(row.get("removed", ""))
        ),
        authors=once(
            words.investigator(row["name"], row["role"])
            for row in tables.get("overall_officials", ())
        ),
        references=tuple(_references(tables)),
        has_results=bool(study.get("results_first_posted_date")),
        url=PAGE + nct,
    )


def _loaded(archive: zipfile.ZipFile, folder: Path) -> duckdb.DuckDBPyConnection:
    """The tables in a DuckDB file, each sorted by NCT number."""
    import duckdb

    members = {PurePosixPath(name).name: name for name in archive.namelist()}
    database = duckdb.connect(str(folder / "aact.duckdb"))
    database.execute(f"SET temp_directory = '{folder}'; SET memory_limit = '500MB'")
    for table, columns in _TABLES.items():
        member = members.get(f"{table}.txt")
        if member is None:
            if table == "studies":
                raise InputError("an AACT dump without studies.txt")
            continue
        file = folder / f"{table}.txt"
        try:
            with archive.open(member) as source, file.open("wb") as target:
                while block := source.read(1 << 20):
                    target.write(block)
            _load(database, table, columns, file)
        except (duckdb.Error, zipfile.BadZipFile) as error:
            raise InputError(
                f"{table}.txt can't be read ({str(error).splitlines()[0]}); fetch the dump again"
            ) from error
        finally:
            file.unlink(missing_ok=True)
    return database


def _load(
    database: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...], file: Path
) -> None:
    reading = (
        "read_csv(?, delim='|', header=true, all_varchar=true, quote='\"', escape='\"', "
        "strict_mode=false)"
    )
    described = database.execute(f"DESCRIBE SELECT * FROM {reading}", [str(file)]).fetchall()
    present = {name for name, *_ in described}
    if "nct_id" not in present:
        raise InputError(f"{table}.txt: expected a column nct_id, found {', '.join(present)[:80]}")
    kept = ", ".join(
        f"coalesce({name}, '') AS {name}" if name in present else f"'' AS {name}"
        for name in columns
    )
    order = "nct_id, try_cast(id AS BIGINT)" if "id" in present else "nct_id"
    database.execute(
        f"CREATE TABLE {table} AS SELECT nct_id, {kept} FROM {reading} ORDER BY {order}",
        [str(file)],
    )


def _ranges(database: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    rows = database.execute(
        "SELECT min(nct_id), max(nct_id) FROM ("
        f"SELECT nct_id, (row_number() OVER (ORDER BY nct_id) - 1) // {STUDIES_AT_ONCE} AS part "
        "FROM studies) GROUP BY part ORDER BY part"
    ).fetchall()
    return [(first, last) for first, last in rows]


def _between(
    database: duckdb.DuckDBPyConnection, first: str, last: str
) -> dict[str, dict[str, list[Row]]]:
    """The rows of the studies from `first` to `last`, by study and table."""
    by_study: dict[str, dict[str, list[Row]]] = {}
    present = {name for (name,) in database.execute("SHOW TABLES").fetchall()}
    for table, columns in _TABLES.items():
        if table not in present:
            continue
        names = ", ".join(("nct_id", *columns))
        order = " ORDER BY nct_id, rowid"
        rows = database.execute(
            f"SELECT {names} FROM {table} WHERE nct_id BETWEEN ? AND ?{order}", [first, last]
        )
        for nct, *cells in rows.fetchall():
            if table == "studies":
                by_study[nct] = defaultdict(list)
            if nct in by_study:
                by_study[nct][table].append(dict(zip(columns, cells, strict=True)))
    return by_study


def _one(tables: Tables, name: str) -> Row:
    return next(iter(tables.get(name, ())), {})


def _column(tables: Tables, name: str, column: str) -> tuple[str, ...]:
    return once(row[column].strip() for row in tables.get(name, ()))


def _mesh(tables: Tables) -> Iterator[str]:
    for name in ("browse_conditions", "browse_interventions"):
        for row in tables.get(name, ()):
            # Dumps that say so also list the terms above each one.
            if row.get("mesh_type", "") in {"", "mesh-list"}:
                yield row["mesh_term"]


def _interventions(tables: Tables) -> Iterator[Intervention]:
    other = defaultdict(list)
    for row in tables.get("intervention_other_names", ()):
        other[row["intervention_id"]].append(row["name"])
    for row in tables.get("interventions", ()):
        kind = words.word(row.get("intervention_type", ""))
        described = row.get("description", "").strip()
        yield Intervention(row["name"], kind, described, once(other[row["id"]]))


def _arms(tables: Tables) -> Iterator[ArmGroup]:
    names = {row["id"]: row["name"] for row in tables.get("interventions", ())}
    given = defaultdict(list)
    for row in tables.get("design_group_interventions", ()):
        if row["intervention_id"] in names:
            given[row["design_group_id"]].append(names[row["intervention_id"]])
    for row in tables.get("design_groups", ()):
        kind = words.word(row.get("group_type", ""))
        described = row.get("description", "").strip()
        yield ArmGroup(row.get("title", ""), kind, described, once(given[row["id"]]))


def _outcomes(tables: Tables) -> Iterator[PlannedOutcome]:
    for row in tables.get("design_outcomes", ()):
        yield PlannedOutcome(
            row["measure"], row["outcome_type"].lower(), row["time_frame"], row["description"]
        )


def _references(tables: Tables) -> Iterator[Reference]:
    retracted = {row["reference_id"] for row in tables.get("retractions", ())}
    for row in tables.get("study_references", ()):
        kind = words.word(row["reference_type"]).removesuffix("s").removesuffix(" reference")
        pmid, citation = row["pmid"].removesuffix(".0"), row["citation"]
        yield Reference(pmid, doi(citation), kind, citation, row["id"] in retracted)


def _who_masked(design: Row) -> Iterator[str]:
    for column, who in (
        ("subject_masked", "participant"),
        ("caregiver_masked", "care provider"),
        ("investigator_masked", "investigator"),
        ("outcomes_assessor_masked", "outcomes assessor"),
    ):
        if _true(design.get(column, "")):
            yield who


def _true(cell: str) -> bool:
    return cell.lower() in {"t", "true", "1"}


def _enrollment(written: str) -> int | None:
    bare = written.removesuffix(".0")
    if not bare:
        return None
    if not (bare.isascii() and bare.isdigit()):
        raise InputError(f"column 'enrollment': expected a whole number, found {written[:30]!r}")
    return words.enrollment(int(bare[:12]))


def _dates(study: Any) -> Dates:
    ahead, planned = {}, []
    for field in ("start", "primary_completion", "completion"):
        # The full date holds the first or last of the month where none was registered.
        registered = study.get(f"{field}_month_year", "") or study.get(f"{field}_date", "")
        ahead[field] = iso_date(registered)
        if study.get(f"{field}_date_type", "").upper() in {"ANTICIPATED", "ESTIMATED"}:
            planned.append(field)
    return Dates(
        **ahead,
        first_submitted=iso_date(study.get("study_first_submitted_date", "")),
        first_posted=iso_date(study.get("study_first_posted_date", "")),
        results_first_posted=iso_date(study.get("results_first_posted_date", "")),
        last_update=iso_date(study.get("last_update_posted_date", "")),
        planned=tuple(planned),
    )
