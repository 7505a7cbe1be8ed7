"""Fetches of public data, what a city was made from, and how its files hold their numbers.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


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


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def upgrade() -> None:
    op.add_column("city", _word("embedding", "alphaearth"))
    op.add_column("city", _document("sources", "[]"))
    op.add_column("raster", _word("encoding", ""))
    op.execute("UPDATE raster SET encoding = 'table' WHERE kind = 'table'")
    op.create_table(
        "fetch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        _document("request"),
        _document("estimate"),
        _document("result"),
        sa.Column("batch", sa.String(), nullable=True),
        sa.Column("city_id", sa.BigInteger(), nullable=True),
        _word("device", ""),
        _word("state", "queued"),
        _word("stage", ""),
        sa.Column("progress", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column(
            "cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _moment("heartbeat"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        _moment("started_at"),
        _moment("finished_at"),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')",
            name=op.f("ck_fetch_state"),
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("ck_fetch_progress")),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_fetch_city_id_city"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fetch")),
    )
    op.create_index(op.f("ix_fetch_city_id"), "fetch", ["city_id"], unique=False)
    op.create_index(op.f("ix_fetch_batch"), "fetch", ["batch"], unique=False)
    op.create_index(
        "uq_fetch_one_at_work_a_slug",
        "fetch",
        ["slug"],
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )


def downgrade() -> None:
    # The version below knows one year a city, and nothing of how two compare.
    op.execute("DELETE FROM layer WHERE kind = 'change'")
    for table in ("view", "raster"):
        op.execute(
            f"DELETE FROM {table} USING city "
            f"WHERE city.id = {table}.city_id AND city.year <> {table}.year"
        )
    op.drop_table("fetch")
    op.drop_column("raster", "encoding")
    # The version below takes every embedding for AlphaEarth's: cities of other ones go, whole.
    op.execute("DELETE FROM city WHERE embedding <> 'alphaearth'")
    op.drop_column("city", "sources")
    op.drop_column("city", "embedding")
