"""Embeddings of any width, and studies.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

VECTOR_TABLES = ("cell_feature", "eo_feature")


def _document(name: str, empty: str = "{}") -> sa.Column[object]:
    """A JSON value that is empty until something is written."""
    return sa.Column(
        name,
        postgresql.JSONB(astext_type=sa.Text()),
        server_default=sa.text(f"'{empty}'::jsonb"),
        nullable=False,
    )


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def upgrade() -> None:
    for table in VECTOR_TABLES:
        op.drop_constraint(op.f(f"ck_{table}_vector_64"), table, type_="check")
        op.create_check_constraint(
            op.f(f"ck_{table}_vector_float32"), table, "mod(octet_length(vector), 4) = 0"
        )
    op.create_table(
        "study",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("other_city_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("recipe", sa.String(), nullable=False),
        _document("settings"),
        _document("seeds", "[]"),
        _document("request"),
        sa.Column("seconds", sa.Double(), server_default=sa.text("0"), nullable=False),
        _document("rows", "[]"),
        _document("result"),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="queued", nullable=False),
        sa.Column("stage", sa.String(), server_default="", nullable=False),
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
            "kind IN ('ablation', 'noise', 'sparsity', 'buffer', 'seeds', 'transfer')",
            name=op.f("ck_study_kind"),
        ),
        sa.CheckConstraint(
            "(kind = 'transfer') = (other_city_id IS NOT NULL)", name=op.f("ck_study_other_city")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')",
            name=op.f("ck_study_state"),
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("ck_study_progress")),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_study_city_id_city"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_city_id"],
            ["city.id"],
            name=op.f("fk_study_other_city_id_city"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study")),
    )
    op.create_index(op.f("ix_study_city_id"), "study", ["city_id"], unique=False)
    op.create_index(op.f("ix_study_other_city_id"), "study", ["other_city_id"], unique=False)


def downgrade() -> None:
    op.drop_table("study")
    # The version below holds vectors of 64 numbers only: cities of other embeddings go, whole.
    for table in VECTOR_TABLES:
        op.execute(
            "DELETE FROM city WHERE id IN (SELECT city_id FROM view JOIN "
            f"{table} ON {table}.view_id = view.id WHERE octet_length({table}.vector) <> 256)"
        )
        op.drop_constraint(op.f(f"ck_{table}_vector_float32"), table, type_="check")
        op.create_check_constraint(
            op.f(f"ck_{table}_vector_64"), table, "octet_length(vector) = 256"
        )
