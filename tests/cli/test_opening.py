"""Evidence from a package, from a store, and from a store as it stood on a day."""

import json

import pytest
from typer.testing import CliRunner

from reprieve.cli.app import app
from reprieve.cli.opening import evidence_of
from reprieve.errors import InputError
from reprieve.evidence import load_evidence, write_package
from reprieve.living.store import StoreError, open_store


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    place = tmp_path_factory.mktemp("team") / "team.db"
    with open_store(place) as store:
        store.accounts.add("a.reader", "admin")
        store.import_package(load_evidence(), who="a.reader", why="the snapshot")
        (row,) = store.rows("outcomes", "vega-2015", arm_id="msc", instrument="VAS", month="12")
        store.edit(row.id, {"mean": "11.1"}, who="a.reader", why="a slip made on purpose")
    return place


def test_a_package_and_a_store_give_the_same_evidence(team, tmp_path):
    write_package(load_evidence(), tmp_path / "package")
    folder, stored = evidence_of(str(tmp_path / "package")), evidence_of(str(team))
    assert folder.studies.equals(stored.studies)
    assert not folder.outcomes.equals(stored.outcomes)  # the edit
    assert evidence_of(f"sqlite:///{team}").outcomes.equals(stored.outcomes)


def test_an_answer_uses_the_evidence_of_the_store(team):
    asked = ["ask", "knee_osteoarthritis", "-t", "bm_msc", "-k", "all", "-m", "12", "--json"]
    now = CliRunner().invoke(app, [*asked, "--evidence", str(team)])
    before = CliRunner().invoke(app, asked)
    assert now.exit_code == before.exit_code == 0
    assert json.loads(now.stdout) != json.loads(before.stdout)


def test_a_day_before_the_store_was_made_is_refused(team):
    with pytest.raises(InputError, match="ask for a later day"):
        evidence_of(str(team), "2001-01-01")


@pytest.mark.parametrize("place", [None, "package"])
def test_only_a_store_has_a_history(place, tmp_path):
    with pytest.raises(InputError, match="has one state only; name a store"):
        evidence_of(place and str(tmp_path / place), "2026-03-01")


def test_a_store_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(StoreError, match="reprieve store init"):
        evidence_of(f"sqlite:///{tmp_path}/none.db")
    assert not (tmp_path / "none.db").exists()
