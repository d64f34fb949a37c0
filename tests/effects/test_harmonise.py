"""One effect a trial: which rows are taken, how they are put on one scale, what is left out."""

import numpy as np
import pytest

from reprieve.effects import Question, harmonise
from reprieve.errors import InputError, UnknownWordError
from reprieve.evidence import load_evidence

QUESTION = Question(condition="knee_osteoarthritis")


def both(study="a", cells=None, saline=None, **common):
    """The same row for the cell arm and the saline arm, with what differs."""
    return [
        {"study_id": study, "arm_id": "cells", **common, **(cells or {})},
        {"study_id": study, "arm_id": "saline", **common, **(saline or {})},
    ]


def reason(evidence, question=QUESTION):
    found = harmonise(evidence, question)
    assert found.table.is_empty()
    return found.excluded["reason"].item()


def test_difference_and_variance_of_means_on_the_scale_of_100(make_evidence):
    evidence = make_evidence(
        outcomes=both(scale_max=10, cells={"mean": 3, "sd": 2}, saline={"mean": 5, "sd": 3})
    )
    row = harmonise(evidence, QUESTION).table.row(0, named=True)
    assert row["estimate"] == pytest.approx(-20)
    assert row["variance"] == pytest.approx(20**2 / 20 + 30**2 / 20)
    assert row["rows"] == [{"table": "outcomes", "row": 2}, {"table": "outcomes", "row": 3}]


def test_better_when_higher_is_turned(make_evidence):
    evidence = make_evidence(
        outcomes=both(
            instrument="KOOS pain",
            higher_is="better",
            cells={"mean": 70, "sd": 20},
            saline={"mean": 60, "sd": 20},
        )
    )
    assert harmonise(evidence, QUESTION).table["estimate"].item() == pytest.approx(-10)


def test_changes_are_turned_and_stand_for_missing_final_values(make_evidence):
    evidence = make_evidence(
        outcomes=both(
            instrument="KOOS pain",
            higher_is="better",
            statistic="change",
            cells={"mean": 15, "sd": 20},
            saline={"mean": 5, "sd": 20},
        )
    )
    row = harmonise(evidence, QUESTION).table.row(0, named=True)
    assert row["statistic"] == "change"
    assert row["estimate"] == pytest.approx(-10)
    assert row["change_c"] == pytest.approx(-5)


@pytest.mark.parametrize("preferred", ["final", "change"])
def test_the_preferred_kind_of_value_is_taken(make_evidence, preferred):
    evidence = make_evidence(
        outcomes=[
            *both(cells={"mean": 30, "sd": 20}, saline={"mean": 40, "sd": 20}),
            *both(statistic="change", cells={"mean": -30, "sd": 9}, saline={"mean": -10, "sd": 9}),
        ]
    )
    question = Question(condition="knee_osteoarthritis", statistic=preferred)
    assert harmonise(evidence, question).table["statistic"].item() == preferred


def test_a_reported_spread_beats_the_preferred_kind(make_evidence):
    evidence = make_evidence(
        outcomes=[
            *both(cells={"mean": 30}, saline={"mean": 40}),
            *both(statistic="change", cells={"mean": -30, "sd": 9}, saline={"mean": -10, "sd": 9}),
        ]
    )
    assert harmonise(evidence, QUESTION).table["statistic"].item() == "change"


def test_the_instrument_higher_in_the_hierarchy_is_taken(make_evidence):
    evidence = make_evidence(
        outcomes=[
            *both(instrument="VAS (rest)", cells={"mean": 1, "sd": 9}, saline={"mean": 2, "sd": 9}),
            *both(instrument="WOMAC pain", cells={"mean": 3, "sd": 9}, saline={"mean": 5, "sd": 9}),
        ]
    )
    assert harmonise(evidence, QUESTION).table["instrument"].item() == "WOMAC pain"


def test_the_nearest_visit_in_the_window_is_taken(make_evidence):
    visits = [
        both(month=m, cells={"mean": m, "sd": 9}, saline={"mean": 20, "sd": 9})
        for m in (1, 4, 7, 24)
    ]
    evidence = make_evidence(outcomes=[row for visit in visits for row in visit])
    assert harmonise(evidence, QUESTION).table["month"].item() == 7


def test_a_visit_outside_the_window_does_not_answer(make_evidence):
    evidence = make_evidence(
        outcomes=both(month=1, cells={"mean": 3, "sd": 9}, saline={"mean": 5, "sd": 9})
    )
    assert reason(evidence) == "no visit between 3 and 12 months has been read"


def test_arms_that_share_a_control_are_correlated(make_evidence):
    evidence = make_evidence(
        arms=[
            {"study_id": "a", "arm_id": "cells_low"},
            {"study_id": "a", "arm_id": "cells_high"},
            {"study_id": "a", "arm_id": "saline"},
        ],
        outcomes=[
            {"study_id": "a", "arm_id": "cells_low", "mean": 30, "sd": 10},
            {"study_id": "a", "arm_id": "cells_high", "mean": 25, "sd": 20},
            {"study_id": "a", "arm_id": "saline", "mean": 40, "sd": 30},
        ],
    )
    found = harmonise(evidence, QUESTION)
    assert found.table["arm_t"].to_list() == ["cells_low", "cells_high"]
    np.testing.assert_allclose(found.covariance["a"], [[5 + 45, 45], [45, 20 + 45]], rtol=1e-12)


def test_a_missing_sd_is_pooled_from_other_trials_and_noted(make_evidence):
    evidence = make_evidence(
        outcomes=[
            *both("a", cells={"mean": 30}, saline={"mean": 40}),
            *both("b", cells={"mean": 30, "sd": 10}, saline={"mean": 40, "sd": 20}),
        ]
    )
    table = harmonise(evidence, QUESTION).table
    pooled = np.sqrt((19 * 10**2 + 19 * 20**2) / 38)
    imputed = table.row(0, named=True)
    assert imputed["variance"] == pytest.approx(2 * pooled**2 / 20)
    assert "imputed, pooled from 1 other trial with VAS" in imputed["notes"][0]
    assert table.row(1, named=True)["notes"] == []


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ({"se": 4}, "SD recovered from the standard error"),
        ({"ci_low": 32, "ci_high": 48}, "SD recovered from the 95% confidence interval"),
        ({"mean": "", "median": 40, "q1": 30, "q3": 52}, "SD estimated from the quartiles"),
        ({"mean": "", "median": 40, "min": 10, "max": 70}, "SD estimated from the range"),
        ({"sd": 20, "n": ""}, "number analysed not reported"),
        ({"sd": 20, "flag": "read_off"}, "read off a figure"),
    ],
)
def test_recovered_values_are_noted(make_evidence, values, note):
    evidence = make_evidence(
        outcomes=both(cells={"mean": 30, "sd": 20}, saline={"mean": 40, **values})
    )
    notes = harmonise(evidence, QUESTION).table["notes"].item().to_list()
    assert any(n.startswith(note) for n in notes), notes


@pytest.mark.parametrize(
    ("common", "expected"),
    [
        ({"month": ""}, "the month of its values is not stated"),
        ({"month": 0}, "only values before treatment have been read"),
        ({"flag": "subgroup"}, "only part of the arm (a subgroup) is reported"),
        ({"flag": "unverified"}, "a program read the values; nobody has read them against their "
                                 "source yet"),
        ({"scale_max": ""}, "the range of VAS is not stated, so it has no place on 0–100"),
        ({"mean": "", "median": 3}, "neither a mean nor a median with quartiles is reported"),
        ({"sd": ""}, "no standard deviation is reported, and no other trial gives one for VAS as a "
                     "final value"),
        ({"n": 1}, "only 1 person in an arm"),
    ],
)  # fmt: skip
def test_unusable_rows_say_why(make_evidence, common, expected):
    evidence = make_evidence(outcomes=both(**{"mean": 30, "sd": 20, **common}))
    assert reason(evidence) == expected


def test_differences_that_nobody_has_read_are_not_used(make_evidence):
    row = {"study_id": "a", "arm_a": "cells", "arm_b": "saline", "estimate": -3, "se": 1}
    evidence = make_evidence(contrasts=[row | {"flag": "unverified"}])
    assert reason(evidence).startswith("a program read the values")
    assert harmonise(make_evidence(contrasts=[row]), QUESTION).table.height == 1


def test_people_unknown_in_both_row_and_arm(make_evidence):
    arms = [{"study_id": "a", "arm_id": arm, "n_randomised": ""} for arm in ("cells", "saline")]
    evidence = make_evidence(arms=arms, outcomes=both(mean=30, sd=20, n=""))
    assert reason(evidence) == "the number of people is not reported"


def test_a_trial_without_results_is_unread_not_negative(make_evidence):
    found = harmonise(make_evidence(studies=[{"study_id": "a"}]), QUESTION)
    assert found.excluded["unread"].item() is True
    assert "not read yet" in found.excluded["reason"].item()


def test_nonrandomised_trials_answer_only_when_asked(make_evidence):
    evidence = make_evidence(
        studies=[{"study_id": "a", "design": "nonrandomised"}],
        outcomes=both(cells={"mean": 30, "sd": 20}, saline={"mean": 40, "sd": 20}),
    )
    assert reason(evidence) == "not randomised"
    question = Question(condition="knee_osteoarthritis", randomised=False)
    assert harmonise(evidence, question).table.height == 1


def test_people_are_not_counted_twice(make_evidence):
    evidence = make_evidence(
        outcomes=[
            *both("part", cells={"mean": 30, "sd": 20}, saline={"mean": 40, "sd": 20}),
            *both("pool", cells={"mean": 30, "sd": 20}, saline={"mean": 40, "sd": 20}),
        ],
        cautions=[
            {
                "study_id": "part",
                "kind": "pooled_in",
                "other_study_id": "pool",
                "reason": "its people are in the pool",
            }
        ],
    )
    found = harmonise(evidence, QUESTION)
    assert found.table["study_id"].to_list() == ["pool"]
    assert found.excluded.row(0)[:2] == ("part", "its people are in the pool")


def test_values_after_people_changed_treatment_are_not_used(make_evidence):
    evidence = make_evidence(
        outcomes=both(cells={"mean": 30, "sd": 20}, saline={"mean": 40, "sd": 20}),
        cautions=[
            {
                "study_id": "a",
                "kind": "contaminated",
                "arm_id": "saline",
                "from_month": 3.1,
                "reason": "crossover",
            }
        ],
    )
    assert reason(evidence) == "by then people had changed treatment"


def caution(kind, **more):
    return [{"study_id": "a", "kind": kind, "reason": "because", **more}]


def test_what_everyone_had_is_no_comparator(make_evidence):
    outcomes = both(cells={"mean": 30, "sd": 20}, saline={"mean": 40, "sd": 20})
    evidence = make_evidence(outcomes=outcomes, cautions=caution("background", arm_id="saline"))
    assert reason(evidence) == "because"


def test_a_caution_about_another_arm_does_not_bar_the_trial(make_evidence):
    evidence = make_evidence(
        arms=[{"study_id": "a", "arm_id": arm} for arm in ("cells", "cells_acute", "saline")],
        outcomes=[
            {"study_id": "a", "arm_id": arm, "mean": 30, "sd": 20}
            for arm in ("cells", "cells_acute", "saline")
        ],
        cautions=caution("other_population", arm_id="cells_acute"),
    )
    assert harmonise(evidence, QUESTION).table["arm_t"].to_list() == ["cells"]


def test_the_same_people_in_both_arms_prefer_the_paired_difference(make_evidence):
    outcomes = both(cells={"mean": 30, "sd": 20}, saline={"mean": 40, "sd": 20})
    contrast = {"study_id": "a", "arm_a": "cells", "arm_b": "saline", "estimate": -8, "se": 2}
    evidence = make_evidence(outcomes=outcomes, contrasts=[contrast], cautions=caution("paired"))
    row = harmonise(evidence, QUESTION).table.row(0, named=True)
    assert (row["estimate"], row["variance"], row["same_people"]) == (-8, 4, True)


def test_doubtful_spreads_are_imputed_and_stand_for_no_others(make_evidence):
    doubtful = both(cells={"mean": 30, "sd": 1}, saline={"mean": 40, "sd": 1})
    sound = both("b", cells={"mean": 30, "sd": 20}, saline={"mean": 40, "sd": 20})
    evidence = make_evidence(outcomes=[*doubtful, *sound], cautions=caution("spread"))
    table = harmonise(evidence, QUESTION).table
    assert table["variance"].to_list() == pytest.approx([40, 40])
    assert "reported SD not believed" in table["notes"][0]


def test_contrasts_that_follow_from_others_are_left_out(make_evidence):
    arms = ("cells_1", "cells_2", "saline_1", "saline_2")
    evidence = make_evidence(
        arms=[{"study_id": "a", "arm_id": arm} for arm in arms],
        contrasts=[
            {"study_id": "a", "arm_a": a, "arm_b": b, "estimate": -8, "se": 2}
            for a in arms[:2]
            for b in arms[2:]
        ],
    )
    found = harmonise(evidence, QUESTION)
    assert found.table.height == 3
    assert np.linalg.eigvalsh(found.covariance["a"]).min() > 0


def test_norm_based_scores_are_not_percent_of_a_range(make_evidence):
    evidence = make_evidence(
        outcomes=both(
            domain="quality_of_life",
            instrument="SF-12 PCS",
            higher_is="better",
            cells={"mean": 45, "sd": 8},
            saline={"mean": 40, "sd": 8},
        )
    )
    question = Question(condition="knee_osteoarthritis", outcome="quality_of_life")
    assert "scored against a population" in reason(evidence, question)


def test_two_arms_on_each_side_give_pairs_that_hold_the_rest(make_evidence):
    arms = ("cells_1", "cells_2", "saline_1", "saline_2")
    evidence = make_evidence(
        arms=[{"study_id": "a", "arm_id": arm} for arm in arms],
        outcomes=[
            {"study_id": "a", "arm_id": arm, "mean": mean, "sd": 10}
            for arm, mean in zip(arms, (30, 34, 40, 44), strict=True)
        ],
    )
    found = harmonise(evidence, QUESTION)
    assert found.table["estimate"].to_list() == [-10, -6, -14]
    ones, y = np.ones(3), found.table["estimate"].to_numpy()
    w = np.linalg.solve(found.covariance["a"], ones)
    assert w @ y / w.sum() == pytest.approx(
        32 - 42
    )  # equal arms: mean of cells less mean of saline
    assert 1 / w.sum() == pytest.approx(10**2 / 40 + 10**2 / 40)


def test_reported_differences_answer_where_arms_do_not(make_evidence):
    evidence = make_evidence(
        contrasts=[
            {
                "study_id": "a",
                "arm_a": "saline",
                "arm_b": "cells",
                "estimate": 10,
                "ci_low": 10 - 1.959963984540054 * 4,
                "ci_high": 10 + 1.959963984540054 * 4,
                "n_a": 18,
                "n_b": 19,
            }
        ]
    )
    row = harmonise(evidence, QUESTION).table.row(0, named=True)
    assert (row["arm_t"], row["arm_c"], row["n_t"], row["n_c"]) == ("cells", "saline", 19, 18)
    assert row["estimate"] == -10
    assert row["variance"] == pytest.approx(16)


def test_classes_hold_their_nodes_and_the_narrower_side_wins():
    evidence = load_evidence()
    wide = Question(condition="knee_osteoarthritis", comparator="injection")
    narrow = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")
    trials = {q: set(harmonise(evidence, q).table["study_id"]) for q in (wide, narrow)}
    assert trials[narrow] < trials[wide]
    within = Question(condition="knee_osteoarthritis", treatment="bmac", comparator="cell_therapy")
    arms = {a["arm_id"]: a["treatment"] for a in evidence.arms.iter_rows(named=True)}
    assert all(arms[a] == "bmac" for a in harmonise(evidence, within).table["arm_t"])


@pytest.mark.parametrize("month", [3.0, 6.0, 12.0])
def test_every_candidate_of_the_snapshot_is_used_or_listed(month):
    evidence = load_evidence()
    question = Question(condition="knee_osteoarthritis", comparator="injection", month=month)
    found = harmonise(evidence, question)
    used, listed = set(found.table["study_id"]), set(found.excluded["study_id"])
    assert not used & listed
    by_class = {
        category: set(evidence.arms.filter(category=category)["study_id"])
        for category in ("injection", "cell_therapy")
    }
    knee = set(evidence.studies.filter(condition="knee_osteoarthritis")["study_id"])
    assert by_class["injection"] & by_class["cell_therapy"] & knee <= used | listed


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ({"condition": "knee_osteoarthritus"}, UnknownWordError, "'knee_osteoarthritis'"),
        ({"treatment": "bm_mcs"}, UnknownWordError, "'bm_msc'"),
        ({"outcome": "pains"}, UnknownWordError, "'pain'"),
        ({"statistic": "finale"}, UnknownWordError, "'final'"),
        ({"comparator": "cell_therapy"}, InputError, "both 'cell_therapy'"),
        ({"month": 0}, InputError, "above 0"),
        ({"window": (7, 9)}, InputError, "holds month 6"),
        ({"correlation": 1.5}, InputError, "between -1 and 1"),
        ({"mcid": 0}, InputError, "between 0 and 100"),
        ({"level": 95}, InputError, "0.95"),
    ],
)
def test_questions_that_make_no_sense_are_refused(words, error, message):
    with pytest.raises(error, match=message):
        Question(**{"condition": "knee_osteoarthritis", **words})
