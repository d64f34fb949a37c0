from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import fromstring

import pytest

from reprieve.living.articles.abbreviations import abbreviations_in
from reprieve.living.articles.arms import Arm, Arms, may_be_an_arm, name_of
from reprieve.living.articles.finding_arms import find_arms
from reprieve.living.articles.layout import Layout, lay_out
from reprieve.living.articles.tables import read_tables


def arms(*names: str, **short: str) -> Arms:
    return Arms([Arm(name, [name]) for name in names], short)


def found(*tables: str, text: str = "") -> list[tuple[str, int | None]]:
    grids, _ = read_tables(fromstring(f"<article>{''.join(tables)}</article>"))
    return [(arm.label, arm.n) for arm in find_arms([lay_out(g) for g in grids], text).arms]


@pytest.mark.parametrize(
    ("heading", "arm"),
    [
        ("Placebo (n = 30)", 1),
        ("cells group", 0),
        ("Cells, mean (SD)", 0),
        ("P value", None),
        ("Difference between groups", None),
        ("6 months", None),
    ],
)
def test_matching(heading: str, arm: int | None) -> None:
    match = arms("Cells", "Placebo").match(heading)
    assert (match.arm if match else None) == arm


def test_arms_that_share_words_are_told_by_the_others() -> None:
    both = arms("Active tDCS + Exercise", "Sham tDCS + Exercise")
    assert both.match("Sham + exercise (n = 12)").arm == 1
    assert both.match("Exercise") is None


def test_short_names_and_roman_numbers() -> None:
    short = abbreviations_in(
        "", ["AT + EX = active tDCS + exercise, ST + EX = sham tDCS + exercise"]
    )
    both = Arms([Arm(n, [n]) for n in ("Active tDCS + Exercise", "Sham tDCS + Exercise")], short)
    assert both.match("ST+EX (N = 12)").arm == 1
    assert arms("Group I (block + light)", "Group II (block only)").match("II").arm == 1


@pytest.mark.parametrize(
    "heading",
    ["mean ± SD", "Total (n = 60)", "Stiffness end", "χ^2", "Mean age", "Sig."],
)
def test_headings_that_name_no_arm(heading: str) -> None:
    assert not may_be_an_arm(heading)


@pytest.mark.parametrize(
    "heading",
    ["60 mg", "Education", "Weight loss", "Clinical Pilates", "Total knee arthroplasty", "B", "ES"],
)
def test_headings_that_may_name_an_arm(heading: str) -> None:
    assert may_be_an_arm(heading)


def test_the_table_of_baseline_values_names_the_arms(html_table: Callable[..., str]) -> None:
    baseline = html_table(
        [["", "Cells (n = 30)", "Saline (n = 31)", "Total (n = 61)", "P"]],
        [["Age, years", "54.8 (7.1)", "57.3 (4.7)", "56.1 (6.0)", "0.16"]],
        "Baseline characteristics",
    )
    assert found(baseline) == [("Cells", 30), ("Saline", 31)]
    assert name_of("Cells (n = 30), mean (SD)") == "Cells"


def test_rows_may_name_the_arms(html_table: Callable[..., str]) -> None:
    table = html_table(
        [["Group", "Before", "After"]],
        [["Laser (n = 20)", "7.1 (1.8)", "3.8 (2.0)"], ["Sham (n = 19)", "7.0 (1.9)", "5.2 (2.3)"]],
        "VAS, mean (SD)",
    )
    assert found(table) == [("Laser", 20), ("Sham", 19)]


def test_a_column_for_everybody_is_no_arm(html_table: Callable[..., str]) -> None:
    table = html_table(
        [["", "A (n = 10)", "B (n = 12)", "Combined (n = 22)"]],
        [["VAS", "5.0 (1.0)", "5.1 (1.2)", "5.0 (1.1)"]],
        "Baseline",
    )
    assert found(table) == [("A", 10), ("B", 12)]


def test_instruments_in_columns_are_no_arms(
    laid_out: Callable[[str], Layout], html_table: Callable[..., str]
) -> None:
    table = html_table(
        [["", "WOMAC pain", "WOMAC function"]],
        [["Cells (n = 9)", "4.4 (1.0)", "15.4 (3.1)"], ["Saline (n = 8)", "9.1 (1.0)", "20 (3.5)"]],
        "Scores at 6 months, mean (SD)",
    )
    assert laid_out(table).stub == 1
    assert found(table) == [("Cells", 9), ("Saline", 8)]
