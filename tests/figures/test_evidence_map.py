from __future__ import annotations

from types import ModuleType

import polars as pl
import pytest

from reprieve.errors import InputError
from reprieve.figures import evidence_map, to_svg
from reprieve.figures.evidence_map import colours

CELLS = pl.DataFrame(
    [
        ("knee", "knee osteoarthritis", "cells", "cell therapy", 70, 2564, 20),
        ("knee", "knee osteoarthritis", "surgery", "surgery", 2, 40, 0),
        ("back", "back pain", "cells", "cell therapy", 0, 0, 0),
        ("back", "back pain", "surgery", "surgery", 1, 0, 1),
    ],
    schema=[
        "condition",
        "condition_name",
        "treatment",
        "treatment_name",
        "trials",
        "people",
        "trials_with_numbers",
    ],
    orient="row",
)


def test_each_cell_tells_trials_people_and_how_many_were_read(made: ModuleType) -> None:
    rows = made.layers(evidence_map(CELLS))[0]["rows"]
    told = [(r["large"], r["small"], r["smaller"], r["state"]) for r in rows]
    assert told == [
        ("70", "2,564 people", "20 read", "read"),
        ("2", "40 people", "none read", "unread"),
        ("–", "", "", "none"),
        ("1", "n not stated", "1 read", "read"),
    ]


def test_cells_whose_numbers_were_not_read_are_outlined_and_not_filled(made: ModuleType) -> None:
    layers = made.layers(evidence_map(CELLS))
    (broken,) = [layer for layer in layers if layer["mark"].get("strokeDash")]
    assert "unread" in str(broken["transform"])
    rows = layers[0]["rows"]
    assert {r["fill"] for r in rows if r["state"] != "read"} == {"#ffffff"}


def test_conditions_and_treatments_keep_the_order_of_the_table() -> None:
    encoding = evidence_map(CELLS).to_dict()["layer"][0]["encoding"]
    assert encoding["y"]["sort"] == ["knee osteoarthritis", "back pain"]
    assert encoding["x"]["sort"] == ["cell therapy", "surgery"]


def test_words_can_be_read_on_every_colour() -> None:
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for trials in (0, 1, 3, 10, 30, 500):
        dark, light = sorted(luminance(c) for c in colours(trials))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_the_picture_holds_the_numbers() -> None:
    svg = to_svg(evidence_map(CELLS))
    for word in ("70", "2,564 people", "20 read", "none read", "knee osteoarthritis", "surgery"):
        assert f">{word}<" in svg


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match="lack people; expected"):
        evidence_map(CELLS.drop("people"))
