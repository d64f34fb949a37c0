"""The register's extract: its size, and what has become of each trial."""

import polars as pl
import pytest

from reprieve.errors import UnknownWordError
from reprieve.evidence import load_evidence, vocabulary
from reprieve.evidence.register import STATES, registered, registered_trials


def test_the_extract_is_whole():
    found = registered()
    assert found.height == 195
    assert found["nct_id"].is_unique().all()
    assert found["nct_id"].str.contains(r"^NCT\d{8}$").all()
    for code in found["condition"].unique():
        assert vocabulary.condition(code)
    assert found.filter(condition="disc_degeneration").height == 23


def test_every_trial_has_one_state():
    evidence = load_evidence()
    found = registered_trials("knee_osteoarthritis", evidence)
    assert set(found["state"]) <= set(STATES)
    read = found.filter(state="read")
    assert set(read["study_id"]) <= {
        *evidence.outcomes["study_id"],
        *evidence.contrasts["study_id"],
    }
    assert found.filter(state="silent").filter(pl.col("has_results") == 1).is_empty()
    assert (
        found.filter(state="silent")["study_id"].null_count() == found.filter(state="silent").height
    )


def test_a_trial_that_enters_the_evidence_is_no_longer_silent(make_evidence):
    silent = registered_trials("knee_osteoarthritis", load_evidence()).filter(state="silent")
    number = silent["nct_id"][0]
    evidence = make_evidence(
        outcomes=[{"study_id": "a", "arm_id": "cells", "mean": 30, "sd": 20}],
        studies=[{"study_id": "a", "registration": number}],
    )
    (state,) = registered_trials("knee_osteoarthritis", evidence).filter(nct_id=number)["state"]
    assert state == "read"


def test_an_unknown_condition_is_named():
    with pytest.raises(UnknownWordError, match="knee"):
        registered_trials("knee", load_evidence())
