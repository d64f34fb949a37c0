"""From the events table to counts of two sides: which row, which arms, what is left out."""

import pytest

from reprieve.effects.harms import HarmsQuestion, harms_of
from reprieve.errors import InputError, UnknownWordError
from reprieve.evidence import load_evidence

KNEE = HarmsQuestion(condition="knee_osteoarthritis")
ROW = {"locator": "Table 2", "source_url": "https://example.org", "event": "serious_adverse_event"}


def rows(study, cells, saline, month=12, **more):
    """A row an arm: (events, people)."""
    arms = (("cells", cells), ("saline", saline))
    return [
        {**ROW, "study_id": study, "arm_id": arm, "month": month, "events": x, "n": n, **more}
        for arm, (x, n) in arms
    ]


def test_arms_of_a_side_are_added(make_evidence):
    arms = [
        {"study_id": "a", "arm_id": "low"},
        {"study_id": "a", "arm_id": "high"},
        {"study_id": "a", "arm_id": "saline"},
    ]
    events = [
        {**ROW, "study_id": "a", "arm_id": arm, "month": 6, "events": x, "n": n}
        for arm, x, n in (("low", 1, 10), ("high", 3, 12), ("saline", 2, 11))
    ]
    found = harms_of(make_evidence(arms=arms, events=events), KNEE, "serious")
    row = found.trials.row(0, named=True)
    assert (row["events_t"], row["n_t"]) == (4, 22)
    assert (row["events_c"], row["n_c"]) == (2, 11)
    assert (row["person_months_t"], row["person_months_c"]) == (132.0, 66.0)
    assert row["arms_t"] == ["low", "high"]
    assert len(row["rows"]) == 3
    alone = found.treated.row(0, named=True)
    assert (alone["events_t"], alone["n_t"]) == (4, 22)


def test_the_longest_follow_up_that_covers_both(make_evidence):
    events = [
        *rows("a", (0, 20), (1, 20), month=6),
        *rows("a", (2, 20), (3, 20), month=24),
        *rows("a", (5, 20), (0, 0), month=48)[:1],
    ]
    found = harms_of(make_evidence(events=events), KNEE, "serious").trials.row(0, named=True)
    assert (found["month"], found["events_t"], found["events_c"]) == (24.0, 2, 3)


def test_parts_of_arms_and_of_time_are_not_counted(make_evidence):
    events = [
        *rows("a", (9, 9), (9, 9), month=24, flag="window_weeks_24_96"),
        *rows("a", (1, 20), (0, 20), month=6),
        *rows("b", (9, 9), (9, 9), flag="subgroup"),
    ]
    events += rows("a", (8, 9), (8, 9), month=48, flag="unverified")
    found = harms_of(make_evidence(events=events), KNEE, "serious")
    assert found.trials["study_id"].to_list() == ["a"]
    assert found.trials["month"].to_list() == [6.0]
    left_out = found.excluded.row(0, named=True)
    assert left_out["study_id"] == "b"
    assert "part of the arm" in left_out["reason"]
    assert not left_out["silent"]


def test_people_and_month_that_are_not_stated(make_evidence):
    studies = [{"study_id": "a", "follow_up_months": 12}]
    events = [dict(row, n="", month="") for row in rows("a", (0, 0), (1, 0))]
    row = harms_of(make_evidence(studies=studies, events=events), KNEE, "serious").trials.row(
        0, named=True
    )
    assert (row["n_t"], row["n_c"], row["month"]) == (20, 20, 12.0)
    assert any("randomised" in note for note in row["notes"])
    assert any("longest follow-up" in note for note in row["notes"])


def test_without_any_time_there_is_no_exposure(make_evidence):
    events = [dict(row, month="") for row in rows("a", (0, 20), (1, 20))]
    row = harms_of(make_evidence(events=events), KNEE, "serious").trials.row(0, named=True)
    assert row["month"] is None
    assert row["person_months_t"] is None


@pytest.mark.parametrize(
    ("caution", "reason"),
    [
        ({"kind": "other_population"}, "other people"),
        ({"kind": "contaminated", "arm_id": "saline", "from_month": 6}, "changed treatment"),
        ({"kind": "background", "arm_id": "saline"}, "other people"),
    ],
)
def test_cautions_keep_counts_out(make_evidence, caution, reason):
    cautions = [{"study_id": "a", "reason": "other people", **caution}]
    evidence = make_evidence(cautions=cautions, events=rows("a", (0, 20), (1, 20)))
    found = harms_of(evidence, KNEE, "serious")
    assert found.trials.is_empty()
    assert reason in found.excluded["reason"][0]


def test_people_counted_in_another_trial_count_once(make_evidence):
    cautions = [
        {"study_id": "a", "kind": "pooled_in", "other_study_id": "b", "reason": "same people"}
    ]
    events = [*rows("a", (0, 20), (1, 20)), *rows("b", (1, 40), (2, 40))]
    found = harms_of(make_evidence(cautions=cautions, events=events), KNEE, "serious")
    assert found.trials["study_id"].to_list() == ["b"]
    assert found.treated["study_id"].to_list() == ["b"]
    alone = harms_of(make_evidence(cautions=cautions, events=events[:2]), KNEE, "serious")
    assert alone.trials["study_id"].to_list() == ["a"]


def test_randomised_trials_compare_and_others_count_alone(make_evidence):
    studies = [{"study_id": "a", "design": "nonrandomised"}]
    events = rows("a", (1, 20), (0, 20))
    found = harms_of(make_evidence(studies=studies, events=events), KNEE, "serious")
    assert found.trials.is_empty()
    assert found.treated["events_t"].to_list() == [1]
    assert found.excluded["reason"].to_list() == ["not randomised"]
    asked = HarmsQuestion(condition="knee_osteoarthritis", randomised=False)
    assert harms_of(make_evidence(studies=studies, events=events), asked, "serious").trials.height


def test_a_trial_that_is_silent_is_named(make_evidence):
    found = harms_of(make_evidence(events=rows("a", (0, 20), (1, 20))), KNEE, "tumour")
    assert found.trials.is_empty()
    assert found.excluded["silent"].to_list() == [True]


def test_one_event_of_a_family_or_all_added(make_evidence):
    events = [
        *rows("a", (4, 20), (1, 20), event="injection_site_swelling"),
        *rows("a", (9, 20), (2, 20), event="injection_site_pain"),
        *rows("a", (1, 20), (0, 20), event="basal_cell_carcinoma"),
        *rows("a", (1, 20), (1, 20), event="neoplasia_unspecified"),
        *rows("b", (1, 20), (0, 20), event="tumour"),
        *rows("b", (7, 20), (7, 20), event="basal_cell_carcinoma"),
    ]
    evidence = make_evidence(events=events)
    site = harms_of(evidence, KNEE, "injection_site").trials.row(0, named=True)
    assert (site["event"], site["events_t"], site["events_c"]) == ("injection_site_pain", 9, 2)
    first, second = harms_of(evidence, KNEE, "tumour").trials.iter_rows(named=True)
    assert (first["events_t"], first["events_c"], first["n_t"]) == (2, 1, 20)
    assert "added up" in first["notes"][-1]
    assert (second["event"], second["events_t"]) == ("tumour", 1)


def test_all_conditions(make_evidence):
    studies = [{"study_id": "b", "condition": "tendinopathy"}]
    events = [*rows("a", (0, 20), (1, 20)), *rows("b", (1, 20), (0, 20))]
    evidence = make_evidence(studies=studies, events=events)
    assert harms_of(evidence, KNEE, "serious").trials.height == 1
    assert harms_of(evidence, HarmsQuestion(), "serious").trials.height == 2


def test_questions_are_checked():
    with pytest.raises(UnknownWordError):
        HarmsQuestion(condition="knee")
    with pytest.raises(InputError, match="different"):
        HarmsQuestion(treatment="placebo")
    with pytest.raises(UnknownWordError):
        harms_of(load_evidence(), KNEE, "harm")


def test_no_trial_of_the_snapshot_is_lost():
    """Every trial that compares both sides either counts or says why not."""
    evidence = load_evidence()
    for event in ("any", "serious", "withdrawal"):
        found = harms_of(evidence, HarmsQuestion(), event)
        ids = [*found.trials["study_id"], *found.excluded["study_id"]]
        assert len(ids) == len(set(ids))
        assert set(found.trials["study_id"]) <= set(found.treated["study_id"])
        for side in "tc":
            assert (found.trials[f"events_{side}"] <= found.trials[f"n_{side}"]).all()
