from __future__ import annotations

import math
import re
from types import ModuleType
from typing import Any

import pytest

from reprieve.errors import InputError, UnknownWordError
from reprieve.figures.direct_indirect_forest import direct_indirect_forest
from reprieve.figures.lumping_figure import lumping_figure
from reprieve.figures.network_forest import network_forest
from reprieve.figures.theme import to_svg
from reprieve.synthesis import network


@pytest.fixture(params=["wide", "narrow"])
def width(request: pytest.FixtureRequest) -> Any:
    return request.param


def rows(made: ModuleType, chart: Any, *fields: str) -> list[dict[str, Any]]:
    return [r for layer in made.layers(chart) for r in layer["rows"] if all(f in r for f in fields)]


def drawn(made: ModuleType, chart: Any) -> list[dict[str, Any]]:
    """Marks from top to bottom."""
    return sorted(rows(made, chart, "estimate", "area"), key=lambda row: row["y"])


# -- against a reference


def test_treatments_stand_by_effect_with_intervals(
    made: ModuleType, nets: ModuleType, width: Any
) -> None:
    fit = nets.SENN
    chart = network_forest(fit, width=width)
    expected = sorted(
        (fit.relative(t, "plac") for t in fit.treatments if t != "plac"),
        key=lambda one: one.estimate,
    )
    marks = drawn(made, chart)
    assert [m["estimate"] for m in marks] == [one.estimate for one in expected]
    told = rows(made, chart, "Treatment")
    assert [row["Treatment"] for row in told] == [one.treatment1 for one in expected]
    assert told[0]["Trials against it"] == "6"
    thin, broad = (
        sorted(
            (
                row
                for layer in made.layers(chart)
                if layer["mark"]["type"] == "rule" and layer["mark"].get("strokeWidth") == thick
                for row in layer["rows"]
            ),
            key=lambda row: row["y"],
        )
        for thick in (1.25, 7)
    )
    assert [(r["low"], r["high"]) for r in thin] == [one.ci for one in expected]
    assert [(r["low"], r["high"]) for r in broad] == [one.prediction_interval for one in expected]
    assert [r["y"] for r in thin] == [r["y"] for r in broad] == [m["y"] for m in marks]


def test_best_first_depends_on_what_is_desirable(made: ModuleType, nets: ModuleType) -> None:
    estimates = [m["estimate"] for m in drawn(made, network_forest(nets.LINDE))]
    assert estimates == sorted(estimates, reverse=True)
    said = made.words(network_forest(nets.LINDE))
    assert said.index("Placebo") < said.index("the treatment")  # left, right
    said = made.words(network_forest(nets.SENN))
    assert said.index("the treatment") < said.index("plac")


def test_p_scores_stand_beside_and_the_reference_has_one(
    made: ModuleType, nets: ModuleType, width: Any
) -> None:
    fit = nets.SENN
    said = made.words(network_forest(fit, width=width))
    joined = " ".join(said)
    score = dict(zip(fit.treatments, fit.p_scores, strict=True))
    for treatment, value in score.items():
        if width == "wide":
            assert f"{value:.2f}" in joined
        elif treatment != "plac":
            assert f"{treatment} {value:.2f}" in joined
    assert f"plac (reference): P-score\u00a0{score['plac']:.2f}" in said


def test_axis_names_measure_unit_and_reference(
    made: ModuleType, nets: ModuleType, width: Any
) -> None:
    chart = network_forest(
        nets.LINDE,
        reference="TCA",
        transform="exp",
        measure="Odds ratio of response",
        names={"TCA": "tricyclics"},
        width=width,
    )
    said = made.words(chart)
    assert "Odds ratio of response, against tricyclics" in said
    one = nets.LINDE.relative("SSRI", "TCA")
    assert any(w.startswith(f"{math.exp(one.estimate):.2f} (") for w in said)
    long = network_forest(nets.THIRTY, measure="Difference in pain, points of 100", width="narrow")
    assert "Difference in pain, points of 100, against the reference" in made.words(long)


def test_worthwhile_zone_is_shaded_behind_everything(made: ModuleType, nets: ModuleType) -> None:
    layers = made.layers(network_forest(nets.SENN, worthwhile=0.3))
    assert (layers[0]["rows"][0]["low"], layers[0]["rows"][0]["high"]) == (-0.3, 0.3)
    assert layers[1]["mark"]["strokeWidth"] == 7
    with pytest.raises(InputError, match="worthwhile must be a size above zero"):
        network_forest(nets.SENN, worthwhile=0)
    with pytest.raises(UnknownWordError, match="treatment 'placebo'"):
        network_forest(nets.SENN, reference="placebo")


def test_without_prediction_intervals_there_are_no_bars(made: ModuleType) -> None:
    fit = network(study=["1"], treatment1=["a"], treatment2=["b"], effect=[-3.0], se=[1.0])
    chart = network_forest(fit, reference="b")
    assert not [x for x in made.layers(chart) if x["mark"].get("strokeWidth") == 7]
    assert "prediction" not in " ".join(made.words(chart))
    assert rows(made, chart, "Treatment")[0]["In a new trial"] == "not estimated"


# -- direct and indirect


def test_each_pair_with_both_has_three_estimates_and_a_p(
    made: ModuleType, nets: ModuleType, width: Any
) -> None:
    fit = nets.SENN
    chart = direct_indirect_forest(fit, width=width)
    split = [r for r in fit.split().to_frame().to_dicts() if r["p"] is not None]
    split.sort(key=lambda row: row["p"])
    assert len(split) == 11
    marks = drawn(made, chart)
    assert [m["estimate"] for m in marks[::2]] == [r["direct"] for r in split]
    assert [m["estimate"] for m in marks[1::2]] == [r["indirect"] for r in split]
    assert {m["shape"] for m in marks[::2]} == {"square"}
    assert {(m["shape"], m["fill"]) for m in marks[1::2]} == {("diamond", "#ffffff")}
    diamonds = [x for x in made.layers(chart) if x["mark"]["type"] == "area"]
    middles = sorted(x["rows"][1]["x"] for x in diamonds)
    assert middles == pytest.approx(sorted(r["network"] for r in split))
    told = rows(made, chart, "Pair")
    assert [row["Evidence"] for row in told[:3]] == ["Direct", "Indirect", "Network"]
    said = " ".join(made.words(chart)).replace("\u00a0", " ")
    for row in split:
        assert f"{row['treatment1']} v {row['treatment2']}, p {row['p']:.2f}" in said
    assert "4 pairs with direct evidence alone" in said
    assert "About 0.55 of 11 p values" in said


def test_shares_add_up_and_trials_are_counted(made: ModuleType, nets: ModuleType) -> None:
    said = made.words(direct_indirect_forest(nets.LINDE, transform="exp"))
    shares = [int(w[:-1]) for w in said if re.fullmatch(r"\d+%", w)]
    assert len(shares) % 2 == 0
    assert all(a + b in (99, 100, 101) for a, b in zip(shares[::2], shares[1::2], strict=True))


def test_full_splitting_shows_its_own_numbers(made: ModuleType, nets: ModuleType) -> None:
    fit = nets.SENN
    split = [r for r in fit.split("SIDDE").to_frame().to_dicts() if r["p"] is not None]
    split.sort(key=lambda row: row["p"])
    marks = drawn(made, direct_indirect_forest(fit, method="SIDDE"))
    assert [m["estimate"] for m in marks[1::2]] == [r["indirect"] for r in split]
    with pytest.raises(UnknownWordError, match="method of splitting 'both'"):
        direct_indirect_forest(fit, method="both")  # type: ignore[arg-type]


def test_a_network_without_loops_says_so(made: ModuleType, width: Any) -> None:
    fit = network(
        study=["1", "2"], treatment1=["a", "b"], treatment2=["c", "c"], effect=[1, 2], se=[1, 1]
    )
    said = " ".join(made.words(direct_indirect_forest(fit, width=width)))
    assert said.startswith("No pair of treatments has both direct and indirect evidence: 2 pairs")


# -- what a choice changes


def lumped(treatments: list[str]) -> list[str]:
    return ["control" if t in ("saline", "sham") else t for t in treatments]


@pytest.fixture(scope="module")
def fits() -> dict[str, Any]:
    study = ["1", "2", "3", "4", "5", "6"]
    first = ["cells", "cells", "exercise", "exercise", "saline", "plasma"]
    second = ["saline", "sham", "saline", "sham", "sham", "saline"]
    effect, se = [-12.0, -6.0, -7.0, -2.0, 5.0, -9.0], [3.0, 2.0, 3.0, 2.5, 2.0, 3.0]
    keep = [i for i in range(6) if i != 4]  # lumped, it would compare a node with itself

    def of(one: list[str], two: list[str], rows_: Any) -> Any:
        return network(
            study=[study[i] for i in rows_],
            treatment1=[one[i] for i in rows_],
            treatment2=[two[i] for i in rows_],
            effect=[effect[i] for i in rows_],
            se=[se[i] for i in rows_],
        )

    return {
        "apart": of(first, second, range(6)),
        "lumped": of(lumped(first), lumped(second), keep),
    }


BASES = {"apart": "saline", "lumped": "control"}


def test_the_same_treatments_stand_side_by_side(
    made: ModuleType, fits: dict[str, Any], width: Any
) -> None:
    chart = lumping_figure(fits, reference=BASES, width=width)
    marks = drawn(made, chart)
    order = ["cells", "plasma", "exercise"]
    order.sort(key=lambda t: fits["apart"].relative(t, "saline").estimate)
    expected = [
        fits[label].relative(t, base).estimate for t in order for label, base in BASES.items()
    ]
    assert [m["estimate"] for m in marks] == expected
    assert [m["shape"] for m in marks] == ["square", "circle"] * 3
    said = made.words(chart)
    assert set(order) <= set(said)
    assert said.count("apart") == said.count("lumped") == 3
    told = rows(made, chart, "Analysis")
    changes = [float(row["Change"].replace("−", "-")) for row in told[1::2]]
    assert changes == pytest.approx(
        [lump - apart for apart, lump in zip(expected[::2], expected[1::2], strict=True)], abs=0.05
    )
    assert max(map(abs, changes)) > 0.5
    assert {row["Change"][0] for row in told[1::2]} == {"+", "0"}  # one does not change
    assert {row["Change"] for row in told[::2]} == {"the first"}
    joined = " ".join(said)
    assert "Only in apart: sham." in joined
    assert "apart: 5 treatments, 6 trials" in joined
    assert "Effect, against saline or control" in joined


def test_ratios_change_by_a_factor(made: ModuleType, nets: ModuleType) -> None:
    common = nets.fit("Linde2015_OR", model="common", small_values="undesirable")
    both = {"random": nets.LINDE, "common": common}
    chart = lumping_figure(both, reference="Placebo", transform="exp", measure="Odds ratio")
    found = {
        row["Treatment"]: row["Change"]
        for row in rows(made, chart, "Analysis")
        if row["Analysis"] == "common"
    }
    expected = {
        t: math.exp(
            common.relative(t, "Placebo").estimate - nets.LINDE.relative(t, "Placebo").estimate
        )
        for t in found
    }
    assert found == {t: f"×{ratio:.2f}" for t, ratio in expected.items()}
    assert len(set(found.values())) > 3


def test_a_treatment_that_a_fit_lacks_is_told(made: ModuleType, fits: dict[str, Any]) -> None:
    three = {**fits, "again": fits["apart"]}
    said = made.words(lumping_figure(three, reference={**BASES, "again": "saline"}))
    assert "lumped: no such treatment" in said


def test_bad_calls_of_lumping_are_refused(fits: dict[str, Any], nets: ModuleType) -> None:
    with pytest.raises(InputError, match="two or more fits; there were 1"):
        lumping_figure({"apart": fits["apart"]}, reference="saline")
    with pytest.raises(UnknownWordError, match="reference treatment of fit 'lumped' 'saline'"):
        lumping_figure(fits, reference="saline")
    with pytest.raises(UnknownWordError, match="fit of reference 'lumped'"):
        lumping_figure(fits, reference={"apart": "saline"})
    with pytest.raises(InputError, match="no treatment but their references in common"):
        lumping_figure({"a": fits["apart"], "b": nets.SENN}, reference={"a": "saline", "b": "plac"})
    with pytest.raises(InputError, match="disagree on small_values"):
        lumping_figure({"a": fits["apart"], "b": nets.LINDE}, reference="saline")


# -- all of them


def pictures(nets: ModuleType, width: Any) -> list[Any]:
    name = "Difference in pain, points of 100"
    found = [
        draw(fit, measure=name, width=width)
        for draw in (network_forest, direct_indirect_forest)
        for fit in nets.ALL
    ]
    both = {"DerSimonian–Laird": nets.THIRTY, "once more": nets.THIRTY}
    base = nets.THIRTY.treatments[0]
    return [*found, lumping_figure(both, reference=base, measure=name, width=width)]


def test_nothing_overlaps_and_nothing_is_cut(
    made: ModuleType, nets: ModuleType, crowded: Any, width: Any
) -> None:
    for chart in pictures(nets, width):
        svg = to_svg(chart)
        assert crowded(svg) == []
        assert float(re.findall(r'width="([\d.]+)"', svg)[0]) <= (900 if width == "wide" else 360)


def test_descriptions_hold_the_numbers(nets: ModuleType) -> None:
    said = network_forest(nets.SENN).to_dict()["description"]
    assert said.startswith("Effect, against plac; 9 treatments, the best first: rosi −1.23 (")
    assert "τ 0.33, Q 97.0 (df 18, p <0.001)" in said
    said = direct_indirect_forest(nets.SENN).to_dict()["description"]
    assert "rosi v sulf direct −1.20" in said
