"""What a trial offers to answer a question with, and which offer is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reprieve.effects import recover
from reprieve.effects.imputation import TypicalSpread
from reprieve.effects.question import Question
from reprieve.effects.summaries import (
    UNREAD_BY_PEOPLE,
    Row,
    Summary,
    Unusable,
    change_between,
    no_range,
    summarise,
)
from reprieve.effects.trials import GroupOf, Trial, trials_of
from reprieve.evidence import vocabulary
from reprieve.evidence.records import Evidence
from reprieve.evidence.schema import UNVERIFIED

OVERALL = "overall pain"
"""What instruments that ask for pain as a whole measure, in the vocabulary's words."""


@dataclass(frozen=True)
class ArmOption:
    """Means of arms with one instrument, at one visit, as one kind of value."""

    instrument: str
    month: float
    statistic: str
    summaries: dict[str, Summary]
    imputed: bool

    @property
    def arms(self) -> list[str]:
        """The arms that it holds values of."""
        return list(self.summaries)

    def as_change(self, trial: Trial, question: Question) -> ArmOption | None:
        """The same as changes since baseline, where every arm has a baseline with a spread."""
        changes = {arm: self.change(trial, arm, question) for arm in self.summaries}
        known = {arm: s for arm, s in changes.items() if s is not None and s.sd is not None}
        if len(known) < len(changes):
            return None
        return replace(self, statistic="change", summaries=known)

    def change(self, trial: Trial, arm: str, question: Question) -> Summary | None:
        """How the people of an arm changed since baseline."""
        later = self.summaries[arm]
        if self.statistic == "change":
            return later
        baseline = baseline_of(trial, arm, self.instrument)
        return baseline and change_between(baseline, later, question.correlation)


@dataclass(frozen=True)
class ContrastOption:
    """Differences between arms as the trial reports them, often adjusted for baseline.

    Each row of the contrasts table comes with its estimate, arm_a minus arm_b in points of 100
    where higher is worse, and its variance.
    """

    instrument: str
    month: float
    rows: list[tuple[Row, float, float]]
    imputed: bool = False
    statistic: str = "contrast"

    @property
    def arms(self) -> list[str]:
        """The arms that it holds differences of."""
        return list(dict.fromkeys(row[arm] for row, *_ in self.rows for arm in ("arm_a", "arm_b")))


Option = ArmOption | ContrastOption


def baseline_of(trial: Trial, arm: str, instrument: str) -> Summary | None:
    """What an arm showed before treatment, if that can be used."""
    for row in trial.outcomes:
        if (row["arm_id"], row["instrument"], row["month"]) == (arm, instrument, 0):
            baseline = summarise(row, trial.arms[arm]["n_randomised"])
            if isinstance(baseline, Summary):
                return baseline
    return None


def settled(
    evidence: Evidence, question: Question, group_of: GroupOf
) -> Iterator[tuple[Trial, str | None]]:
    """The trials that compare groups, less arms that can't be used, and why one can't answer.

    A trial whose people are counted again in another steps back only where the other can answer.
    """
    trials = trials_of(evidence, question, group_of)
    standing = {t.study_id for t in trials if not t.unread and t.refusal(question, set()) is None}
    for trial in trials:
        reason = trial.refusal(question, standing)
        yield (trial if reason else trial.usable()), reason


def choose(trial: Trial, question: Question, spread: TypicalSpread) -> Option | Unusable:
    """The trial's best option by the rules of `harmonise`, or why there is none."""
    options = offers(trial, question, spread, question.months)
    if isinstance(options, Unusable):
        return options
    kinds = kinds_in_order(trial, question)

    def rank(option: Option) -> tuple[float, ...]:
        return (
            -len(trial.groups_of(option.arms)),
            *instrument_rank(option.instrument, question),
            abs(option.month - question.month),
            option.month,
            option.imputed,
            kinds.index(option.statistic),
        )

    return min(options, key=rank)


def offers(
    trial: Trial, question: Question, spread: TypicalSpread, months: tuple[float, float]
) -> list[Option] | Unusable:
    """All that a trial has to offer at visits between two months, or why it has nothing."""
    if trial.unread:
        return Unusable(
            f"{_words(question.outcome)} results not read yet, or not reported as numbers "
            "that can be used"
        )
    problems: list[str] = []
    options: list[Option] = [
        *_arm_options(trial, question, spread, months, problems),
        *_contrast_options(trial, months, problems),
    ]
    return options or Unusable(_first_of(problems))


def instrument_rank(name: str, question: Question) -> tuple[bool, int]:
    """Where an instrument stands in the hierarchy that the question asks for, lowest first."""
    instrument = vocabulary.instrument(question.outcome, name)
    overall = instrument.measures.startswith(OVERALL)
    return question.hierarchy == "overall" and not overall, instrument.priority


def kinds_in_order(trial: Trial, question: Question) -> list[str]:
    """Kinds of values, the preferred one first."""
    kinds = [question.statistic, "change", "final", "contrast"]
    if trial.within_person:  # a paired difference knows that the arms are the same people
        kinds.insert(0, "contrast")
    return kinds


def _arm_options(
    trial: Trial,
    question: Question,
    spread: TypicalSpread,
    months: tuple[float, float],
    problems: list[str],
) -> list[ArmOption]:
    groups: dict[tuple[str, float, str], list[Row]] = {}
    for row in trial.outcomes:
        if _at_a_fitting_visit(row, trial, months, problems):
            groups.setdefault((row["instrument"], row["month"], row["statistic"]), []).append(row)
    options = []
    for key, rows in groups.items():
        option = _arm_option(key, rows, trial, spread if question.impute else None)
        if isinstance(option, Unusable):
            problems.append(option.reason)
        else:
            options.append(option)
    if question.statistic == "change":
        reported = {(o.instrument, o.month) for o in options if o.statistic == "change"}
        computed = [
            option.as_change(trial, question)
            for option in options
            if (option.instrument, option.month) not in reported
        ]
        options += [option for option in computed if option is not None]
    return options


def _contrast_options(
    trial: Trial, months: tuple[float, float], problems: list[str]
) -> list[ContrastOption]:
    contrasts: dict[tuple[str, float], list[tuple[Row, float, float]]] = {}
    for row in trial.contrasts:
        if _at_a_fitting_visit(row, trial, months, problems):
            effect = _reported_difference(row, trial)
            if isinstance(effect, Unusable):
                problems.append(effect.reason)
                continue
            contrasts.setdefault((row["instrument"], row["month"]), []).append((row, *effect))
    return [ContrastOption(*key, rows) for key, rows in contrasts.items()]


def _at_a_fitting_visit(
    row: Row, trial: Trial, months: tuple[float, float], problems: list[str]
) -> bool:
    month, (low, high) = row["month"], months
    if month is None:
        problems.append("the month of its values is not stated")
    elif month == 0:
        problems.append("only values before treatment have been read")
    elif not low <= month <= high:
        problems.append(f"no visit between {low:g} and {high:g} months has been read")
    elif trial.spoilt(row):
        problems.append("by then people had changed treatment")
    else:
        return True
    return False


def _arm_option(
    key: tuple[str, float, str], rows: list[Row], trial: Trial, spread: TypicalSpread | None
) -> ArmOption | Unusable:
    instrument, month, statistic = key
    summaries: dict[str, Summary] = {}
    problem = "values of only one of the two arms have been read"
    imputed = False
    for row in rows:
        summary = summarise(row, trial.arms[row["arm_id"]]["n_randomised"])
        if isinstance(summary, Summary) and trial.doubtful_spread:
            summary = replace(summary, sd=None, notes=(*summary.notes, "reported SD not believed"))
        if isinstance(summary, Summary) and summary.sd is None:
            imputed = True
            summary = (
                spread.fill(summary, instrument, statistic)
                if spread is not None
                else Unusable("no standard deviation is reported")
            )
        if isinstance(summary, Unusable):
            problem = summary.reason
            continue
        summaries[row["arm_id"]] = summary
    if len(trial.groups_of(summaries)) < 2:
        return Unusable(problem)
    return ArmOption(instrument, month, statistic, summaries, imputed)


def _reported_difference(row: Row, trial: Trial) -> tuple[float, float] | Unusable:
    """A contrast as arm_a minus arm_b in points of 100, with its variance."""
    if row["flag"] == UNVERIFIED:
        return Unusable(UNREAD_BY_PEOPLE)
    if row["flag"] == "subgroup":
        return Unusable("only part of the arms (a subgroup) is compared")
    low, high = row["scale_min"], row["scale_max"]
    if low is None or high is None:
        return Unusable(no_range(row))
    if len(trial.groups_of([row["arm_a"], row["arm_b"]])) < 2:
        return Unusable("values of only one of the two arms have been read")
    if row["se"]:
        se = row["se"]
    elif row["ci_low"] is not None and row["ci_high"] is not None:
        se = recover.se_from_ci(row["ci_low"], row["ci_high"])
    elif row["p"] and row["p"] < 1 and row["estimate"]:
        se = recover.se_from_p(row["estimate"], row["p"])
    else:
        return Unusable("the difference is reported without an interval or p value")
    sign = 1.0 if row["higher_is"] == "worse" else -1.0
    points = 100.0 / (high - low)
    return row["estimate"] * sign * points, float((se * points) ** 2)


def _first_of(problems: Sequence[str]) -> str:
    """The reason to show: the one that came nearest to being usable."""
    later = [p for p in problems if not p.startswith(("no visit", "only values before"))]
    visits = [p for p in problems if p.startswith("no visit")]
    return (later or visits or list(problems))[0]


def _words(code: str) -> str:
    return code.replace("_", " ")
