from __future__ import annotations

import pandas as pd
import polars as pl
import pytest

from reprieve.certainty import BiasJudgement, count_judgements, with_risk_of_bias
from reprieve.errors import InputError
from reprieve.synthesis import meta_analysis, meta_regression


def judged(study, word, **result):
    return BiasJudgement(study, "overall", word, who="A", date="2026-11-30", **result)


MINE = [judged("a", "low"), judged("b", "high"), judged("c", "high"), judged("d", "low")]
EFFECTS = pl.DataFrame(
    {
        "study_id": ["a", "b", "c", "d", "e"],
        "effect": [-4.0, -12.0, -14.0, -3.0, -8.0],
        "variance": [4.0, 5.0, 4.0, 6.0, 5.0],
    }
)


def test_what_nobody_judged_is_not_judged_and_never_low():
    assert with_risk_of_bias(EFFECTS, MINE)["risk_of_bias"].to_list()[-1] == "not judged"
    assert count_judgements(MINE, EFFECTS["study_id"].to_list()) == {
        "low": 2,
        "high": 2,
        "not judged": 1,
    }
    assert count_judgements([], ["a", "b"]) == {"not judged": 2}


def test_any_kind_of_table_comes_back_as_it_was():
    frame = with_risk_of_bias(pd.DataFrame(EFFECTS.to_dict(as_series=False)), MINE)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["risk_of_bias"])[:2] == ["low", "high"]


def test_analyses_restricted_and_regressed():
    table = with_risk_of_bias(EFFECTS, MINE)
    low = meta_analysis(
        table.filter(pl.col("risk_of_bias") == "low"), effect="effect", variance="variance"
    )
    assert (low.k, round(low.estimate, 1)) == (2, -3.6)
    fit = meta_regression(
        "~ C(risk_of_bias)",
        table.filter(pl.col("risk_of_bias") != "not judged"),
        effect="effect",
        variance="variance",
    )
    assert fit.beta[1] == pytest.approx(9.5, abs=0.5)


def test_the_judgement_of_the_result_asked_for_comes_before_that_of_all_results():
    mine = [
        judged("a", "low"),
        judged("a", "high", outcome="pain"),
        judged("a", "some concerns", outcome="pain", comparison="saline"),
    ]
    table = EFFECTS.head(1)

    def word(**which):
        return with_risk_of_bias(table, mine, **which)["risk_of_bias"][0]

    assert word(outcome="function") == "low"
    assert word(outcome="pain", comparison="exercise") == "high"
    assert word(outcome="pain", comparison="saline") == "some concerns"
    with pytest.raises(InputError, match="a has judgements of several results"):
        word()


def test_several_results_that_are_judged_alike_are_one():
    mine = [
        judged("a", "high", outcome="pain", comparison=comparison)
        for comparison in ("saline", "exercise")
    ]
    assert with_risk_of_bias(EFFECTS.head(1), mine)["risk_of_bias"][0] == "high"
    mine.append(judged("a", "low", outcome="pain", comparison="usual care"))
    with pytest.raises(InputError, match="a has judgements of several results"):
        with_risk_of_bias(EFFECTS.head(1), mine)


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match=r"no column 'study'; did you mean study_id\?"):
        with_risk_of_bias(EFFECTS, MINE, study="study")
