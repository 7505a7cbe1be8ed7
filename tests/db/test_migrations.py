"""Migrations up and down, against a real PostGIS."""

import shutil
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import pandas as pd
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager
from psycopg import sql
from sqlalchemy import Engine, inspect, make_url, text
from sqlalchemy.orm import Session

from aether_core.errors import StoreUnavailableError
from db.autogenerate import COMPARISON
from db.cities import cities, pois
from db.engine import conninfo, open_engine, session_scope
from db.jobs import fetches, jobs, runs, studies
from db.layers import layers
from db.migrate import LOCK, MIGRATIONS, downgrade, migrate, newest_revision
from db.queue_schema import apply_queue_schema
from db.schema import Base
from tests.db.city_data import ODD, add_pair, add_rich_layer, add_small_city
from tests.errors import fault

SPATIAL = {
    ("city", "boundary"),
    ("raster", "footprint"),
    ("poi", "geom"),
    ("cell", "geom"),
    ("city_area", "geom"),
    ("base_feature", "geom"),
    ("label", "geom"),
    ("area", "geom"),
    ("region", "boundary"),
}


@pytest.fixture
def empty_url(cluster_url: str) -> Iterator[str]:
    """Address of a database nothing was ever done to."""
    with psycopg.connect(conninfo(cluster_url), dbname="postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE untouched TEMPLATE template0")
        try:
            url = make_url(cluster_url).set(database="untouched")
            yield url.render_as_string(hide_password=False)
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier("untouched")))


def _own_tables(engine: Engine) -> set[str]:
    names = set(inspect(engine).get_table_names())
    queue = {name for name in names if name.startswith("procrastinate_")}
    return names - queue - {"spatial_ref_sys", "alembic_version"}


def test_up_down_up(empty_url: str) -> None:
    engine = open_engine(empty_url)
    migrate(empty_url)
    assert _own_tables(engine) == set(Base.metadata.tables)
    with Session(engine) as session:
        add_small_city(session)
        session.commit()
    downgrade(empty_url, "base")
    assert _own_tables(engine) == set()
    assert inspect(engine).get_view_names() == [
        "geography_columns",
        "geometry_columns",
    ]
    with engine.connect() as connection:
        left = text("SELECT count(*) FROM pg_proc WHERE proname = 'drop_layer_view'")
        assert connection.scalar(left) == 0
    migrate(empty_url)
    assert _own_tables(engine) == set(Base.metadata.tables)
    engine.dispose()


def test_every_revision_goes_down_and_up_again(empty_url: str) -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    revisions = ["base", *reversed([step.revision for step in script.walk_revisions()])]
    for below, above in pairwise(revisions):
        migrate(empty_url, above)
        downgrade(empty_url, below)
        migrate(empty_url, above)


def test_layers_of_cells_outlive_a_way_down_and_up(empty_url: str) -> None:
    """Below 0002 there are no layers of areas: they go, with their views; the others stay."""
    migrate(empty_url)
    engine = open_engine(empty_url)
    with session_scope(engine) as session:
        made = add_small_city(session)
    downgrade(empty_url, "0001")
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT slug FROM layer")).all() == ["night-out"]
        views = connection.scalars(text("SELECT viewname FROM pg_views")).all()
        assert made.layer.view_name in views
        assert made.area_layer.view_name not in views
    migrate(empty_url)
    with session_scope(engine) as session:
        layer = layers.layer_by_slug(session, made.city.id, "night-out")
        assert layer.spatial_unit == "cell"
        assert layer.findings == {}
        assert len(layers.layer_frame(session, layer)) == len(made.cell_ids)
        # A city that was stored before 0016 knows its main names alone.
        places = pois.poi_frame(session, made.city.id)
        assert (places["name"] != "").any()
        ground = cities.base_features(session, made.city.id)
        assert {*places["other_names"], *ground["other_names"]} == {""}
    engine.dispose()


def test_values_of_layers_outlive_a_way_down_and_up(empty_url: str) -> None:
    """0006 keeps them as arrays instead of a document a cell: every kind of field, and gaps."""
    migrate(empty_url)
    engine = open_engine(empty_url)
    with session_scope(engine) as session:
        made = add_small_city(session)
        rich = add_rich_layer(session, made)
        pair = add_pair(session, made)
        kept = {one.slug: layers.layer_geo_frame(session, one) for one in (rich, *pair)}
    downgrade(empty_url, "0004")
    with engine.connect() as connection:
        asked = text(
            "SELECT properties FROM layer_feature JOIN cell ON cell.id = cell_id "
            "WHERE layer_id = :layer ORDER BY h3 LIMIT 2"
        )
        assert connection.scalars(asked, {"layer": rich.id}).all() == [
            {"score": 0.3, "count": 0, "set": ["a"], ODD: "park", "applicable": True},
            {"set": [], "applicable": False},
        ]
        asked = text(f'SELECT count(*), sum(score), bool_or(applicable) FROM "{rich.view_name}"')  # noqa: S608
        cells = len(made.cell_ids)
        assert connection.execute(asked).one() == (cells, pytest.approx(0.3 * (cells - 1)), True)
        asked = text("SELECT count(*) FROM pg_matviews")
        assert connection.scalar(asked) == 0
    migrate(empty_url)
    with session_scope(engine) as session:
        for slug, before in kept.items():
            layer = layers.layer_by_slug(session, made.city.id, slug)
            assert layer.features == len(before)
            pd.testing.assert_frame_equal(layers.layer_geo_frame(session, layer), before)
            view = gpd.read_postgis(
                f'SELECT * FROM "{layer.view_name}"',  # noqa: S608
                session.connection(),
                geom_col="geom",
            )
            assert list(view.columns[2:-1]) == [field["name"] for field in layer.fields]
            assert len(view) == layer.features
        cells_layer, by_area = (layers.layer_by_slug(session, made.city.id, x.slug) for x in pair)
        assert by_area.cells_layer_id == cells_layer.id
        others = {"night-out", "shares", rich.slug, cells_layer.slug}
        listed = {x.slug: x.cells_layer_id for x in layers.list_layers(session, made.city.id)}
        assert {listed[slug] for slug in others} == {None}
    engine.dispose()


def test_layers_that_only_share_a_title_are_not_joined(empty_url: str) -> None:
    """Of two pairs of one title, made at two times, each keeps its own."""
    migrate(empty_url)
    engine = open_engine(empty_url)
    pairs = []
    with session_scope(engine) as session:
        made = add_small_city(session)
    for number in range(2):
        with session_scope(engine) as session:
            pairs.append(add_pair(session, made, f"-{number}"))
    downgrade(empty_url, "0004")
    migrate(empty_url)
    with session_scope(engine) as session:
        listed = {x.id: x.cells_layer_id for x in layers.list_layers(session, made.city.id)}
    assert all(listed[by_area.id] == cells.id for cells, by_area in pairs)
    engine.dispose()


def test_texts_of_unknown_precision_are_not_kept(empty_url: str) -> None:
    """Before 0006 a name did not tell bfloat16 from float32: such vectors are encoded anew."""
    migrate(empty_url, "0004")
    engine = open_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO text VALUES ('a', 'all-MiniLM-L6-v2', ''), ('a', 'tiny:12', '')")
        )
    migrate(empty_url)
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT encoder FROM text")).all() == ["tiny:12"]
    engine.dispose()


def test_cities_of_other_embeddings_go_on_the_way_down(empty_url: str) -> None:
    """Below 0003 vectors have 64 numbers; a city of another width goes whole, the others stay."""
    migrate(empty_url)
    engine = open_engine(empty_url)
    with session_scope(engine) as session:
        add_small_city(session)
        other = add_small_city(session, "espoo")
        shorter = text(
            "UPDATE cell_feature SET vector = substr(vector, 1, 40) FROM view "
            "WHERE view.id = view_id AND city_id = :city"
        )
        session.execute(shorter, {"city": other.city.id})
    downgrade(empty_url, "0002")
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT slug FROM city")).all() == ["helsinki"]
        assert connection.scalar(text("SELECT count(*) FROM cell_feature"))
    migrate(empty_url)
    engine.dispose()


def test_runs_studies_and_fetches_become_jobs_and_back(empty_url: str) -> None:
    """Every state, figure and epoch of 0004 is there after the way up, and after that down."""
    migrate(empty_url, "0004")
    engine = open_engine(empty_url)
    with engine.begin() as connection:
        for statement in OLD_ROWS:
            connection.execute(text(statement))
    migrate(empty_url)
    with session_scope(engine) as session:
        run, cut = runs.list_runs(session, 1)[::-1]
        assert (run.job.kind, run.job.subject, run.state) == ("train", "helsinki", "done")
        assert (run.job.request, run.metrics) == ({"run": run.id}, {"mrr": 0.5})
        assert [entry["epoch"] for entry in runs.epochs(session, [run.id])[run.id]] == [1, 2]
        assert (cut.state, cut.job.error, cut.job.exit_code) == ("failed", "disk full", 2)
        (study,) = studies.list_studies(session, 1)
        assert (study.job.queue, study.state, study.rows) == ("studies", "running", [{"a": 1}])
        (fetch,) = fetches.list_fetches(session)
        assert (fetch.job.claim, fetch.state) == ("city:lisbon", "queued")
        jobs.check_unclaimed(session, "city:helsinki")
    downgrade(empty_url, "0004")
    with engine.connect() as connection:
        history, metrics = connection.execute(
            text("SELECT history, metrics FROM run ORDER BY id")
        ).all()[0]
        assert ([entry["loss"] for entry in history], metrics) == ([5.5, 4.5], {"mrr": 0.5})
        failed = text("SELECT metrics FROM run WHERE state = 'failed'")
        assert connection.scalar(failed) == {"exit_code": 2}
    engine.dispose()


OLD_ROWS = (
    """
    INSERT INTO city
        (slug, name, year, boundary, working_crs, cell_resolution, radius_m, embedding_kind)
    VALUES ('helsinki', 'Helsinki', 2024,
        ST_SetSRID('MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)))'::geometry, 4326),
        'EPSG:32635', 10, 100, 'raster')
    """,
    """
    INSERT INTO run (city_id, recipe, seed, device, state, error, history, metrics)
    VALUES (1, 'aether', 1, 'cpu', 'done', NULL,
        jsonb_build_array(jsonb_build_object('epoch', 1, 'loss', 5.5),
                          jsonb_build_object('epoch', 2, 'loss', 4.5)),
        jsonb_build_object('mrr', 0.5)),
        (1, 'aether', 2, 'cpu', 'failed', 'disk full', '[]', jsonb_build_object('exit_code', 2))
    """,
    """
    INSERT INTO study (city_id, kind, recipe, device, state, rows)
    VALUES (1, 'seeds', 'aether', 'cpu', 'running',
        jsonb_build_array(jsonb_build_object('a', 1)))
    """,
    """INSERT INTO "fetch" (slug, name) VALUES ('lisbon', 'Lisbon')""",
)


def test_autogenerate_finds_no_difference(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=COMPARISON)
        assert compare_metadata(context, Base.metadata) == []


def test_autogenerate_would_find_one(engine: Engine) -> None:
    """The comparison above is not blind: it sees a column, an index and a default that changed."""
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE poi DROP COLUMN source"))
        connection.execute(text("DROP INDEX ix_cell_geom"))
        connection.execute(text("ALTER TABLE job ALTER COLUMN attempts SET DEFAULT 5"))
        context = MigrationContext.configure(connection, opts=COMPARISON)
        assert len(compare_metadata(context, Base.metadata)) == 3


def test_spatial_indexes_exactly_once(engine: Engine) -> None:
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT t.relname, a.attname FROM pg_index x "
                "JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am m ON m.oid = i.relam "
                "JOIN pg_class t ON t.oid = x.indrelid "
                "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(x.indkey) "
                "WHERE m.amname = 'gist'"
            )
        ).all()
        geometries = connection.execute(
            text("SELECT f_table_name, f_geometry_column, srid FROM geometry_columns")
        ).all()
    assert sorted((table, column) for table, column in found) == sorted(SPATIAL)
    assert {(table, column) for table, column, _ in geometries} == SPATIAL
    assert {srid for *_, srid in geometries} == {4326}


def test_every_foreign_key_has_an_index(engine: Engine) -> None:
    """Without one, deleting a city reads whole tables once a row."""
    seen = inspect(engine)
    for table in _own_tables(engine):
        leading = {index["column_names"][0] for index in seen.get_indexes(table)}
        leading |= {unique["column_names"][0] for unique in seen.get_unique_constraints(table)}
        leading.add(seen.get_pk_constraint(table)["constrained_columns"][0])
        for key in seen.get_foreign_keys(table):
            assert key["constrained_columns"][0] in leading, (table, key["constrained_columns"])


def test_migrate_again_changes_nothing(database_url: str, engine: Engine) -> None:
    with session_scope(engine) as session:
        add_small_city(session)
    migrate(database_url)
    with session_scope(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM poi")) == 20


def test_many_at_once(empty_url: str) -> None:
    failures: list[Exception] = []

    def run() -> None:
        try:
            migrate(empty_url)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_database_of_a_newer_version_is_refused(database_url: str, engine: Engine) -> None:
    with session_scope(engine) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(
        StoreUnavailableError, check=fault("database-of-other-version", newest_revision())
    ):
        migrate(database_url)


@pytest.mark.timeout(60)
def test_a_database_that_is_up_to_date_waits_for_no_migration(database_url: str) -> None:
    """Every start opens the store: only one that has something to change takes its turn."""
    with psycopg.connect(conninfo(database_url)) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        migrate(database_url)


def test_a_queue_behind_its_package_is_brought_up_to_date(
    database_url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    newer = tmp_path / "99.00.00_01_next.sql"
    newer.write_text("CREATE TABLE procrastinate_next (x int)")
    monkeypatch.setattr(SchemaManager, "get_migrations_path", lambda: str(tmp_path))
    migrate(database_url)
    assert "procrastinate_next" in inspect(engine).get_table_names()


def test_unreachable_database() -> None:
    with pytest.raises(StoreUnavailableError, check=fault("database-unreachable")):
        migrate("postgresql://aether@/aether?host=/nowhere")


def test_queue_schema_runs_only_the_steps_that_are_new(engine: Engine, tmp_path: Path) -> None:
    """A newer procrastinate brings one more step; the old ones would fail if they ran again."""
    noted = text("SELECT obj_description('procrastinate_jobs'::regclass, 'pg_class')")
    for step in Path(SchemaManager.get_migrations_path()).glob("*.sql"):
        shutil.copy(step, tmp_path)
    (tmp_path / "99.00.00_01_next.sql").write_text(
        "CREATE TABLE procrastinate_next (x int); INSERT INTO procrastinate_next VALUES (1);"
    )
    for _ in range(2):
        with engine.begin() as connection:
            apply_queue_schema(connection, tmp_path)
            assert connection.scalar(noted) == "99.00.00_01_next.sql"
            assert connection.scalar(text("SELECT count(*) FROM procrastinate_next")) == 1
