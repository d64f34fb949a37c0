"""Traffic lights and their summary: every judgement has a sign, shares add up to the whole."""

from __future__ import annotations

from types import ModuleType

import pytest

from reprieve.certainty import BiasJudgement
from reprieve.certainty.risk_of_bias.tools import NOT_JUDGED, tools
from reprieve.errors import InputError
from reprieve.figures.bias_signs import SIGNS
from reprieve.figures.risk_of_bias_summary import risk_of_bias_summary
from reprieve.figures.theme import to_svg
from reprieve.figures.traffic_light import traffic_light


def judged(study: str, domain: str, word: str, **more: str) -> BiasJudgement:
    return BiasJudgement(study, domain, word, who="A", date="2026-11-30", **more)


MINE = [
    judged("a", "D1", "low", why="a central list"),
    judged("a", "D2", "some concerns"),
    judged("a", "overall", "some concerns"),
    judged("b", "D1", "high"),
    judged("b", "overall", "high"),
]


def test_every_judgement_of_every_tool_has_a_sign_of_its_own() -> None:
    for tool in tools().values():
        words = (*tool.judgements, NOT_JUDGED)
        assert len({SIGNS[word].sign for word in words}) == len(words)
        assert len({SIGNS[word].fill for word in words}) == len(words)


def test_signs_can_be_read_on_their_colours() -> None:
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for sign in SIGNS.values():
        dark, light = sorted((luminance(sign.fill), luminance(sign.ink)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, sign


def test_traffic_lights_show_each_study_and_domain(made: ModuleType) -> None:
    chart = traffic_light(MINE, {"b": "Baker 2001", "a": "Able 2000", "c": "Carter 2002"})
    lights = next(layer["rows"] for layer in made.layers(chart) if "Study" in layer["rows"][0])
    told = {(r["Study"], r["Domain"]): r["Judgement"] for r in lights}
    assert len(told) == 3 * 6
    assert told["Baker 2001", "overall"] == "high"
    assert told["Able 2000", "randomisation"] == "low"
    assert {w for (s, _), w in told.items() if s == "Carter 2002"} == {"not judged"}
    words = made.words(chart)
    # eighteen lights and one in the legend for each of the four judgements
    assert {sign: words.count(sign) for sign in "+–×?"} == {"+": 2, "–": 3, "×": 3, "?": 14}
    assert words.index("Baker 2001") < words.index("Able 2000") < words.index("Carter 2002")
    assert {"D1", "D5", "Overall", "low", "some concerns", "high", "not judged"} <= set(words)
    (light,) = [r for r in lights if r["Judgement"] == "low"]
    assert light["Why"] == "a central list"
    assert "Carter 2002: not judged" in chart.to_dict()["description"]


def test_each_study_counts_the_same_without_weights(made: ModuleType) -> None:
    chart = risk_of_bias_summary(MINE, studies=["a", "b", "c", "d"])
    shares = bars(made, chart)
    assert shares["overall"] == {
        "some concerns": ("25%", "1 of 4"),
        "high": ("25%", "1 of 4"),
        "not judged": ("50%", "2 of 4"),
    }
    assert "4 studies, each counted the same." in " ".join(made.words(chart))


def test_weights_decide_how_wide_the_bars_are(made: ModuleType) -> None:
    chart = risk_of_bias_summary(MINE, {"a": 30.0, "c": 90.0})
    shares = bars(made, chart)
    assert shares["randomisation"] == {"low": ("25%", "1 of 2"), "not judged": ("75%", "1 of 2")}
    assert "1 judged study is not in the analysis" in " ".join(made.words(chart))
    segments = [r for layer in made.layers(chart) for r in layer["rows"] if "Share" in r]
    for domain in shares:
        mine = [r for r in segments if r["Domain"] == domain]
        assert mine[-1]["x2"] - mine[0]["x"] == pytest.approx(400)
        assert [r["x"] for r in mine[1:]] == [r["x2"] for r in mine[:-1]]


def bars(made: ModuleType, chart: object) -> dict[str, dict[str, tuple[str, str]]]:
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for layer in made.layers(chart):
        for r in layer["rows"]:
            if "Share" in r:
                found.setdefault(r["Domain"], {})[r["Judgement"]] = (r["Share"], r["Studies"])
    return found


def test_pictures_hold_signs_and_words() -> None:
    for chart in (traffic_light(MINE), risk_of_bias_summary(MINE)):
        svg = to_svg(chart)
        for word in ("low", "some concerns", "high", "not judged"):
            assert f">{word}<" in svg


def test_what_can_not_be_drawn_is_named() -> None:
    with pytest.raises(InputError, match="no judgements and no studies"):
        traffic_light([])
    with pytest.raises(InputError, match="don't share their domains"):
        traffic_light([*MINE, judged("a", "D1", "serious", tool="robins-i")])
    with pytest.raises(InputError, match="judgements of several results"):
        traffic_light([*MINE, judged("a", "D1", "low", outcome="pain")])
    with pytest.raises(InputError, match="weight of 'a' is -1"):
        risk_of_bias_summary(MINE, {"a": -1.0})
    with pytest.raises(InputError, match="all weights are 0"):
        risk_of_bias_summary(MINE, {"a": 0.0})
