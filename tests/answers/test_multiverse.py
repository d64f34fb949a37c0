"""The multiverse: every combination once, each equal to asking that question alone."""

import math
from dataclasses import replace

import pytest

from reprieve.answers import Question, ask, multiverse
from reprieve.evidence import load_evidence

QUESTION = Question(condition="knee_osteoarthritis", comparator="injection")


@pytest.fixture(scope="module")
def every():
    return multiverse(QUESTION, load_evidence())


def test_every_combination_stands_once(every):
    assert every.analyses.height == math.prod(len(o) for o in every.choices.values())
    assert every.analyses.select(list(every.choices)).is_unique().all()


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({}, {}),
        ({"value": "change", "correlation": "0.7"}, {"statistic": "change", "correlation": 0.7}),
        ({"blinding": "double-blind only", "instrument": "overall pain first"},
         {"blinded": True, "hierarchy": "overall"}),
        ({"window": "within a quarter"}, {"window": (4.5, 7.5)}),
    ],
)  # fmt: skip
def test_an_analysis_is_that_question_asked_alone(every, options, changes):
    default = {name: choice[0] for name, choice in every.choices.items()}
    default |= {"correlation": "0.5", "threshold": "17.5", "interval": "adhoc"} | options
    row = every.analyses.filter(**default).row(0, named=True)
    effect = ask(replace(QUESTION, **changes), load_evidence()).effect
    assert row["k"] == effect.k
    assert row["estimate"] == pytest.approx(effect.estimate)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(effect.ci)


def test_influence_of_choices(every):
    influence = {row["choice"]: row for row in every.influence().iter_rows(named=True)}
    assert set(influence) == set(every.choices)
    # An interval never moves the estimate, a threshold neither; blinding here moves both.
    assert influence["interval"]["variance_explained"] == pytest.approx(0, abs=1e-12)
    assert influence["threshold"]["variance_explained"] == pytest.approx(0, abs=1e-12)
    assert influence["blinding"]["variance_explained"] > 0.2
    assert sum(row["variance_explained"] for row in influence.values()) <= 1
    assert sum(every.verdicts().values()) == pytest.approx(1)


def test_analyses_without_a_trial_are_counted_not_hidden():
    # The only trial with numbers reports no SD: leaving out imputed spreads leaves nothing.
    every = multiverse(Question(condition="knee_osteoarthritis"), load_evidence())
    assert every.verdicts()["no number"] == pytest.approx(0.5)
    moved = {r["choice"]: r["verdict_moved"] for r in every.influence().iter_rows(named=True)}
    assert moved["missing SD"] == 1


def test_no_trial_at_all_is_a_multiverse_of_no_numbers():
    every = multiverse(Question(condition="diabetic_neuropathy"), load_evidence())
    assert every.verdicts()["no number"] == 1
    assert "no number" in every.summary()
