"""All tables of the first store, and triggers that keep history from being rewritten.

The program gets its account here: it proposes, people verify.

Revision 0001, the first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
RANK = sa.String().with_variant(sa.String(collation="C"), "postgresql")

APPEND_ONLY = (
    "batches",
    "revisions",
    "record_states",
    "decisions",
    "versions",
    "conclusions",
    "alerts",
)


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "evidence_rows",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Text(), nullable=False),
        sa.Column("position", RANK, nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("readings", NUMBER, nullable=True),
        sa.Column("version", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evidence_rows"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_evidence_rows_readings_id", "evidence_rows", ["readings", "id"])
    op.create_index(
        "ix_evidence_rows_study_id_table_name", "evidence_rows", ["study_id", "table_name"]
    )
    op.create_index(
        "ix_evidence_rows_table_name_position", "evidence_rows", ["table_name", "position"]
    )
    op.create_table(
        "locks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("process", NUMBER, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("alive", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_locks"),
    )
    op.create_table(
        "rankings",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("trained_on", NUMBER, nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rankings"),
    )
    op.create_index("ix_rankings_kind_id", "rankings", ["kind", "id"])
    op.create_table(
        "threads",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("changed", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_threads"),
        sa.UniqueConstraint("key", name="uq_threads_key"),
    )
    op.create_index("ix_threads_study_id", "threads", ["study_id"])
    op.create_table(
        "users",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('person', 'program')", name="ck_users_kind"),
        sa.CheckConstraint(
            "role IN ('reader', 'reviewer', 'editor', 'admin')", name="ck_users_role"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )
    op.create_table(
        "batches",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("package_date", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('import', 'edit', 'proposal', 'verification', 'adjudication', 'undo')",
            name="ck_batches_kind",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_batches_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_batches_at", "batches", ["at"])
    op.create_table(
        "records",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("recognised", sa.JSON(), nullable=True),
        sa.Column("is_cell_therapy", sa.Boolean(), nullable=True),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("retracted", sa.Boolean(), nullable=False),
        sa.Column("has_results", sa.Boolean(), nullable=False),
        sa.Column("thread_id", NUMBER, nullable=True),
        sa.Column("first_seen", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
        sa.Column("changed", MOMENT, nullable=False),
        sa.Column("vanished", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name="fk_records_thread_id"),
        sa.PrimaryKeyConstraint("id", name="pk_records"),
        sa.UniqueConstraint("source", "source_id", name="uq_records_source_source_id"),
    )
    op.create_index("ix_records_condition_id", "records", ["condition", "id"])
    op.create_index("ix_records_thread_id", "records", ["thread_id"])
    op.create_table(
        "runs",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("started", MOMENT, nullable=False),
        sa.Column("finished", MOMENT, nullable=True),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_runs_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_kind_id", "runs", ["kind", "id"])
    op.create_table(
        "tokens",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("expires", MOMENT, nullable=True),
        sa.Column("revoked", MOMENT, nullable=True),
        sa.Column("last_used", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tokens_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("sha256", name="uq_tokens_sha256"),
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"])
    op.create_table(
        "record_states",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("record_id", NUMBER, nullable=False),
        sa.Column("seen", MOMENT, nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_record_states_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_record_states"),
    )
    op.create_index("ix_record_states_record_id_id", "record_states", ["record_id", "id"])
    op.create_table(
        "revisions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("batch_id", NUMBER, nullable=False),
        sa.Column("row_id", NUMBER, nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("position", RANK, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("undoes", NUMBER, nullable=True),
        sa.CheckConstraint("action IN ('insert', 'update', 'delete')", name="ck_revisions_action"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_revisions_batch_id"),
        sa.ForeignKeyConstraint(["undoes"], ["revisions.id"], name="fk_revisions_undoes"),
        sa.PrimaryKeyConstraint("id", name="pk_revisions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_revisions_batch_id", "revisions", ["batch_id"])
    op.create_index("ix_revisions_row_id_id", "revisions", ["row_id", "id"])
    op.create_index("ix_revisions_study_id_id", "revisions", ["study_id", "id"])
    op.create_table(
        "searches",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("run_id", NUMBER, nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("started", MOMENT, nullable=False),
        sa.Column("finished", MOMENT, nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("total", NUMBER, nullable=True),
        sa.Column("found", NUMBER, nullable=False),
        sa.Column("new", NUMBER, nullable=False),
        sa.Column("changed", NUMBER, nullable=False),
        sa.Column("unchanged", NUMBER, nullable=False),
        sa.Column("vanished", NUMBER, nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_searches_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_searches"),
    )
    op.create_index("ix_searches_run_id", "searches", ["run_id"])
    op.create_index("ix_searches_source_id", "searches", ["source", "id"])
    op.create_table(
        "versions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("run_id", NUMBER, nullable=True),
        sa.Column("batch_id", NUMBER, nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_versions_batch_id"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_versions_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_versions"),
        sa.UniqueConstraint("number", name="uq_versions_number"),
    )
    op.create_index("ix_versions_run_id", "versions", ["run_id"])
    op.create_table(
        "work_items",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("record_id", NUMBER, nullable=True),
        sa.Column("thread_id", NUMBER, nullable=True),
        sa.Column("study_id", sa.Text(), nullable=True),
        sa.Column("row_id", NUMBER, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("priority", sa.Float(53), nullable=False),
        sa.Column("needs", NUMBER, nullable=False),
        sa.Column("decided", NUMBER, nullable=False),
        sa.Column("half_by", NUMBER, nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("changed", MOMENT, nullable=False),
        sa.CheckConstraint("state IN ('open', 'conflict', 'done')", name="ck_work_items_state"),
        sa.ForeignKeyConstraint(["half_by"], ["users.id"], name="fk_work_items_half_by"),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_work_items_record_id"),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name="fk_work_items_thread_id"),
        sa.PrimaryKeyConstraint("id", name="pk_work_items"),
        sa.UniqueConstraint("kind", "subject", name="uq_work_items_kind_subject"),
    )
    op.create_index(
        "ix_work_items_kind_state_priority_id_half_by",
        "work_items",
        ["kind", "state", "priority", "id", "half_by"],
    )
    op.create_index("ix_work_items_record_id", "work_items", ["record_id"])
    op.create_index("ix_work_items_row_id", "work_items", ["row_id"])
    op.create_index("ix_work_items_study_id", "work_items", ["study_id"])
    op.create_index("ix_work_items_thread_id", "work_items", ["thread_id"])
    op.create_table(
        "alerts",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version_id", NUMBER, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_alerts_version_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("key", name="uq_alerts_key"),
    )
    op.create_index("ix_alerts_question_id", "alerts", ["question", "id"])
    op.create_index("ix_alerts_version_id", "alerts", ["version_id"])
    op.create_table(
        "conclusions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("version_id", NUMBER, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("inputs_hash", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_conclusions_version_id"),
        sa.PrimaryKeyConstraint("id", name="pk_conclusions"),
    )
    op.create_index("ix_conclusions_question_id", "conclusions", ["question", "id"])
    op.create_index(
        "ix_conclusions_question_inputs_hash", "conclusions", ["question", "inputs_hash"]
    )
    op.create_index("ix_conclusions_version_id", "conclusions", ["version_id"])
    op.create_table(
        "decisions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("item_id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=True),
        sa.Column("undoes", NUMBER, nullable=True),
        sa.CheckConstraint("part IN ('reviewer', 'adjudicator')", name="ck_decisions_part"),
        sa.ForeignKeyConstraint(["item_id"], ["work_items.id"], name="fk_decisions_item_id"),
        sa.ForeignKeyConstraint(["undoes"], ["decisions.id"], name="fk_decisions_undoes"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_decisions_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decisions_item_id_id", "decisions", ["item_id", "id"])
    op.create_index("ix_decisions_user_id_id", "decisions", ["user_id", "id"])
    op.create_table(
        "reservations",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("item_id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["work_items.id"], name="fk_reservations_item_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_reservations_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reservations"),
        sa.UniqueConstraint("item_id", "user_id", name="uq_reservations_item_id_user_id"),
    )
    op.create_index("ix_reservations_user_id", "reservations", ["user_id"])
    op.create_table(
        "deliveries",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("alert_id", NUMBER, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("tried", MOMENT, nullable=True),
        sa.Column("delivered", MOMENT, nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivered', 'failed')", name="ck_deliveries_state"
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_deliveries_alert_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("alert_id", "channel", name="uq_deliveries_alert_id_channel"),
    )
    op.create_index("ix_deliveries_state_id", "deliveries", ["state", "id"])

    for table in APPEND_ONLY:
        _refuse_rewriting(table)
    op.execute(
        sa.text(
            "INSERT INTO users (name, full_name, email, kind, role, active, created) VALUES "
            "('reprieve', '', '', 'program', 'reviewer', TRUE, CURRENT_TIMESTAMP)"
        )
    )


def _refuse_rewriting(table: str) -> None:
    """Triggers by which the database itself refuses to change or delete what was written."""
    message = f"{table} is append-only"
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}'; END $$"
    )
    for action, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER {table}_no_{each.lower()} BEFORE {action} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION {table}_append_only()"
        )
