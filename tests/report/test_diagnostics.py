from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import polars as pl
import pytest

from reprieve.answers import Answer, Question, ask
from reprieve.answers.multiverse import Multiverse
from reprieve.figures.text import in_order
from reprieve.report.diagnostics import diagnostics_of, levers, shares
from reprieve.synthesis import leave_one_out, meta_analysis


def with_fit(made: ModuleType, effects: list[float], se: float = 4.0) -> Answer:
    """An answer over made-up trials, with the fit behind it."""
    studies = [made.study(i, effect, 1.96 * se, 10.0) for i, effect in enumerate(effects)]
    fit = meta_analysis(effect=effects, se=[se] * len(effects), study=[s.study_id for s in studies])
    answer: Answer = made.answer(*reversed(studies), fit=fit)
    return answer


def every(verdicts: dict[str, int], moves: bool = True) -> Multiverse:
    """A multiverse with one choice of two options."""
    rows = [
        {
            "blinding": option,
            "design": "randomised",
            "verdict": verdict if moves or option == "any" else "unclear",
            "estimate": -9.0 if option == "any" else -3.0,
            "ci_low": -12.0,
            "ci_high": 1.0,
            "k": 3,
        }
        for verdict, n in verdicts.items()
        for i in range(n)
        for option in (("any", "double-blind only")[i % 2],)
    ]
    return Multiverse(
        Question(condition="knee_osteoarthritis", comparator="placebo"),
        {"blinding": ("any", "double-blind only"), "design": ("randomised",)},
        pl.DataFrame(rows),
    )


def test_each_trial_is_left_out_once_in_order_of_year(made: ModuleType) -> None:
    answer = with_fit(made, [-12.0, -4.0, -9.0, -15.0])
    found = diagnostics_of(answer)
    assert found is not None
    assert [row.label for row in found.without] == [s.label for s in in_order(answer)]
    assert answer.fit is not None
    estimates = leave_one_out(answer.fit).estimate
    assert [float(row.effect.split(" ")[0].replace("−", "-")) for row in found.without] == (
        pytest.approx(estimates.tolist(), abs=0.051)
    )
    assert "all 4 trials is −10.0 points" in found.leaving_out[0]
    low, high = f"{estimates.min():.1f}", f"{estimates.max():.1f}"
    assert f"{low} and {high}".replace("-", "−") in found.leaving_out[0]


def test_a_trial_that_turns_the_interval_is_named(made: ModuleType) -> None:
    found = diagnostics_of(with_fit(made, [-10.0, -11.0, -10.5, 5.0]))
    assert found is not None
    assert [row.moved for row in found.without] == [False, False, False, True]
    assert "Without Author3 2003 the interval no longer holds zero." in found.leaving_out
    assert "Author3 2003 stands out" in found.leaving_out[-1]
    steady = diagnostics_of(with_fit(made, [-10.0, -11.0, -10.5, -9.0]))
    assert steady is not None
    assert "The interval stays clear of zero whichever trial is left out." in steady.leaving_out


def test_a_funnel_is_drawn_from_ten_trials_on(made: ModuleType) -> None:
    nine = diagnostics_of(with_fit(made, [-10.0 + i for i in range(9)]))
    assert nine is not None
    assert nine.funnel is None
    assert "fewer than ten trials" in nine.small_trials[0]
    spread = with_fit(made, [-10.0 + (i * 7) % 5 for i in range(12)])
    assert spread.fit is not None
    fit = meta_analysis(
        effect=spread.fit.y, se=[3.0 + i for i in range(12)], study=list(spread.fit.study)
    )
    twelve = diagnostics_of(replace(spread, fit=fit))
    assert twelve is not None
    assert twelve.funnel is not None
    assert "12 studies" in twelve.funnel.description
    assert "Author3 2003" in str(twelve.funnel.wide)
    assert "Egger’s test" in twelve.small_trials[0]


def test_two_trials_can_not_be_tried(made: ModuleType) -> None:
    assert diagnostics_of(with_fit(made, [-10.0, -4.0])) is None
    assert diagnostics_of(made.THREE) is None


def test_the_shares_of_verdicts_are_told(made: ModuleType) -> None:
    said = shares(every({"worthwhile": 2, "better": 4, "unclear": 14}))
    assert said == (
        "Of 20 ways to analyse this question that can be defended, 10% find cell therapy better "
        "by a worthwhile difference, 20% find cell therapy better and 70% leave open which is "
        "better."
    )
    assert shares(every({"worse": 4})).startswith("All 4 ways to analyse this question")


def test_the_choice_that_moves_most_is_told(made: ModuleType) -> None:
    said = levers(every({"better": 10, "unclear": 10}))
    assert "turns most often on whether only double-blind trials count" in said
    assert "The size of the difference depends most on that too (100% of its variation)." in said
    steady = every({"unclear": 8}, moves=False)
    assert levers(steady) == "No choice changes the verdict."


def test_the_headline_of_a_condition_comes_with_its_curve() -> None:
    question = Question(condition="disc_degeneration", comparator="placebo")
    answer = ask(question)
    found = diagnostics_of(answer, every({"better": 10, "unclear": 10}))
    assert found is not None
    assert found.without == ()
    assert found.curve is not None
    assert "20 analyses" in found.curve.description
