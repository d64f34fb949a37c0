"""All treatments at once: nodes, contrasts of a trial that agree, controls, what is left out."""

import itertools

import numpy as np
import polars as pl
import pytest

from reprieve.effects.all_comparisons import compare_all
from reprieve.effects.harmonise import harmonise
from reprieve.effects.question import Question
from reprieve.errors import InputError
from reprieve.evidence import load_evidence
from reprieve.evidence.nodes import LEVELS
from reprieve.evidence.records import Evidence
from reprieve.synthesis.networks.reading import read_trials
from reprieve.synthesis.networks.trials import Trials

QUESTION = Question(condition="knee_osteoarthritis")


def arms(study="a", **treatments):
    """Arms of one trial: the arm's name, and its treatment or more columns."""
    return [
        {
            "study_id": study,
            "arm_id": name,
            "label": name,
            **({"treatment": what} if isinstance(what, str) else what),
        }
        for name, what in treatments.items()
    ]


def values(study="a", **numbers):
    """A row an arm: mean and SD, or columns."""
    return [
        {
            "study_id": study,
            "arm_id": name,
            **(dict(zip(("mean", "sd", "n"), v, strict=False)) if isinstance(v, tuple) else v),
        }
        for name, v in numbers.items()
    ]


def contrasts(found, study="a"):
    rows = found.table.filter(study_id=study).iter_rows(named=True)
    return {(r["treatment1"], r["treatment2"]): (r["estimate"], r["variance"]) for r in rows}


THREE = arms(x="bm_msc", y="hyaluronic_acid", z="saline")


def test_three_arms_give_three_contrasts_that_agree(make_evidence):
    evidence = make_evidence(arms=THREE, outcomes=values(x=(30, 10), y=(36, 20), z=(40, 30)))
    found = compare_all(evidence, QUESTION)
    assert contrasts(found) == {
        ("bm_msc", "hyaluronic_acid"): pytest.approx((-6, 5 + 20)),
        ("bm_msc", "saline"): pytest.approx((-10, 5 + 45)),
        ("hyaluronic_acid", "saline"): pytest.approx((-4, 20 + 45)),
    }
    assert found.table.row(1, named=True)["rows"] == [
        {"table": "outcomes", "row": 2},
        {"table": "outcomes", "row": 4},
    ]
    assert found.excluded.is_empty()


def test_two_arms_are_what_harmonise_gives(make_evidence):
    evidence = make_evidence(outcomes=values(cells=(30, 10), saline=(40, 30)))
    pair = harmonise(evidence, QUESTION).table.row(0, named=True)
    row = compare_all(evidence, QUESTION).table.row(0, named=True)
    for column in ("estimate", "month", "instrument", "statistic", "notes"):
        assert row[column] == pair[column]
    assert row["variance"] == pytest.approx(pair["variance"])
    assert (row["n1"], row["n2"]) == (pair["n_t"], pair["n_c"])


def test_pairs_of_the_snapshot_are_what_harmonise_gives():
    """Every trial of one cell arm and one comparator arm, whatever the route to the number."""
    evidence = load_evidence()
    whole = contrasts_by_study(compare_all(evidence, QUESTION))
    compared = 0
    for comparator in ("hyaluronic_acid", "prp", "saline", "corticosteroid"):
        question = Question(condition="knee_osteoarthritis", comparator=comparator)
        for key, rows in harmonise(evidence, question).table.group_by("study_id"):
            if rows.height == 1 and len(whole.get(key[0], [])) == 1:
                estimate, variance = whole[key[0]][0]
                assert rows["estimate"].item() == pytest.approx(estimate)
                assert rows["variance"].item() == pytest.approx(variance)
                compared += 1
    assert compared >= 8


def contrasts_by_study(found):
    by_study = {}
    for row in found.table.iter_rows(named=True):
        by_study.setdefault(row["study_id"], []).append((row["estimate"], row["variance"]))
    return by_study


def test_arms_of_a_node_are_taken_together(make_evidence):
    evidence = make_evidence(
        arms=arms(low="bm_msc", high="bm_msc", z="saline"),
        outcomes=values(low=(30, 10, 10), high=(40, 12, 30), z=(50, 20, 20)),
    )
    found = compare_all(evidence, QUESTION)
    # Cochrane Handbook Table 6.5.a
    n, mean = 40, (10 * 30 + 30 * 40) / 40
    sd = np.sqrt((9 * 10**2 + 29 * 12**2 + 10 * 30 / 40 * (40 - 30) ** 2) / (n - 1))
    row = found.table.row(0, named=True)
    assert (row["n1"], row["n2"]) == (40, 20)
    assert row["estimate"] == pytest.approx(mean - 50)
    assert row["variance"] == pytest.approx(sd**2 / 40 + 20**2 / 20)
    assert "2 arms taken together: high; low" in row["notes"]
    assert found.arms.filter(node="bm_msc")["arms"].item().to_list() == ["high", "low"]


def test_trials_of_one_node_are_listed(make_evidence):
    evidence = make_evidence(
        arms=arms(low="bm_msc", high="bm_msc"), outcomes=values(low=(30, 10), high=(40, 12))
    )
    found = compare_all(evidence, QUESTION)
    assert found.table.is_empty()
    assert "belong to one node" in found.excluded["reason"].item()


def test_controls_are_lumped_only_when_asked(make_evidence):
    evidence = make_evidence(
        arms=[*THREE, *arms(w="no_treatment")],
        outcomes=values(x=(30, 10), y=(36, 20), z=(40, 30), w=(50, 10)),
    )
    apart = compare_all(evidence, QUESTION)
    assert apart.nodes.filter("control")["node"].to_list() == ["saline", "no_treatment"]
    lumped = compare_all(evidence, QUESTION, lump=True)
    assert lumped.nodes["node"].to_list() == ["bm_msc", "hyaluronic_acid", "any_control"]
    assert contrasts(lumped)["bm_msc", "any_control"][0] == pytest.approx(30 - 45)
    assert lumped.nodes["people"].to_list() == [20, 20, 40]


def test_a_placebo_injection_is_not_a_placebo_tablet(make_evidence):
    tablet = {"treatment": "placebo", "category": "placebo"}
    evidence = make_evidence(
        arms=[
            *arms("a", x="bm_msc", z={**tablet, "route": "intra_articular"}),
            *arms("b", x="nsaid", z={**tablet, "route": "oral"}),
        ],
        outcomes=[*values("a", x=(30, 10), z=(40, 10)), *values("b", x=(30, 10), z=(40, 10))],
    )
    table = compare_all(evidence, QUESTION).table
    assert table["treatment2"].to_list() == ["saline", "placebo"]


def test_classes_join_products(make_evidence):
    evidence = make_evidence(
        arms=arms(x="bm_msc", y="mfat", z="saline"),
        outcomes=values(x=(30, 10), y=(36, 10), z=(40, 30)),
    )
    found = compare_all(evidence, QUESTION, nodes="class")
    assert list(contrasts(found)) == [("cell_therapy", "placebo")]
    assert contrasts(found)["cell_therapy", "placebo"][0] == pytest.approx(33 - 40)


def test_the_visit_that_shows_most_nodes_is_taken(make_evidence):
    two = values(x=(30, 10), z=(40, 10))
    three = [row | {"month": 9} for row in values(x=(31, 10), y=(36, 10), z=(40, 10))]
    evidence = make_evidence(arms=THREE, outcomes=[*two, *three])
    found = compare_all(evidence, QUESTION)
    assert set(found.table["month"]) == {9}
    assert found.table.height == 3


def test_an_arm_without_values_is_listed(make_evidence):
    evidence = make_evidence(arms=THREE, outcomes=values(x=(30, 10), z=(40, 10)))
    found = compare_all(evidence, QUESTION)
    assert list(contrasts(found)) == [("bm_msc", "saline")]
    assert found.excluded.row(0)[:2] == ("a", "y")


def test_an_arm_that_the_curators_bar_is_left_out_with_their_reason(make_evidence):
    caution = {"study_id": "a", "kind": "background", "arm_id": "y", "reason": "everyone had it"}
    evidence = make_evidence(
        arms=THREE, outcomes=values(x=(30, 10), y=(36, 10), z=(40, 10)), cautions=[caution]
    )
    found = compare_all(evidence, QUESTION)
    assert list(contrasts(found)) == [("bm_msc", "saline")]
    assert found.excluded.row(0)[:3] == ("a", "y", "everyone had it")


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"design": "nonrandomised"}, "not randomised"), ({"blinding": "open"}, "not double-blind")],
)
def test_whole_trials_are_refused_as_by_harmonise(make_evidence, change, reason):
    evidence = make_evidence(
        studies=[{"study_id": "a", **change}], outcomes=values(cells=(30, 10), saline=(40, 30))
    )
    question = Question(condition="knee_osteoarthritis", blinded=True)
    found = compare_all(evidence, question)
    assert found.excluded.row(0) == ("a", None, reason, False)


def test_an_unread_trial_is_told_from_one_that_does_not_fit(make_evidence):
    found = compare_all(make_evidence(studies=[{"study_id": "a"}]), QUESTION)
    assert found.excluded["unread"].item() is True


def test_an_arm_that_had_more_does_not_stand_for_its_treatment(make_evidence):
    evidence = make_evidence(
        arms=arms(alone="bm_msc", more={"treatment": "bm_msc", "adjunct": "prp"}, z="saline"),
        outcomes=values(alone=(30, 10), more=(20, 10), z=(40, 30)),
    )
    found = compare_all(evidence, QUESTION)
    assert contrasts(found)["bm_msc", "saline"][0] == pytest.approx(-10)
    assert found.excluded["arm_id"].to_list() == ["more"]
    combined = compare_all(evidence, QUESTION, nodes="combination")
    assert contrasts(combined)["bm_msc+prp", "saline"][0] == pytest.approx(-20)
    assert combined.excluded.is_empty()


def test_what_was_added_to_what_everyone_had_is_noted(make_evidence):
    evidence = make_evidence(
        arms=arms(
            x={"treatment": "arthroscopy", "adjunct": "exercise_therapy"}, y="exercise_therapy"
        ),
        outcomes=values(x=(30, 10), y=(20, 10)),
    )
    row = compare_all(evidence, QUESTION).table.row(0, named=True)
    assert row["treatment1"] == "exercise_therapy"
    assert any(note.startswith("everyone had exercise therapy") for note in row["notes"])
    assert "x: given with exercise therapy" in row["notes"]
    for level in LEVELS:
        assert compare_all(evidence, QUESTION, nodes=level).table["add_on"].item() is True


def test_arms_with_one_carrier_are_no_add_on(make_evidence):
    with_carrier = {"treatment": "bm_msc", "adjunct": "hyaluronic_acid"}
    evidence = make_evidence(
        arms=arms(x=with_carrier, y="hyaluronic_acid", z="saline"),
        outcomes=values(x=(30, 10), y=(36, 10), z=(40, 10)),
    )
    table = compare_all(evidence, QUESTION).table
    assert table.select("treatment2", "add_on").rows() == [
        ("hyaluronic_acid", True), ("saline", False), ("saline", False),
    ]  # fmt: skip


# --- differences between arms as reported ---------------------------------------------------


def contrast(a, b, estimate, se, **more):
    return {"study_id": "a", "arm_a": a, "arm_b": b, "estimate": estimate, "se": se, **more}


def test_all_reported_contrasts_come_back(make_evidence):
    """Arm variances 4, 5 and 6: the variances of all three differences are reported."""
    reported = [
        contrast("x", "z", -10, 10**0.5),
        contrast("y", "z", -4, 11**0.5),
        contrast("y", "x", 6, 9**0.5),
    ]
    found = contrasts(compare_all(make_evidence(arms=THREE, contrasts=reported), QUESTION))
    assert found["bm_msc", "saline"] == pytest.approx((-10, 10))
    assert found["hyaluronic_acid", "saline"] == pytest.approx((-4, 11))
    assert found["bm_msc", "hyaluronic_acid"] == pytest.approx((-6, 9))


def test_contrasts_with_a_common_control_imply_the_third(make_evidence):
    reported = [contrast("x", "z", -10, 4), contrast("y", "z", -4, 4)]
    found = contrasts(compare_all(make_evidence(arms=THREE, contrasts=reported), QUESTION))
    # three arms of 20 people and one standard deviation: each adds 8
    assert found["bm_msc", "hyaluronic_acid"] == pytest.approx((-6, 16))
    assert found["bm_msc", "saline"] == pytest.approx((-10, 16))


def test_the_control_of_a_dose_trial_is_counted_once(make_evidence):
    doses = arms(low="bm_msc", high="bm_msc", z="saline")
    reported = [contrast("low", "z", -10, 4), contrast("high", "z", -4, 4)]
    found = contrasts(compare_all(make_evidence(arms=doses, contrasts=reported), QUESTION))
    assert found["bm_msc", "saline"] == pytest.approx((-7, 8 / 2 + 8))


def test_impossible_variances_fall_back_to_one_spread(make_evidence):
    """No arm variances add up to 100, 1 and 1; what is taken is one spread for all people."""
    reported = [
        contrast("x", "z", -10, 10),
        contrast("y", "z", -4, 1),
        contrast("y", "x", 6, 1),
    ]
    found = contrasts(compare_all(make_evidence(arms=THREE, contrasts=reported), QUESTION))
    assert [v for _, v in found.values()] == pytest.approx([34, 34, 34])


def test_contrasts_that_do_not_hang_together_give_the_larger_set(make_evidence):
    five = [*THREE, *arms(v="mfat", w="no_treatment")]
    reported = [
        contrast("v", "w", -1, 4),
        contrast("x", "z", -10, 4),
        contrast("y", "z", -4, 4),
    ]
    found = compare_all(make_evidence(arms=five, contrasts=reported), QUESTION)
    assert found.table.height == 3
    assert found.excluded["arm_id"].to_list() == ["v", "w"]


def test_the_same_people_in_both_arms_prefer_the_paired_difference(make_evidence):
    caution = {"study_id": "a", "kind": "paired", "reason": "both knees"}
    evidence = make_evidence(
        outcomes=values(cells=(30, 20), saline=(40, 20)),
        contrasts=[contrast("cells", "saline", -8, 2)],
        cautions=[caution],
    )
    row = compare_all(evidence, QUESTION).table.row(0, named=True)
    assert (row["estimate"], row["variance"], row["same_people"]) == pytest.approx((-8, 4, True))


# --- the contextual response ------------------------------------------------------------------


def test_controls_show_how_much_their_people_improved(make_evidence):
    evidence = make_evidence(
        outcomes=[
            *values(cells=(30, 10), saline=(40, 10)),
            *(row | {"month": 0} for row in values(cells=(60, 10), saline=(60, 10))),
        ]
    )
    found = compare_all(evidence, QUESTION)
    row = found.responses.row(0, named=True)
    assert (row["node"], row["change"], row["n"]) == ("saline", -20, 20)
    # a correlation of 0.5 between equal spreads leaves that spread
    assert row["se"] == pytest.approx(10 / 20**0.5)
    assert found.arms.filter(node="bm_msc")["change"].item() == pytest.approx(-30)


def test_without_a_baseline_the_response_is_unknown(make_evidence):
    found = compare_all(make_evidence(outcomes=values(cells=(30, 10), saline=(40, 10))), QUESTION)
    assert found.responses.is_empty()
    assert found.arms["change"].null_count() == 2


def test_a_missing_spread_of_the_change_comes_from_other_trials(make_evidence):
    before = [
        {"study_id": "a", "arm_id": arm, "mean": 60, "month": 0} for arm in ("cells", "saline")
    ]
    other = [row | {"statistic": "change"} for row in values("b", cells=(-9, 8), saline=(-7, 8))]
    evidence = make_evidence(outcomes=[*values(cells=(30, 10), saline=(40, 10)), *before, *other])
    row = compare_all(evidence, QUESTION).responses.filter(study_id="a").row(0, named=True)
    assert row["se"] == pytest.approx(8 / 20**0.5)
    assert any("imputed" in note for note in row["notes"])
    strict = Question(condition="knee_osteoarthritis", impute=False)
    assert compare_all(evidence, strict).responses["study_id"].to_list() == ["b"]


# --- the whole snapshot -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def snapshot():
    return load_evidence()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("lump", [False, True])
def test_every_trial_of_the_snapshot_is_possible_in_a_network(snapshot, level, lump):
    for condition, outcome, month in itertools.product(
        ("knee_osteoarthritis", "low_back_pain", "tendinopathy", "diabetic_neuropathy"),
        ("pain", "function"),
        (3.0, 12.0),
    ):
        question = Question(condition=condition, outcome=outcome, month=month)
        found = compare_all(snapshot, question, nodes=level, lump=lump)
        trials = Trials.of(read_trials(**found.columns()))
        assert not trials.warnings
        used, left = set(found.table["study_id"]), found.excluded.filter(pl.col("arm_id").is_null())
        assert not used & set(left["study_id"])
        assert set(found.nodes["node"]) == {*found.table["treatment1"], *found.table["treatment2"]}


def test_every_trial_of_two_arms_is_used_or_listed(snapshot):
    for condition in set(snapshot.studies["condition"]):
        found = compare_all(snapshot, Question(condition=condition))
        of_condition = snapshot.studies.filter(condition=condition)["study_id"]
        arm_counts = snapshot.arms["study_id"].value_counts().filter(pl.col("count") > 1)
        expected = set(of_condition) & set(arm_counts["study_id"])
        whole = found.excluded.filter(pl.col("arm_id").is_null())
        assert set(found.table["study_id"]) | set(whole["study_id"]) == expected


def test_the_order_of_rows_does_not_matter(snapshot):
    tables = {
        name: snapshot.table(name).sample(fraction=1, shuffle=True, seed=7)
        for name in ("studies", "arms", "outcomes", "contrasts", "events", "cautions", "conflicts")
    }
    shuffled = Evidence(**tables, date=snapshot.date, origin=snapshot.origin)
    one, two = compare_all(snapshot, QUESTION), compare_all(shuffled, QUESTION)
    for column in ("study_id", "treatment1", "treatment2", "instrument", "month"):
        assert one.table[column].to_list() == two.table[column].to_list()
    for column in ("estimate", "variance"):
        np.testing.assert_allclose(one.table[column], two.table[column], rtol=1e-12)
    assert set(one.excluded.rows()) == set(two.excluded.rows())


def test_treatment_and_comparator_do_not_select(snapshot):
    other = Question(condition="knee_osteoarthritis", treatment="nsaid", comparator="saline")
    assert compare_all(snapshot, other).table.equals(compare_all(snapshot, QUESTION).table)


def test_unknown_levels_are_refused(snapshot):
    with pytest.raises(InputError, match="level of nodes is 'arm'"):
        compare_all(snapshot, QUESTION, nodes="arm")
