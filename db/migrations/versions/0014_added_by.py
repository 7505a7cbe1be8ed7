"""Which account added a file of an embedding.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("raster", sa.Column("added_by", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("raster", "added_by")
