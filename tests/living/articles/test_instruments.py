from __future__ import annotations

import csv
import re
from importlib.resources import files

import pytest

from reprieve.evidence.vocabulary import instruments
from reprieve.living.articles.instrument_words import Scale, all_families
from reprieve.living.articles.instruments import Instruments

VAS = "Pain was rated on a visual analogue scale (VAS). VAS scores were compared."


@pytest.mark.parametrize(
    ("headings", "text", "instrument"),
    [
        (["WOMAC pain, mm"], "", "WOMAC pain"),
        (["Pain subscore", "WOMAC"], "", "WOMAC pain"),
        (["Physical function", "WOMAC"], "", "WOMAC function"),
        (["Activities of daily living", "KOOS"], "", "KOOS ADL"),
        (["Sport and recreation function", "KOOS"], "", "KOOS sport"),
        (["SPADIpain"], "", "SPADI pain"),
        (["Bodily pain", "SF-36 physical component score"], "", "SF-36 bodily pain"),
        (["Roland score (0-23)"], "", "RMDQ"),
        (["Pain when descending stairs, VAS"], "", "VAS (descending stairs)"),
        (["Rest", "VAS (0–10)"], "", "VAS (rest)"),
        (["Pain at rest"], VAS, "VAS (rest)"),
        (["Pain intensity"], "Pain was rated on a numeric rating scale.", "NRS"),
    ],
)
def test_names(headings: list[str], text: str, instrument: str) -> None:
    scale = Instruments(text).read(headings).scale
    assert scale is not None
    assert scale.instrument == instrument


@pytest.mark.parametrize(
    "heading",
    [
        "Pain threshold (kg)",
        "Patient global assessment (VAS)",
        "Pain medication use",
        "Duration of pain, months",
        "VAS health",
        "Range of motion",
        "Fatigue (VAS)",
        "Pain catastrophizing",
        "Age, years",
        "Pain rating scale",
    ],
)
def test_what_is_no_rating_of_pain(heading: str) -> None:
    assert Instruments(VAS).read([heading]).scale is None


def test_parts_are_told_by_their_neighbours() -> None:
    reader = Instruments("The WOMAC was used. WOMAC scores fell.")
    siblings = ("Pain", "Stiffness", "Physical function")
    for heading, instrument in (("Pain", "WOMAC pain"), ("Physical function", "WOMAC function")):
        scale = reader.read([heading], siblings=siblings).scale
        assert scale is not None
        assert scale.instrument == instrument
    assert reader.read(["Physical function"]).scale is None


@pytest.mark.parametrize(
    ("scale", "values", "text", "ends"),
    [
        ("WOMAC pain", [10.6, 4.4], "", (0, 20)),
        ("WOMAC pain", [59.0, 36.2], "", (0, 100)),
        ("WOMAC pain", [9.1], "WOMAC pain (numeric rating, 0-10)", (0, 10)),
        ("WOMAC pain", [250.0], "", (0, 500)),
        ("WOMAC pain", [900.0], "", None),
    ],
)
def test_the_range_follows_words_and_values(
    scale: str, values: list[float], text: str, ends: tuple[float, float] | None
) -> None:
    reader = Instruments(text)
    found = reader.read([scale]).scale
    assert found is not None
    assert reader.ranges.of(found, values, "") == ends


def test_every_instrument_named_is_one_of_the_vocabulary() -> None:
    data = files("reprieve.living.articles").joinpath("data")
    rows = list(csv.DictReader(data.joinpath("scales.csv").read_text("utf-8").splitlines()))
    kinds = list(csv.DictReader(data.joinpath("pain_kinds.csv").read_text("utf-8").splitlines()))
    assert {(row["domain"], row["instrument"]) for row in rows} <= set(instruments())
    assert {("pain", row["instrument"]) for row in kinds} <= set(instruments())
    assert {row["family"] for row in rows} <= {family.name for family in all_families()}
    for row in rows + kinds:
        re.compile(row["pattern"])


def test_changes_do_not_widen_a_line() -> None:
    scale = Scale("pain", "VAS", "vas", ((0.0, 10.0), (0.0, 100.0)))
    assert Instruments("").ranges.of(scale, [6.2, -3.0], "") == (0.0, 10.0)
    assert Instruments("").ranges.of(scale, [-41.0], "") == (0.0, 100.0)


def test_a_line_for_something_else_is_no_pain() -> None:
    reader = Instruments("Pain was rated on a VAS. VASda: disease activity.")
    assert reader.read(["Mean VASda activity (±SD), mm"]).scale is None
    rest = reader.read(["VASrest"]).scale
    assert rest is not None
    assert rest.instrument == "VAS (rest)"


def test_functional_capacity_of_the_sf36_is_its_physical_function() -> None:
    found = Instruments("").read(["SF36- functional capacity"]).scale
    assert found is not None
    assert (found.domain, found.instrument) == ("function", "SF-36 physical function")


def test_the_inventory_for_diabetic_neuropathy_is_an_instrument_of_its_own() -> None:
    reader = Instruments("")
    for heading, name in (("BPI-DPN severity", "BPI-DPN pain severity"), ("BPI severity",) * 2):
        found = reader.read([heading]).scale
        assert found is not None
        assert found.instrument == name


@pytest.mark.parametrize(
    ("heading", "instrument"),
    [
        ("WOMAC PF", "WOMAC function"),
        ("WOMAC P", "WOMAC pain"),
        ("WOMAC-S", "WOMAC stiffness"),
        ("KOOS ADLs", "KOOS ADL"),
        ("SPADI-P", "SPADI pain"),
        ("SPADI-D", "SPADI disability"),
        ("qDASH", "QuickDASH"),
        ("PVAS", "VAS"),
        ("PI-NRS", "NRS"),
        ("VAS at night", "VAS (night)"),
        ("Pain at rest (NRS)", "NRS (rest)"),
        ("Current pain (NRS)", "NRS (today)"),
        ("Pain during movement (NRS)", "NRS (activity)"),
        ("First-step pain (NRS)", "NRS first-step pain"),
        ("Characteristic pain intensity", "CPG pain intensity"),
        ("Bodily pain", "SF-36 bodily pain"),
    ],
)
def test_short_forms_and_kinds_of_pain(heading: str, instrument: str) -> None:
    found = Instruments("General health was rated with the SF-36.").read([heading]).scale
    assert found is not None
    assert found.instrument == instrument


@pytest.mark.parametrize(
    "heading", ["HOOS pain", "mHHS", "Modified Harris hip score", "PDI", "HIT-6", "Pain subscale"]
)
def test_what_is_like_an_instrument_is_not_taken_for_it(heading: str) -> None:
    assert Instruments("Pain was rated on a VAS. VAS pain.").read([heading]).scale is None
