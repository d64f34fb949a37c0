"""Nodes of networks: every treatment has one, and the cuts are those that the file states."""

import pytest

from reprieve.errors import InputError, UnknownWordError
from reprieve.evidence import load_evidence, vocabulary
from reprieve.evidence.nodes import ANY_CONTROL, LEVELS, adjunct_nodes, node, node_of
from reprieve.evidence.schema import CATEGORIES, ROUTES
from reprieve.evidence.words import read_node_rules

RULES = read_node_rules()


def arm(treatment, route=None, adjunct=None):
    return {"treatment": treatment, "route": route, "adjunct": adjunct}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("treatment", vocabulary.treatments())
def test_every_treatment_has_a_node(treatment, level):
    code = node_of(arm(treatment), level)
    assert node(code).name
    assert node_of(arm(code), level) == code  # a node is its own node


@pytest.mark.parametrize("treatment", vocabulary.treatments())
def test_of_several_groups_above_only_one_decides(treatment):
    """No treatment stands equally near to two different nodes, at either level."""
    for level in ("product", "class_"):
        near = [treatment]
        while near:
            found = {getattr(r, level) for r in RULES if r.code in near and not r.routes} - {""}
            if found:
                assert len(found) == 1
                break
            near = [p for code in near for p in vocabulary.treatment(code).parents]


def test_rules_use_known_words():
    for rule in RULES:
        assert rule.code in vocabulary.treatments()
        assert set(rule.routes) <= set(ROUTES)
        assert {rule.product, rule.class_} - {""} <= set(vocabulary.treatments())
    keys = [(rule.code, rule.routes) for rule in RULES]
    assert len(set(keys)) == len(keys)


def test_classes_are_those_of_the_vocabulary():
    for code in vocabulary.treatments():
        found = node_of(arm(code), "class")
        assert found == vocabulary.treatment_class(code)
        assert found in CATEGORIES or found == "traditional"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (arm("bm_msc"), "bm_msc"),
        (arm("eccentric_exercise"), "exercise_therapy"),
        (arm("tapentadol"), "opioid"),
        (arm("pregabalin"), "gabapentinoid"),
        (arm("knee_replacement"), "joint_replacement"),
        (arm("arthroscopic_lavage"), "arthroscopy"),
        (arm("vehicle", "intra_articular"), "saline"),
        (arm("placebo", "oral"), "placebo"),
        (arm("placebo", "intra_articular"), "saline"),
        (arm("placebo", "topical"), "topical_vehicle"),
        (arm("sham", "intramuscular"), "sham_injection"),
        (arm("sham_shockwave"), "sham"),
        (arm("nonsurgical_management"), "usual_care"),
        (arm("no_treatment"), "no_treatment"),
    ],
)
def test_products(given, code):
    assert node_of(given) == code


def test_controls_of_classes_are_controls_and_can_be_lumped():
    controls = {"placebo", "sham", "usual_care", "no_treatment"}
    for code in vocabulary.treatments():
        is_control = vocabulary.treatment_class(code) in controls
        for level in ("product", "class"):
            assert node(node_of(arm(code), level)).control == is_control
            assert (node_of(arm(code), level, lump=True) == ANY_CONTROL) == is_control


def test_combinations_hold_what_was_added():
    given = arm("bm_msc", "intra_articular", "prp;exercise_therapy")
    assert node_of(given, "combination") == "bm_msc+exercise_therapy+prp"
    assert node_of(given) == "bm_msc"
    assert adjunct_nodes(arm("svf", adjunct="microdrilling")) == ["microdrilling"]
    assert node_of(arm("svf", adjunct="microdrilling"), "combination") == "svf+microdrilling"
    steroid = node_of(arm("corticosteroid", adjunct="exercise_therapy"), "combination")
    assert steroid == node_of(arm("exercise_therapy", adjunct="corticosteroid"), "combination")
    with_control = node_of(arm("saline", adjunct="exercise_therapy"), "combination", lump=True)
    assert node(with_control).name == "exercise therapy + any control"
    assert not node(with_control).control


def test_all_nodes_of_the_snapshot_have_names():
    for level in LEVELS:
        for row in load_evidence().arms.iter_rows(named=True):
            assert node(node_of(row, level)).name


def test_tables_read_from_cells_to_controls():
    codes = ["no_treatment", "nsaid", "saline", "bm_msc", "any_control", "hyaluronic_acid"]
    placed = sorted(codes, key=lambda code: node(code).place)
    assert placed == [
        "bm_msc", "nsaid", "hyaluronic_acid", "saline", "no_treatment", "any_control",
    ]  # fmt: skip


def test_unknown_words():
    with pytest.raises(UnknownWordError, match="'saline'"):
        node("salin")
    with pytest.raises(InputError, match="product, class, combination"):
        node_of(arm("saline"), "products")
