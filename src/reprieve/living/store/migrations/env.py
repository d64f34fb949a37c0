"""What Alembic runs: over the connection that it was handed, in the transaction that is open."""

from __future__ import annotations

from alembic import context

from reprieve.living.store.migrating import VERSION_TABLE

if hasattr(context, "config"):  # only there while Alembic runs this file
    context.configure(
        connection=context.config.attributes["connection"], version_table=VERSION_TABLE
    )
    with context.begin_transaction():
        context.run_migrations()
