"""Does the answer hold? One trial left out, small trials, and other ways to analyse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reprieve.answers.answer import Answer
from reprieve.answers.multiverse import Multiverse
from reprieve.answers.words import OUTCOMES
from reprieve.figures import text
from reprieve.figures.forest_fit import p_words
from reprieve.report.charts import Chart, curve_chart, funnel_chart
from reprieve.synthesis.diagnostics.influence import influence
from reprieve.synthesis.diagnostics.leave_one_out import SequenceOfFits, leave_one_out
from reprieve.synthesis.missing_evidence.asymmetry import regression_test
from reprieve.synthesis.results import MetaAnalysis

FEWEST_FOR_LEAVING_OUT, FEWEST_FOR_FUNNEL = 3, 10
"""Trials below which these say nothing; ten for a funnel: Cochrane Handbook 6.5, 13.3.5.4."""

TELLING = {
    "instrument": "which pain scale is taken first",
    "value": "final scores or changes",
    "correlation": "the correlation that computed changes assume",
    "missing SD": "whether missing spreads are imputed",
    "design": "whether nonrandomised trials count too",
    "blinding": "whether only double-blind trials count",
    "window": "how near to the month trials must have measured",
    "estimator": "how variation between trials is estimated",
    "interval": "how the interval is computed",
    "threshold": "which published threshold counts as worthwhile",
}
"""The choices of a multiverse in plain words."""


@dataclass(frozen=True)
class Without:
    """The pooled difference without one trial."""

    label: str
    link: str | None
    effect: str
    I2: str
    moved: bool


@dataclass(frozen=True)
class Diagnostics:
    """What an answer stands on more than it should.

    Attributes
    ----------
    without : tuple of Without
        A row a trial; empty below three trials.
    level : int
        Coverage of the intervals, in percent.
    leaving_out, small_trials, other_ways : tuple of str
        Sentences; empty where there is nothing to say.
    funnel, curve : Chart or None
    """

    without: tuple[Without, ...]
    level: int
    leaving_out: tuple[str, ...]
    small_trials: tuple[str, ...]
    funnel: Chart | None
    other_ways: tuple[str, ...]
    curve: Chart | None


def diagnostics_of(answer: Answer, every: Multiverse | None = None) -> Diagnostics | None:
    """Whether an answer holds; None where nothing can be tried.

    Parameters
    ----------
    answer : Answer
    every : Multiverse, optional
        All analyses of its question.
    """
    fit = answer.fit
    several = fit is not None and fit.k >= FEWEST_FOR_LEAVING_OUT
    if not several and every is None:
        return None
    without: tuple[Without, ...] = ()
    leaving_out: tuple[str, ...] = ()
    small: tuple[str, ...] = ()
    if fit is not None and several:
        fits = leave_one_out(fit)
        without = _without(answer, fit, fits)
        leaving_out = (*_range(fit, fits), *_moved(fit, without), _influence(answer, fit))
        small = (_small_trials(fit),)
    return Diagnostics(
        without=without,
        level=round(100 * answer.question.level),
        leaving_out=leaving_out,
        small_trials=small,
        funnel=_funnel(answer, fit),
        other_ways=() if every is None else (shares(every), levers(every)),
        curve=None if every is None else curve_chart(every),
    )


# -- one trial left out


def _without(answer: Answer, fit: MetaAnalysis, fits: SequenceOfFits) -> tuple[Without, ...]:
    trials = {study.study_id: study for study in answer.studies}
    rows = []
    for study in text.in_order(answer):
        i = fits.study.index(study.study_id)
        ci = float(fits.ci_low[i]), float(fits.ci_high[i])
        rows.append(
            Without(
                label=trials[study.study_id].label,
                link=study.link,
                effect=text.effect(float(fits.estimate[i]), ci),
                I2=f"{fits.I2[i]:.0f}%",
                moved=_holds_zero(ci) != _holds_zero(fit.ci),
            )
        )
    return tuple(rows)


def _holds_zero(ci: tuple[float, float]) -> bool:
    return ci[0] <= 0 <= ci[1]


def _range(fit: MetaAnalysis, fits: SequenceOfFits) -> tuple[str, ...]:
    low, high = (text.number(float(end)) for end in (fits.estimate.min(), fits.estimate.max()))
    return (
        f"The difference of all {fit.k} trials is {text.number(fit.estimate)} points; without any "
        f"one of them it lies between {low} and {high}.",
    )


def _moved(fit: MetaAnalysis, without: Sequence[Without]) -> tuple[str, ...]:
    movers = [row.label for row in without if row.moved]
    if not movers:
        holds = "holds zero" if _holds_zero(fit.ci) else "stays clear of zero"
        return (f"The interval {holds} whichever trial is left out.",)
    what = "no longer holds zero" if _holds_zero(fit.ci) else "holds zero"
    return (f"Without {_listed(movers, 'or')} the interval {what}.",)


def _influence(answer: Answer, fit: MetaAnalysis) -> str:
    labels = {study.study_id: study.label for study in answer.studies}
    found = influence(fit)
    flagged = [
        labels[name] for name, flag in zip(found.study, found.influential, strict=True) if flag
    ]
    if not flagged:
        return "By the usual measures of influence no trial stands out."
    leans = "leans on it" if len(flagged) == 1 else "leans on them"
    stands = "stands" if len(flagged) == 1 else "stand"
    return (
        f"By the usual measures of influence {_listed(flagged, 'and')} {stands} out: the result "
        f"{leans} more than on the others."
    )


def _listed(names: Sequence[str], last: str) -> str:
    *first, end = names
    return f"{', '.join(first)} {last} {end}" if first else end


# -- small trials


def _small_trials(fit: MetaAnalysis) -> str:
    if fit.k < FEWEST_FOR_FUNNEL:
        return (
            "With fewer than ten trials a funnel plot can't tell whether small trials without a "
            "benefit stayed unpublished."
        )
    p = regression_test(fit).p
    differ = "differ" if p < 0.05 else "do not clearly differ"
    return f"Small trials {differ} from large ones (Egger’s test, p {p_words(p)})."


def _funnel(answer: Answer, fit: MetaAnalysis | None) -> Chart | None:
    if fit is None or fit.k < FEWEST_FOR_FUNNEL:
        return None
    labels = {study.study_id: study.label for study in answer.studies}
    return funnel_chart(
        replace(fit, study=tuple(labels[name] for name in fit.study)),
        measure=f"Difference in {OUTCOMES[answer.question.outcome][0]}, points of 100",
        favours=text.sides(answer),
    )


# -- other ways to analyse


def shares(every: Multiverse) -> str:
    """How many of the analyses end in which verdict, in a sentence."""
    treatment, _ = text.names(every.question)
    said = {
        "worthwhile": f"find {treatment} better by a worthwhile difference",
        "better": f"find {treatment} better",
        "unclear": "leave open which is better",
        "worse": f"find {treatment} worse",
        "no number": "have no trial to use",
    }
    parts = [
        f"{text.percent(100 * share)} {said[verdict]}"
        for verdict, share in every.verdicts().items()
        if share
    ]
    if len(parts) == 1:
        verdict = next(v for v, share in every.verdicts().items() if share)
        return (
            f"All {every.analyses.height:,} ways to analyse this question that can be defended "
            f"{said[verdict]}."
        )
    return (
        f"Of {every.analyses.height:,} ways to analyse this question that can be defended, "
        f"{_listed(parts, 'and')}."
    )


def levers(every: Multiverse) -> str:
    """Which choice moves the verdict, and the difference, most, in a sentence."""
    rows = every.influence().to_dicts()
    mover = max(rows, key=lambda row: row["verdict_moved"])
    if mover["verdict_moved"] == 0:
        return "No choice changes the verdict."
    said = (
        f"The verdict turns most often on {_telling(mover['choice'])}: changed alone, that moves "
        f"it in {text.percent(100 * mover['verdict_moved'])} of cases"
    )
    first = rows[0]
    if first["variance_explained"] < 0.005:
        return f"{said}."
    same = first["choice"] == mover["choice"]
    on_what = "that too" if same else _telling(first["choice"])
    return (
        f"{said}. The size of the difference depends most on {on_what} "
        f"({text.percent(100 * first['variance_explained'])} of its variation)."
    )


def _telling(choice: str) -> str:
    return TELLING.get(choice, choice)
