"""Risk of bias that a team settles moves the certainty of what its review concludes."""

import pytest

from reprieve.living.worklists import RiskOfBias
from reprieve.updates.judgements import bias_records
from reprieve.updates.kept import last_version
from reprieve.updates.run import update

KEY = "knee_osteoarthritis cell_therapy placebo pain 6"


@pytest.fixture(scope="module")
def small(make_shared_evidence):
    """Two large trials that agree."""
    return make_shared_evidence(
        arms=[
            {"study_id": trial, "arm_id": arm, "n_randomised": 400}
            for trial in ("lee-2019", "vega-2015")
            for arm in ("cells", "saline")
        ],
        outcomes=[
            {"study_id": trial, "arm_id": arm, "month": 6, "mean": mean, "sd": 20, "n": 400}
            for trial in ("lee-2019", "vega-2015")
            for arm, mean in (("cells", 30), ("saline", 52))
        ],
    )


def judge(store, trial, word):
    bias = RiskOfBias(store, check=bias_records)
    bias.queue(trial, who="editor", outcome="pain")
    number = next(i.id for i in bias.page(who="editor") if i.study_id == trial)
    for who in ("reviewer", "editor"):
        bias.submit(
            number,
            [{"domain": "overall", "judgement": word, "rationale": "made up"}],
            who=who,
        )


def concluded(store):
    with store.reading() as session:
        return last_version(session).standing.conclusions[KEY]


def test_certainty_follows_what_was_settled(filled):
    first = update(filled, [], {})
    assert concluded(filled).provisional
    assert concluded(filled).certainty == "very low"
    for trial in ("lee-2019", "vega-2015"):
        judge(filled, trial, "low")
    found = update(filled, [], {})
    assert "the risk of bias of 2 trials was judged or judged anew" in found.version.triggers
    assert found.version.number == first.version.number + 1
    assert concluded(filled).certainty == "low"
    assert [alert.kinds for alert in found.alerts] == [("certainty",)]


def test_one_judged_trial_recomputes_no_other_condition_and_only_once(filled):
    update(filled, [], {})
    judge(filled, "vega-2015", "low")
    found = update(filled, [], {})
    assert 0 < found.recomputed < found.recomputed + found.kept
    again = update(filled, [], {})
    assert (again.recomputed, again.version) == (0, None)
