"""Versions, conclusions and alerts as the store keeps them, read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from reprieve.errors import InputError
from reprieve.evidence.records import Evidence
from reprieve.living.store import Store
from reprieve.living.store import models as tables
from reprieve.living.store.models import FetchedRecord, StoredConclusion, Version
from reprieve.living.store.records import record_of
from reprieve.updates.alerts import Alert, alert_from
from reprieve.updates.conclusions import Conclusion, Notice, Standing, from_dict, notice_from
from reprieve.updates.pipeline import Pipeline, pipeline
from reprieve.updates.registered import registered_trial, shipped_pipeline
from reprieve.updates.versions import ReviewVersion, version_from

LOG, RETRACTED, REGISTERED, SILENT, SOFTWARE, JUDGED = (
    "log",
    "retracted",
    "registered",
    "silent",
    "software",
    "judged",
)
"""What `Version.data` holds: the log; retracted trials; the state of each registered trial, and the
overdue ones; the version of Reprieve; and a digest of what was judged of each trial's risk of bias.
"""


@dataclass(frozen=True)
class LastVersion:
    """The last version of the review, as far as the next one needs it.

    Attributes
    ----------
    row : Version
    standing : Standing
        What it concluded.
    announced : Standing
        What readers were last told: each conclusion as of its last alert, or the first one.
    registered : dict of str to str
        The state of each registered trial.
    """

    row: Version
    standing: Standing
    announced: Standing
    registered: dict[str, str] = field(default_factory=dict)


def last_version(session: Session) -> LastVersion | None:
    """The last version, or None before the first."""
    row = session.scalar(select(Version).order_by(Version.number.desc()).limit(1))
    if row is None:
        return None
    told = _told(session)
    number_of = {each.id: each.number for each in session.scalars(select(Version))}
    now: dict[str, Conclusion] = {}
    announced: dict[str, Conclusion] = {}
    seen: set[str] = set()
    for kept in session.scalars(select(StoredConclusion).order_by(StoredConclusion.id)):
        key, conclusion = kept.question, from_dict(kept.data) if kept.data else None
        _put(now, key, conclusion)
        first = key not in seen
        if number_of[kept.version_id or 0] <= told[key] if key in told else first:
            _put(announced, key, conclusion)
        seen.add(key)
    notices = {
        name: {key: notice_from(each) for key, each in row.data[name].items()}
        for name in (RETRACTED, SILENT)
    }
    day = f"{row.at:%Y-%m-%d}"
    return LastVersion(
        row,
        Standing(day, now, notices[RETRACTED], notices[SILENT]),
        Standing(day, announced, notices[RETRACTED], notices[SILENT]),
        dict(row.data[REGISTERED]),
    )


def _put(found: dict[str, Conclusion], key: str, conclusion: Conclusion | None) -> None:
    if conclusion is None:
        found.pop(key, None)
    else:
        found[key] = conclusion


def _told(session: Session) -> dict[str, int]:
    """For each question the number of the last version whose alerts told of it."""
    told: dict[str, int] = {}
    for data in session.scalars(select(tables.Alert.data).order_by(tables.Alert.id)):
        difference = data["difference"]
        for key in (difference["key"], *difference["also_keys"]):
            told[key] = data["version"]
    return told


def versions(store: Store) -> list[ReviewVersion]:
    """All versions of the review, the newest first."""
    with store.reading() as session:
        rows = session.scalars(select(Version).order_by(Version.number.desc())).all()
        return [version_from(row.data[LOG]) for row in rows]


def version(store: Store, number: int | None = None) -> ReviewVersion:
    """One version of the review; by default the last.

    Raises
    ------
    InputError
        There is no such version.
    """
    for found in versions(store):
        if number in (None, found.number):
            return found
    which = "any version" if number is None else f"a version {number}"
    raise InputError(
        f"the store {store.origin} does not hold {which} of the review; `reprieve update` makes one"
    )


def refuse_retired(session: Session) -> None:
    """Raise where the review has been retired.

    Raises
    ------
    InputError
    """
    row = session.scalar(select(Version).order_by(Version.number.desc()).limit(1))
    if row is not None and (why := row.data[LOG]["retired"]):
        raise InputError(f"the review has been retired ({why}); it is not updated any more")


def alerts(store: Store, *, most: int = 50) -> list[Alert]:
    """The last alerts, the newest first."""
    with store.reading() as session:
        rows = session.scalars(
            select(tables.Alert.data).order_by(tables.Alert.id.desc()).limit(most)
        )
        return [alert_from(data) for data in rows]


def stored_pipeline(session: Session, evidence: Evidence, on: date) -> Pipeline:
    """The pipeline of the registrations in a store; of the extract that ships where it has none.

    Parameters
    ----------
    session : Session
    evidence : Evidence
    on : date
        The day; the extract that ships knows only its own.
    """
    rows = session.scalars(
        select(FetchedRecord)
        .where(
            FetchedRecord.kind == "registration",
            FetchedRecord.is_cell_therapy.is_(True),
            FetchedRecord.condition != "",
            FetchedRecord.vanished.is_(None),
        )
        .order_by(FetchedRecord.id)
    ).all()
    if not rows:
        return shipped_pipeline(evidence)
    trials = (registered_trial(record_of(session, row), row.recognised or {}) for row in rows)
    latest = max(row.last_seen for row in rows)
    sources = ", ".join(sorted({row.source for row in rows}))
    return pipeline(trials, evidence, on, f"{sources}, as fetched until {latest:%Y-%m-%d}")


def to_keep(notices: Mapping[str, Notice]) -> dict[str, Any]:
    """Notices as JSON can hold them."""
    return {key: asdict(notice) for key, notice in notices.items()}
