"""Fixtures shared by all rooms."""

import csv
import os
from functools import cache, partial

# One thread a test: workers share the cores, and what is computed here is small. Set before numpy
# and polars are imported; processes that tests start inherit it.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["POLARS_MAX_THREADS"] = "1"

import argon2
import pytest
import typer
from hypothesis import settings

from reprieve.evidence import load_evidence, schema

pytest_plugins = ["databases"]

# Property tests are judged by what they find, not by the clock; continuous integration tries the
# same examples each time, people's machines new ones.
settings.register_profile("reprieve", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("reprieve")

STUDY = {
    "label": "A trial",
    "doi": "10.1000/example",
    "year": 2020,
    "condition": "knee_osteoarthritis",
    "design": "parallel",
    "blinding": "double",
    "source_url": "https://example.org",
}
CELLS = {"label": "cells", "category": "cell_therapy", "treatment": "bm_msc", "n_randomised": 20}
SALINE = {"label": "saline", "category": "placebo", "treatment": "saline", "n_randomised": 20}
PAIN = {
    "domain": "pain",
    "instrument": "VAS",
    "scale_min": 0,
    "scale_max": 100,
    "higher_is": "worse",
    "locator": "Table 1",
    "source_url": "https://example.org",
}
DEFAULTS = {
    "studies": STUDY,
    "outcomes": {**PAIN, "month": 6, "statistic": "final", "n": 20},
    "contrasts": {**PAIN, "month": 6, "measure": "MD", "arm_a": "cells", "arm_b": "saline"},
}


@pytest.fixture(scope="session", autouse=True)
def real_passwords():
    """Hashes of passwords cost nothing, so that tests need not wait; gives the class that is real.

    Argon2 is made to be slow. `living/store/test_accounts.py` looks at the hash that people get.
    """
    real = argon2.PasswordHasher
    with pytest.MonkeyPatch.context() as patch:
        cheap = partial(real, time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(argon2, "PasswordHasher", cheap)
        yield real


@pytest.fixture(scope="session", autouse=True)
def commands_made_once():
    """The tree of commands is made at the first call; elsewhere a process makes one call only."""
    made = cache(typer.main.get_command)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.main.get_command", made)
        yield


@pytest.fixture
def make_evidence(tmp_path):
    """Evidence from a few rows, in this test's folder: what a row leaves out is filled in.

    ``make_evidence(outcomes=[{"study_id": "a", "arm_id": "cells", "mean": 30, "sd": 20}, …])``;
    studies and arms not given are made: ``cells`` (20 people) and ``saline`` (20 people).
    """
    return partial(_evidence_in, tmp_path)


@pytest.fixture(scope="session")
def make_shared_evidence(tmp_path_factory):
    """`make_evidence` for fixtures that several tests share."""

    def make(**tables):
        return _evidence_in(tmp_path_factory.mktemp("evidence"), **tables)

    return make


def _evidence_in(folder, **tables):
    mentioned = {r["study_id"] for rows in tables.values() for r in rows}
    given = {r["study_id"] for r in tables.get("studies", [])}
    tables["studies"] = [
        *tables.get("studies", []),
        *({"study_id": s} for s in sorted(mentioned - given)),
    ]
    with_arms = {r["study_id"] for r in tables.get("arms", [])}
    tables["arms"] = [
        *tables.get("arms", []),
        *(
            {"study_id": r["study_id"], "arm_id": arm}
            for r in tables["studies"]
            if r["study_id"] not in with_arms
            for arm in ("cells", "saline")
        ),
    ]
    for name, rows in tables.items():
        columns = {**schema.TABLES, **schema.SIDE_TABLES}[name]
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [c.name for c in columns], restval="")
            writer.writeheader()
            for row in rows:
                default = DEFAULTS.get(name, {})
                if name == "arms":
                    default = SALINE if row["arm_id"].startswith("saline") else CELLS
                writer.writerow({**default, **row})
    return load_evidence(folder)
