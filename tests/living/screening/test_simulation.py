"""Screening played through on two labelled sets; ``labels/screening.md`` says whence they are."""

from pathlib import Path

import numpy as np
import pytest

from reprieve.errors import InputError
from reprieve.living.screening import Priority, simulate, summarise
from reprieve.living.screening.labelled import read_labelled

LABELS = Path(__file__).parents[1] / "labels"


@pytest.fixture(scope="module")
def reviewed():
    return read_labelled(LABELS / "knee_cells_reviewed.csv.gz")


@pytest.fixture(scope="module")
def by_rule():
    return read_labelled(LABELS / "cell_trials_by_rule.csv.gz")


def test_the_sets_are_what_their_readme_says(reviewed, by_rule):
    assert (len(reviewed[1]), sum(reviewed[1])) == (1175, 96)
    assert (len(by_rule[1]), sum(by_rule[1])) == (1535, 195)


@pytest.mark.parametrize(("name", "saves"), [("reviewed", 0.55), ("by_rule", 0.7)])
def test_priority_saves_work_and_chance_does_not(name, saves, request):
    texts, labels = request.getfixturevalue(name)
    model = Priority(texts)
    runs = [simulate(texts, labels, seed=seed, model=model, batch=25) for seed in range(2)]
    chance = [simulate(texts, labels, seed=seed, by_priority=False, batch=25) for seed in range(5)]
    assert min(run.work_saved() for run in runs) > saves
    assert abs(summarise(chance).work_saved_at_95[0]) < 0.08
    assert summarise(chance).time_to_discovery[0] == pytest.approx(0.5, abs=0.05)
    assert all(run.statement_true for run in runs)
    assert all(run.saved_at_stop > 0.25 for run in runs)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reviewed", "by_rule"])
def test_the_rule_keeps_its_word(name, request):
    """When the rule says that recall is 95 % at 95 % confidence, it is so in 95 of 100 reviews."""
    texts, labels = request.getfixturevalue(name)
    model = Priority(texts)
    said = summarise([simulate(texts, labels, seed=seed, model=model) for seed in range(200)])
    assert said.statements_true >= 0.95


def test_every_record_is_screened_once(by_rule):
    texts, labels = (part[:200] for part in by_rule)
    played = simulate(texts, labels, seed=3)
    assert sorted(played.order) == list(range(200))
    assert played.found[-1] == sum(labels)
    assert played.found[played.screened_for(0.95) - 1] >= 0.95 * sum(labels)
    assert played.found[played.screened_for(0.95) - 2] < 0.95 * sum(labels)
    assert simulate(texts, labels, seed=3) == played
    assert simulate(texts, labels, seed=4).order != played.order


def test_work_saved_by_hand():
    """Four relevant records found first of 20: 95 % of them is all four."""
    texts = ["knee"] * 4 + ["heart"] * 16
    played = simulate(texts, [1] * 4 + [0] * 16, seed=0, by_priority=False)
    places = np.flatnonzero(np.diff(played.found, prepend=0)) + 1
    assert played.work_saved() == pytest.approx(1 - places[-1] / 20 - 0.05)
    assert played.time_to_discovery() == pytest.approx(places.mean() / 20)


@pytest.mark.parametrize("labels", [[1, 1], [0, 0], [1, 2], [1]])
def test_labels_that_allow_no_simulation_are_refused(labels):
    with pytest.raises(InputError):
        simulate(["a", "b"], labels)


def test_nothing_to_summarise():
    with pytest.raises(InputError, match="at least one"):
        summarise([])
