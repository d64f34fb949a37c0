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
    assert reader.range_of(found, values, "") == ends


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
    assert Instruments("").range_of(scale, [6.2, -3.0], "") == (0.0, 10.0)
    assert Instruments("").range_of(scale, [-41.0], "") == (0.0, 100.0)
