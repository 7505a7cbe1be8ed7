"""What places, streets, parks and waters are called in other languages.

Cities that were stored before have none: their main names are shown in every language.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("poi", "base_feature"):
        # A constant default: no row is written anew.
        empty = sa.text("'{}'::jsonb")
        column = sa.Column(
            "other_names", postgresql.JSONB(), nullable=False, server_default=empty
        )
        op.add_column(table, column)


def downgrade() -> None:
    for table in ("base_feature", "poi"):
        op.drop_column(table, "other_names")
