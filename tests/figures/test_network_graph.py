from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from reprieve.errors import InputError, UnknownWordError
from reprieve.figures.network_graph import STROKES, network_graph
from reprieve.figures.theme import to_svg
from reprieve.synthesis.networks.reading import read_trials

LONG = "mesenchymal stem cells of the bone marrow, donor, 40 million"


@pytest.fixture(params=["wide", "narrow"])
def width(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def senn(nets: ModuleType) -> Any:
    return nets.SENN


def trials(*compared: tuple[str, str, str]) -> Any:
    """Rows of trials: study and the two treatments."""
    study, first, second = zip(*compared, strict=True)
    size = len(study)
    return read_trials(
        study=study, treatment1=first, treatment2=second, effect=np.zeros(size), se=np.ones(size)
    )


def many(n: int, name: str = "treatment") -> Any:
    """A star of `n` treatments with some lines across."""
    star = [(f"s{i}", f"{name} 0", f"{name} {i}") for i in range(1, n)]
    across = [(f"a{i}", f"{name} {i}", f"{name} {n - i}") for i in range(1, n // 2 - 1)]
    return trials(*star, *across)


def rows(made: ModuleType, chart: Any, *fields: str) -> list[dict[str, Any]]:
    return [r for layer in made.layers(chart) for r in layer["rows"] if all(f in r for f in fields)]


def lines(made: ModuleType, chart: Any) -> dict[str, dict[str, Any]]:
    """The first point of each line by what it compares."""
    return {row["Compared"]: row for row in reversed(rows(made, chart, "Compared"))}


def circles(made: ModuleType, chart: Any) -> dict[str, dict[str, Any]]:
    return {row["Treatment"]: row for row in rows(made, chart, "Treatment")}


def test_lines_are_as_wide_as_trials_are_many(made: ModuleType, senn: Any, width: Any) -> None:
    chart = network_graph(senn, width=width)
    found = lines(made, chart)
    data = senn.trials.rows
    counted = Counter(
        f"{senn.treatments[a]} – {senn.treatments[b]}"
        for a, b in zip(data.a.tolist(), data.b.tolist(), strict=True)
    )
    assert {name: int(row["Trials"]) for name, row in found.items()} == counted
    most = max(counted.values())
    for name, row in found.items():
        assert row["thick"] == pytest.approx(counted[name] * 10 / most)
    numbers = Counter(w for w in made.words(chart) if w.isdigit())
    if width == "wide":  # all find room, and on phones so do the places of treatments
        assert numbers == Counter(map(str, counted.values()))


def test_areas_are_trials_or_people(made: ModuleType, senn: Any) -> None:
    by_trials = circles(made, network_graph(senn))
    assert by_trials["plac"]["Trials"] == "19"
    ratio = by_trials["plac"]["area"] / by_trials["rosi"]["area"]
    assert ratio == pytest.approx(19 / 10)
    assert "Area of a circle: trials" in " ".join(made.words(network_graph(senn)))
    people = dict.fromkeys(senn.treatments, 100) | {"plac": 400, "acar": None}
    chart = network_graph(senn, people=people)
    found = circles(made, chart)
    assert found["plac"]["area"] / found["rosi"]["area"] == pytest.approx(4)
    assert found["acar"]["fill"] == "#ffffff" != found["rosi"]["fill"]
    said = " ".join(made.words(chart))
    assert "Area of a circle: people" in said
    assert "400 people" in said
    assert "people not known" in said
    assert "Empty circles" in said


def test_names_of_all_treatments_are_written(made: ModuleType, senn: Any, width: Any) -> None:
    names = {"plac": "Placebo", "rosi": "Rosiglitazone", "not there": "x"}
    said = " ".join(made.words(network_graph(senn, names=names, width=width)))
    for treatment in senn.treatments:
        assert names.get(treatment, treatment) in said


def test_risk_of_bias_has_colour_dashes_and_words(made: ModuleType) -> None:
    rows_ = trials(
        ("1", "a", "b"), ("2", "a", "b"), ("3", "a", "b"),
        ("4", "b", "c"), ("5", "b", "c"), ("6", "c", "d"), ("7", "c", "d"), ("8", "a", "d"),
    )  # fmt: skip
    judged = {"1": "low", "2": "low", "3": "high", "4": "low", "6": "high", "8": "Low"}
    average = lines(made, network_graph(rows_, risk_of_bias=judged))
    assert average["a – b"]["Risk of bias"] == "2 low, 1 high"
    looks = {}
    for kind in ("average", "worst"):
        for layer in made.layers(network_graph(rows_, risk_of_bias=judged, summary=kind)):
            for row in layer["rows"]:
                if "Compared" in row:
                    look = layer["mark"]["color"], layer["mark"].get("strokeDash", [])
                    looks[kind, row["Compared"]] = look
    assert looks["average", "a – b"] == STROKES["some concerns"]  # (0 + 0 + 2) / 3 rounds to 1
    assert looks["worst", "a – b"] == STROKES["high"]
    assert looks["average", "b – c"] == STROKES["low"]  # half of the trials are enough
    assert looks["average", "c – d"] == STROKES["high"]
    assert looks["average", "a – d"] == STROKES["low"]
    unjudged = {"1": "low"}
    word = {
        row["Compared"]: layer["mark"]["color"]
        for layer in made.layers(network_graph(rows_, risk_of_bias=unjudged))
        for row in layer["rows"]
        if "Compared" in row
    }
    assert set(word.values()) == {STROKES["not judged"][0]}
    said = made.words(network_graph(rows_, risk_of_bias=judged))
    assert {"+ low", "– some concerns", "× high"} <= set(said)
    assert len({tuple(dash) for _, dash in STROKES.values()}) == 4
    assert len({color for color, _ in STROKES.values()}) == 4


def test_trials_of_several_arms_are_shaded_once_a_design(
    made: ModuleType, nets: ModuleType
) -> None:
    chart = network_graph(nets.SMOKING)
    shaded = [
        layer["rows"]
        for layer in made.layers(chart)
        if layer["mark"].get("interpolate") == "linear-closed"
    ]
    assert sorted(map(len, shaded)) == [3, 3]
    assert "2 trials of three or more treatments" in " ".join(made.words(chart))


def test_parts_are_outlined_and_named(made: ModuleType, width: Any) -> None:
    rows_ = trials(("1", "a", "b"), ("2", "b", "c"), ("3", "d", "e"), ("4", "f", "g"))
    chart = network_graph(rows_, width=width)
    outlines = [
        {(row["x"], row["y"]) for row in layer["rows"]}
        for layer in made.layers(chart)
        if layer["mark"].get("interpolate") == "linear-closed"
    ]
    places = {name: (row["x"], row["y"]) for name, row in circles(made, chart).items()}
    parts = [{"a", "b", "c"}, {"d", "e"}, {"f", "g"}]
    for part in parts:
        assert outlines.count({places[t] for t in part}) == 2
    described = chart.to_dict()["description"]
    assert "in 3 parts that no trial connects" in described
    assert "3 parts that no trial connects" in " ".join(made.words(chart))
    assert to_svg(chart).startswith("<svg")


@pytest.mark.parametrize("n", [2, 3, 4, 9, 17, 22, 30])
@pytest.mark.parametrize("name", ["treatment", LONG])
def test_nothing_overlaps_and_nothing_is_cut(
    made: ModuleType, crowded: Any, width: Any, n: int, name: str
) -> None:
    chart = network_graph(many(n, name), width=width)
    found = circles(made, chart)
    assert len(found) == n
    for one, two in itertools.combinations(found.values(), 2):
        apart = math.hypot(one["x"] - two["x"], one["y"] - two["y"])
        assert apart > (math.sqrt(one["area"]) + math.sqrt(two["area"])) / 2
    said = " ".join(made.words(chart))
    assert "…" not in said
    assert all(str(i) in said for i in range(n))
    svg, spec = to_svg(chart), chart.to_dict()
    assert crowded(svg) == []
    across, high = (float(x) for x in re.findall(r'(?:width|height)="([\d.]+)"', svg)[:2])
    assert across <= spec["width"] + 24  # what stands out makes the picture grow
    assert high <= spec["height"] + 24
    assert width == "wide" or across <= 360


def test_lines_pass_by_the_circles_between(made: ModuleType) -> None:
    chart = network_graph(many(24))
    found = circles(made, chart)
    for row in rows(made, chart, "Compared"):
        for name, circle in found.items():
            if name not in row["Compared"].split(" – "):
                away = math.hypot(row["x"] - circle["x"], row["y"] - circle["y"])
                assert away > math.sqrt(circle["area"]) / 2


def test_description_tells_the_whole_network(senn: Any) -> None:
    said = network_graph(senn).to_dict()["description"]
    assert said.startswith("Network of 10 treatments and 26 trials. Treatments: acar 3 trials;")
    assert "plac – rosi 6" in said
    assert "1 trial of three or more treatments" in said


def test_a_fit_and_its_rows_look_the_same(senn: Any) -> None:
    assert to_svg(network_graph(senn)) == to_svg(network_graph(senn.trials.rows))


def test_bad_calls_are_refused(senn: Any) -> None:
    with pytest.raises(UnknownWordError, match="treatment of people 'placebo'; did you mean"):
        network_graph(senn, people={"placebo": 3})
    with pytest.raises(InputError, match="people of 'plac' must be a number above zero"):
        network_graph(senn, people={"plac": 0})
    with pytest.raises(UnknownWordError, match="study of risk_of_bias 'DeFronzo'"):
        network_graph(senn, risk_of_bias={"DeFronzo": "low"})
    study = senn.trials.rows.studies[0]
    with pytest.raises(UnknownWordError, match="judgement of risk of bias 'lo'"):
        network_graph(senn, risk_of_bias={study: "lo"})
    with pytest.raises(UnknownWordError, match="summary of judgements 'mean'"):
        network_graph(senn, risk_of_bias={}, summary="mean")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="several treatments 'Placebo'"):
        network_graph(senn, names={"plac": "Placebo", "acar": "Placebo"})
