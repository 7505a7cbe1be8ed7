"""A city's streets as a network, so that distances on foot can be asked for.

Cities that were stored before have none: distances in them stay straight lines.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "streets",
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("nodes", sa.LargeBinary(), nullable=False),
        sa.Column("edges", sa.LargeBinary(), nullable=False),
        sa.Column("metres", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "mod(octet_length(nodes), 8) = 0", name=op.f("ck_streets_nodes_int32_pairs")
        ),
        sa.CheckConstraint(
            "octet_length(edges) = 2 * octet_length(metres)",
            name=op.f("ck_streets_edge_has_length"),
        ),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_streets_city_id_city"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("city_id", name=op.f("pk_streets")),
    )


def downgrade() -> None:
    op.drop_table("streets")
