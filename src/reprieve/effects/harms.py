"""What trials report of a harm: people with the event on both sides, and with the treatment alone.

For each trial one count a side: of one family of events, at the longest follow-up that covers its
arms, with what was left out and why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import polars as pl

from reprieve.effects.question import Question
from reprieve.effects.reported_events import Reported, reported
from reprieve.effects.sides import COMPARATOR, TREATMENT, side_of
from reprieve.effects.summaries import Row, Unusable
from reprieve.effects.trials import Trial, by_study
from reprieve.errors import InputError
from reprieve.evidence import vocabulary
from reprieve.evidence.event_families import EventFamily, event_family
from reprieve.evidence.records import Evidence

_COUNTS: dict[str, Any] = {
    "study_id": pl.String,
    "label": pl.String,
    "year": pl.Int64,
    "condition": pl.String,
    "design": pl.String,
    "event": pl.String,
    "month": pl.Float64,
}
_WHENCE: dict[str, Any] = {"notes": pl.List(pl.String), "rows": pl.List(pl.Int64)}


def _side_schema(side: str) -> dict[str, Any]:
    return {
        f"events_{side}": pl.Int64,
        f"n_{side}": pl.Int64,
        f"person_months_{side}": pl.Float64,
        f"arms_{side}": pl.List(pl.String),
    }


TRIAL_SCHEMA = _COUNTS | _side_schema("t") | _side_schema("c") | _WHENCE
TREATED_SCHEMA = _COUNTS | _side_schema("t") | _WHENCE
EXCLUDED_SCHEMA = {"study_id": pl.String, "reason": pl.String, "silent": pl.Boolean}


@dataclass(frozen=True, kw_only=True)
class HarmsQuestion:
    """How many people have unwanted events with `treatment`, and with `comparator`?

    Attributes
    ----------
    condition : str, optional
        A code of the vocabulary; all conditions when not given.
    treatment, comparator : str
        A treatment node (``"bm_msc"``) or a class (``"cell_therapy"``, ``"traditional"``).
    randomised : bool
        Only randomised trials are compared, unless this is False. What happened with the
        treatment alone is counted in all trials.
    level : float
        Of intervals.

    Examples
    --------
    >>> HarmsQuestion(condition="knee_osteoarthritis").comparator
    'placebo'
    """

    condition: str | None = None
    treatment: str = "cell_therapy"
    comparator: str = "placebo"
    randomised: bool = True
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.condition is not None:
            vocabulary.condition(self.condition)
        vocabulary.treatment(self.treatment)
        vocabulary.treatment(self.comparator)
        if self.treatment == self.comparator:
            raise InputError(
                f"treatment and comparator are both {self.treatment!r}; name two different ones"
            )
        if not 0 < self.level < 1:
            raise InputError(f"level is {self.level}; expected a share such as 0.95")

    def within(self, condition: str) -> Question:
        """The same sides and trials, as a question about one condition."""
        return Question(
            condition=condition,
            treatment=self.treatment,
            comparator=self.comparator,
            randomised=self.randomised,
        )


@dataclass(frozen=True)
class Harms:
    """Counts of one family of events.

    Attributes
    ----------
    question : HarmsQuestion
    family : EventFamily
    trials : polars.DataFrame
        A row a trial that compares both sides: the codes of the ``event`` that it counts, the
        ``month`` by which; people with the event, people and person-months of each side
        (``events_t``, ``n_t``, ``person_months_t``, and ``_c``), the arms added up, ``notes`` and
        the ``rows`` of the events table. Person-months are people times months: nobody is known
        to have been watched for less.
    treated : polars.DataFrame
        A row a trial with the treatment, whatever its design and comparators.
    excluded : polars.DataFrame
        Trials that compare both sides and give no count: ``study_id``, ``reason``, and ``silent``
        where the event is not reported (or not read).
    """

    question: HarmsQuestion
    family: EventFamily
    trials: pl.DataFrame
    treated: pl.DataFrame
    excluded: pl.DataFrame


def harms_of(evidence: Evidence, question: HarmsQuestion, event: str) -> Harms:
    """The counts of a family of events that bear on a question.

    The rules, in order: trials with an arm of each side; randomised ones (unless the question
    says otherwise); not a population, pool or period that the curators warn of; counts of whole
    arms since the start. Of what remains each trial gives the event that stands first in the
    family, at the follow-up that covers most of its arms, the longest of those; arms of a side are
    added up. People at risk that a trial does not state are those randomised, and a month that it
    does not state is its longest follow-up; both are noted.

    Parameters
    ----------
    evidence : Evidence
    question : HarmsQuestion
    event : str
        Code of a family (``"serious"``), or of an event that belongs to it.

    Returns
    -------
    Harms

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> question = HarmsQuestion(condition="knee_osteoarthritis")
    >>> found = harms_of(load_evidence(), question, "serious")
    >>> "lee-2019" in set(found.trials["study_id"])
    True
    """
    family = event_family(event)
    compared, treated, excluded = [], [], []
    asked = list(_asked(evidence, question, family))
    standing = {
        item.trial.study_id for item in asked if not isinstance(item.counted({TREATMENT}), Unusable)
    }
    for item in asked:
        alone = item.alone(standing)
        if not isinstance(alone, Unusable):
            treated.append(item.row(alone, (TREATMENT,)))
        if not item.compares:
            continue
        both = item.both(question, standing)
        if isinstance(both, Unusable):
            excluded.append(
                {
                    "study_id": item.trial.study_id,
                    "reason": both.reason,
                    "silent": not item.family_rows,
                }
            )
        else:
            compared.append(item.row(both, (TREATMENT, COMPARATOR)))
    return Harms(
        question,
        family,
        pl.DataFrame(compared, schema=TRIAL_SCHEMA),
        pl.DataFrame(treated, schema=TREATED_SCHEMA),
        pl.DataFrame(excluded, schema=EXCLUDED_SCHEMA),
    )


@dataclass(frozen=True)
class _Asked:
    """A trial with the treatment, and its rows of the events table."""

    trial: Trial
    family: EventFamily
    rows: list[Row]

    @property
    def compares(self) -> bool:
        return set(self.trial.groups.values()) == {TREATMENT, COMPARATOR}

    @property
    def family_rows(self) -> list[Row]:
        return [
            r
            for r in self.rows
            if r["event"] in self.family.events and r["arm_id"] in self.trial.arms
        ]

    def counted(self, sides: set[str]) -> Reported | Unusable:
        """What the trial reports of the arms of some sides."""
        usable = self.trial.usable()
        arms = {arm: row for arm, row in usable.arms.items() if usable.groups[arm] in sides}
        return reported(replace(usable, arms=arms), self.rows, self.family, sides)

    def alone(self, standing: set[str]) -> Reported | Unusable:
        """What happened with the treatment, in whatever design."""
        for caution in self.trial.cautions:
            if caution["kind"] == "pooled_in" and caution["other_study_id"] in standing:
                return Unusable(caution["reason"])
        return self.counted({TREATMENT})

    def both(self, question: HarmsQuestion, standing: set[str]) -> Reported | Unusable:
        """What happened on both sides, or why the trial can't say."""
        reason = self.trial.refusal(question.within(self.trial.study["condition"]), standing)
        return Unusable(reason) if reason else self.counted({TREATMENT, COMPARATOR})

    def row(self, found: Reported, sides: tuple[str, ...]) -> dict[str, Any]:
        study = self.trial.study
        row = {name: study[name] for name in ("study_id", "label", "year", "condition", "design")}
        row |= {"event": ";".join(found.events), "month": found.month}
        for side in sides:
            end, people = side[0], found.people[side]
            row |= {
                f"events_{end}": found.counts[side],
                f"n_{end}": people,
                f"person_months_{end}": None if found.month is None else people * found.month,
                f"arms_{end}": found.arms[side],
            }
        return row | {"notes": list(found.notes), "rows": list(found.rows)}


def _asked(evidence: Evidence, question: HarmsQuestion, family: EventFamily) -> Iterator[_Asked]:
    """Trials with an arm of the treatment, in order of publication."""
    known, events = by_study(evidence), _events(evidence)
    for key, study in known.studies.items():
        if question.condition not in (None, study["condition"]):
            continue
        side = side_of(question.within(study["condition"]))
        found = [(arm, side(arm)) for arm in known.arms.get(key, [])]
        groups = {arm["arm_id"]: group for arm, group in found if group is not None}
        if TREATMENT not in groups.values():
            continue
        arms = {arm["arm_id"]: arm for arm, group in found if group is not None}
        trial = Trial(study, arms, groups, [], [], known.cautions.get(key, []))
        yield _Asked(trial, family, events.get(key, []))


@lru_cache(maxsize=4)
def _events(evidence: Evidence) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for row in evidence.events.iter_rows(named=True):
        rows.setdefault(row["study_id"], []).append(row)
    return rows
