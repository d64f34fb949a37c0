"""Designs of tables that trials use, each with the arms, times and instruments it tells."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprieve.living.articles import ReadArticle, read_article
from reprieve.living.articles.grid_parts import is_p_value

Rows = list[list[str]]
Markup = Callable[..., str]
Article = Callable[..., bytes]

TITLE = "Exercise for knee osteoarthritis: a randomised trial"
METHODS = (
    "Patients were randomly allocated to the exercise group or the control group. Exercise was "
    "done three times a week for 8 weeks. Pain was measured on a visual analogue scale (VAS), "
    "function with the WOMAC."
)
BEFORE = {("6.1", "exercise_group", 0.0), ("6.0", "control_group", 0.0)}
AFTER = {("3.1", "exercise_group", 1.8), ("5.1", "control_group", 1.8)}


@pytest.fixture
def pain(html_table: Markup, jats: Article) -> Callable[..., set[tuple[str, str, float]]]:
    """The ratings of pain of one table, in an article whose first table names two arms."""
    first = html_table(
        [["", "Exercise group (n=30)", "Control group (n=30)"]],
        [["Age, years", "60.1 ± 5.2", "61.0 ± 6.1"]],
        "Baseline characteristics",
    )

    def read(head: Rows, body: Rows, caption: str = "Outcomes", foot: str = "") -> set[object]:
        table = html_table(head, body, caption, foot)
        return ratings(read_article(jats(first, table, text=METHODS, title=TITLE)))

    return read  # type: ignore[return-value]


def ratings(found: ReadArticle) -> set[object]:
    rows = found.evidence.outcomes.filter(instrument="VAS", statistic="final")
    return {(f"{row['mean']:.1f}", row["arm_id"], row["month"]) for row in rows.to_dicts()}


@pytest.mark.parametrize(
    ("head", "body", "foot"),
    [
        pytest.param(
            [["", "Group", "Before", "After"]],
            [["VAS", "1", "6.1 ± 1.2", "3.1 ± 1.1"], ["", "2", "6.0 ± 1.3", "5.1 ± 1.4"]],
            "1: exercise group, 2: control group",
            id="numbers that a note explains",
        ),
        pytest.param(
            [["", "Group I", "Group II"]],
            [["VAS before", "6.1 ± 1.2", "6.0 ± 1.3"], ["VAS after", "3.1 ± 1.1", "5.1 ± 1.4"]],
            "",
            id="columns in the order of the arms",
        ),
        pytest.param(
            [["", "EG T0", "EG T1", "CG T0", "CG T1"]],
            [["VAS", "6.1 ± 1.2", "3.1 ± 1.1", "6.0 ± 1.3", "5.1 ± 1.4"]],
            "EG: exercise group; CG: control group; T0: baseline; T1: after 8 weeks",
            id="times that a note explains",
        ),
        pytest.param(
            [["", "Before", "After"]],
            [
                ["VAS - exercise group", "6.1 ± 1.2", "3.1 ± 1.1"],
                ["VAS - control group", "6.0 ± 1.3", "5.1 ± 1.4"],
            ],
            "",
            id="instrument and arm in one heading",
        ),
        pytest.param(
            [["", "", "Before", "After"]],
            [
                ["", "VAS", "6.1 ± 1.2", "3.1 ± 1.1"],
                ["Exercise group", "Age", "60 ± 5", "60 ± 5"],
                ["", "BMI", "27 ± 3", "26 ± 3"],
                ["", "VAS", "6.0 ± 1.3", "5.1 ± 1.4"],
                ["Control group", "Age", "61 ± 6", "61 ± 6"],
                ["", "BMI", "27 ± 3", "27 ± 3"],
            ],
            "",
            id="labels beside the middle of their rows",
        ),
    ],
)
def test_arms_of_a_design(
    pain: Callable[..., set[object]], head: Rows, body: Rows, foot: str
) -> None:
    assert pain(head, body, foot=foot) == BEFORE | AFTER


def test_two_capitals_are_a_group_and_no_p_value(pain: Callable[..., set[object]]) -> None:
    found = pain(
        [["", "PG", "EG", "P"]],
        [["VAS before", "6.0 ± 1.3", "6.1 ± 1.2", "0.4"]],
        foot="PG, control group; EG, exercise group",
    )
    assert found == BEFORE
    assert [is_p_value(heading) for heading in ("PG", "Pa", "P value")] == [False, True, True]


def test_captions_name_the_arms_of_tables_of_their_own(html_table: Markup, jats: Article) -> None:
    tables = [
        html_table([["", "Before", "After"]], [["VAS", *values]], f"Pain in the {arm} group")
        for arm, values in {
            "exercise": ("6.1 ± 1.2", "3.1 ± 1.1"),
            "control": ("6.0 ± 1.3", "5.1 ± 1.4"),
        }.items()
    ]
    assert ratings(read_article(jats(*tables, text=METHODS, title=TITLE))) == BEFORE | AFTER


def test_rows_below_an_instrument_are_the_arms_of_a_trial(
    html_table: Markup, jats: Article
) -> None:
    text = (
        "Patients were randomly divided into massage, stretching and taping for 4 weeks. "
        "Pain was rated on a VAS."
    )
    table = html_table(
        [["", "", "Before", "After"]],
        [
            ["VAS", "Massage", "6.1 ± 1.2", "3.1 ± 1.1"],
            ["", "Stretching", "6.0 ± 1.3", "5.1 ± 1.4"],
            ["", "Taping", "6.2 ± 1.3", "5.0 ± 1.4"],
        ],
        "Comparison of pain",
    )
    found = ratings(read_article(jats(table, text=text, title="A randomised trial in neck pain")))
    assert {arm for _, arm, _ in found} == {"massage", "stretching", "taping"}  # type: ignore[misc]


def test_parts_of_the_people_do_not_stand_for_arms(pain: Callable[..., set[object]]) -> None:
    assert not pain([["", "Responders", "Non-responders"]], [["VAS before", "6 ± 1", "5 ± 1"]])


def test_more_people_than_an_arm_has_are_another_group(pain: Callable[..., set[object]]) -> None:
    found = pain(
        [["", "Melancholia (n=90)", "Anxiety (n=80)"]], [["VAS before", "6.1 ± 1.2", "6.0 ± 1.3"]]
    )
    assert not found & BEFORE


def test_a_trial_whose_arms_are_unknown_has_no_rows_of_everybody(
    html_table: Markup, jats: Article
) -> None:
    table = html_table([["", "Before", "After"]], [["VAS", "6.1 ± 1.2", "3.1 ± 1.1"]], "Pain")
    text = "Pain was rated on a VAS before and after 8 weeks."
    randomised = read_article(jats(table, text=text, title="A randomised trial of tea"))
    assert not randomised.rows
    assert "no arm is named" in {left.reason for left in randomised.left_out}
    assert read_article(jats(table, text=text, title="Tea for pain")).rows


def test_months_are_counted_from_where_the_note_counts_them(
    pain: Callable[..., set[object]],
) -> None:
    found = pain(
        [["VAS", "Exercise group", "Control group"]],
        [["Baseline", "6.1 ± 1.2", "6.0 ± 1.3"], ["6 months", "3.1 ± 1.1", "5.1 ± 1.4"]],
        foot="6 months: measured 6 months after the end of treatment",
    )
    assert {month for _, _, month in found} == {0.0, 7.8}  # type: ignore[misc]


def test_the_parts_of_the_sf36_by_their_short_names(html_table: Markup, jats: Article) -> None:
    table = html_table(
        [["SF-36", "Exercise group (n=30)", "Control group (n=30)"]],
        [[part, "50.1 ± 9.2", "51.0 ± 9.3"] for part in ("PF", "RP", "BP", "GH", "MH")],
        "Quality of life (SF-36) at baseline",
        "BP, body perception; PF, physical functioning",
    )
    found = read_article(jats(table, text=METHODS, title=TITLE))
    assert set(found.evidence.outcomes["instrument"]) == {
        "SF-36 physical function",
        "SF-36 bodily pain",
    }


@pytest.mark.parametrize(
    ("text", "instrument"),
    [
        ("The Oswestry Disability Index (ODI) was used. The ODI has ten items.", "ODI"),
        ("The ODI and the Neck Disability Index (NDI) were used. ODI and NDI have ten items.", ""),
    ],
)
def test_disability_is_the_one_questionnaire_of_the_text(
    html_table: Markup, jats: Article, text: str, instrument: str
) -> None:
    table = html_table(
        [["", "Exercise group (n=30)", "Control group (n=30)"]],
        [["Disability index, baseline", "36.1 ± 9.2", "35.0 ± 9.3"]],
        "Outcomes",
    )
    found = read_article(jats(table, text=f"{METHODS} {text}", title=TITLE))
    assert set(found.evidence.outcomes["instrument"]) == ({instrument} if instrument else set())


def test_a_median_without_quartiles_has_no_deviation(html_table: Markup, jats: Article) -> None:
    table = html_table(
        [["Median VAS", "Exercise group (n=30)", "Control group (n=30)"]],
        [["Baseline", "6 (2)", "5 (3)"]],
        "Pain",
    )
    found = read_article(jats(table, text=METHODS, title=TITLE)).evidence.outcomes
    assert found["median"].to_list() == [6.0, 5.0]
    assert found["sd"].null_count() == found["mean"].null_count() == 2
