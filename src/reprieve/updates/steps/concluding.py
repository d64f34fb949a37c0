"""Concluding: answers whose rows changed are computed again, and a version is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.evidence.records import Evidence
from reprieve.living.store import Store
from reprieve.living.store import models as tables
from reprieve.living.store.models import Batch, Delivery, StoredConclusion, Version
from reprieve.living.store.states import evidence_at, last_batch
from reprieve.living.threads import Threads
from reprieve.updates.affected import affected
from reprieve.updates.alerts import Alert
from reprieve.updates.changes import Difference, compare
from reprieve.updates.concluding import conclude_topic
from reprieve.updates.conclusions import Conclusion, Standing, to_dict
from reprieve.updates.judgements import digests, settled_judgements
from reprieve.updates.kept import (
    JUDGED,
    LOG,
    REGISTERED,
    RETRACTED,
    SILENT,
    SOFTWARE,
    LastVersion,
    last_version,
    stored_pipeline,
    to_keep,
)
from reprieve.updates.pipeline import Pipeline
from reprieve.updates.retractions import retracted_trials
from reprieve.updates.steps.logging import methods, people, record_flow, searches, triggers
from reprieve.updates.steps.watching import Watcher
from reprieve.updates.topics import topics
from reprieve.updates.versions import ReviewVersion


@dataclass(frozen=True)
class Concluded:
    """What came out of computing answers again.

    Attributes
    ----------
    version : ReviewVersion or None
        The new version; None where there was nothing to say.
    alerts : tuple of Alert
    recomputed, kept : int
        Questions asked again, and those whose rows had not changed.
    """

    version: ReviewVersion | None
    alerts: tuple[Alert, ...]
    recomputed: int
    kept: int


@dataclass(frozen=True)
class _State:
    """Everything that a version is made from, as of one moment."""

    evidence: Evidence
    batch: int
    before: Evidence | None
    last: LastVersion | None
    pipeline: Pipeline
    judgements: list[BiasJudgement]
    judged: dict[str, str]
    """The digest of what was judged of each trial."""
    judged_otherwise: set[str]
    """Trials whose risk of bias is not what it was at the last version."""


def conclude_version(
    store: Store,
    run: int | None,
    threads: Threads,
    *,
    software: str,
    schedule: str = "",
    retire: str = "",
    channels: Sequence[str] = (),
    watch: Watcher,
    write: bool = True,
) -> Concluded:
    """Ask again what can have changed; write a version and its alerts if there is news.

    The version, its conclusions, its alerts and what has to be delivered are written together or
    not at all.

    Parameters
    ----------
    store : Store
    run : int or None
        The id of the run.
    threads : Threads
        Of the records, for retractions.
    software : str
        The version of Reprieve; another one asks everything again.
    schedule : str
        How often searches are made, in the team's words.
    retire : str
        Why the review is retired; empty while it lives.
    channels : sequence of str
        Names of the ways out that each alert has to take.
    watch : Watcher
    write : bool
        Whether to write anything.

    Raises
    ------
    InputError
        There is no evidence in the store.
    """
    while True:
        state = _state(store)
        standing, recomputed, kept = _standing(state, threads, software, watch)
        with store.writing() if write else store.reading() as session:
            now_last = last_batch(session)
            if now_last is None or now_last.id != state.batch:
                continue  # someone changed evidence meanwhile: once more
            made = _version(session, state, standing, software, schedule, retire, run)
            alerts = _alerts(made, state, standing)
            if made is not None and write:
                _write(session, run, made, state, standing, alerts, channels, software)
        return Concluded(made, alerts, recomputed, kept)


def _state(store: Store) -> _State:
    judgements = settled_judgements(store)
    judged = digests(judgements)
    with store.reading() as session:
        evidence = evidence_at(session, None, store.origin)
        batch = last_batch(session)
        assert batch is not None  # else there would be no evidence
        last = last_version(session)
        judged_before = {} if last is None else last.row.data.get(JUDGED, {})
        before = None
        if last is not None and last.row.batch_id is not None:
            moment = session.get_one(Batch, last.row.batch_id).at
            before = evidence_at(session, moment, store.origin)
        today = datetime.now(UTC).date()
        registered = stored_pipeline(session, evidence, today)
        return _State(
            evidence,
            batch.id,
            before,
            last,
            registered,
            judgements,
            judged,
            # A trial that is only in one of them counts as well.
            {study for study, _ in judged.items() ^ judged_before.items()},
        )


def _standing(
    state: _State, threads: Threads, software: str, watch: Watcher
) -> tuple[Standing, int, int]:
    """What stands now; answers whose rows are as they were are taken as they were."""
    every = list(topics(sorted(set(state.evidence.studies["condition"]))))
    wanted = every
    conclusions: dict[str, Conclusion] = {}
    last, before = state.last, state.before
    if last is not None and before is not None and last.row.data[SOFTWARE] == software:
        wanted = affected(before, state.evidence, state.judged_otherwise)
        keys = {topic.key for topic in every}
        conclusions = {k: c for k, c in last.standing.conclusions.items() if k in keys}
    for done, topic in enumerate(wanted, start=1):
        conclusion = conclude_topic(topic, state.evidence, state.judgements)
        conclusions.pop(topic.key, None)
        if conclusion is not None:
            conclusions[topic.key] = conclusion
        watch("conclude", done, len(wanted), topic.key)
    standing = Standing(
        date=datetime.now(UTC).date().isoformat(),
        conclusions=conclusions,
        retracted=retracted_trials(state.evidence, threads, conclusions.values()),
        silent=state.pipeline.silent,
    )
    return standing, len(wanted), len(every) - len(wanted)


def _version(
    session: Session,
    state: _State,
    standing: Standing,
    software: str,
    schedule: str,
    retire: str,
    run: int | None,
) -> ReviewVersion | None:
    """The version that there is to write, if there is news."""
    last = state.last
    row = None if last is None else last.row
    differences = () if last is None else compare(_known(state, standing, last.standing), standing)
    moment = None if row is None else row.at
    at = datetime.now(UTC)
    flow = record_flow(session, state.evidence, moment)
    why = triggers(
        session, row, flow, state.batch, state.judged_otherwise, software, differences, retire
    )
    if not why:
        return None
    return ReviewVersion(
        number=1 if row is None else row.number + 1,
        date=at.isoformat(),
        software=software,
        preceding="" if row is None else f"version {row.number} ({row.at:%Y-%m-%d})",
        triggers=why,
        searches=searches(session, moment),
        flow=flow,
        methods=methods(row, software),
        people=people(session, row),
        schedule=schedule,
        differences=differences,
        retired=retire,
    )


def _known(state: _State, now: Standing, before: Standing) -> Standing:
    """A state before, as far as it can be held against now.

    An overdue trial that is seen for the first time counts as overdue before: it did not fall
    silent now, but was not looked at. One that is not among the registrations any more has not
    spoken either.
    """
    assert state.last is not None
    seen = {each.trial.id for each in state.pipeline.trials}
    first = {key: each for key, each in now.silent.items() if key not in state.last.registered}
    still = {key: each for key, each in before.silent.items() if key in seen}
    return replace(before, silent=still | first)


def _alerts(made: ReviewVersion | None, state: _State, standing: Standing) -> tuple[Alert, ...]:
    """What readers have to be told: conclusions that differ from what they were last told."""
    if made is None or state.last is None:
        return ()
    told: tuple[Difference, ...] = compare(_known(state, standing, state.last.announced), standing)
    return tuple(Alert(made.number, made.date, each) for each in told if each.alerts)


def _write(
    session: Session,
    run: int | None,
    made: ReviewVersion,
    state: _State,
    standing: Standing,
    alerts: Sequence[Alert],
    channels: Sequence[str],
    software: str,
) -> None:
    moment = datetime.fromisoformat(made.date)
    version = Version(
        number=made.number,
        at=moment,
        run_id=run,
        batch_id=state.batch,
        data={
            LOG: made.to_dict(),
            SOFTWARE: software,
            RETRACTED: to_keep(standing.retracted),
            SILENT: to_keep(standing.silent),
            JUDGED: state.judged,
            REGISTERED: {each.trial.id: each.state for each in state.pipeline.trials},
        },
    )
    session.add(version)
    session.flush()
    before = state.last.standing.conclusions if state.last else {}
    for question in dict.fromkeys([*before, *standing.conclusions]):
        now = standing.conclusions.get(question)
        if before.get(question) != now:
            data = to_dict(now) if now is not None else {}
            session.add(
                StoredConclusion(
                    version_id=version.id,
                    at=moment,
                    question=question,
                    inputs_hash=_hash(data),
                    data=data,
                )
            )
    for alert in alerts:
        row = tables.Alert(
            key=alert.key,
            version_id=version.id,
            at=moment,
            kind=",".join(alert.kinds),
            question=alert.difference.key,
            words=alert.text(),
            data=alert.to_dict(),
        )
        row.deliveries = [Delivery(channel=name) for name in channels]
        session.add(row)


def _hash(data: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
