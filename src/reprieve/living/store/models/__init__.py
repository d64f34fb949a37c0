"""The tables of the store, in the words of SQLAlchemy; `migrations` makes them."""

from reprieve.living.store.models.accounts import PROGRAM, ROLES, Token, User
from reprieve.living.store.models.base import Base
from reprieve.living.store.models.evidence import Batch, EvidenceRow, Revision
from reprieve.living.store.models.records import FetchedRecord, RecordState, Search, Thread
from reprieve.living.store.models.versions import (
    Alert,
    Delivery,
    Lock,
    Run,
    StoredConclusion,
    Version,
)
from reprieve.living.store.models.worklists import (
    WORK_KINDS,
    WORK_STATES,
    Decision,
    Ranking,
    Reservation,
    WorkItem,
)

APPEND_ONLY = (
    Batch.__tablename__,
    Revision.__tablename__,
    RecordState.__tablename__,
    Decision.__tablename__,
    Version.__tablename__,
    StoredConclusion.__tablename__,
    Alert.__tablename__,
)
"""Tables whose rows are never changed nor deleted; triggers in the database see to it."""

__all__ = [
    "APPEND_ONLY",
    "PROGRAM",
    "ROLES",
    "WORK_KINDS",
    "WORK_STATES",
    "Alert",
    "Base",
    "Batch",
    "Decision",
    "Delivery",
    "EvidenceRow",
    "FetchedRecord",
    "Lock",
    "Ranking",
    "RecordState",
    "Reservation",
    "Revision",
    "Run",
    "Search",
    "StoredConclusion",
    "Thread",
    "Token",
    "User",
    "Version",
    "WorkItem",
]
