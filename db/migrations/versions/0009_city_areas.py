"""Cities made of areas: units that are the polygons of an embedding's table, not H3 cells.

Cities that were stored before are made of H3 cells, those too whose table had polygons.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("city", sa.Column("units", sa.String(), server_default="h3", nullable=False))
    op.create_check_constraint(op.f("ck_city_units"), "city", "units IN ('h3', 'areas')")
    op.alter_column("city", "cell_resolution", existing_type=sa.Integer(), nullable=True)
    op.add_column("city", sa.Column("vector_length", sa.ARRAY(sa.Double()), nullable=True))
    op.alter_column("cell", "h3", new_column_name="key", existing_type=sa.BigInteger())
    op.execute("ALTER TABLE cell RENAME CONSTRAINT uq_cell_city_id_h3 TO uq_cell_city_id_key")
    op.alter_column("cell", "geom", existing_type=Geometry(srid=4326), nullable=True)
    op.add_column("cell_feature", sa.Column("length", sa.Double(), nullable=True))
    op.create_table(
        "city_area",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_city_area_city_id_city"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["id"], ["cell.id"], name=op.f("fk_city_area_id_cell"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_city_area")),
        sa.UniqueConstraint("city_id", "number", name=op.f("uq_city_area_city_id_number")),
        sa.UniqueConstraint("city_id", "code", name=op.f("uq_city_area_city_id_code")),
    )
    op.create_index("ix_city_area_geom", "city_area", ["geom"], postgresql_using="gist")
    op.drop_constraint(op.f("ck_layer_spatial_unit"), "layer", type_="check")
    op.create_check_constraint(
        op.f("ck_layer_spatial_unit"), "layer", "spatial_unit IN ('cell', 'area', 'city_area')"
    )


def downgrade() -> None:
    op.execute("DELETE FROM city WHERE units = 'areas'")
    op.drop_constraint(op.f("ck_layer_spatial_unit"), "layer", type_="check")
    op.create_check_constraint(
        op.f("ck_layer_spatial_unit"), "layer", "spatial_unit IN ('cell', 'area')"
    )
    op.drop_table("city_area")
    op.drop_column("cell_feature", "length")
    op.alter_column("cell", "geom", existing_type=Geometry(srid=4326), nullable=False)
    op.execute("ALTER TABLE cell RENAME CONSTRAINT uq_cell_city_id_key TO uq_cell_city_id_h3")
    op.alter_column("cell", "key", new_column_name="h3", existing_type=sa.BigInteger())
    op.alter_column("city", "cell_resolution", existing_type=sa.Integer(), nullable=False)
    op.drop_constraint(op.f("ck_city_units"), "city", type_="check")
    op.drop_column("city", "vector_length")
    op.drop_column("city", "units")
