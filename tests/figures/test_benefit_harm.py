from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from reprieve.answers.benefit_harm import Balance, BenefitHarm
from reprieve.figures.benefit_harm import NAMES, benefit_harm
from reprieve.figures.theme import to_svg


def line(code: str, treated: float, compared: float, half: float) -> Balance:
    ends = [(max(0.0, x - half), x + half) for x in (treated, compared)]
    more = treated - compared
    return Balance(
        code,
        f"{code} event",
        treated,
        ends[0],
        compared,
        ends[1],
        more,
        (more - half, more + half),
        3,
    )


PAGE = BenefitHarm(
    treatment="cells",
    comparator="saline",
    condition="knee osteoarthritis",
    benefit=replace(line("benefit", 50, 40, 8), name="a worthwhile improvement"),
    harms=(line("serious", 4, 2, 2), line("any", 30, 35, 10)),
    not_counted=("a tumour",),
    net=None,
    level=0.95,
    in_words="Of 100 people …",
)


def test_bars_share_one_axis(made: ModuleType) -> None:
    bars = made.layers(benefit_harm(PAGE))
    boxes = [r for layer in bars for r in layer["rows"] if r.get("x") == NAMES and "fill" in r]
    widths = [box["x2"] - NAMES for box in boxes]
    assert len(widths) == 6
    people = [50, 40, 4, 2, 30, 35]
    assert widths == pytest.approx([w * widths[0] / 50 for w in people])


def test_words(made: ModuleType) -> None:
    svg = to_svg(benefit_harm(PAGE))
    for word in ("Helped", "Harmed", "10 more", "2.0 more", "5.0 fewer"):
        assert f">{word}<" in svg
    assert "No trial compares: a tumour." in svg
    assert benefit_harm(PAGE).to_dict()["description"] == PAGE.in_words
