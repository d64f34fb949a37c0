"""The flow diagram: every number and reason is there, and nothing touches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import get_args

import pytest

from reprieve.answers import Question
from reprieve.answers.flow import Flow, flow
from reprieve.evidence import load_evidence
from reprieve.figures.forest_table import Width
from reprieve.figures.prisma import prisma_flow
from reprieve.figures.theme import to_svg


@pytest.fixture(scope="module")
def injections() -> Flow:
    question = Question(condition="knee_osteoarthritis", comparator="injection")
    return flow(question, load_evidence())


@pytest.mark.parametrize("width", get_args(Width))
def test_boxes_tell_all_and_keep_apart(
    injections: Flow, width: Width, made: ModuleType, crowded: Callable[[str], list[str]]
) -> None:
    chart = prisma_flow(injections, width=width)
    said = " ".join(made.words(chart)).replace("\u00a0", " ")
    for name, n, reasons in injections.boxes():
        assert f"{name} (n = {n:,})" in said
        for reason, count in reasons.items():
            assert not n or f"{reason[1:].rstrip('.')} (n = {count:,})" in said
    assert crowded(to_svg(chart)) == []
    assert chart.to_dict()["width"] == {"wide": 740, "narrow": 328}[width]


@pytest.mark.parametrize("width", get_args(Width))
def test_boxes_do_not_overlap(injections: Flow, width: Width, made: ModuleType) -> None:
    boxes = boxes_of(made, prisma_flow(injections, width=width))
    assert len(boxes) == 9
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            apart = a["x2"] <= b["x"] or b["x2"] <= a["x"] or a["y2"] < b["y"] or b["y2"] < a["y"]
            assert apart, (a["Box"], b["Box"])


def test_many_and_large_numbers_fit(injections: Flow, crowded: Callable[[str], list[str]]) -> None:
    reasons = {f"reason number {i} which takes some words to tell": 1_234 for i in range(12)}
    full = replace(injections, reports_excluded=reasons, registers=123_456, duplicates=98_765)
    for width in get_args(Width):
        assert crowded(to_svg(prisma_flow(full, width=width))) == []


def test_an_empty_flow_is_drawn_and_told() -> None:
    nothing = flow(Question(condition="radiculopathy"), load_evidence())
    told = prisma_flow(nothing).to_dict()["description"]
    assert "cell therapy against placebo" in told
    assert "studies included in review 0" in told


def boxes_of(made: ModuleType, chart: object) -> list[dict[str, float]]:
    return [r for layer in made.layers(chart) for r in layer["rows"] if "Box" in r]
