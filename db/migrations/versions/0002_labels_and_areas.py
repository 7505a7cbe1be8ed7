"""Labels, areas, layers of areas, what was measured of a layer, and comparisons.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _document(name: str) -> sa.Column[object]:
    """A JSON object that is empty until something is written."""
    return sa.Column(
        name,
        postgresql.JSONB(astext_type=sa.Text()),
        server_default=sa.text("'{}'::jsonb"),
        nullable=False,
    )


def upgrade() -> None:
    op.create_table(
        "evaluation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        _document("request"),
        _document("result"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_evaluation_city_id_city"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation")),
    )
    op.create_index(op.f("ix_evaluation_city_id"), "evaluation", ["city_id"], unique=False)

    op.add_column("label_set", _document("parameters"))
    op.add_column("label_set", _document("dropped"))
    op.add_column("label_set", _document("counts"))
    op.create_table(
        "label",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("label_set_id", sa.BigInteger(), nullable=False),
        sa.Column("geom", Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("class", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["label_set_id"],
            ["label_set.id"],
            name=op.f("fk_label_label_set_id_label_set"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
    )
    op.create_index(op.f("ix_label_label_set_id"), "label", ["label_set_id"], unique=False)
    op.create_index("ix_label_geom", "label", ["geom"], unique=False, postgresql_using="gist")

    op.add_column(
        "area_set", sa.Column("given", sa.String(), server_default="shares", nullable=False)
    )
    op.add_column("area_set", _document("parameters"))
    op.add_column("area_set", _document("dropped"))
    op.add_column("area_set", sa.Column("minimum_count", sa.Double(), nullable=True))
    op.create_table(
        "area",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("area_set_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False),
        sa.Column("count", sa.Double(), nullable=True),
        _document("shares"),
        sa.ForeignKeyConstraint(
            ["area_set_id"],
            ["area_set.id"],
            name=op.f("fk_area_area_set_id_area_set"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area")),
        sa.UniqueConstraint("area_set_id", "code", name=op.f("uq_area_area_set_id_code")),
    )
    op.create_index("ix_area_geom", "area", ["geom"], unique=False, postgresql_using="gist")

    op.add_column(
        "layer", sa.Column("spatial_unit", sa.String(), server_default="cell", nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_layer_spatial_unit"), "layer", "spatial_unit IN ('cell', 'area')"
    )
    op.add_column("layer", sa.Column("label_set_id", sa.BigInteger(), nullable=True))
    op.add_column("layer", sa.Column("area_set_id", sa.BigInteger(), nullable=True))
    op.add_column("layer", _document("findings"))
    op.create_index(op.f("ix_layer_label_set_id"), "layer", ["label_set_id"], unique=False)
    op.create_index(op.f("ix_layer_area_set_id"), "layer", ["area_set_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_layer_label_set_id_label_set"),
        "layer",
        "label_set",
        ["label_set_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_foreign_key(
        op.f("fk_layer_area_set_id_area_set"),
        "layer",
        "area_set",
        ["area_set_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_table(
        "layer_area",
        sa.Column("layer_id", sa.BigInteger(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        _document("properties"),
        sa.ForeignKeyConstraint(
            ["area_id"], ["area.id"], name=op.f("fk_layer_area_area_id_area"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["layer_id"],
            ["layer.id"],
            name=op.f("fk_layer_area_layer_id_layer"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("layer_id", "area_id", name=op.f("pk_layer_area")),
    )
    op.create_index(op.f("ix_layer_area_area_id"), "layer_area", ["area_id"], unique=False)


def downgrade() -> None:
    # The version below knows no layers of areas; deleting their rows takes their views along.
    op.execute("DELETE FROM layer WHERE spatial_unit = 'area'")
    op.drop_table("layer_area")
    op.drop_constraint("fk_layer_area_set_id_area_set", "layer", type_="foreignkey")
    op.drop_constraint("fk_layer_label_set_id_label_set", "layer", type_="foreignkey")
    op.drop_index("ix_layer_area_set_id", table_name="layer")
    op.drop_index("ix_layer_label_set_id", table_name="layer")
    op.drop_constraint(op.f("ck_layer_spatial_unit"), "layer", type_="check")
    for column in ("findings", "area_set_id", "label_set_id", "spatial_unit"):
        op.drop_column("layer", column)
    op.drop_table("area")
    for column in ("minimum_count", "dropped", "parameters", "given"):
        op.drop_column("area_set", column)
    op.drop_table("label")
    for column in ("counts", "dropped", "parameters"):
        op.drop_column("label_set", column)
    op.drop_table("evaluation")
