from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.living.articles.numbers import plain, read_interval, read_spread, read_value

numbers = st.integers(-9999, 9999).map(lambda n: n / 10)
spreads = st.integers(0, 999).map(lambda n: n / 10)


@pytest.mark.parametrize(
    ("text", "main", "shape", "spread"),
    [
        ("5.2 ± 1.3", 5.2, "plus_minus", 1.3),
        ("5.2±1.3*", 5.2, "plus_minus", 1.3),
        ("5.2 +/- 1.3", 5.2, "plus_minus", 1.3),
        ("−3.2 (3.15)", -3.2, "bracket", 3.15),
        ("5·2 (1·3)", 5.2, "bracket", 1.3),
        ("47.40 (6,56)", 47.4, "bracket", 6.56),
        ("58.3 [18.2]", 58.3, "bracket", 18.2),
        ("3,788 ± 2,135", 3788, "plus_minus", 2135),
        ("52.1 (15.2) a", 52.1, "bracket", 15.2),
        ("12 (34.5 %)", 12, "percent", 34.5),
        ("12/30 (40%)", 12, "fraction", 30),
        ("1.80 ± 1.58 (1.2-2.4)", 1.8, "plus_minus", 1.58),
        ("69 (95.8)", 69, "bracket", 95.8),
        ("-.24 (.17)", -0.24, "bracket", 0.17),
    ],
)
def test_shapes(text: str, main: float, shape: str, spread: float) -> None:
    value = read_value(text)
    assert value is not None
    assert (value.main, value.shape, value.spread) == (main, shape, spread)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("5.2 [4.1, 6.3]", 4.1, 6.3),
        ("5.2 (95% CI 4.1 to 6.3)", 4.1, 6.3),
        ("59.9(67.6,52.1)", 52.1, 67.6),
        ("7 (6–8)", 6, 8),
        ("-8.9 (-13.30 to -4.56)***", -13.3, -4.56),
        ("0.13 (−0.62;0.88)", -0.62, 0.88),
    ],
)
def test_intervals_in_a_cell(text: str, low: float, high: float) -> None:
    value = read_value(text)
    assert value is not None
    assert (value.shape, value.low, value.high) == ("interval", low, high)


@pytest.mark.parametrize(
    "text", ["P < 0.05", "6-minute walk", "Week 1", "3 months", "6 w", "NS", "", "Placebo", "–"]
)
def test_words_are_no_value(text: str) -> None:
    assert read_value(text) is None


@given(numbers, spreads)
def test_a_mean_and_its_spread_come_back_however_they_are_written(
    mean: float, spread: float
) -> None:
    minus = f"{mean}".replace("-", "−")
    for text in (f"{mean} ± {spread}", f"{minus}±{spread}", f"{minus} ({spread})"):
        value = read_value(text)
        assert value is not None
        assert (value.main, value.spread) == (mean, spread)


@given(numbers, numbers)
def test_an_interval_is_ordered(a: float, b: float) -> None:
    assert read_interval(f"{a} to {b}") == (min(a, b), max(a, b))


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    read_value(text)
    read_interval(text)
    read_spread(text)
    assert plain(plain(text)) == plain(text)
