"""One table of jobs, the workers there are, and a row an epoch of a training run.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# How each table's rows become jobs: queue, subject, city, title, claim, lock, priority, exit code.
KINDS = {
    "run": (
        "train",
        "training",
        "(SELECT slug FROM city WHERE city.id = old.city_id)",
        "old.city_id",
        "'Training with ' || old.recipe",
        "NULL",
        "'city-' || old.city_id",
        0,
        "old.metrics",
    ),
    "study": (
        "study",
        "studies",
        "(SELECT slug FROM city WHERE city.id = old.city_id)",
        "old.city_id",
        "'Study: ' || old.kind",
        "NULL",
        "NULL",
        0,
        "old.result",
    ),
    "fetch": (
        "fetch",
        "fetching",
        "old.slug",
        "NULL::bigint",
        "'Fetch ' || old.name",
        "'city:' || old.slug",
        "'fetch'",
        0,
        "old.result",
    ),
}
MOVED = (
    "state",
    "stage",
    "progress",
    "error",
    "cancel_requested",
    "attempts",
    "heartbeat",
    "created_at",
    "started_at",
    "finished_at",
)


def _document(name: str, empty: str = "{}") -> sa.Column[object]:
    """A JSON value that is empty until something is written."""
    return sa.Column(
        name,
        postgresql.JSONB(astext_type=sa.Text()),
        server_default=sa.text(f"'{empty}'::jsonb"),
        nullable=False,
    )


def _word(name: str, default: str) -> sa.Column[object]:
    return sa.Column(name, sa.String(), server_default=default, nullable=False)


def _count(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _state_columns() -> list[sa.Column[object]]:
    return [
        _word("state", "queued"),
        _word("stage", ""),
        sa.Column("progress", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column(
            "cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        _count("attempts"),
        _moment("heartbeat"),
        _now("created_at"),
        _moment("started_at"),
        _moment("finished_at"),
    ]


def _state_checks(table: str) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')",
            name=op.f(f"ck_{table}_state"),
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f(f"ck_{table}_progress")),
    ]


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=True),
        _word("subject", ""),
        _word("title", ""),
        _document("request"),
        sa.Column("claim", sa.String(), nullable=True),
        sa.Column("lock", sa.String(), nullable=True),
        _count("priority"),
        sa.Column("seconds_left", sa.Double(), nullable=True),
        sa.Column("error_type", sa.String(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        _count("exit_code"),
        _count("starts"),
        _document("result"),
        *_state_columns(),
        *_state_checks("job"),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_job_city_id_city"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index(op.f("ix_job_kind"), "job", ["kind"], unique=False)
    op.create_index(op.f("ix_job_city_id"), "job", ["city_id"], unique=False)
    op.create_index(
        "uq_job_one_unfinished_a_claim",
        "job",
        ["claim"],
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_index(
        "uq_job_one_running_a_lock",
        "job",
        ["lock"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        _now("started_at"),
        _now("heartbeat"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
    )
    op.create_index(op.f("ix_worker_queue"), "worker", ["queue"], unique=False)
    op.create_table(
        "run_epoch",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_run_epoch_run_id_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "epoch", name=op.f("pk_run_epoch")),
    )
    op.execute(
        "INSERT INTO run_epoch (run_id, epoch, entry) "
        "SELECT DISTINCT ON (run.id, epoch) run.id, (one.entry->>'epoch')::integer AS epoch, "
        "one.entry FROM run, jsonb_array_elements(run.history) WITH ORDINALITY AS one(entry, place) "
        "WHERE one.entry ? 'epoch' ORDER BY run.id, epoch, one.place DESC"
    )
    for table, facts in KINDS.items():
        _rows_to_jobs(table, *facts)
    op.drop_column("run", "history")
    op.drop_column("fetch", "device")


def _rows_to_jobs(
    table: str,
    kind: str,
    queue: str,
    subject: str,
    city: str,
    title: str,
    claim: str,
    lock: str,
    priority: int,
    outcome: str,
) -> None:
    """Give every row its job, and take from the row what the job says."""
    op.add_column(table, sa.Column("job_id", sa.BigInteger(), nullable=True))
    op.execute(f'UPDATE "{table}" SET job_id = nextval(pg_get_serial_sequence(\'job\', \'id\'))')
    moved = ", ".join(MOVED)
    op.execute(
        "INSERT INTO job (id, kind, queue, subject, city_id, title, claim, lock, priority, "
        f"request, exit_code, {moved}) "
        f"SELECT old.job_id, '{kind}', '{queue}', {subject}, {city}, {title}, {claim}, {lock}, "
        f"{priority}, jsonb_build_object('{table}', old.id), "
        f"CASE WHEN old.state = 'failed' THEN coalesce(({outcome}->>'exit_code')::integer, 1) "
        f"ELSE 0 END, {', '.join(f'old.{name}' for name in MOVED)} FROM \"{table}\" AS old"
    )
    op.alter_column(table, "job_id", nullable=False)
    op.create_unique_constraint(op.f(f"uq_{table}_job_id"), table, ["job_id"])
    op.create_foreign_key(
        op.f(f"fk_{table}_job_id_job"), table, "job", ["job_id"], ["id"], ondelete="CASCADE"
    )
    for name in MOVED:  # checks and partial indexes on them go along
        op.drop_column(table, name)
    column = "metrics" if table == "run" else "result"
    op.execute(f"UPDATE \"{table}\" SET {column} = {column} - 'exit_code'")


def downgrade() -> None:
    op.add_column("run", _document("history", "[]"))
    op.execute(
        "UPDATE run SET history = coalesce((SELECT jsonb_agg(entry ORDER BY epoch) "
        "FROM run_epoch WHERE run_epoch.run_id = run.id), '[]'::jsonb)"
    )
    op.add_column("fetch", _word("device", ""))
    for table in KINDS:
        for state_column in _state_columns():
            op.add_column(table, state_column)
        op.execute(
            f"UPDATE \"{table}\" SET {', '.join(f'{name} = job.{name}' for name in MOVED)} "
            f"FROM job WHERE job.id = \"{table}\".job_id"
        )
        column = "metrics" if table == "run" else "result"
        op.execute(
            f"UPDATE \"{table}\" SET {column} = \"{table}\".{column} || jsonb_build_object('exit_code', "
            f"job.exit_code) FROM job WHERE job.id = \"{table}\".job_id AND job.state = 'failed'"
        )
        for check in _state_checks(table):
            op.create_check_constraint(str(check.name), table, check.sqltext)
        op.drop_column(table, "job_id")
    op.create_index(
        "uq_run_one_running_a_city",
        "run",
        ["city_id"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "uq_fetch_one_at_work_a_slug",
        "fetch",
        ["slug"],
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.drop_table("run_epoch")
    op.drop_table("worker")
    op.drop_table("job")
