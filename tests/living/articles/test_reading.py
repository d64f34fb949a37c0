from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from reprieve.errors import InputError
from reprieve.evidence import load_evidence
from reprieve.evidence.check import gates
from reprieve.living.articles import ReadArticle, read_article

Value = tuple[str, str, float, str, float, float]
EXPECTED = {
    ("cells", "WOMAC pain", 0.0, "final", 10.6, 2.9),
    ("saline", "WOMAC pain", 0.0, "final", 10.8, 2.6),
    ("cells", "WOMAC pain", 6.0, "final", 4.4, 4.1),
    ("saline", "WOMAC pain", 6.0, "final", 9.1, 3.2),
}
SAMPLES = Path(__file__).parents[1] / "samples" / "jats"

Read = Callable[..., ReadArticle]
Markup = Callable[..., str]


@pytest.fixture
def read(html_table: Markup, jats: Callable[..., bytes]) -> Read:
    """Read an article with a table of baseline values of two arms, and other tables."""
    arms = html_table(
        [["", "Cells (n = 30)", "Saline (n = 29)"]],
        [["Age, years", "54.8 (7.1)", "57.3 (4.7)"]],
        "Baseline characteristics, mean (SD)",
    )
    return lambda *tables, text="": read_article(jats(arms, *tables, text=text))


@pytest.fixture
def one(html_table: Markup, read: Read) -> Callable[..., set[Value]]:
    """The values of one table."""
    return lambda *parts, **more: values(read(html_table(*parts, **more)))


def values(found: ReadArticle) -> set[Value]:
    columns = ("arm_id", "instrument", "month", "statistic", "mean", "sd")
    return set(found.evidence.outcomes.select(columns).iter_rows())


def test_arms_in_columns_times_in_rows(one: Callable[..., set[Value]]) -> None:
    assert (
        one(
            [["", "Cells (n = 30)", "Saline (n = 29)", "P"]],
            [
                ["WOMAC pain, mean (SD)", "", "", ""],
                [">Baseline", "10.6 (2.9)", "10.8 (2.6)", "0.8"],
                [">6 months", "4.4 (4.1)", "9.1 (3.2)", "0.01"],
            ],
        )
        == EXPECTED
    )


def test_times_in_columns_arms_in_rows(one: Callable[..., set[Value]]) -> None:
    assert (
        one(
            [["Group", "Baseline", "6 months", "P"]],
            [
                ["Cells", "10.6 ± 2.9", "4.4 ± 4.1", "0.01"],
                ["Saline", "10.8 ± 2.6", "9.1 ± 3.2", "NS"],
            ],
            "WOMAC pain score (mean ± SD)",
        )
        == EXPECTED
    )


def test_arms_over_times_in_columns(one: Callable[..., set[Value]]) -> None:
    assert (
        one(
            [["", "|Cells", "|Saline", "P"], ["", "Before", "Month 6", "Before", "Month 6", ""]],
            [["WOMAC pain", "10.6 (2.9)", "4.4 (4.1)", "10.8 (2.6)", "9.1 (3.2)", "0.02"]],
            foot="Values are mean (standard deviation).",
        )
        == EXPECTED
    )


def test_mean_and_deviation_in_columns_of_their_own(one: Callable[..., set[Value]]) -> None:
    assert (
        one(
            [["", "|Cells", "|Saline"], ["", "Mean", "SD", "Mean", "SD"]],
            [
                ["WOMAC pain at baseline", "10.6", "2.9", "10.8", "2.6"],
                ["WOMAC pain at 6 months", "4.4", "4.1", "9.1", "3.2"],
            ],
        )
        == EXPECTED
    )


def test_deviations_in_rows_of_their_own(one: Callable[..., set[Value]]) -> None:
    assert (
        one(
            [["", "Pain baseline", "Pain 6 months"]],
            [
                ["Cells", "10.6", "4.4"],
                ["SD", "2.9", "4.1"],
                ["Saline", "10.8", "9.1"],
                ["SD", "2.6", "3.2"],
            ],
            "WOMAC scores",
        )
        == EXPECTED
    )


def test_one_table_an_arm_named_in_the_caption(html_table: Markup, read: Read) -> None:
    tables = [
        html_table(
            [["", "Pre-test", "6 months"]],
            [["WOMAC pain", *numbers]],
            f"Results of the {arm} group (mean ± SD)",
        )
        for arm, numbers in (
            ("cells", ["10.6 ± 2.9", "4.4 ± 4.1"]),
            ("saline", ["10.8 ± 2.6", "9.1 ± 3.2"]),
        )
    ]
    assert values(read(*tables)) == EXPECTED


def test_falls_written_as_positive_numbers_are_turned(html_table: Markup, read: Read) -> None:
    found = read(
        html_table(
            [["Group", "Before", "6 months", "Reduction"]],
            [
                ["Cells", "7.2 ± 1.8", "3.8 ± 2.0", "3.4 ± 2.0"],
                ["Saline", "7.0 ± 1.9", "5.2 ± 2.3", "1.8 ± 2.1"],
            ],
            "VAS (mean ± SD)",
        )
    )
    changes = {(v[0], v[4]) for v in values(found) if v[3] == "change"}
    assert changes == {("cells", -3.4), ("saline", -1.8)}
    assert any("sign turned" in str(row.row.get("locator")) for row in found.rows)


def test_errors_intervals_and_medians_go_where_they_belong(html_table: Markup, read: Read) -> None:
    found = read(
        html_table(
            [["", "Cells", "Saline"]],
            [
                ["VAS at 1 month, mean (SE)", "5.1 (0.3)", "6.0 (0.4)"],
                ["VAS at 3 months, mean (95% CI)", "4.1 (3.0 to 5.2)", "6.1 (5.0 to 7.2)"],
                ["VAS at 6 months, median (IQR)", "3 (2–5)", "6 (4–8)"],
            ],
        )
    )
    cells = found.evidence.outcomes.sort("month").rows(named=True)[::2]
    assert [(row["mean"], row["se"], row["sd"]) for row in cells[:1]] == [(5.1, 0.3, None)]
    assert [(row["ci_low"], row["ci_high"]) for row in cells[1:2]] == [(3.0, 5.2)]
    assert [(row["median"], row["mean"], row["q1"], row["q3"]) for row in cells[2:]] == [
        (3, None, 2, 5)
    ]


def test_strata_become_arms_of_their_own(one: Callable[..., set[Value]]) -> None:
    found = one(
        [["Approach", "Arm", "Week 12 (mean ± SD)"]],
        [
            ["Lateral", "Cells", "−36.2 ± 21.5"],
            ["", "Saline", "−24.1 ± 14.0"],
            ["Medial", "Cells", "−38.2 ± 22.2"],
            ["", "Saline", "−27.1 ± 22.5"],
        ],
        "Change in WOMAC pain (100 mm) from baseline",
    )
    assert {(v[0], v[4]) for v in found} == {
        ("cells_lateral", -36.2),
        ("saline_lateral", -24.1),
        ("cells_medial", -38.2),
        ("saline_medial", -27.1),
    }


def test_what_is_not_certain_is_left_out_with_its_reason(html_table: Markup, read: Read) -> None:
    found = read(
        html_table(
            [["", "Cells", "Saline", "Difference between groups"]],
            [
                ["VAS, after treatment", "3.1 (1.0)", "5.0 (1.2)", "-1.9 (0.4)"],
                ["Happiness", "3.1 (1.0)", "5.0 (1.2)", "-1.9 (0.4)"],
            ],
            "Mean (SD)",
        )
    )
    assert found.evidence.outcomes.is_empty()
    assert not found.rows
    reasons = {left.reason for left in found.left_out}
    assert "the end of treatment is not dated in the text" in reasons
    assert "a comparison between groups" in reasons
    assert "no instrument of pain or function is named" in reasons
    assert all(left.where.startswith("Table 2") for left in found.left_out)


def test_the_text_dates_the_end_of_treatment(html_table: Markup, read: Read) -> None:
    table = html_table(
        [["", "Cells", "Saline"]], [["VAS, after treatment", "3.1 (1.0)", "5.0 (1.2)"]], "Mean (SD)"
    )
    text = (
        "Patients exercised three times a week for 8 weeks. The exercise took 8 weeks of training."
    )
    assert {v[2] for v in values(read(table, text=text))} == {1.8}


def test_events_with_counts_that_agree_with_their_percentage(
    html_table: Markup, read: Read
) -> None:
    table = html_table(
        [["", "Cells (n = 30)", "Saline (n = 29)"]],
        [
            ["Patients with AEs", "12 (40%)", "10 (34%)"],
            ["Arthralgia", "3 (10)", "9 (90)"],
            ["Withdrawals due to adverse events", "1", "0"],
        ],
        "Adverse events, n (%)",
    )
    found = read(table)
    rows = set(found.evidence.events.select("arm_id", "event", "events", "n").iter_rows())
    assert rows == {
        ("cells", "any_adverse_event", 12, 30),
        ("saline", "any_adverse_event", 10, 29),
        ("cells", "arthralgia", 3, 30),
    }
    assert any("does not agree" in left.reason for left in found.left_out)


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.nxml")), ids=lambda path: path.stem)
def test_rows_of_real_articles_pass_the_gates_and_wait_for_a_reader(file: Path) -> None:
    found = read_article(file)
    evidence = found.evidence
    assert not [fault for fault in gates(evidence) if fault.level == "error"]
    for table in ("outcomes", "events"):
        frame = evidence.table(table)
        assert set(frame["flag"].drop_nulls()) <= {"unverified"}
        assert set(frame["readings"]) <= {0}
    assert len(found.placed) == len(found.rows)
    assert all(0 < row.confidence <= 1 and row.where for row in found.rows)
    assert all(left.what and left.reason and left.where for left in found.left_out)


def test_a_real_article_agrees_with_what_people_read_in_it() -> None:
    key = ["domain", "instrument", "month", "statistic", "mean", "sd"]
    found = read_article(SAMPLES / "PMC5446739.nxml").evidence.outcomes
    people = load_evidence().outcomes
    people = people.filter(
        (people["study_id"] == "ha-2017")
        & people["mean"].is_not_null()
        & people["sd"].is_not_null()
    )
    assert len(people) == 14
    both = people.join(found, on=key, how="inner")
    assert len(both) == 14
    # One arm of theirs is one arm of ours.
    assert len(both.select("arm_id", "arm_id_right").unique()) == 2
    ours = found.join(people.select("instrument").unique(), on="instrument", how="semi")
    assert len(ours) == 14


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html><body/></html>", "no <article>"),
        (b"no xml at all", "no well-formed XML"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><article>&x;</article>', "defines entities"),
        (b"<article>" + b"<sec>" * 500 + b"</sec>" * 500 + b"</article>", "nested deeper"),
        (b"<article><front/></article>", "article-meta"),
    ],
)
def test_what_is_no_article_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_article(content)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_article(tmp_path / "none.nxml")


def test_confidence_falls_with_each_thing_left_open(html_table: Markup, read: Read) -> None:
    said = ["VAS at 6 months, mean (SD)", "VAS at 6 months", "Pain at 6 months"]
    sure = []
    for heading in said:
        table = html_table(
            [["", "Cells", "Saline"]], [[heading, "3.1 ± 1.0", "5.0 ± 1.2"]], "Outcomes"
        )
        text = "Pain was rated on a visual analogue scale; the scale (VAS) has 10 cm."
        found = read(table, text=text)
        sure.append(next(row.confidence for row in found.rows if row.table == "outcomes"))
    assert all(one > other for one, other in pairwise(sure))


def test_lines_in_cells_are_read_as_rows(html_table: Markup, read: Read) -> None:
    table = html_table(
        [["", "Cells", "Saline"]],
        [
            [
                "WOMAC pain, mean (SD)<break/>Baseline<break/>6 months",
                "<break/>10.6 (2.9)<break/>4.4 (4.1)",
                "<break/>10.8 (2.6)<break/>9.1 (3.2)",
            ],
            [
                "VAS baseline<break/>VAS 6 months",
                "5.1 (1.0)<break/>3.0 (1.1)",
                "5 (1)<break/>4 (1)",
            ],
        ],
    )
    found = {v for v in values(read(table)) if v[1] == "VAS"}
    assert found == {
        ("cells", "VAS", 0.0, "final", 5.1, 1.0),
        ("saline", "VAS", 0.0, "final", 5.0, 1.0),
        ("cells", "VAS", 6.0, "final", 3.0, 1.1),
        ("saline", "VAS", 6.0, "final", 4.0, 1.0),
    }


def test_sentences_give_what_no_table_gives(read: Read, jats: Callable[..., bytes]) -> None:
    text = (
        "The exercise group and the control group were compared: the exercise group, the control"
        " group. Pain on the VAS decreased from 6.6 ± 1.5 to 2.1 ± 0.8 at 1 week in the exercise"
        " group. In the control group, the value decreased from 6.9 ± 1.0–4.7 ± 1.3 at 1 week."
    )
    article = jats(text=text).replace(b"Methods", b"Results")
    assert values(read_article(article)) == {
        ("exercise_group", "VAS", 0.0, "final", 6.6, 1.5),
        ("exercise_group", "VAS", 0.2, "final", 2.1, 0.8),
        ("control_group", "VAS", 0.0, "final", 6.9, 1.0),
        ("control_group", "VAS", 0.2, "final", 4.7, 1.3),
    }


def test_a_row_that_says_mean_is_no_count_under_n_and_percent(
    one: Callable[..., set[Value]],
) -> None:
    found = one(
        [["", "Cells n (%)", "Saline n (%)"]],
        [
            ["Women", "20 (66.7)", "18 (62.1)"],
            ["WOMAC pain, mean (SD)", "10.6 (2.9)", "10.8 (2.6)"],
            ["VAS pain", "6.1 ± 1.2", "6.0 ± 1.3"],
        ],
        "Baseline characteristics",
    )
    assert {value[:2] for value in found} == {
        (arm, scale) for arm in ("cells", "saline") for scale in ("WOMAC pain", "VAS")
    }


def test_deviations_on_the_line_below_without_a_name(one: Callable[..., set[Value]]) -> None:
    rows = [
        ["WOMAC pain at baseline", "10.6", "10.8", "0.8"],
        ["", "(2.9)", "(2.6)", ""],
        ["WOMAC pain at 6 months", "4.4", "9.1", "0.01"],
        ["", "(4.1)", "(3.2)", ""],
    ]
    head = [["", "Cells (n = 30)", "Saline (n = 29)", "P"]]
    assert one(head, rows, "Outcomes, mean (SD)") == EXPECTED
    # A row with a name is of something else.
    named = [row if row[0] else ["Age at entry", *row[1:]] for row in rows]
    assert {sd for *_, sd in one(head, named, "Outcomes, mean (SD)")} == {None}
