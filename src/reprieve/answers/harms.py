"""`ask_harms`: what can go wrong, how often, and how sure that is."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reprieve.answers import harm_words, words
from reprieve.answers.answer import Exclusion, Source
from reprieve.answers.harm_models import RULE, Alone, Pooled, alone, pool
from reprieve.effects.harms import Harms, HarmsQuestion, harms_of
from reprieve.effects.trials import RowsByStudy, by_study
from reprieve.errors import InputError, UnknownWordError
from reprieve.evidence import vocabulary
from reprieve.evidence.catalogue import study_link
from reprieve.evidence.event_families import EventFamily, event_families, event_family
from reprieve.evidence.package import load_evidence
from reprieve.evidence.published_harms import PublishedHarm, published_harms
from reprieve.evidence.records import Evidence
from reprieve.synthesis.findings import plain

Status = Literal["compared", "no_event", "treated_only", "not_reported"]
"""Whether trials compare both sides with an event, compare them and nobody had one, report it with
the treatment alone, or do not report it at all."""


@dataclass(frozen=True)
class HarmTrial:
    """What one trial counts.

    Attributes
    ----------
    study_id, label, year, link : str, str, int or None, str or None
    design : str
    treatment, comparator : str
        The arms in plain words; the comparator is empty where the trial has none.
    event : str
        What was counted.
    month : float or None
    events_treatment, n_treatment : int
    events_comparator, n_comparator : int or None
    notes : tuple of str
    rows : tuple of Source
    """

    study_id: str
    label: str
    year: int | None
    link: str | None
    design: str
    treatment: str
    comparator: str
    event: str
    month: float | None
    events_treatment: int
    n_treatment: int
    events_comparator: int | None
    n_comparator: int | None
    notes: tuple[str, ...]
    rows: tuple[Source, ...]


@dataclass(frozen=True, eq=False)
class HarmResult:
    """All about one family of events.

    Attributes
    ----------
    family : EventFamily
    status : {"compared", "no_event", "treated_only", "not_reported"}
    pooled : Pooled or None
        Both sides, from trials that compare them.
    alone : Alone or None
        The treatment, from all trials that have it.
    trials, treated : tuple of HarmTrial
        What `pooled` and `alone` stand on.
    excluded : tuple of Exclusion
        Trials that compare both sides and give no count.
    silent : int
        Of those, the ones that do not report the event (or are not read).
    published : tuple of PublishedHarm
        Published rates of the same family, for treatment and comparator.
    in_words : str
    """

    family: EventFamily
    status: Status
    pooled: Pooled | None
    alone: Alone | None
    trials: tuple[HarmTrial, ...]
    treated: tuple[HarmTrial, ...]
    excluded: tuple[Exclusion, ...]
    silent: int
    published: tuple[PublishedHarm, ...]
    in_words: str

    def draws(self, n: int = 10_000, seed: int | None = None) -> NDArray[np.float64]:
        """People of 100 with the event, treatment and comparator: shape (n, 2).

        Raises
        ------
        InputError
            No trial compares both sides.
        """
        if self.pooled is None:
            raise InputError(
                f"no trial compares {self.family.name} between both sides, so there is nothing "
                "to draw from"
            )
        return self.pooled.draws(n, seed)

    def to_dict(self) -> dict[str, Any]:
        """The family as plain data."""
        pooled: dict[str, Any] | None = None
        if self.pooled is not None:
            pooled = {
                name: asdict(part) if (part := getattr(self.pooled, name)) else None
                for name in ("treatment", "comparator", "ratio", "per_100")
            }
        content = {
            "event": self.family.code,
            "name": self.family.name,
            "status": self.status,
            "pooled": pooled,
            "alone": self.alone and asdict(self.alone),
            "trials": [asdict(trial) for trial in self.trials],
            "treated": [asdict(trial) for trial in self.treated],
            "excluded": [asdict(left_out) for left_out in self.excluded],
            "silent": self.silent,
            "published": [published(row) for row in self.published],
            "in_words": self.in_words,
        }
        return dict(plain(content))


@dataclass(frozen=True, eq=False)
class HarmsAnswer:
    """What is known of the harms of a treatment and of its comparator.

    Attributes
    ----------
    question : HarmsQuestion
    families : tuple of HarmResult
        Those with a count or a published rate, and those that always ought to be reported.
    apart : tuple of PublishedHarm
        Outbreaks and case reports, never pooled nor held against trials.
    in_words : str
    evidence_date : str
    """

    question: HarmsQuestion
    families: tuple[HarmResult, ...]
    apart: tuple[PublishedHarm, ...]
    in_words: str
    evidence_date: str

    def family(self, code: str) -> HarmResult:
        """One family of events, by its code or that of one of its events."""
        wanted = event_family(code).code
        known = {found.family.code: found for found in self.families}
        if wanted not in known:
            raise UnknownWordError("event family of this answer", code, known)
        return known[wanted]

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain data, ready for JSON."""
        return {
            "question": asdict(self.question),
            "rule": RULE,
            "families": [family.to_dict() for family in self.families],
            "apart": [published(row) for row in self.apart],
            "in_words": self.in_words,
            "evidence_date": self.evidence_date,
        }


def ask_harms(
    question: HarmsQuestion, evidence: Evidence | None = None, *, event: str | None = None
) -> HarmsAnswer:
    """What trials and published rates say of harms.

    Parameters
    ----------
    question : HarmsQuestion
    evidence : Evidence, optional
        By default the curated snapshot that ships with the package.
    event : str, optional
        One family of events only, such as ``"serious"``.

    Returns
    -------
    HarmsAnswer
        For each family the people with the event on both sides, pooled by `RULE`; the risk with
        the treatment in all trials that have it; published rates beside, never pooled with
        trials; and what no trial reports.

    Examples
    --------
    >>> answer = ask_harms(HarmsQuestion(condition="knee_osteoarthritis"))
    >>> answer.family("serious").status
    'no_event'
    """
    evidence = evidence or load_evidence()
    families = [event_family(event)] if event else list(event_families().values())
    rates = _published(question)
    known = by_study(evidence)
    rows = {row["row"]: row for row in evidence.events.iter_rows(named=True)}
    found = []
    for family in families:
        mine = tuple(r for r in rates if r.family == family.code and not r.apart)
        result = _result(harms_of(evidence, question, family.code), known, rows, mine)
        if event or family.always or result.status != "not_reported" or mine:
            found.append(result)
    apart = tuple(r for r in rates if r.apart and (not event or r.family == families[0].code))
    return HarmsAnswer(
        question=question,
        families=tuple(found),
        apart=apart,
        in_words=harm_words.answer(question, found, apart),
        evidence_date=evidence.date,
    )


def published(row: PublishedHarm) -> dict[str, Any]:
    """A published number as plain data, with its words."""
    return asdict(row) | {
        "per_100": row.per_100,
        "shown": row.shown,
        "caveats": list(row.caveats),
    }


def _published(question: HarmsQuestion) -> list[PublishedHarm]:
    """Published harms of both sides, each once."""
    both = (
        *published_harms(question.treatment, question.condition),
        *published_harms(question.comparator, question.condition),
    )
    return list(dict.fromkeys(both))


def _result(
    harms: Harms,
    known: RowsByStudy,
    events: dict[int, dict[str, Any]],
    published: tuple[PublishedHarm, ...],
) -> HarmResult:
    level = harms.question.level
    both = pool(harms.trials, level) if harms.trials.height else None
    one = alone(harms.treated, level) if harms.treated.height else None
    if both is not None:
        happened = both.treatment.events or both.comparator.events
        status: Status = "compared" if happened else "no_event"
    else:
        status = "treated_only" if one else "not_reported"
    silent = int(harms.excluded["silent"].sum())
    excluded = tuple(
        Exclusion(
            row["study_id"],
            known.studies[row["study_id"]]["label"],
            study_link(known.studies[row["study_id"]]),
            row["reason"],
        )
        for row in harms.excluded.iter_rows(named=True)
    )
    return HarmResult(
        family=harms.family,
        status=status,
        pooled=both,
        alone=one,
        trials=tuple(_trial(row, known, events) for row in harms.trials.iter_rows(named=True)),
        treated=tuple(_trial(row, known, events) for row in harms.treated.iter_rows(named=True)),
        excluded=excluded,
        silent=silent,
        published=published,
        in_words=harm_words.family(harms, both, one, silent),
    )


def _trial(row: dict[str, Any], known: RowsByStudy, events: dict[int, dict[str, Any]]) -> HarmTrial:
    study = known.studies[row["study_id"]]
    arms = {arm["arm_id"]: arm for arm in known.arms[row["study_id"]]}
    return HarmTrial(
        study_id=row["study_id"],
        label=row["label"],
        year=row["year"],
        link=study_link(study),
        design=row["design"],
        treatment=_arms(row["arms_t"], arms),
        comparator=_arms(row.get("arms_c", ()), arms),
        event="; ".join(vocabulary.event(code).name for code in row["event"].split(";")),
        month=row["month"],
        events_treatment=row["events_t"],
        n_treatment=row["n_t"],
        events_comparator=row.get("events_c"),
        n_comparator=row.get("n_c"),
        notes=tuple(row["notes"]),
        rows=tuple(_source(events[number], arms) for number in row["rows"]),
    )


def _source(row: dict[str, Any], arms: dict[str, dict[str, Any]]) -> Source:
    when = "month not stated" if row["month"] is None else f"month {row['month']:g}"
    people = "?" if row["n"] is None else f"{row['n']:g}"
    what = (
        f"{arms[row['arm_id']]['label']}: {vocabulary.event(row['event']).name}, {when}: "
        f"{row['events']} of {people}"
    )
    return Source(
        table="events",
        row=row["row"],
        what=what,
        locator=row["locator"],
        read_at=row["source_url"],
        readings=row["readings"],
        flag=row["flag"],
    )


def _arms(arm_ids: list[str], arms: dict[str, dict[str, Any]]) -> str:
    named = Counter(words.arm(arms[arm]) for arm in arm_ids)
    return "; ".join(
        name if number == 1 else f"{name} ({number} arms)" for name, number in named.items()
    )
