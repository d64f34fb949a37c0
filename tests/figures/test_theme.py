from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import altair as alt
import pytest

from reprieve.errors import InputError
from reprieve.figures import forest, save
from reprieve.figures.theme import FONT


@pytest.mark.parametrize(
    ("name", "start"), [("a.svg", b"<svg"), ("a.png", b"\x89PNG"), ("a.html", b"<!DOCTYPE html>")]
)
def test_a_figure_is_saved_as_its_ending_says(
    made: ModuleType, tmp_path: Path, name: str, start: bytes
) -> None:
    saved = save(forest(made.THREE), tmp_path / name)
    assert saved.read_bytes().lstrip().startswith(start)
    assert b"<script src=" not in saved.read_bytes()


def test_the_specification_is_saved_as_json(made: ModuleType, tmp_path: Path) -> None:
    saved = save(forest(made.THREE), tmp_path / "a.json")
    assert json.loads(saved.read_text(encoding="utf-8"))["config"]["font"] == FONT


def test_another_ending_is_refused(made: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.gif.*\.svg, \.png, \.html, \.json"):
        save(forest(made.THREE), tmp_path / "a.gif")


def test_charts_of_other_people_keep_their_look(made: ModuleType) -> None:
    forest(made.THREE)
    assert "system-ui" not in json.dumps(alt.Chart(alt.InlineData(values=[])).mark_bar().to_dict())
