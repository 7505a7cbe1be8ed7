"""Which roads of a city's own map are main roads, so that distances to them can be asked for.

Roads that were stored before have NULL: it is not known.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("base_feature", sa.Column("main", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("base_feature", "main")
