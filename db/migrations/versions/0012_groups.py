"""Which accounts see which cities; accounts of a provider; whose a job is.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("issuer", sa.String(), nullable=True))
    op.add_column("account", sa.Column("subject", sa.String(), nullable=True))
    op.create_unique_constraint(op.f("uq_account_issuer_subject"), "account", ["issuer", "subject"])
    op.add_column("job", sa.Column("who", sa.String(), server_default="", nullable=False))
    op.create_table(
        "account_group",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_group")),
        sa.UniqueConstraint("name", name=op.f("uq_account_group_name")),
    )
    for table, column, of in (
        ("group_member", "account_id", "account"),
        ("group_city", "city_id", "city"),
    ):
        op.create_table(
            table,
            sa.Column("group_id", sa.BigInteger(), nullable=False),
            sa.Column(column, sa.BigInteger(), nullable=False),
            sa.ForeignKeyConstraint(
                ["group_id"],
                ["account_group.id"],
                name=op.f(f"fk_{table}_group_id_account_group"),
                ondelete="CASCADE",
            ),
            sa.ForeignKeyConstraint(
                [column], [f"{of}.id"], name=op.f(f"fk_{table}_{column}_{of}"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint("group_id", column, name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    op.drop_column("job", "who")
    op.drop_table("group_city")
    op.drop_table("group_member")
    op.drop_table("account_group")
    op.drop_constraint(op.f("uq_account_issuer_subject"), "account")
    op.drop_column("account", "subject")
    op.drop_column("account", "issuer")
