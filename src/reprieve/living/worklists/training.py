"""The model behind the order of screening: trained in the background, waited for by nobody."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.orm import Session

from reprieve.errors import ReprieveError
from reprieve.living.screening import Priority, Stopping, assess, screening_text
from reprieve.living.screening.priority import IRRELEVANT, RELEVANT, UNSCREENED
from reprieve.living.store import Store
from reprieve.living.store.clock import now
from reprieve.living.store.models import PROGRAM, Decision, FetchedRecord, Ranking, WorkItem
from reprieve.living.store.permissions import Who, acting
from reprieve.living.store.records import record_of
from reprieve.living.worklists.decisions import REVIEWER
from reprieve.living.worklists.queueing import prior
from reprieve.living.worklists.words import TAKEN_BACK

KIND = "screening"
LOCK = "training of the screening model"
_AT_ONCE = 1000


@dataclass(frozen=True)
class Trained:
    """One training of the model.

    Attributes
    ----------
    records, trained_on : int
        Records on the list, and those that people have decided on.
    moved : int
        Records that nobody has decided on whose priority changed.
    stopping : Stopping
        What the stopping rule says of the records that are done.
    """

    records: int
    trained_on: int
    moved: int
    stopping: Stopping


class Ranker:
    """Trains the model and brings the list into its order; keeps the words between trainings.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: tuple[tuple[int, str], ...] = ()
        self._model: Priority | None = None

    def train(self, *, who: Who) -> Trained:
        """Learn from all decisions so far, and reorder what nobody has decided on.

        Where one of two has decided the record keeps its place: a new one would tell the other
        what the first has said. Reads in one transaction, learns in none, and writes in short
        ones, so that people who screen meanwhile do not wait.

        Raises
        ------
        StoreError
            If another process is training.
        """
        with self._store.lock(LOCK):
            with self._store.reading() as session:
                acting(session, who, "update")
                items = _items(session)
                labels = _labels(session)
                done = _done(session)
                model = self._prepared(session, items)
                last = session.scalar(select(func.max(Decision.id))) or 0
            known = [labels.get(item.id, UNSCREENED) for item in items]
            scores = model.scores(known)
            stopping = assess(done, total=len(items))
            moved = self._write(
                {
                    item.id: float(score)
                    for item, score in zip(items, scores, strict=True)
                    if item.state == "open" and not item.decided and item.priority != score
                }
            )
            trained_on = len(items) - known.count(UNSCREENED)
            with self._store.writing() as session:
                session.add(
                    Ranking(
                        kind=KIND,
                        at=now(),
                        trained_on=trained_on,
                        data={
                            "stopping": stopping.to_dict(),
                            "advice": str(stopping),
                            "last_decision": last,
                        },
                    )
                )
            return Trained(len(items), trained_on, moved, stopping)

    def _prepared(self, session: Session, items: list[Row[Any]]) -> Priority:
        """The model over the texts of these records; made anew only when one has changed."""
        known = tuple((item.id, item.content_hash) for item in items)
        if self._model is None or known != self._known:
            ids = [item.record_id for item in items]
            records: dict[int, FetchedRecord] = {}
            for start in range(0, len(ids), _AT_ONCE):
                some = select(FetchedRecord).where(FetchedRecord.id.in_(ids[start:][:_AT_ONCE]))
                records |= {row.id: row for row in session.scalars(some)}
            self._model = Priority(
                [screening_text(record_of(session, records[i])) for i in ids],
                [prior(records[i]) for i in ids],
            )
            self._known = known
        return self._model

    def _write(self, priorities: dict[int, float]) -> int:
        """New priorities; the version stays, for nothing that people decide on has changed."""
        statement = (
            update(WorkItem.__table__)  # type: ignore[arg-type]
            .where(WorkItem.id == bindparam("item"))
            .values(priority=bindparam("score"))
        )
        rows = [{"item": item_id, "score": score} for item_id, score in priorities.items()]
        for start in range(0, len(rows), _AT_ONCE):
            with self._store.writing() as session:
                session.connection().execute(statement, rows[start:][:_AT_ONCE])
        return len(rows)


def _items(session: Session) -> list[Row[Any]]:
    """All records on the list."""
    every = (
        select(WorkItem.id, WorkItem.record_id, WorkItem.state, WorkItem.priority)
        .add_columns(WorkItem.decided, FetchedRecord.content_hash)
        .join(FetchedRecord, FetchedRecord.id == WorkItem.record_id)
        .where(WorkItem.kind == KIND)
        .order_by(WorkItem.id)
    )
    return list(session.execute(every))


def _labels(session: Session) -> dict[int, int]:
    """What people said of each record so far: relevant where anyone lets it through.

    Where an adjudicator has spoken, that counts alone.
    """
    every = (
        select(Decision.item_id, Decision.part, Decision.decision)
        .join(WorkItem, WorkItem.id == Decision.item_id)
        .where(WorkItem.kind == KIND, Decision.undoes.is_(None))
        .where(Decision.id.not_in(_taken_back()))
    )
    said: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for item_id, part, decision in session.execute(every):
        said[item_id][part].add(decision)
    labels = {}
    for item_id, parts in said.items():
        words = parts.get("adjudicator") or parts[REVIEWER]
        labels[item_id] = IRRELEVANT if words == {"exclude"} else RELEVANT
    return labels


def _done(session: Session) -> list[int]:
    """Whether each record that is done is relevant, in the order in which they became so."""
    last = (
        select(Decision.item_id, func.max(Decision.id).label("last"))
        .where(Decision.undoes.is_(None))
        .group_by(Decision.item_id)
        .subquery()
    )
    every = (
        select(WorkItem.outcome)
        .join(last, last.c.item_id == WorkItem.id)
        .where(WorkItem.kind == KIND, WorkItem.state == "done")
        .order_by(last.c.last)
    )
    return [int(outcome != "exclude") for outcome in session.scalars(every)]


def _taken_back() -> Any:
    return select(Decision.undoes).where(Decision.decision == TAKEN_BACK)


class BackgroundTraining:
    """Trains after every few decisions, one training at a time, in a thread of its own.

    Whoever says that there is a new decision goes on at once. What comes while a training runs is
    learned by the next one.

    Parameters
    ----------
    store : Store
    every : int
        After how many decisions to train.
    who : str
        As whom it trains; the program's own account by default.

    Examples
    --------
    >>> from reprieve.living.store import open_store
    >>> with BackgroundTraining(open_store(":memory:"), every=5) as training:
    ...     training.decided()
    """

    def __init__(self, store: Store, *, every: int = 10, who: Who = PROGRAM) -> None:
        self._ranker, self._who, self._every = Ranker(store), who, every
        self._changed = threading.Condition()
        self._decisions = self._learned = 0
        self._ended = False
        self.error: ReprieveError | None = None
        """Why the last training failed; None where it did not."""
        self._thread = threading.Thread(target=self._run, name="training", daemon=True)
        self._thread.start()

    def decided(self, times: int = 1) -> None:
        """Say that there are new decisions; returns at once."""
        with self._changed:
            self._decisions += times
            self._changed.notify_all()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until no training is due or running; False if that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._due(), seconds)

    def close(self) -> None:
        """End the thread, after the training that is running."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()

    def __enter__(self) -> BackgroundTraining:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _due(self) -> bool:
        return self._decisions - self._learned >= self._every

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due() or self._ended)
                if self._ended:
                    return
                learns = self._decisions
            try:
                self._ranker.train(who=self._who)
                self.error = None
            except ReprieveError as error:  # another process is training, or the store is busy
                self.error = error
            with self._changed:
                self._learned = learns
                self._changed.notify_all()
