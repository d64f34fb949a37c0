"""All treatments at once, as a page shows them."""

import pytest

from reprieve.answers import Question
from reprieve.answers.months import over_months
from reprieve.evidence import load_evidence
from reprieve.report.networks import network_sections


@pytest.fixture(scope="module")
def pain():
    (section,) = network_sections("knee_osteoarthritis", load_evidence(), ("pain",))
    return section


def test_the_table_is_that_of_the_answers(pain):
    found = over_months(Question(condition="knee_osteoarthritis"), load_evidence())
    assert len(pain.rows) == found.table["treatment"].n_unique()
    assert pain.months == ("Month 3", "Month 6", "Month 12", "Month 24")
    exercise = next(row for row in pain.rows if row.name == "Exercise therapy")
    for month, cell in zip(found.months, exercise.cells, strict=True):
        (row,) = found.table.filter(month=month, treatment="exercise_therapy").to_dicts()
        assert cell[0].startswith(f"{row['estimate']:.1f}".replace("-", "\u2212"))
        place = f"{row['median_rank']:.0f} of {row['of']}"
        assert cell[1] == f"rank {place} ({row['rank_low']} to {row['rank_high']})"


def test_figures_are_drawn_and_described(pain):
    for chart in (pain.graph, pain.forest, pain.choices):
        assert "<svg" in chart.still
        assert chart.wide
        assert chart.narrow
        assert "placebo injection" in chart.description


def test_the_league_table_has_names_on_its_diagonal(pain):
    names = [row[i] for i, row in enumerate(pain.league)]
    assert "Exercise therapy" in names
    assert len(names) == len(pain.answer.main.treatments)


def test_the_trial_that_would_connect_is_named(pain):
    assert {bridge.of_class for bridge in pain.bridges} == {"nerve_block", "surgery"}
    assert pain.command.startswith("reprieve ask knee_osteoarthritis --comparator all")


def test_a_pair_is_no_network():
    assert network_sections("hip_osteoarthritis", load_evidence()) == ()


def test_what_only_another_choice_holds_has_its_name(pain):
    assert "multimodal_physiotherapy" not in pain.choices.still
