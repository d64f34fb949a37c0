"""The descriptor of a package: every table and column, as the schema has them."""

from __future__ import annotations

import pytest

from reprieve.errors import InputError
from reprieve.evidence.datapackage import datapackage
from reprieve.evidence.schema import SIDE_TABLES, TABLES


def _resources(created: str = "2026-01-31") -> dict[str, dict]:
    return {resource["name"]: resource for resource in datapackage(created)["resources"]}


def test_every_table_is_a_resource_with_the_columns_of_the_schema():
    tables = {**TABLES, **SIDE_TABLES}
    resources = _resources()
    assert list(resources) == list(tables)
    for name, columns in tables.items():
        fields = resources[name]["schema"]["fields"]
        assert [field["name"] for field in fields] == [column.name for column in columns]
        for field, column in zip(fields, columns, strict=True):
            constraints = field.get("constraints", {})
            assert constraints.get("required", False) == column.required
            assert constraints.get("enum", []) == list(column.words)
            assert field["type"] == {"text": "string"}.get(column.kind, column.kind)
            assert field["description"] == column.description


def test_keys_point_to_columns_that_exist():
    resources = _resources()
    names = {
        name: {field["name"] for field in resource["schema"]["fields"]}
        for name, resource in resources.items()
    }
    for name, resource in resources.items():
        for key in resource["schema"].get("foreignKeys", []):
            assert set(key["fields"]) <= names[name]
            assert set(key["reference"]["fields"]) <= names[key["reference"]["resource"]]
    assert resources["arms"]["schema"]["primaryKey"] == ["study_id", "arm_id"]


def test_rows_of_the_five_tables_have_been_read_once():
    resources = _resources()
    assert [name for name, r in resources.items() if r.get("readings") == 1] == list(TABLES)
    assert all(resource["schema"]["missingValues"] == [""] for resource in resources.values())


def test_the_date_is_kept_and_the_title_can_be_given():
    package = datapackage("2026-01-31", title="Ours")
    assert package["created"] == "2026-01-31T00:00:00Z"  # the standard asks for a time
    assert package["title"] == "Ours"
    assert "licenses" not in package


@pytest.mark.parametrize("wrong", ["", "yesterday", "31.01.2026", "2026-02-30"])
def test_what_is_no_date_is_refused(wrong):
    with pytest.raises(InputError, match="YYYY-MM-DD"):
        datapackage(wrong)
