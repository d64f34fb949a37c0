"""What a trial offers to answer a question with, and which offer is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.effects import recover
from reprieve.effects.covariance import study_covariance
from reprieve.effects.imputation import TypicalSpread
from reprieve.effects.question import Question
from reprieve.effects.summaries import (
    Row,
    Summary,
    Unusable,
    change_between,
    no_range,
    summarise,
)
from reprieve.effects.trials import Trial
from reprieve.evidence import vocabulary

OVERALL = "overall pain"
"""What instruments that ask for pain as a whole measure, in the vocabulary's words."""


@dataclass(frozen=True)
class ArmOption:
    """Means of both sides with one instrument, at one visit, as one kind of value."""

    instrument: str
    month: float
    statistic: str
    treated: dict[str, Summary]
    compared: dict[str, Summary]
    imputed: bool

    def compare(
        self, trial: Trial, question: Question
    ) -> tuple[list[dict[str, Any]], NDArray[np.float64]]:
        """Pairs of arms that hold all the others, and the covariance that shared arms bring."""
        pairs = _spanning_pairs(list(self.treated), list(self.compared))
        left, right = zip(*pairs, strict=True)
        squared_se = {
            arm: _known(s.sd) ** 2 / s.n for arm, s in (self.treated | self.compared).items()
        }
        block = study_covariance(
            left, right, [squared_se[arm] for arm in left], [squared_se[arm] for arm in right]
        )
        rows = []
        for (t, c), variance in zip(pairs, np.diag(block), strict=True):
            a, b = self.treated[t], self.compared[c]
            change = self._change(trial, c, question)
            baseline = change.rows if change else ()
            rows.append(
                {
                    **_which(self, trial),
                    "arm_t": t,
                    "arm_c": c,
                    "n_t": a.n,
                    "n_c": b.n,
                    "estimate": a.mean - b.mean,
                    "variance": float(variance),
                    "change_c": change.mean if change else None,
                    "sd_change_c": change.sd if change else None,
                    "notes": list(dict.fromkeys((*a.notes, *b.notes))),
                    "rows": [
                        {"table": "outcomes", "row": row}
                        for row in dict.fromkeys((*a.rows, *b.rows, *baseline))
                    ],
                }
            )
        return rows, block

    def as_change(self, trial: Trial, question: Question) -> ArmOption | None:
        """The same as changes since baseline, where every arm has a baseline with a spread."""
        changes = {arm: self._change(trial, arm, question) for arm in self.treated | self.compared}
        known = {arm: s for arm, s in changes.items() if s is not None and s.sd is not None}
        if len(known) < len(changes):
            return None
        return replace(
            self,
            statistic="change",
            treated={arm: known[arm] for arm in self.treated},
            compared={arm: known[arm] for arm in self.compared},
        )

    def _change(self, trial: Trial, arm: str, question: Question) -> Summary | None:
        """How the people of an arm changed since baseline."""
        later = (self.treated | self.compared)[arm]
        if self.statistic == "change":
            return later
        for row in trial.outcomes:
            if (row["arm_id"], row["instrument"], row["month"]) != (arm, self.instrument, 0):
                continue
            baseline = summarise(row, (trial.treated | trial.compared)[arm]["n_randomised"])
            if isinstance(baseline, Summary):
                return change_between(baseline, later, question.correlation)
        return None


@dataclass(frozen=True)
class ContrastOption:
    """Differences between arms as the trial reports them, often adjusted for baseline."""

    instrument: str
    month: float
    rows: list[tuple[Row, float, float]]
    imputed: bool = False
    statistic: str = "contrast"

    def compare(
        self, trial: Trial, question: Question
    ) -> tuple[list[dict[str, Any]], NDArray[np.float64]]:
        """The differences, signed as treatment minus comparator; half correlated where they share
        an arm, as equal arms with a common control are (Cochrane Handbook 23.3.4).
        """
        rows = []
        for row, estimate, variance in self.rows:
            forward = row["arm_a"] in trial.treated
            a, b = "ab" if forward else "ba"
            arms = row[f"arm_{a}"], row[f"arm_{b}"]
            people = row[f"n_{a}"], row[f"n_{b}"]
            notes = ["difference between arms as reported"]
            if None in people:
                notes.append("number analysed not reported")
            rows.append(
                {
                    **_which(self, trial),
                    "arm_t": arms[0],
                    "arm_c": arms[1],
                    "n_t": people[0] or trial.treated[arms[0]]["n_randomised"],
                    "n_c": people[1] or trial.compared[arms[1]]["n_randomised"],
                    "estimate": estimate,
                    "variance": variance,
                    "change_c": None,
                    "sd_change_c": None,
                    "notes": notes,
                    "rows": [{"table": "contrasts", "row": row["row"]}],
                }
            )
        se = np.sqrt([r["variance"] for r in rows])
        sharing = np.array(
            [
                [
                    1.0 if a is b else 0.5 * (a["arm_t"] == b["arm_t"] or a["arm_c"] == b["arm_c"])
                    for b in rows
                ]
                for a in rows
            ]
        )
        return rows, sharing * np.outer(se, se)


def _which(option: ArmOption | ContrastOption, trial: Trial) -> dict[str, Any]:
    """What all comparisons of an option have in common."""
    return {
        "study_id": trial.study_id,
        "instrument": option.instrument,
        "month": option.month,
        "statistic": option.statistic,
        "same_people": trial.within_person,
    }


def choose(
    trial: Trial, question: Question, spread: TypicalSpread
) -> ArmOption | ContrastOption | Unusable:
    """The trial's best option by the rules of `harmonise`, or why there is none."""
    if trial.unread:
        return Unusable(
            f"{_words(question.outcome)} results not read yet, or not reported as numbers "
            "that can be used"
        )
    problems: list[str] = []
    options: list[ArmOption | ContrastOption] = [
        *_arm_options(trial, question, spread, problems),
        *_contrast_options(trial, question, problems),
    ]
    if not options:
        return Unusable(_first_of(problems))
    kinds = [question.statistic, "change", "final", "contrast"]
    if trial.within_person:  # a paired difference knows that the arms are the same people
        kinds.insert(0, "contrast")

    def rank(option: ArmOption | ContrastOption) -> tuple[float, ...]:
        instrument = vocabulary.instrument(question.outcome, option.instrument)
        overall_first = question.hierarchy == "overall" and not instrument.measures.startswith(
            OVERALL
        )
        return (
            overall_first,
            instrument.priority,
            abs(option.month - question.month),
            option.month,
            option.imputed,
            kinds.index(option.statistic),
        )

    return min(options, key=rank)


def _arm_options(
    trial: Trial, question: Question, spread: TypicalSpread, problems: list[str]
) -> list[ArmOption]:
    groups: dict[tuple[str, float, str], list[Row]] = {}
    for row in trial.outcomes:
        if _at_a_fitting_visit(row, trial, question, problems):
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
    trial: Trial, question: Question, problems: list[str]
) -> list[ContrastOption]:
    contrasts: dict[tuple[str, float], list[tuple[Row, float, float]]] = {}
    for row in trial.contrasts:
        if _at_a_fitting_visit(row, trial, question, problems):
            effect = _reported_difference(row, trial)
            if isinstance(effect, Unusable):
                problems.append(effect.reason)
                continue
            contrasts.setdefault((row["instrument"], row["month"]), []).append((row, *effect))
    return [ContrastOption(*key, _spanning_contrasts(rows)) for key, rows in contrasts.items()]


def _spanning_contrasts(rows: list[tuple[Row, float, float]]) -> list[tuple[Row, float, float]]:
    """The first contrasts that tie arms together; those that follow from them are left out."""
    tied: list[set[str]] = []
    kept = []
    for row in rows:
        arms = {row[0]["arm_a"], row[0]["arm_b"]}
        met = [group for group in tied if group & arms]
        if any(arms <= group for group in met):
            continue
        tied = [group for group in tied if group not in met] + [arms.union(*met)]
        kept.append(row)
    return kept


def _at_a_fitting_visit(row: Row, trial: Trial, question: Question, problems: list[str]) -> bool:
    month, (low, high) = row["month"], question.months
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
    sides: tuple[dict[str, Summary], dict[str, Summary]] = ({}, {})
    problem = "values of only one of the two arms have been read"
    imputed = False
    for row in rows:
        arm = (trial.treated | trial.compared)[row["arm_id"]]
        summary = summarise(row, arm["n_randomised"])
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
        sides[row["arm_id"] not in trial.treated][row["arm_id"]] = summary
    if not sides[0] or not sides[1]:
        return Unusable(problem)
    return ArmOption(instrument, month, statistic, *sides, imputed)


def _reported_difference(row: Row, trial: Trial) -> tuple[float, float] | Unusable:
    """A contrast as treatment minus comparator in points of 100, with its variance."""
    if row["flag"] == "subgroup":
        return Unusable("only part of the arms (a subgroup) is compared")
    low, high = row["scale_min"], row["scale_max"]
    if low is None or high is None:
        return Unusable(no_range(row))
    forward = row["arm_a"] in trial.treated and row["arm_b"] in trial.compared
    backward = row["arm_b"] in trial.treated and row["arm_a"] in trial.compared
    if not forward and not backward:
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
    estimate = row["estimate"] * sign * points * (1 if forward else -1)
    return estimate, float((se * points) ** 2)


def _first_of(problems: Sequence[str]) -> str:
    """The reason to show: the one that came nearest to being usable."""
    later = [p for p in problems if not p.startswith(("no visit", "only values before"))]
    visits = [p for p in problems if p.startswith("no visit")]
    return (later or visits or list(problems))[0]


def _spanning_pairs(treated: list[str], compared: list[str]) -> list[tuple[str, str]]:
    """Every treatment against the first comparator, the first treatment against the others.

    Further pairs follow from these (with two arms on each side the fourth difference is the sum
    of two less the third), so that they would add no information and a singular covariance.
    """
    return [(t, compared[0]) for t in treated] + [(treated[0], c) for c in compared[1:]]


def _known(sd: float | None) -> float:
    if sd is None:  # every option fills or drops missing spreads before it gets here
        raise AssertionError("standard deviation missing")
    return sd


def _words(code: str) -> str:
    return code.replace("_", " ")
