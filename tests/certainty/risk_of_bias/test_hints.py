from __future__ import annotations

import pytest

from reprieve.certainty import hints
from reprieve.errors import UnknownWordError
from reprieve.evidence import load_evidence


def seen(evidence, study="a", **which):
    return {hint.topic: hint for hint in hints(evidence, study, **which)}


def test_each_topic_says_what_it_saw_and_which_domain_it_bears_on(make_evidence):
    evidence = make_evidence(
        studies=[
            {"study_id": "a", "registration": "NCT01586312;ISRCTN53366886", "funding": "industry"}
        ],
        outcomes=[
            {"study_id": "a", "arm_id": "cells", "month": 0, "n": 20},
            {"study_id": "a", "arm_id": "cells", "month": 6, "n": 18},
            {"study_id": "a", "arm_id": "cells", "month": 12, "n": 13},
            {"study_id": "a", "arm_id": "saline", "month": 12, "n": 19, "instrument": "NRS"},
        ],
    )
    found = seen(evidence)
    assert {topic: hint.domain for topic, hint in found.items()} == {
        "registration": "D5",
        "blinding": "D4",
        "attrition": "D3",
        "funding": "D5",
        "reported result": "D5",
    }
    assert "NCT01586312, ISRCTN53366886" in found["registration"].saw
    assert "https://clinicaltrials.gov/study/NCT01586312" in found["registration"].look_up
    assert found["blinding"].saw.startswith("recorded as double-blind")
    assert "13 of 20 analysed in cells at month 12" in found["attrition"].saw
    assert "19 of 20 analysed in saline at month 12" in found["attrition"].saw
    assert found["funding"].saw == "paid for by industry"
    assert found["reported result"].saw == "values of pain by VAS, NRS, months 6, 12"


def test_contrasts_count_for_attrition(make_evidence):
    evidence = make_evidence(
        contrasts=[{"study_id": "a", "estimate": -5, "se": 2, "n_a": 17, "n_b": 16}]
    )
    assert "17 of 20 analysed in cells" in seen(evidence)["attrition"].saw
    assert "16 of 20 analysed in saline" in seen(evidence)["attrition"].saw


def test_what_is_not_there_is_said_and_not_guessed(make_evidence):
    evidence = make_evidence(studies=[{"study_id": "a", "registration": "Sponsor 12-34"}])
    found = seen(evidence)
    assert "not the number of a register" in found["registration"].saw
    assert found["attrition"].saw == "no value of pain has been read"
    assert found["funding"].saw == "who paid is not recorded"
    evidence = make_evidence(studies=[{"study_id": "a"}])
    assert "does not mean that there is none" in seen(evidence)["registration"].saw


def test_trials_that_did_not_randomise_get_the_domains_of_robins_i(make_evidence):
    evidence = make_evidence(studies=[{"study_id": "a", "design": "single_arm"}])
    found = seen(evidence)
    assert {hint.tool for hint in found.values()} == {"robins-i"}
    assert found["attrition"].domain_name == "missing data"


def test_every_trial_of_the_snapshot_has_five_hints_and_no_judgement():
    evidence = load_evidence()
    for study in evidence.studies["study_id"]:
        found = hints(evidence, study)
        assert len(found) == 5
        words = " ".join(f"{hint.saw} {hint.look_up}" for hint in found)
        assert "low risk" not in words
        assert "high risk" not in words


def test_unknown_trials_and_outcomes_are_named():
    with pytest.raises(UnknownWordError, match="trial 'vega'"):
        hints(load_evidence(), "vega")
    with pytest.raises(UnknownWordError, match="outcome 'ache'"):
        hints(load_evidence(), "vega-2015", "ache")
