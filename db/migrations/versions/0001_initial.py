"""The first tables.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.create_table(
        "city",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column(
            "boundary", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False
        ),
        sa.Column("working_crs", sa.String(), nullable=False),
        sa.Column("cell_resolution", sa.Integer(), nullable=False),
        sa.Column("radius_m", sa.Double(), nullable=False),
        sa.Column("embedding_kind", sa.String(), nullable=False),
        sa.Column("simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("pixels", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "dropped",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "attribution",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_city")),
        sa.UniqueConstraint("slug", name=op.f("uq_city_slug")),
    )
    op.create_index("ix_city_boundary", "city", ["boundary"], unique=False, postgresql_using="gist")
    op.create_table(
        "text",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("encoder", sa.String(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("mod(octet_length(vector), 4) = 0", name=op.f("ck_text_vector_float32")),
        sa.PrimaryKeyConstraint("hash", "encoder", name=op.f("pk_text")),
    )
    op.create_table(
        "area_set",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column(
            "fields",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_area_set_city_id_city"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_set")),
    )
    op.create_index(op.f("ix_area_set_city_id"), "area_set", ["city_id"], unique=False)
    op.create_table(
        "base_feature",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("geom", Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=False),
        sa.CheckConstraint(
            "kind IN ('water', 'green', 'road', 'building')", name=op.f("ck_base_feature_kind")
        ),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_base_feature_city_id_city"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_base_feature")),
    )
    op.create_index(op.f("ix_base_feature_city_id"), "base_feature", ["city_id"], unique=False)
    op.create_index(
        "ix_base_feature_geom", "base_feature", ["geom"], unique=False, postgresql_using="gist"
    )
    op.create_table(
        "cell",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("h3", sa.BigInteger(), nullable=False),
        sa.Column("geom", Geometry("POLYGON", srid=4326, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_cell_city_id_city"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cell")),
        sa.UniqueConstraint("city_id", "h3", name=op.f("uq_cell_city_id_h3")),
    )
    op.create_index("ix_cell_geom", "cell", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "label_set",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column(
            "classes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_label_set_city_id_city"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_set")),
    )
    op.create_index(op.f("ix_label_set_city_id"), "label_set", ["city_id"], unique=False)
    op.create_table(
        "poi",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_poi_city_id_city"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poi")),
    )
    op.create_index(op.f("ix_poi_city_id"), "poi", ["city_id"], unique=False)
    op.create_index("ix_poi_geom", "poi", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "raster",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("crs", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column(
            "footprint", Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_raster_city_id_city"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raster")),
    )
    op.create_index(op.f("ix_raster_city_id"), "raster", ["city_id"], unique=False)
    op.create_index(
        "ix_raster_footprint", "raster", ["footprint"], unique=False, postgresql_using="gist"
    )
    op.create_table(
        "run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("recipe", sa.String(), nullable=False),
        sa.Column(
            "settings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="queued", nullable=False),
        sa.Column("stage", sa.String(), server_default="", nullable=False),
        sa.Column("progress", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "history",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "metrics",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column(
            "cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("heartbeat", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("model_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')",
            name=op.f("ck_run_state"),
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("ck_run_progress")),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_run_city_id_city"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_index(op.f("ix_run_city_id"), "run", ["city_id"], unique=False)
    op.create_index(op.f("ix_run_model_id"), "run", ["model_id"], unique=False)
    op.create_index(
        "uq_run_one_running_a_city",
        "run",
        ["city_id"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "view",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("shape", sa.String(), nullable=False),
        sa.Column("radius_m", sa.Double(), nullable=True),
        sa.Column("radius_px", sa.Integer(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_view_city_id_city"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_view")),
        sa.UniqueConstraint("city_id", "name", "year", name=op.f("uq_view_city_id_name_year")),
    )
    op.create_table(
        "cell_feature",
        sa.Column("view_id", sa.BigInteger(), nullable=False),
        sa.Column("cell_id", sa.BigInteger(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("octet_length(vector) = 256", name=op.f("ck_cell_feature_vector_64")),
        sa.ForeignKeyConstraint(
            ["cell_id"], ["cell.id"], name=op.f("fk_cell_feature_cell_id_cell"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["view_id"], ["view.id"], name=op.f("fk_cell_feature_view_id_view"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("view_id", "cell_id", name=op.f("pk_cell_feature")),
    )
    op.create_index(op.f("ix_cell_feature_cell_id"), "cell_feature", ["cell_id"], unique=False)
    op.create_table(
        "eo_feature",
        sa.Column("view_id", sa.BigInteger(), nullable=False),
        sa.Column("poi_id", sa.BigInteger(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("octet_length(vector) = 256", name=op.f("ck_eo_feature_vector_64")),
        sa.ForeignKeyConstraint(
            ["poi_id"], ["poi.id"], name=op.f("fk_eo_feature_poi_id_poi"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["view_id"], ["view.id"], name=op.f("fk_eo_feature_view_id_view"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("view_id", "poi_id", name=op.f("pk_eo_feature")),
    )
    op.create_index(op.f("ix_eo_feature_poi_id"), "eo_feature", ["poi_id"], unique=False)
    op.create_table(
        "model",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column(
            "card",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("in_use", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_model_city_id_city"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_model_run_id_run"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model")),
        sa.UniqueConstraint("name", name=op.f("uq_model_name")),
    )
    op.create_index(op.f("ix_model_city_id"), "model", ["city_id"], unique=False)
    op.create_index(op.f("ix_model_run_id"), "model", ["run_id"], unique=False)
    op.create_index(
        "uq_model_one_in_use_a_city",
        "model",
        ["city_id"],
        unique=True,
        postgresql_where=sa.text("in_use"),
    )
    op.create_table(
        "layer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "fields",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "parameters",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "lineage",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("view_name", sa.String(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["city_id"], ["city.id"], name=op.f("fk_layer_city_id_city"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_layer_model_id_model"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layer")),
        sa.UniqueConstraint("city_id", "slug", name=op.f("uq_layer_city_id_slug")),
        sa.UniqueConstraint("view_name", name=op.f("uq_layer_view_name")),
    )
    op.create_index(op.f("ix_layer_model_id"), "layer", ["model_id"], unique=False)
    op.create_table(
        "layer_feature",
        sa.Column("layer_id", sa.BigInteger(), nullable=False),
        sa.Column("cell_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "properties",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["cell_id"], ["cell.id"], name=op.f("fk_layer_feature_cell_id_cell"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["layer_id"],
            ["layer.id"],
            name=op.f("fk_layer_feature_layer_id_layer"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("layer_id", "cell_id", name=op.f("pk_layer_feature")),
    )
    op.create_index(op.f("ix_layer_feature_cell_id"), "layer_feature", ["cell_id"], unique=False)
    # Runs and models point at each other: this key waits until both tables are there.
    op.create_foreign_key(
        "fk_run_model_id_model", "run", "model", ["model_id"], ["id"], ondelete="SET NULL"
    )
    # A layer's SQL view goes with its row, whichever statement or cascade deletes it.
    op.execute("""
        CREATE FUNCTION drop_layer_view() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            EXECUTE format('DROP VIEW IF EXISTS %I', OLD.view_name);
            RETURN NULL;
        END
        $body$
    """)
    op.execute("""
        CREATE TRIGGER layer_drops_its_view AFTER DELETE ON layer
        FOR EACH ROW EXECUTE FUNCTION drop_layer_view()
    """)


def downgrade() -> None:
    op.execute("DELETE FROM layer")  # takes the views along
    op.drop_constraint("fk_run_model_id_model", "run", type_="foreignkey")
    op.drop_table("layer_feature")
    op.drop_table("layer")
    op.drop_table("model")
    op.drop_table("eo_feature")
    op.drop_table("cell_feature")
    op.drop_table("view")
    op.drop_table("run")
    op.drop_table("raster")
    op.drop_table("poi")
    op.drop_table("label_set")
    op.drop_table("cell")
    op.drop_table("base_feature")
    op.drop_table("area_set")
    op.drop_table("text")
    op.drop_table("city")
    op.execute("DROP FUNCTION drop_layer_view")
    # The postgis extension stays: other schemas of the database may use it.
