from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from reprieve.errors import InputError
from reprieve.figures import people, to_svg
from reprieve.figures.theme import OKABE_ITO, PAPER


def test_as_many_people_are_filled_as_improve(made: ModuleType) -> None:
    rows = made.layers(people(made.THREE))[0]["rows"]
    treated, compared = rows[:100], rows[100:]
    assert len(compared) == 100
    assert sum(r["fill"] == OKABE_ITO["blue"] for r in treated) == 52
    assert sum(r["fill"] == OKABE_ITO["blue"] for r in compared) == 37
    assert {r["fill"] for r in rows} == {OKABE_ITO["blue"], PAPER}
    assert len({(r["x"], r["y"]) for r in rows}) == 200


def test_the_uncertainty_is_told(made: ModuleType) -> None:
    svg = to_svg(people(made.THREE))
    for word in ("52 of 100", "37 of 100", "range 40 to 64", "cell therapy"):
        assert f">{word}<" in svg
    assert "about 52 (40 to 64)" in people(made.THREE).to_dict()["description"]


def test_without_numbers_of_people_there_is_an_error_with_the_next_step(made: ModuleType) -> None:
    with pytest.raises(InputError, match="draw its forest plot instead"):
        people(replace(made.THREE, per_100=None))
