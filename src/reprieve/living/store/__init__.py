"""The evidence that a team edits together: in SQL, with every change kept.

`open_store` opens a database; everything else hangs on the `Store` it gives.
"""

from reprieve.living.store.changes import Delete, Insert, Update
from reprieve.living.store.errors import AccessError, ConflictError, FaultyChangeError, StoreError
from reprieve.living.store.history import told
from reprieve.living.store.store import Store, open_store

__all__ = [
    "AccessError",
    "ConflictError",
    "Delete",
    "FaultyChangeError",
    "Insert",
    "Store",
    "StoreError",
    "Update",
    "open_store",
    "told",
]
