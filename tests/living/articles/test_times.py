from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.living.articles.durations import dated_visits, length_of_treatment
from reprieve.living.articles.times import (
    find_times,
    months_of,
    names_only_a_time,
    speaks_of_change,
    without_times,
)


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("6 w", [1.4]),
        ("6 m", [6.0]),
        ("Week 12 (mean ± SD)", [2.8]),
        ("M6", [6.0]),
        ("Fifth day", [0.2]),
        ("12-month follow-up (t3)", [12.0]),
        ("at 4, 8 and 12 weeks", [0.9, 1.8, 2.8]),
        ("one year", [12.0]),
        ("Change from baseline to week 26", [6.0]),
        ("08:00 next morning", [0.03]),
    ],
)
def test_months(text: str, months: list[float]) -> None:
    assert [time.months for time in find_times(text)] == months


@pytest.mark.parametrize("text", ["At baseline", "Pretreatment", "pre-test", "Week 0", "T0"])
def test_before_treatment(text: str) -> None:
    assert [time.when for time in find_times(text)] == ["baseline"]


@pytest.mark.parametrize("text", ["Post-intervention", "After 10 sessions", "End of treatment"])
def test_the_end_of_treatment_waits_for_a_date(text: str) -> None:
    assert [(time.when, time.months) for time in find_times(text)] == [("post", None)]


@pytest.mark.parametrize(
    "text", ["6-minute walk test", "Average pain during the previous 7 days (VAS)", "WOMAC pain"]
)
def test_spans_that_are_no_time_of_measuring(text: str) -> None:
    assert find_times(text) == []


def test_headings_of_time_alone() -> None:
    assert names_only_a_time("End of rehabilitation (t2)") is False
    assert names_only_a_time("After 3 months") is True
    assert without_times("Pain baseline – pain end") == "Pain - pain"
    assert speaks_of_change("Pain baseline - pain end") is True


@pytest.mark.parametrize(
    ("title", "abstract", "months"),
    [
        ("A 12-week randomised trial", "", 2.8),
        ("Laser", "14 sessions were given, every day, five times a week for 3 weeks", 0.7),
        ("Acupuncture", "needles twice a week, for a total of eight treatments", 0.9),
        ("Surgery", "The mean age was 50 years.", None),
    ],
)
def test_how_long_treatment_went_on(title: str, abstract: str, months: float | None) -> None:
    assert length_of_treatment(title, abstract, "")[0] == months


def test_visits_are_dated_by_the_text() -> None:
    text = "followed up at 1 week, 6 weeks, and 12 weeks after the injection (Visit 5-Visit 7)"
    assert dated_visits(text) == {5: 0.2, 6: 1.4, 7: 2.8}
    assert dated_visits("at visits 2 and 3") == {}


@given(st.integers(1, 104))
def test_weeks_are_months_of_thirty_and_a_half_days(weeks: int) -> None:
    assert months_of(weeks, "week") == pytest.approx(weeks * 7 / 30.4375, abs=0.051)
    assert find_times(f"{weeks} weeks")[0].months == months_of(weeks, "week")
