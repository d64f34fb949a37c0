from __future__ import annotations

import csv
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.errors import UnknownWordError
from reprieve.evidence import schema, vocabulary

TREATMENTS = sorted(vocabulary.treatments())
FAMILIES = {"musculoskeletal", "nerve_related", "spinal", "other"}
TIERS = {"primary", "secondary"}

treatment_codes = st.sampled_from(TREATMENTS)


def snapshot(table: str) -> list[dict[str, str]]:
    data = files("reprieve.evidence").joinpath("snapshot", f"{table}.csv")
    return list(csv.DictReader(data.read_text(encoding="utf-8").splitlines()))


# --- every word of the snapshot is known ---------------------------------------------------


def test_conditions_of_the_snapshot_are_known() -> None:
    used = {row["condition"] for row in snapshot("studies")}
    assert used
    assert used <= set(vocabulary.conditions())


def test_treatments_of_the_snapshot_are_known() -> None:
    used = {row["treatment"] for row in snapshot("arms")}
    assert used
    assert used <= set(vocabulary.treatments())


@pytest.mark.parametrize("table", ["outcomes", "contrasts"])
def test_instruments_of_the_snapshot_are_known(table: str) -> None:
    used = {(row["domain"], row["instrument"]) for row in snapshot(table)}
    assert used
    assert used <= set(vocabulary.instruments())


def test_events_of_the_snapshot_are_known() -> None:
    used = {row["event"] for row in snapshot("events")}
    assert used
    assert used <= set(vocabulary.events())


def test_cell_products_of_the_snapshot_are_known() -> None:
    used = {
        (row["treatment"], row["cell_source"], row["donor"], row["processing"])
        for row in snapshot("arms")
        if row["cell_source"] and row["donor"] and row["processing"]
    }
    known = {
        (p.treatment, p.cell_source, p.donor, p.processing) for p in vocabulary.cell_products()
    }
    assert used
    assert used <= known


def test_adjuncts_of_the_snapshot_have_names() -> None:
    for row in snapshot("arms"):
        for adjunct in filter(None, row["adjunct"].split(";")):
            assert vocabulary.word("adjunct", adjunct)


# --- conditions ----------------------------------------------------------------------------


def test_conditions_are_complete() -> None:
    assert len(vocabulary.conditions()) == 16
    for entry in vocabulary.conditions().values():
        assert entry.family in FAMILIES
        assert entry.name
        assert entry.plain.endswith(".")
        assert bool(entry.mesh_id) == bool(entry.mesh_term)


# --- the network of treatments -------------------------------------------------------------


def test_roots_are_classes() -> None:
    roots = {code for code, entry in vocabulary.treatments().items() if not entry.parents}
    assert roots == {
        "cell_therapy",
        "traditional",
        "injection",
        "placebo",
        "usual_care",
        "no_treatment",
        "other",
    }


def test_parents_are_known_and_stand_before_their_members() -> None:
    # Each parent earlier in the file: so there can be no cycle.
    seen: set[str] = set()
    for code, entry in vocabulary.treatments().items():
        assert set(entry.parents) <= seen
        seen.add(code)


def test_every_class_is_a_treatment() -> None:
    for category in schema.CATEGORIES:
        assert vocabulary.treatment_class(category) == category


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("bm_msc", "cell_therapy"),
        ("tens", "physical_therapy"),
        ("mirogabalin", "medication"),
        ("epidural_steroid", "nerve_block"),
        ("microfracture", "surgery"),
        ("hyaluronic_acid", "injection"),
        ("lmwf_5a", "injection"),
        ("epidural_saline", "placebo"),
        ("sham_saline", "sham"),
        ("education", "usual_care"),
        ("hgf_gene_therapy", "other"),
        ("traditional", "traditional"),
    ],
)
def test_treatment_class(code: str, expected: str) -> None:
    assert vocabulary.treatment_class(code) == expected


def test_the_groups_that_questions_ask_for() -> None:
    assert "bm_msc" in vocabulary.descendants("cell_therapy")
    assert vocabulary.descendants("sham") < vocabulary.descendants("placebo")
    assert "mpc" in vocabulary.descendants("msc") & vocabulary.descendants("bone_marrow_cells")
    assert "hgf_gene_therapy" not in vocabulary.descendants("cell_therapy")
    assert "topical_nsaid" not in vocabulary.descendants("nsaid")
    assert "spinal_fusion" in vocabulary.descendants("traditional")


@given(treatment_codes, treatment_codes)
def test_ancestors_and_descendants_mirror_each_other(one: str, other: str) -> None:
    assert (one in vocabulary.ancestors(other)) == (other in vocabulary.descendants(one))


@given(treatment_codes)
def test_descendants_are_closed_and_hold_the_node(code: str) -> None:
    below = vocabulary.descendants(code)
    assert code in below
    assert all(vocabulary.descendants(node) <= below for node in below)


@given(treatment_codes)
def test_all_parents_lead_to_one_class(code: str) -> None:
    classes = {vocabulary.treatment_class(parent) for parent in vocabulary.treatment(code).parents}
    assert len(classes) <= 1


@given(treatment_codes)
def test_the_class_is_an_ancestor(code: str) -> None:
    assert vocabulary.treatment_class(code) in vocabulary.ancestors(code)


def test_cell_products_are_of_known_words() -> None:
    for product in vocabulary.cell_products():
        assert product.treatment in vocabulary.descendants("cell_therapy")
        assert product.cell_source in schema.CELL_SOURCES
        assert product.donor in schema.DONORS
        assert product.processing in schema.PROCESSING


# --- instruments ---------------------------------------------------------------------------


def test_priorities_rank_each_domain_without_ties() -> None:
    for domain in {domain for domain, _ in vocabulary.instruments()}:
        ranks = [e.priority for e in vocabulary.instruments().values() if e.domain == domain]
        assert ranks == list(range(1, len(ranks) + 1))


def test_pain_follows_the_published_hierarchy() -> None:
    ordered = ["WOMAC pain", "VAS (activity)", "VAS (walking)", "VAS", "VAS (rest)", "KOOS pain"]
    ranks = [vocabulary.instrument("pain", name).priority for name in ordered]
    assert ranks == sorted(ranks)


def test_function_asks_about_the_body_part_before_general_health() -> None:
    general = vocabulary.instrument("function", "SF-36 physical functioning").priority
    for name in ("WOMAC function", "KOOS ADL", "ODI", "RMDQ", "SPADI", "DASH", "VISA-A"):
        assert vocabulary.instrument("function", name).priority < general


def test_instruments_are_well_formed() -> None:
    for entry in vocabulary.instruments().values():
        assert entry.domain in schema.DOMAINS
        assert entry.higher_is in schema.DIRECTIONS
        assert entry.full_name
        assert entry.measures
        assert entry.source
        assert entry.locator
        assert entry.source_tier in TIERS
        assert entry.priority_source
        assert (entry.usual_sd_percent is None) == (not entry.sd_source)
        if entry.score_min is not None and entry.score_max is not None:
            assert entry.score_min < entry.score_max
        if entry.item_step is not None:
            assert entry.score_min is not None
            assert entry.score_max is not None
            steps = (entry.score_max - entry.score_min) / entry.item_step
            assert steps == int(steps)
        if entry.usual_sd_percent is not None:
            # Scores inside a range can't spread more than half of it.
            assert 0 < entry.usual_sd_percent <= 50


def test_visual_analogue_scales_have_no_step() -> None:
    for entry in vocabulary.instruments().values():
        if entry.full_name.startswith("visual analogue scale"):
            assert entry.item_step is None


# --- thresholds ----------------------------------------------------------------------------


def test_mcids_have_sources() -> None:
    assert len(vocabulary.mcids()) == 76
    for mcid in vocabulary.mcids():
        assert mcid.source
        assert mcid.locator
        assert mcid.read_at
        assert mcid.source_tier in TIERS
        assert mcid.condition in vocabulary.conditions()
        assert mcid.value is not None or mcid.low is not None


@pytest.mark.parametrize("condition", sorted(vocabulary.conditions()))
@pytest.mark.parametrize("domain", ["pain", "function"])
def test_thresholds_rest_on_a_published_one(condition: str, domain: str) -> None:
    chosen = vocabulary.threshold(condition, domain)
    assert chosen.reason
    if chosen.points is None:
        assert not chosen.source
        return
    behind = [
        mcid
        for mcid in vocabulary.mcids()
        if (mcid.instrument, mcid.source, mcid.locator, mcid.source_tier)
        == (chosen.instrument, chosen.source, chosen.locator, chosen.source_tier)
        and mcid.points == pytest.approx(chosen.points)
    ]
    assert len(behind) == 1


def test_thresholds_for_pain_stand_everywhere() -> None:
    points = {c: vocabulary.threshold(c, "pain").points for c in vocabulary.conditions()}
    assert points["knee_osteoarthritis"] == 17.5
    assert points["low_back_pain"] == 15
    assert points["diabetic_neuropathy"] == 20
    assert None not in points.values()


def test_points_are_only_told_where_they_can_be() -> None:
    for mcid in vocabulary.mcids():
        if mcid.unit in ("percent of baseline", "utility"):
            assert mcid.points is None


# --- events and words ----------------------------------------------------------------------


def test_events_are_well_formed() -> None:
    for entry in vocabulary.events().values():
        assert entry.kind in {"harm", "benefit", "withdrawal", "procedure", "structure"}
        assert entry.better in {"more", "fewer"}
        assert entry.plain.endswith(".")
        if entry.kind in ("harm", "withdrawal"):
            assert entry.better == "fewer"


@pytest.mark.parametrize(
    ("field", "codes"),
    [
        ("category", schema.CATEGORIES),
        ("cell_source", schema.CELL_SOURCES),
        ("donor", schema.DONORS),
        ("processing", schema.PROCESSING),
        ("route", schema.ROUTES),
        ("domain", schema.DOMAINS),
        ("design", schema.DESIGNS),
        ("blinding", schema.BLINDING),
        ("funding", schema.FUNDING),
        ("rob", schema.RISK_OF_BIAS),
    ],
)
def test_every_code_of_the_schema_has_a_name(field: str, codes: tuple[str, ...]) -> None:
    for code in codes:
        assert vocabulary.word(field, code)


# --- unknown words -------------------------------------------------------------------------


def test_unknown_condition_names_the_nearest() -> None:
    with pytest.raises(UnknownWordError, match="did you mean 'knee_osteoarthritis'") as caught:
        vocabulary.condition("knee_osteoarthritus")
    assert caught.value.kind == "condition"


def test_plain_names_lead_to_codes() -> None:
    with pytest.raises(UnknownWordError, match="bm_msc"):
        vocabulary.treatment("Bone-marrow mesenchymal stem cells")
    with pytest.raises(UnknownWordError, match="svf"):
        vocabulary.treatment("the stromal vascular fraction")


def test_unknown_instrument_stays_inside_its_domain() -> None:
    with pytest.raises(UnknownWordError) as caught:
        vocabulary.instrument("pain", "WOMAC pains")
    assert caught.value.nearest[0] == "WOMAC pain"
    assert "ODI" not in caught.value.known


@pytest.mark.parametrize(
    "look_up",
    [
        lambda: vocabulary.condition(""),
        lambda: vocabulary.treatment("nothing of the kind"),
        lambda: vocabulary.event("rain"),
        lambda: vocabulary.descendants("nothing"),
        lambda: vocabulary.ancestors("nothing"),
        lambda: vocabulary.treatment_class("nothing"),
        lambda: vocabulary.instrument("mood", "VAS"),
        lambda: vocabulary.threshold("knee", "pain"),
        lambda: vocabulary.threshold("tendinopathy", "mood"),
        lambda: vocabulary.word("colour", "red"),
        lambda: vocabulary.word("route", "nasal"),
    ],
)
def test_unknown_words_are_refused(look_up) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UnknownWordError):
        look_up()


def test_tables_can_not_be_changed() -> None:
    with pytest.raises(TypeError):
        vocabulary.conditions()["new"] = vocabulary.condition("tendinopathy")  # type: ignore[index]
