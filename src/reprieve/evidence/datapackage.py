"""The descriptor of an evidence package: what its files hold, for people and other software."""

from __future__ import annotations

import datetime

from reprieve.errors import InputError
from reprieve.evidence.schema import SIDE_TABLES, TABLES, Column

_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_TITLE = "Reprieve: trials of cell therapy and its alternatives in chronic pain"
_DESCRIPTION = (
    "Trials, their arms, and the numbers read from their reports. Each value names the page and "
    "the place in it that it was read from; a cell that the source does not give is empty. Each "
    "row has been read once. Curators' warnings are in cautions.csv, disagreements between "
    "sources in conflicts.csv."
)
_ABOUT = {
    "studies": "one row a trial",
    "arms": "one row an arm of a trial",
    "outcomes": "one row an arm, instrument and time",
    "contrasts": "one row a difference between two arms, where a source gives it",
    "events": "one row an arm and kind of event",
    "cautions": "what a user of a trial's numbers must know, and what to do about it",
    "conflicts": "one row a value on which two sources disagree",
}
_TYPES = {"text": "string", "number": "number", "integer": "integer"}
_PRIMARY_KEYS = {"studies": ["study_id"], "arms": ["study_id", "arm_id"]}

# Which columns point to a row of another table, and to which of its columns.
_STUDY = (["study_id"], "studies", ["study_id"])
_REFERENCES: dict[str, list[tuple[list[str], str, list[str]]]] = {
    "studies": [],
    "arms": [_STUDY],
    "outcomes": [(["study_id", "arm_id"], "arms", ["study_id", "arm_id"])],
    "contrasts": [
        (["study_id", "arm_a"], "arms", ["study_id", "arm_id"]),
        (["study_id", "arm_b"], "arms", ["study_id", "arm_id"]),
    ],
    "events": [(["study_id", "arm_id"], "arms", ["study_id", "arm_id"])],
    "cautions": [_STUDY, (["other_study_id"], "studies", ["study_id"])],
    "conflicts": [_STUDY],
}


def datapackage(created: str, title: str = _TITLE) -> dict[str, object]:
    """The descriptor (``datapackage.json``) of a package with all seven tables.

    Parameters
    ----------
    created : str
        The day on which this state of the evidence was compiled, ISO 8601 (``2026-11-24``).
    title : str
        What the package is, in a line.

    Returns
    -------
    dict
        A Data Package (version 2), ready for :func:`json.dump`. Each of the five tables carries
        ``readings``: how often its rows have been read against their sources.

    Raises
    ------
    InputError
        If `created` is no date.

    References
    ----------
    Data Package standard 2.0, https://datapackage.org/standard/data-package/

    Examples
    --------
    >>> package = datapackage("2026-11-24")
    >>> [resource["path"] for resource in package["resources"]][:2]
    ['studies.csv', 'arms.csv']
    >>> package["resources"][0]["schema"]["fields"][0]["constraints"]
    {'required': True}
    """
    try:
        day = datetime.date.fromisoformat(created)
    except ValueError:
        raise InputError(
            f"{created!r} is no date; give the day of compilation as YYYY-MM-DD"
        ) from None
    tables = {**TABLES, **SIDE_TABLES}
    return {
        "$schema": _PROFILE,
        "name": "reprieve-evidence",
        "title": title,
        "description": _DESCRIPTION,
        "created": f"{day.isoformat()}T00:00:00Z",
        "resources": [_resource(name, columns) for name, columns in tables.items()],
    }


def _resource(name: str, columns: tuple[Column, ...]) -> dict[str, object]:
    schema: dict[str, object] = {
        "fields": [_field(column) for column in columns],
        "missingValues": [""],
    }
    if name in _PRIMARY_KEYS:
        schema["primaryKey"] = _PRIMARY_KEYS[name]
    if _REFERENCES[name]:
        schema["foreignKeys"] = [
            {"fields": fields, "reference": {"resource": table, "fields": its_fields}}
            for fields, table, its_fields in _REFERENCES[name]
        ]
    resource: dict[str, object] = {
        "name": name,
        "type": "table",
        "path": f"{name}.csv",
        "description": _ABOUT[name],
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": schema,
    }
    if name in TABLES:
        resource["readings"] = 1
    return resource


def _field(column: Column) -> dict[str, object]:
    field: dict[str, object] = {
        "name": column.name,
        "type": _TYPES[column.kind],
        "description": column.description,
    }
    constraints: dict[str, object] = {}
    if column.required:
        constraints["required"] = True
    if column.words:
        constraints["enum"] = list(column.words)
    if constraints:
        field["constraints"] = constraints
    return field
