"""Levels, what they are made of, and what they say."""

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.answers import Question, ask
from reprieve.certainty import BiasJudgement, Body, Rules, TrialFacts, rate_body, statement
from reprieve.certainty.grading.domains import DOMAINS
from reprieve.certainty.grading.rules import BASES
from reprieve.certainty.grading.statements import LEVELS
from reprieve.evidence import load_evidence

KNEE = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")
PAPER = load_evidence()


def test_nothing_to_rate_down_is_high(body):
    found = rate_body(body())
    assert (found.level, found.symbols) == ("high", "⊕⊕⊕⊕")
    assert [d.domain for d in found.domains] == list(DOMAINS)
    assert found.upgrades == ()
    assert found.statement == "Cells reduce pain compared with saline."


@pytest.mark.parametrize(
    ("changed", "level", "symbols"),
    [
        ({"people": 399}, "moderate", "⊕⊕⊕⊝"),
        ({"people": 199}, "low", "⊕⊕⊝⊝"),
        ({"ci": (-60.0, 20.0)}, "very low", "⊕⊝⊝⊝"),
        ({"ci": (-60.0, 20.0), "outcome": "structure"}, "very low", "⊕⊝⊝⊝"),
    ],
)
def test_levels_add_up_and_end_at_very_low(body, changed, level, symbols):
    found = rate_body(body(**changed))
    assert (found.level, found.symbols) == (level, symbols)


def test_without_randomisation_it_starts_low(body, trial):
    found = rate_body(body(trial(randomised=False)))
    assert (found.start, found.level) == ("low", "low")
    up = rate_body(body(trial(randomised=False), risk_ratio=(6.0, 5.5, 7.0)))
    assert up.level == "high"
    fault = rate_body(body(trial(randomised=False), risk_ratio=(6.0, 5.5, 7.0), people=300))
    assert fault.level == "very low"
    mixed = rate_body(body(trial("a", 0.9), trial("b", 0.1, randomised=False)))
    assert mixed.start == "low"


def test_every_threshold_has_its_source():
    assert {part.name for part in fields(Rules)} == set(BASES)


def test_json_has_the_promised_keys(body):
    plain = json.loads(json.dumps(rate_body(body()).to_dict(), allow_nan=False))
    assert {"level", "domains"} <= set(plain)
    for domain in plain["domains"]:
        assert {"domain", "downgrade", "rule", "inputs", "reason", "overruled_by"} <= set(domain)
        assert domain["reason"]
        assert domain["overruled_by"] is None


WORDS = {
    "high": "Cells {} pain{} compared with saline.",
    "moderate": "Cells probably {} pain{} compared with saline.",
    "low": "Cells may {} pain{} compared with saline.",
}


@pytest.mark.parametrize("level", WORDS)
def test_standard_wording(level):
    say = WORDS[level].format
    told = statement(level, "important benefit", "cells", "saline", "pain")
    assert told == say("reduce", "")
    told = statement(level, "benefit", "cells", "saline", "pain", slight=True)
    assert told == say("reduce", " slightly")
    told = statement(level, "harm", "cells", "saline", "pain")
    assert told == say("increase", "")
    told = statement(level, "little or no difference", "cells", "saline", "pain")
    assert told == say("result in little to no difference in", "")


def test_standard_wording_agrees_with_its_subject():
    told = statement("high", "important benefit", "cell therapy", "saline", "function")
    assert told == "Cell therapy improves daily activity compared with saline."
    told = statement("moderate", "important harm", "surgery", "saline", "infection")
    assert told == "Surgery probably increases infection compared with saline."


numbers = st.floats(-60, 60)
halves = st.floats(0.01, 80)


@given(
    estimate=numbers,
    half=halves,
    wider=halves,
    prediction=st.none() | st.floats(0, 150),
    people=st.integers(2, 900),
    mcid=st.none() | st.floats(1, 30),
    target=st.sampled_from(["mcid", "null"]),
)
def test_a_wider_interval_never_raises_certainty(
    estimate, half, wider, prediction, people, mcid, target
):
    def level(width):
        trials = tuple(
            TrialFacts(
                study=name, label=name, weight=1 / 3, estimate=estimate, bias="low", people=100,
                ci=(estimate - 1, estimate + 1), double_blind=True,
            )
            for name in "abc"
        )  # fmt: skip
        reach = None if prediction is None else max(prediction, half + wider)
        found = rate_body(
            Body(
                key="q", treatment="cells", comparator="saline", outcome="pain",
                estimate=estimate, ci=(estimate - width, estimate + width), mcid=mcid, sd=20.0,
                people=people, trials=trials, I2=60.0,
                prediction_interval=None if reach is None else (estimate - reach, estimate + reach),
            ),
            Rules(target=target),
        )  # fmt: skip
        return LEVELS.index(found.level)

    assert level(half + wider) <= level(half)


@given(share=st.floats(0, 1), more=st.floats(0, 1), word=st.sampled_from(["high", "not judged"]))
def test_more_weight_at_risk_never_raises_certainty(share, more, word):
    def down(part):
        trials = tuple(
            TrialFacts(study=bias, label=bias, weight=weight, estimate=-20.0, ci=(-21.0, -19.0),
                       people=500, bias=bias)
            for bias, weight in (("low", 1 - part), (word, part))
        )  # fmt: skip
        made = Body(
            key="q", treatment="cells", comparator="saline", outcome="pain", estimate=-20.0,
            ci=(-21.0, -19.0), people=1000, trials=trials, mcid=15.0,
        )  # fmt: skip
        return rate_body(made).domain("risk of bias").downgrade

    assert down(max(share, more)) >= down(min(share, more))


def test_trials_of_the_snapshot_are_not_judged_and_never_low():
    found = ask(KNEE, PAPER).certainty
    bias = found.domain("risk of bias")
    assert bias.inputs["not_judged"] == pytest.approx(1)
    assert bias.downgrade == 1
    assert found.provisional
    assert "provisional" in found.in_words()


def test_judgements_move_the_domain():
    answer = ask(KNEE, PAPER)
    for word, down in (("low", 0), ("some concerns", 1), ("high", 2)):
        judged = [
            BiasJudgement(s.study_id, "overall", word, outcome="pain", who="A", date="2026-11-30")
            for s in answer.studies
        ]
        found = ask(KNEE, PAPER, judgements=judged).certainty
        assert found.domain("risk of bias").downgrade == down
        assert not found.provisional
        other = [
            BiasJudgement(s.study_id, "overall", word, outcome="function", who="A",
                          date="2026-11-30")
            for s in answer.studies
        ]  # fmt: skip
        unmoved = ask(KNEE, PAPER, judgements=other).certainty.domain("risk of bias")
        assert unmoved.inputs["not_judged"] == pytest.approx(1)


def test_published_judgements_of_the_evidence_count(make_evidence):
    evidence = make_evidence(
        studies=[{"study_id": "a", "rob": "high", "rob_source": "10.1000/review"}],
        outcomes=[
            {"study_id": "a", "arm_id": arm, "mean": mean, "sd": 20}
            for arm, mean in (("cells", 30), ("saline", 50))
        ],
    )
    found = ask(Question(condition="knee_osteoarthritis"), evidence).certainty
    assert found.domain("risk of bias").downgrade == 2
    # 40 people, −20 with 1.96 · √(2 · 400 / 20) = 12.4 to either side: −32.4 to −7.6
    precise = found.domain("imprecision")
    assert precise.inputs["ci"] == pytest.approx((-32.396, -7.604), abs=0.001)
    assert precise.inputs["standard_deviation"] == pytest.approx(20)
    assert precise.downgrade == 2
    assert found.level == "very low"
    assert "very uncertain" in found.statement


def test_no_trial_is_not_rated():
    found = ask(Question(condition="diabetic_neuropathy"), PAPER).certainty
    assert (found.level, found.symbols, found.domains) == ("not rated", "", ())
    assert "no trial" in found.in_words()
    assert "not rated" in found.summary()
    assert found.to_frame().is_empty()
    assert json.dumps(found.to_dict())


def test_what_one_side_alone_was_given_is_seen(make_evidence):
    evidence = make_evidence(
        arms=[
            {"study_id": "a", "arm_id": "cells", "adjunct": "surgery"},
            {"study_id": "a", "arm_id": "saline"},
            {"study_id": "b", "arm_id": "cells", "adjunct": "surgery"},
            {"study_id": "b", "arm_id": "saline", "adjunct": "surgery"},
        ],
        outcomes=[
            {"study_id": study, "arm_id": arm, "mean": mean, "sd": 20}
            for study in "ab"
            for arm, mean in (("cells", 30), ("saline", 50))
        ],
    )
    found = ask(Question(condition="knee_osteoarthritis"), evidence).certainty
    assert found.domain("indirectness").inputs["something_else_besides"] == pytest.approx(0.5)
    assert found.domain("indirectness").downgrade == 1


def test_trials_of_the_same_precision_are_no_trouble(make_evidence):
    evidence = make_evidence(
        outcomes=[
            {"study_id": study, "arm_id": arm, "mean": mean, "sd": 20}
            for study in "abc"
            for arm, mean in (("cells", 30), ("saline", 40))
        ]
    )
    found = ask(Question(condition="knee_osteoarthritis"), evidence).certainty
    assert found.verdict == "little or no difference"
    assert found.domain("inconsistency").downgrade == 0
