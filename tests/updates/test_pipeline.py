"""Registered trials on a certain day: ongoing, due, overdue."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.errors import UnknownWordError
from reprieve.evidence import load_evidence, vocabulary
from reprieve.evidence.register import registered_trials
from reprieve.living.record import Dates, Record
from reprieve.updates.pipeline import STATES, RegisteredTrial, month_after, pipeline
from reprieve.updates.registered import registered_trial, shipped_pipeline

ON = date(2026, 11, 25)


@pytest.fixture(scope="module")
def evidence():
    return load_evidence()


def state(evidence, **trial):
    (found,) = pipeline([RegisteredTrial(id="NCT00000000", **trial)], evidence, ON, "test").trials
    return found


@pytest.mark.parametrize(
    ("trial", "wanted", "expected"),
    [
        ({"status": "recruiting", "ended": "2027-05"}, "ongoing", "2028-05"),
        ({"status": "recruiting", "ended": "2024-05"}, "ongoing", "2025-05"),
        ({"status": "completed", "ended": "2026-02-14"}, "due", "2027-02"),
        ({"status": "completed", "ended": "2025-11"}, "due", "2026-11"),
        ({"status": "completed", "ended": "2025-10-31"}, "overdue", "2026-10"),
        ({"status": "unknown", "ended": "2019-01"}, "overdue", "2020-01"),
        ({"status": "terminated", "ended": "2019-01"}, "overdue", "2020-01"),
        ({"status": "completed", "ended": "2019-01", "has_results": True}, "reported", "2020-01"),
        ({"status": "withdrawn", "ended": "2019-01"}, "never_run", "2020-01"),
        ({"status": "completed"}, "ongoing", ""),
        ({"status": "", "ended": "2027-01"}, "ongoing", "2028-01"),
        ({"status": "", "ended": "2025-01"}, "overdue", "2026-01"),
        ({"status": "completed", "ended": "2019"}, "overdue", ""),
    ],
)
def test_states(evidence, trial, wanted, expected):
    found = state(evidence, **trial)
    assert (found.state, found.expected) == (wanted, expected)


def test_a_record_that_was_not_kept_up(evidence):
    assert state(evidence, status="recruiting", ended="2024-05").late
    assert not state(evidence, status="recruiting", ended="2027-05").late


def test_a_trial_in_the_evidence_has_been_reported(evidence):
    trial = RegisteredTrial(id="NCT01586312", status="completed", ended="2013-01")
    (found,) = pipeline([trial], evidence, ON, "test").trials
    assert (found.state, found.study_id) == ("reported", "vega-2015")


def test_the_extract_agrees_with_what_certainty_counts(evidence):
    """Two ways to the same trials: the silent ones of the evidence, and the overdue ones here."""
    overdue = {
        each.trial.id for each in shipped_pipeline(evidence).trials if each.state == "overdue"
    }
    silent = {
        number
        for condition in vocabulary.conditions()
        for number in registered_trials(condition, evidence).filter(state="silent")["nct_id"]
    }
    assert overdue == silent


def test_overdue_ones_stand_first_and_counts_add_up(evidence):
    found = shipped_pipeline(evidence)
    assert found.trials[0].state == "overdue"
    assert sum(trials for trials, _ in found.counts.values()) == len(found.trials)
    assert set(found.silent) == {t.trial.id for t in found.trials if t.state == "overdue"}
    assert found.to_dict()["median_months_to_posting"] is None  # the extract has no such days


def test_filters_by_product(evidence):
    trials = [
        RegisteredTrial(id="1", cell_source="bone_marrow", donor="autologous"),
        RegisteredTrial(id="2", cell_source="bone_marrow", processing="concentrate"),
        RegisteredTrial(id="3", cell_source="adipose", donor="allogeneic"),
        RegisteredTrial(id="4"),
    ]
    found = pipeline(trials, evidence, ON, "test")

    def ids(product):
        return {each.trial.id for each in found.only(product=product).trials}

    assert ids("bone_marrow") == {"1", "2"}
    assert ids("allogeneic") == {"3"}
    assert ids("bm_msc") == {"1"}
    assert ids("bmac") == {"1", "2"}
    assert ids("cell_therapy") == {"1", "2", "3"}
    assert ids(None) == {"1", "2", "3", "4"}
    for word in ("exercise_therapy", "fat"):
        with pytest.raises(UnknownWordError, match="product"):
            ids(word)
    with pytest.raises(UnknownWordError, match="state"):
        found.only(state="silent")


def test_the_median_delay_needs_ten(evidence):
    def posted(count):
        return [
            RegisteredTrial(id=str(i), ended="2020-01", posted=f"2021-{i + 1:02}", has_results=True)
            for i in range(count)
        ]

    assert pipeline(posted(9), evidence, ON, "test").delay is None
    assert pipeline(posted(11), evidence, ON, "test").delay == 17


def test_from_a_record():
    record = Record(
        "isrctn",
        "ISRCTN1",
        "registration",
        title="A trial",
        enrollment=30,
        dates=Dates(completion="2024-06", results_first_posted="2025-01-02"),
    )
    found = registered_trial(record, {"condition": None, "cell_source": "adipose", "donor": None})
    assert (found.condition, found.cell_source, found.donor) == ("", "adipose", "")
    assert (found.ended, found.posted, found.planned) == ("2024-06", "2025-01-02", 30)


@given(st.dates(date(1990, 1, 1), date(2080, 1, 1)), st.integers(0, 60))
def test_months_add_up(day, months):
    later = month_after(day.isoformat(), months)
    passed = 12 * (int(later[:4]) - day.year) + int(later[5:7]) - day.month
    assert passed == months


@given(st.sampled_from(["completed", "recruiting", "unknown", "withdrawn", ""]), st.dates())
def test_time_only_ever_moves_a_trial_on(status, day):
    """A trial that nobody touches goes from ongoing to due to overdue, never back."""
    order = list(STATES)
    trial = RegisteredTrial(id="NCT00000000", status=status, ended=day.isoformat())
    evidence = load_evidence()
    places = [
        order.index(pipeline([trial], evidence, on, "test").trials[0].state)
        for on in (date(2020, 1, 1), date(2021, 6, 1), date(2030, 1, 1))
    ]
    assert places == sorted(places)
