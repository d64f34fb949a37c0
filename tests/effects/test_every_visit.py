"""Every visit of every trial: one instrument, one base node, and what visits share."""

import numpy as np
import pytest

from reprieve.effects.all_comparisons import compare_all
from reprieve.effects.question import Question
from reprieve.effects.visits import every_visit
from reprieve.errors import InputError
from reprieve.evidence import load_evidence

QUESTION = Question(condition="knee_osteoarthritis")
ARMS = [
    {"study_id": "a", "arm_id": arm, "label": arm, "treatment": treatment}
    for arm, treatment in (("x", "bm_msc"), ("y", "hyaluronic_acid"), ("z", "saline"))
]


def visit(month, **numbers):
    """Mean and SD by arm at one visit, or columns."""
    return [
        {
            "study_id": "a",
            "arm_id": arm,
            "month": month,
            **(v if isinstance(v, dict) else {"mean": v[0], "sd": v[1]}),
        }
        for arm, v in numbers.items()
    ]


def rows(found):
    return found.table.select("treatment1", "treatment2", "month", "estimate").rows()


def test_contrasts_against_the_base_at_every_visit(make_evidence):
    evidence = make_evidence(
        arms=ARMS,
        outcomes=[
            *visit(12, x=(25, 10), y=(35, 10), z=(45, 30)),
            *visit(3, x=(30, 10), y=(36, 20), z=(40, 30)),
        ],
    )
    found = every_visit(evidence, QUESTION)
    assert rows(found) == [
        ("bm_msc", "saline", 3, -10),
        ("hyaluronic_acid", "saline", 3, -4),
        ("bm_msc", "saline", 12, -20),
        ("hyaluronic_acid", "saline", 12, -10),
    ]
    # squared standard errors: x 5, 5; y 20, 5; z 45, 45
    expected = [
        [50, 45, 2.5 + 22.5, 22.5],
        [45, 65, 22.5, 5 + 22.5],
        [2.5 + 22.5, 22.5, 50, 45],
        [22.5, 5 + 22.5, 45, 50],
    ]
    np.testing.assert_allclose(found.covariance["a"], expected, rtol=1e-12)
    np.testing.assert_allclose(found.table["variance"], np.diag(expected), rtol=1e-12)


def test_visits_can_be_taken_for_unrelated(make_evidence):
    evidence = make_evidence(
        arms=ARMS[::2],
        outcomes=[*visit(3, x=(30, 10), z=(40, 30)), *visit(6, x=(30, 10), z=(40, 30))],
    )
    found = every_visit(evidence, QUESTION, between_visits=0)
    np.testing.assert_allclose(found.covariance["a"], np.diag([50, 50]), rtol=1e-12)


def test_differences_as_reported_are_correlated_too(make_evidence):
    reported = [
        {"study_id": "a", "arm_a": "x", "arm_b": "z", "month": m, "estimate": -m, "se": se}
        for m, se in ((3, 2), (6, 4))
    ]
    found = every_visit(make_evidence(arms=ARMS[::2], contrasts=reported), QUESTION)
    assert [row[3] for row in rows(found)] == pytest.approx([-3, -6])
    np.testing.assert_allclose(found.covariance["a"], [[4, 4], [4, 16]], rtol=1e-12)


def test_one_visit_is_the_network(make_evidence):
    evidence = make_evidence(arms=ARMS, outcomes=visit(6, x=(30, 10), y=(36, 20), z=(40, 30)))
    network = compare_all(evidence, QUESTION).table.filter(treatment2="saline")
    visits = every_visit(evidence, QUESTION).table
    assert network.drop("variance").equals(
        visits.drop("variance").select(network.drop("variance").columns)
    )
    np.testing.assert_allclose(visits["variance"], network["variance"], rtol=1e-12)


def test_one_instrument_and_kind_for_all_visits(make_evidence):
    lower = [
        row | {"instrument": "VAS (rest)"}
        for m in (1, 3, 6)
        for row in visit(m, x=(30, 10), z=(40, 10))
    ]
    higher = [
        row | {"instrument": "WOMAC pain"}
        for m in (3, 12)
        for row in visit(m, x=(31, 10), z=(40, 10))
    ]
    change = [row | {"statistic": "change"} for row in higher if row["month"] == 3]
    evidence = make_evidence(arms=ARMS[::2], outcomes=[*lower, *change, *higher])
    found = every_visit(evidence, Question(condition="knee_osteoarthritis", statistic="change"))
    assert set(found.table["instrument"]) == {"WOMAC pain"}
    assert found.table.select("month", "statistic").rows() == [(3, "final"), (12, "final")]


def test_reported_spreads_go_before_more_visits(make_evidence):
    sure = [row | {"statistic": "change"} for m in (3, 6) for row in visit(m, x=(-9, 9), z=(-5, 9))]
    unsure = [row for m in (1, 3, 6) for row in visit(m, x=(30, ""), z=(40, ""))]
    spread = [row | {"study_id": "b", "arm_id": arm} for row, arm in zip(
        visit(3, x=(30, 10), z=(40, 10)), ("cells", "saline"), strict=True)]  # fmt: skip
    evidence = make_evidence(arms=ARMS[::2], outcomes=[*unsure, *sure, *spread])
    assert set(every_visit(evidence, QUESTION).table.filter(study_id="a")["statistic"]) == {
        "change"
    }


def test_the_base_is_there_most_often_and_visits_without_it_are_listed(make_evidence):
    evidence = make_evidence(
        arms=ARMS,
        outcomes=[
            *visit(3, x=(30, 10), y=(36, 20), z=(40, 30)),
            *visit(6, x=(30, 10), y=(36, 20)),
            *visit(12, x=(30, 10), y=(36, 20)),
            *visit(24, x=(30, 10), z=(36, 20)),
            *visit(36, y=(30, 10), z=(36, 20)),
        ],
    )
    found = every_visit(evidence, QUESTION)
    assert set(found.table["treatment2"]) == {"hyaluronic_acid"}
    assert found.table["month"].to_list() == [3, 3, 6, 12, 36]
    left = found.excluded.row(0, named=True)
    assert (left["month"], left["arm_id"]) == (24, None)
    assert "hyaluronic acid" in left["reason"]


def test_values_after_people_changed_treatment_are_not_used(make_evidence):
    evidence = make_evidence(
        arms=ARMS[::2],
        outcomes=[*visit(3, x=(30, 10), z=(40, 30)), *visit(6, x=(30, 10), z=(40, 30))],
        cautions=[
            {
                "study_id": "a", "kind": "contaminated", "arm_id": "z", "from_month": 3.1,
                "reason": "crossover",
            }
        ],
    )  # fmt: skip
    assert every_visit(evidence, QUESTION).table["month"].to_list() == [3]


def test_the_window_ends_the_visits(make_evidence):
    visits = [row for m in (1, 6, 24) for row in visit(m, x=(30, 10), z=(40, 30))]
    evidence = make_evidence(arms=ARMS[::2], outcomes=visits)
    assert every_visit(evidence, QUESTION).table["month"].to_list() == [1, 6, 24]
    ended = Question(condition="knee_osteoarthritis", window=(3, 12))
    assert every_visit(evidence, ended).table["month"].to_list() == [1, 6]


def test_baselines_and_courses(make_evidence):
    evidence = make_evidence(
        arms=[*ARMS, {"study_id": "a", "arm_id": "x2", "treatment": "bm_msc"}],
        outcomes=[
            *visit(0, x=(60, 10), x2=(70, 10), z=(66, 12)),
            *visit(6, x=(30, 10), x2=(40, 10), z=(40, 12)),
        ],
    )
    found = every_visit(evidence, QUESTION)
    assert found.baselines.select("node", "n", "mean").rows() == [
        ("bm_msc", 40, 65),
        ("saline", 20, 66),
    ]
    assert found.baselines["sd"].to_list() == pytest.approx(
        [np.sqrt((2 * 19 * 10**2 + 40 * 5**2) / 39), 12]
    )
    course = found.courses.select("node", "control", "month", "n", "change").rows()
    assert course == [("bm_msc", False, 6, 40, -30), ("saline", True, 6, 20, -26)]
    assert found.courses["se"].to_list() == pytest.approx(
        [10 / 40**0.5 * (38 / 39) ** 0.5, 12 / 20**0.5]
    )


@pytest.mark.parametrize("correlation", [-0.1, 1.0])
def test_impossible_correlations_are_refused(correlation):
    with pytest.raises(InputError, match="between_visits"):
        every_visit(load_evidence(), QUESTION, between_visits=correlation)


@pytest.mark.parametrize("condition", ["knee_osteoarthritis", "tendinopathy", "disc_degeneration"])
@pytest.mark.parametrize("statistic", ["final", "change"])
def test_visits_of_the_snapshot_are_whole(condition, statistic):
    found = every_visit(load_evidence(), Question(condition=condition, statistic=statistic))
    assert list(found.covariance) == found.table["study_id"].unique(maintain_order=True).to_list()
    for key, trial in found.table.group_by("study_id", maintain_order=True):
        block = found.covariance[key[0]]
        np.testing.assert_allclose(np.diag(block), trial["variance"], rtol=1e-12)
        assert np.linalg.eigvalsh(block).min() > 0
        assert trial["treatment2"].n_unique() == 1
        assert trial.select("instrument", "statistic").n_unique() == 1
        assert trial["month"].is_sorted()
        assert not trial.select("treatment1", "month").is_duplicated().any()
    assert found.table["month"].min() > 0


def test_trials_that_answer_at_a_month_have_that_visit():
    """Whatever a network at one month uses, a trajectory uses too."""
    evidence = load_evidence()
    visits = set(every_visit(evidence, QUESTION).table["study_id"])
    assert set(compare_all(evidence, QUESTION).table["study_id"]) <= visits
