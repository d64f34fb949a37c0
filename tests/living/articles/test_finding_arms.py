"""Which headings of tables are arms: what speaks for a set of names, and where names stand."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import fromstring

import pytest

from reprieve.living.articles import read_article
from reprieve.living.articles.allocation import speaks_of_group
from reprieve.living.articles.arms import Arm, Arms, may_be_an_arm, people_in
from reprieve.living.articles.finding_arms import find_arms
from reprieve.living.articles.instruments import Instruments
from reprieve.living.articles.layout import Layout, lay_out
from reprieve.living.articles.tables import read_tables

Markup = Callable[..., str]
Laid = Callable[[str], Layout]


def found(*tables: str, text: str = "") -> list[tuple[str, int | None]]:
    grids, _ = read_tables(fromstring(f"<article>{''.join(tables)}</article>"))
    return [(arm.label, arm.n) for arm in find_arms([lay_out(g) for g in grids], text).arms]


def names(*tables: str, text: str = "") -> list[str]:
    return [name for name, _ in found(*tables, text=text)]


def columns(layout: Layout) -> list[tuple[str, ...]]:
    return [reading.columns for reading in layout.readings]


def test_where_columns_count_their_people_the_others_are_no_arms(html_table: Markup) -> None:
    table = html_table(
        [["", "Cells (n = 30)", "Saline (n = 31)", "GMR", "Attrition"]],
        [["VAS", "5.0 (1.0)", "5.1 (1.2)", "1.01", "0.2"]],
    )
    assert found(table) == [("Cells", 30), ("Saline", 31)]


def test_columns_of_measures_are_no_arms_where_the_text_allocates_nobody_to_them(
    html_table: Markup,
) -> None:
    table = html_table(
        [["", "Driving quality", "Mental effort"]],
        [["Decaf", "12.1 (2.0)", "30 (4)"], ["Coffee", "14.2 (2.1)", "25 (5)"]],
        "Baseline characteristics",
    )
    text = "People were randomly assigned to receive coffee or decaf. Mental effort was rated."
    assert names(table, text=text) == ["Decaf", "Coffee"]


def test_columns_above_age_and_sex_are_groups(html_table: Markup, laid_out: Laid) -> None:
    rows = [["Age, years", "61.7 (12.7)", "59.5 (9.1)"], ["Women", "6 (40)", "9 (45)"]]
    people = html_table([["", "CIMT briefly", "CIMT daily"]], rows)
    assert laid_out(people).describes_people
    assert names(people) == ["CIMT briefly", "CIMT daily"]
    assert (
        names(html_table([["", "Apical third", "Middle third"]], [["Score", "1 (2)", "2 (1)"]]))
        == []
    )


def test_a_column_that_is_called_groups_names_arms(html_table: Markup) -> None:
    table = html_table(
        [["Outcome", "Group (n)", "Mean (SD)"]],
        [["VAS", "SIP (19)", "4.5 (1.4)"], ["", "SIS (20)", "3.9 (1.5)"]],
    )
    assert found(table, text="the SIP group and the SIS group") == [("SIP", 19), ("SIS", 20)]
    # Above columns that are the arms themselves the word belongs to them.
    above = html_table(
        [["Group", "Control", "Calls"]],
        [["Fasting", "0.1 (2)", "-8 (1)"], ["After lunch", "4 (2)", "6 (1)"]],
    )
    assert names(above, text="the control group and the calls group") == ["Control", "Calls"]


@pytest.mark.parametrize(
    "head",
    [
        [["", "|Spherical", "|Coma"], ["", "PRK", "ASLA", "PRK", "ASLA"]],
        [["", "|PRK", "|ASLA"], ["", "Spherical", "Coma", "Spherical", "Coma"]],
    ],
)
def test_arms_below_or_above_what_was_measured(html_table: Markup, head: list[list[str]]) -> None:
    table = html_table(head, [["6 months", "1 (2)", "2 (2)", "3 (1)", "4 (1)"]])
    assert names(table, text="the PRK group, and the ASLA group") == ["PRK", "ASLA"]


def test_subgroups_are_no_arms_beside_arms(html_table: Markup) -> None:
    arms = html_table([["", "Cells", "Saline"]], [["Age", "54 (7)", "57 (4)"]])
    others = html_table(
        [["", "Responders (n = 9)", "Non-responders (n = 8)"]], [["Age", "54 (7)", "57 (4)"]]
    )
    assert names(others, arms, text="received cells or saline") == ["Cells", "Saline"]


def test_a_blank_beside_a_heading_continues_it(html_table: Markup, laid_out: Laid) -> None:
    layout = laid_out(
        html_table(
            [["", "CT (n = 9)", "", "HIT (n = 8)", ""]],
            [["SF-36", "Pre", "Post", "Pre", "Post"], ["PF", "74±2", "78±7", "57±1", "69±7"]],
        )
    )
    assert layout.head == 2
    assert columns(layout)[1::2] == [("Post", "CT (n = 9)"), ("Post", "HIT (n = 8)")]


def test_one_word_for_groups_stands_above_all_numbers(html_table: Markup, laid_out: Laid) -> None:
    layout = laid_out(
        html_table(
            [["", "", "Arm", ""], ["", "1", "2", "3"]], [["Age", "24 (12)", "26 (13)", "23 (11)"]]
        )
    )
    assert columns(layout) == [(number, "Arm") for number in "123"]


def test_a_row_that_counts_people_leaves_arms_and_times_above(
    html_table: Markup, laid_out: Laid
) -> None:
    layout = laid_out(
        html_table(
            [["", "Cells", "Saline"], ["", "Before", "Before"]],
            [
                ["VAS", "5 (1)", "6 (1)"],
                ["", "n = 9", "n = 8"],
                ["ODI", "50 (1)", "60 (1)"],
                ["", "After", "After"],
                ["ODI", "30 (1)", "40 (1)"],
            ],
        )
    )
    assert columns(layout)[2:] == [
        ("n = 9", "Before", "Cells"),
        ("n = 8", "Before", "Saline"),
        ("After", "n = 9", "Cells"),
        ("After", "n = 8", "Saline"),
    ]


def test_lines_in_a_later_column_of_names_are_rows(laid_out: Laid) -> None:
    layout = laid_out(
        "<table-wrap><label>Table 2</label><table><thead><tr><th>Test</th><th>Group</th>"
        "<th>Pre</th></tr></thead><tbody><tr><td>VAS</td><td>HIIT<break/>Control</td>"
        "<td>7.0 (0.8)<break/>6.2 (1.0)</td></tr></tbody></table></table-wrap>"
    )
    assert [(r.stubs, r.value.main) for r in layout.readings] == [
        (("HIIT", "VAS"), 7.0),
        (("Control", "VAS"), 6.2),
    ]


@pytest.mark.parametrize(
    ("heading", "n"),
    [("Control (22)", 22), ("Placebo (N = 10 090)", 10090), ("n: 30", 30), ("Phase (2)", None)],
)
def test_people_of_a_heading(heading: str, n: int | None) -> None:
    assert people_in(heading) == n


def test_names_with_a_time_and_names_by_their_initials() -> None:
    both = Arms([Arm(n, [n]) for n in ("Group C", "Group NC")], {})
    assert both.match("Group NC at T2").arm == 1
    usual = Arms([Arm(n, [n]) for n in ("Intervention", "Usual care")], {})
    assert usual.match("UC").arm == 1


@pytest.mark.parametrize(
    ("heading", "is_arm"),
    [
        ("AT (n = 67) f (%)", True),
        ("AT", False),
        ("Unstandardised coefficients B", False),
        ("Safety population", False),
        ("Crude model", False),
        ("Range of scores", False),
    ],
)
def test_what_may_be_an_arm(heading: str, is_arm: bool) -> None:
    assert may_be_an_arm(heading) == is_arm


def test_patients_of_a_kind_are_no_group_that_people_were_put_into() -> None:
    text = "icu patients were randomised to receive micafungin or to the placebo arm"
    assert [speaks_of_group(text, n) for n in ("ICU", "Micafungin", "Placebo")] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("Itch was rated on a VAS.", "Pruritus VAS"),
        ("The EQ-5D has a VAS from 0 to 100.", "VAS (0-100)"),
        ("Sleep apnoea.", "ODI (events/hr)"),
    ],
)
def test_lines_and_short_names_for_something_else(text: str, heading: str) -> None:
    assert Instruments(text).read([heading]).scale is None


def test_an_unnamed_line_rates_pain_where_nothing_else_is_rated_on_lines() -> None:
    for text in ("", "Pain was rated on a VAS, the EQ-5D has a VAS, too."):
        assert Instruments(text).read(["VAS (0-100)"]).scale is not None


def test_a_table_of_age_and_sex_without_a_time_gives_baseline(
    html_table: Markup, jats: Callable[..., bytes]
) -> None:
    rows = [["Age", "54 (7)", "57 (4)"], ["Women", "9", "8"], ["VAS pain", "6.1 (1.2)", "6.0 (1)"]]
    table = html_table([["", "Cells (n = 30)", "Saline (n = 31)"]], rows, "Values are mean (SD)")
    months = read_article(jats(table)).evidence.outcomes["month"].to_list()
    assert months == [0.0, 0.0]


@pytest.mark.parametrize(
    ("caption", "month"),
    [
        ("Base line values, mean (SD)", 0.0),
        ("Scores prior to the inhalation of oils, mean (SD)", 0.0),
        ("Mean improvement (difference from baseline), mean (SD)", 1.4),
    ],
)
def test_captions_of_baseline_and_of_changes_since_it(
    html_table: Markup, jats: Callable[..., bytes], caption: str, month: float
) -> None:
    heading = "VAS pain, 6 weeks" if month else "VAS pain"
    table = html_table(
        [["", "Cells (n = 30)", "Saline (n = 31)"]], [[heading, "6.1 (1.2)", "6.0 (1.1)"]], caption
    )
    assert read_article(jats(table)).evidence.outcomes["month"].to_list() == [month, month]
