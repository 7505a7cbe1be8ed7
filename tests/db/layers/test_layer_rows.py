"""Layers and the SQL views that show them."""

import io
import subprocess

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, NotFoundError
from db.cities import cities, features
from db.cluster.programs import find_programs
from db.engine import conninfo, session_scope
from db.layers import layers
from db.schema import Layer
from tests.db.city_data import (
    SmallCity,
    add_pair,
    add_plain_city,
    add_rich_layer,
    add_score_layer,
    add_small_city,
    hexagons,
)
from tests.errors import fault

ODD = "a \"b\" 'c'; DROP TABLE city;-- %s %(x)s {} \\ ÄÖ"
FIELDS = [
    {"name": "score", "type": "float", "unit": "cosine"},
    {"name": "count", "type": "int", "unit": ""},
    {"name": "applicable", "type": "bool", "unit": ""},
    {"name": "landuse", "type": "text", "unit": ""},
    {"name": "set", "type": "list", "unit": ""},
]


def _views(session: Session) -> list[str]:
    asked = text("SELECT viewname FROM pg_views WHERE schemaname = 'public' ORDER BY viewname")
    return [name for name in session.scalars(asked) if name.startswith("v_")]


def _rich_layer(session: Session, slug: str = "land-use") -> tuple[Layer, dict[str, object]]:
    made = cities.list_cities(session)[0]
    indexes, polygons = hexagons()
    ids = features.add_cells(session, made.id, indexes, polygons)
    count = len(ids)
    columns = {
        "score": np.random.default_rng(0).normal(size=count).astype(np.float32),
        "count": np.arange(count),
        "applicable": np.arange(count) % 2 == 0,
        "landuse": [f"class {n} {ODD}" for n in range(count)],
        "set": [["a", ODD][: n % 3] for n in range(count)],
    }
    columns["score"][3] = np.nan
    layer = layers.add_layer(
        session,
        made.id,
        slug=slug,
        title=ODD,
        kind="landuse",
        model_id=None,
        fields=FIELDS,
        parameters={"labels": ODD},
        lineage={},
        cell_ids=ids,
        columns=columns,
    )
    return layer, columns


def add_values(
    session: Session,
    made: SmallCity,
    columns: dict[str, tuple[str, object]],
    ids: np.ndarray | None = None,
) -> Layer:
    return layers.add_layer(
        session,
        made.city.id,
        slug="values",
        title="t",
        kind="k",
        model_id=None,
        fields=[{"name": name, "type": kind, "unit": ""} for name, (kind, _) in columns.items()],
        parameters={},
        lineage={},
        cell_ids=made.cell_ids if ids is None else ids,
        columns={name: values for name, (_, values) in columns.items()},
    )


def test_values_round_trip(session: Session) -> None:
    add_plain_city(session)
    layer, columns = _rich_layer(session)
    read = layers.layer_frame(session, layer)
    indexes, polygons = hexagons()
    assert read["cell"].tolist() == [f"{index:x}" for index in indexes]
    assert read["score"].to_numpy(np.float32).tobytes() == columns["score"].tobytes()
    for name in ("count", "applicable", "landuse", "set"):
        assert read[name].tolist() == list(columns[name])
    assert read["count"].dtype == np.int64
    assert read["applicable"].dtype == bool
    placed = layers.layer_geo_frame(session, layer)
    assert placed.crs == "EPSG:4326"
    assert placed.geometry.geom_equals_exact(gpd.GeoSeries(polygons, crs=4326), 0).all()
    assert placed.drop(columns="geometry").equals(read)


def test_view_has_typed_columns(session: Session) -> None:
    add_plain_city(session)
    layer, columns = _rich_layer(session)
    named = {"name": layer.view_name}
    asked = "SELECT column_name, udt_name FROM information_schema.columns WHERE table_name = :name"
    assert dict(session.execute(text(asked), named).all()) == {
        "cell_id": "int8",
        "cell": "text",
        "score": "float8",
        "count": "int8",
        "applicable": "bool",
        "landuse": "text",
        "set": "jsonb",
        "geom": "geometry",
    }
    asked = "SELECT type, srid FROM geometry_columns WHERE f_table_name = :name"
    assert session.execute(text(asked), named).all() == [("POLYGON", 4326)]
    total = session.scalar(text(f'SELECT sum("count") FROM "{layer.view_name}"'))  # noqa: S608
    assert total == int(columns["count"].sum())


def test_missing_values_and_no_cells(session: Session) -> None:
    made = add_small_city(session)
    fields = [{"name": "n", "type": "int", "unit": ""}, {"name": "b", "type": "bool", "unit": ""}]
    common = {"title": "t", "kind": "k", "model_id": None, "parameters": {}, "lineage": {}}
    layer = layers.add_layer(
        session,
        made.city.id,
        slug="gaps",
        fields=fields,
        cell_ids=made.cell_ids[:2],
        columns={"n": [1, None], "b": [None, False]},
        **common,
    )
    read = layers.layer_frame(session, layer)
    assert read["n"].isna().tolist() == [False, True]
    assert read["b"].isna().tolist() == [True, False]
    empty = layers.add_layer(
        session,
        made.city.id,
        slug="empty",
        fields=fields,
        cell_ids=made.cell_ids[:0],
        columns={"n": [], "b": []},
        **common,
    )
    assert list(layers.layer_frame(session, empty).columns) == ["cell", "n", "b"]
    assert layers.layer_geo_frame(session, empty).empty
    listed = [(layer.slug, layer.features) for layer in layers.list_layers(session, made.city.id)]
    assert listed == [
        ("empty", 0),
        ("gaps", 2),
        ("night-out", len(made.cell_ids)),
        ("shares", 2),
    ]


def test_the_number_of_cells_is_kept_and_asks_no_other_table(engine: Engine) -> None:
    """Listing is one question to one table, however many cells the layers have."""
    with session_scope(engine) as session:
        made = add_small_city(session)
    asked: list[str] = []
    with session_scope(engine) as session:
        session.connection()

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            asked.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        listed = layers.list_layers(session, made.city.id)
        counts = [layer.features for layer in listed]
        event.remove(engine, "before_cursor_execute", note)
    assert counts == [len(made.cell_ids), 2]
    assert len(asked) == 1
    assert "layer_column" not in asked[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_come_back_to_the_bit_and_float32_short(session: Session, dtype: type) -> None:
    made = add_small_city(session)
    rng = np.random.default_rng(0)
    count = len(made.cell_ids)
    values = (rng.normal(size=count) * 10.0 ** rng.integers(-12, 12, count)).astype(dtype)
    values[:7] = [0.1, 0.3, -0.0, 16_777_217, 1e30, np.inf, np.nan]
    layer = add_values(session, made, {"x": ("float", values)})
    read = layers.layer_frame(session, layer)["x"].to_numpy()
    values[5] = np.nan  # infinity has no place in a map
    assert np.array_equal(read.astype(dtype), values, equal_nan=True)
    assert np.array_equal(np.signbit(read), np.signbit(values.astype(np.float64)))
    assert read[:2].tolist() == [0.1, 0.3]
    shown = session.scalars(text(f'SELECT x FROM "{layer.view_name}" ORDER BY cell')).all()  # noqa: S608
    assert shown[:2] == [0.1, 0.3]
    assert shown[5:7] == [None, None]


def test_cells_in_any_order_come_by_their_index(session: Session) -> None:
    made = add_small_city(session)
    order = np.random.default_rng(1).permutation(len(made.cell_ids))[:40]
    layer = layers.add_layer(
        session,
        made.city.id,
        slug="some",
        title="t",
        kind="k",
        model_id=None,
        fields=[{"name": "n", "type": "int", "unit": ""}],
        parameters={},
        lineage={},
        cell_ids=made.cell_ids[order],
        columns={"n": order},
    )
    read = layers.layer_frame(session, layer)
    assert read["n"].tolist() == sorted(order.tolist())
    assert read["cell"].tolist() == [f"{made.h3[n]:x}" for n in sorted(order)]
    asked = text(f'SELECT cell, n FROM "{layer.view_name}" ORDER BY cell')  # noqa: S608
    assert session.execute(asked).all() == list(zip(read["cell"], read["n"], strict=True))


@pytest.mark.parametrize("spoil", [lambda ids: ids + 10_000, lambda ids: ids[[0, 0, 1]]])
def test_cells_of_nobody_or_twice_are_refused(session: Session, spoil: object) -> None:
    made = add_small_city(session)
    ids = spoil(made.cell_ids[:3])
    with pytest.raises(ValueError, match="cell"):
        add_values(session, made, {"n": ("int", [1, 2, 3])}, ids)


def test_cells_of_another_city_are_refused(session: Session) -> None:
    made, other = add_small_city(session), add_small_city(session, "espoo")
    with pytest.raises(ValueError, match="cell"):
        add_values(session, made, {"n": ("int", [1, 2])}, other.cell_ids[:2])


def test_more_fields_than_a_function_takes_arguments(session: Session) -> None:
    made = add_small_city(session)
    count = len(made.cell_ids)
    columns = {f"f{n}": ("float", np.full(count, n)) for n in range(150)}
    columns |= {f"t{n}": ("text", [f"word {n}"] * count) for n in range(20)}
    layer = add_values(session, made, columns)
    row = session.execute(text(f'SELECT * FROM "{layer.view_name}" LIMIT 1')).one()  # noqa: S608
    assert list(row[2:-1]) == [*range(150), *(f"word {n}" for n in range(20))]


def test_a_view_finds_the_cells_of_a_window_by_their_indexes(engine: Engine) -> None:
    """QGIS asks for a window: answered from the shapes' index, without a pass over all values."""
    with session_scope(engine) as session:
        made = add_small_city(session)
        add_rich_layer(session, made)
        session.execute(text("ANALYZE cell"))
    with engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off"))
        plan = connection.scalars(
            text(
                'EXPLAIN SELECT * FROM "v_helsinki_rich" '
                "WHERE geom && ST_MakeEnvelope(24.93, 60.16, 24.931, 60.161, 4326)"
            )
        ).all()
    assert any("ix_cell_geom" in line for line in plan)
    assert not any("Seq Scan" in line for line in plan)


def test_removed_layers_leave_neither_views_nor_rows(engine: Engine) -> None:
    """Also when the city goes, and with it a layer that another one was made with."""
    with session_scope(engine) as session:
        made = add_small_city(session)
        cells, by_area = add_pair(session, made)
    with session_scope(engine) as session:
        layers.remove_layer(session, made.city.id, cells.slug)
    with session_scope(engine) as session:
        left = layers.layer_by_slug(session, made.city.id, by_area.slug)
        assert left.cells_layer_id is None
        add_pair(session, made, "-again")
        cities.remove_city(session, "helsinki")
    with session_scope(engine) as session:
        asked = "SELECT count(*) FROM pg_class WHERE relkind IN ('m', 'v') AND relname ~ :name"
        assert session.scalar(text(asked), {"name": "^(v_|layer_[0-9])"}) == 0
        for table in ("layer", "layer_units", "layer_column"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0  # noqa: S608


def test_view_is_read_by_psql(engine: Engine, database_url: str) -> None:
    with session_scope(engine) as session:
        made = add_small_city(session)
    query = f'SELECT cell, score, ST_AsText(geom) FROM "{made.layer.view_name}" ORDER BY cell'  # noqa: S608
    answer = subprocess.run(
        [find_programs().path("psql"), conninfo(database_url), "--csv", "--command", query],
        capture_output=True,
        check=True,
        text=True,
    )
    read = pd.read_csv(io.StringIO(answer.stdout))
    assert read["cell"].tolist() == [f"{index:x}" for index in made.h3]
    assert read["score"].iloc[[0, -1]].tolist() == [-1, 1]
    assert read["st_astext"].str.startswith("POLYGON").all()


def test_view_is_read_by_geopandas(engine: Engine) -> None:
    with session_scope(engine) as session:
        made = add_small_city(session)
    query = f'SELECT * FROM "{made.layer.view_name}" ORDER BY cell'  # noqa: S608
    with engine.connect() as connection:
        read = gpd.read_postgis(text(query), connection, geom_col="geom")
    assert made.layer.view_name == "v_helsinki_night-out"
    assert read.crs == "EPSG:4326"
    assert read["cell"].tolist() == [f"{index:x}" for index in made.h3]
    assert np.allclose(read["score"], np.linspace(-1, 1, len(read)))


@pytest.mark.parametrize("slug", [ODD, "x" * 300, "ä" * 100, "Mixed Case", "東" * 40])
def test_names_nobody_planned_for(session: Session, slug: str) -> None:
    city = add_plain_city(session, slug)
    indexes, polygons = hexagons()
    ids = features.add_cells(session, city.id, indexes, polygons)
    first = add_score_layer(session, city.id, ids, slug=slug)
    second = add_score_layer(session, city.id, ids, slug=f"{slug}2")
    assert first.view_name != second.view_name
    assert _views(session) == sorted([first.view_name, second.view_name])
    for layer in (first, second):
        assert len(layer.view_name.encode()) <= 63
        assert len(layers.layer_frame(session, layer)) == len(ids)
    layers.remove_layer(session, city.id, slug)
    assert _views(session) == [second.view_name]
    cities.remove_city(session, slug)
    assert _views(session) == []


def test_two_layers_whose_names_read_the_same(session: Session) -> None:
    one, two = add_plain_city(session, "a"), add_plain_city(session, "a_b")
    indexes, polygons = hexagons()
    layer_of = {}
    for city, slug in ((one, "b_c"), (two, "c")):
        ids = features.add_cells(session, city.id, indexes, polygons)
        layer_of[slug] = add_score_layer(session, city.id, ids, slug=slug)
    assert layer_of["b_c"].view_name == "v_a_b_c"
    assert layer_of["c"].view_name.startswith("v_a_b_c_")
    cities.remove_city(session, "a")
    assert _views(session) == [layer_of["c"].view_name]


def test_fields_with_taken_odd_and_long_names(session: Session) -> None:
    made = add_small_city(session)
    names = ["cell", "geom", "geom_", ODD, "x" * 80, "x" * 80 + "y", "Cell"]
    count = len(made.cell_ids)
    layer = layers.add_layer(
        session,
        made.city.id,
        slug="odd",
        title="t",
        kind="k",
        model_id=None,
        fields=[{"name": name, "type": "int", "unit": ""} for name in names],
        parameters={},
        lineage={},
        cell_ids=made.cell_ids,
        columns={name: np.full(count, n) for n, name in enumerate(names)},
    )
    asked = text(f'SELECT * FROM "{layer.view_name}" LIMIT 1')  # noqa: S608
    row = session.execute(asked).mappings().one()
    assert len(row) == len(names) + 3
    assert [value for key, value in row.items()][2:-1] == list(range(len(names)))
    assert row["cell_"] == 0
    assert row[ODD] == 3


def test_conflicts_and_unknown_layers(session: Session) -> None:
    made = add_small_city(session)
    with pytest.raises(ConflictError, check=fault("layer-exists", "night-out")):
        add_score_layer(session, made.city.id, made.cell_ids)
    assert _views(session) == [made.layer.view_name, made.area_layer.view_name]
    with pytest.raises(NotFoundError, check=fault("no-such-layer", "x", "night-out, shares")):
        layers.layer_by_slug(session, made.city.id, "x")
    for slug in ("night-out", "shares"):
        layers.remove_layer(session, made.city.id, slug)
    with pytest.raises(NotFoundError, check=fault("no-such-layer", "night-out")):
        layers.remove_layer(session, made.city.id, "night-out")
    assert _views(session) == []


@pytest.mark.parametrize(
    ("fields", "columns"),
    [
        ([{"name": "a", "type": "float"}], {"b": [1.0, 2.0]}),
        ([{"name": "a", "type": "decimal"}], {"a": [1.0, 2.0]}),
        ([{"name": "a", "type": "float"}], {"a": [1.0]}),
    ],
)
def test_wrong_columns_are_refused(
    session: Session, fields: list[dict[str, str]], columns: dict[str, list[float]]
) -> None:
    made = add_small_city(session)
    with pytest.raises(ValueError, match=r"fields|types|columns"):
        layers.add_layer(
            session,
            made.city.id,
            slug="wrong",
            title="t",
            kind="k",
            model_id=None,
            fields=fields,
            parameters={},
            lineage={},
            cell_ids=made.cell_ids[:2],
            columns=columns,
        )


def test_undone_with_its_transaction(engine: Engine) -> None:
    """View and rows come and go together."""
    with session_scope(engine) as session:
        made = add_small_city(session)

    def add_and_fail() -> None:
        with session_scope(engine) as session:
            add_score_layer(session, made.city.id, made.cell_ids, slug="half")
            raise KeyError

    with pytest.raises(KeyError):
        add_and_fail()
    with session_scope(engine) as session:
        assert _views(session) == [made.layer.view_name, made.area_layer.view_name]
        assert len(layers.list_layers(session, made.city.id)) == 2
