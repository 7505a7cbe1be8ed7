"""Areas: kept with their shares, read back, found again; layers of areas and their views."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from psycopg.errors import UniqueViolation
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, NotFoundError
from db.engine import session_scope
from db.evidence import area_sets
from db.layers import layers
from db.layers.view import view_columns
from db.schema import Layer
from tests.db.city_data import (
    OUTLINE,
    add_areas,
    add_plain_city,
    add_score_layer,
    add_share_layer,
    add_small_city,
)
from tests.errors import fault


def test_areas_round_trip(session: Session) -> None:
    areas = add_areas(session, add_plain_city(session).id)
    read = area_sets.area_frame(session, areas)
    assert list(read.columns) == ["area_id", "code", "count", "young", "old", "geometry"]
    assert read["code"].tolist() == ["North", "South"]
    assert np.array_equal(read["count"], [1500.0, np.nan], equal_nan=True)
    assert read[["young", "old"]].to_numpy().tolist() == [[0.25, 0.75], [0.1, 0.9]]
    assert read.geometry.geom_type.tolist() == ["MultiPolygon"] * 2
    assert read.geometry[0].equals(shapely.box(24.93, 60.17, 24.96, 60.18))
    assert len(read.geometry[1].geoms) == 2
    assert read.crs == "EPSG:4326"
    assert (areas.given, areas.minimum_count) == ("counts", 100.0)


def test_areas_without_counts_and_a_set_without_areas(session: Session) -> None:
    city = add_plain_city(session)
    areas = add_areas(session, city.id, count=None, minimum_count=None, given="shares")
    assert area_sets.area_frame(session, areas)["count"].isna().all()
    empty = add_areas(
        session,
        city.id,
        geometry=np.array([], object),
        code=[],
        count=np.array([]),
        shares=np.zeros((0, 2)),
    )
    read = area_sets.area_frame(session, empty)
    assert read.empty
    assert list(read.columns) == ["area_id", "code", "count", "young", "old", "geometry"]
    assert len(area_sets.area_frame(session, areas)) == 2


def test_fields_of_taken_names(session: Session) -> None:
    fields = ["count", "count_", "Äldre \"a\" 'b' %s", "geometry"]
    shares = np.array([[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]])
    areas = add_areas(session, add_plain_city(session).id, fields=fields, shares=shares)
    named = area_sets.share_columns(fields)
    assert list(named) == fields
    assert len(set(named.values()) | {"area_id", "code", "count", "geometry"}) == 8
    read = area_sets.area_frame(session, areas)
    assert np.array_equal(read[list(named.values())].to_numpy(), shares)
    assert np.array_equal(read["count"], [1500.0, np.nan], equal_nan=True)


def test_the_same_file_read_the_same_way_is_found_again(session: Session) -> None:
    city = add_plain_city(session)
    kept = add_areas(session, city.id)
    shares = add_areas(session, city.id, minimum_count=None)
    same = {
        "sha256": kept.sha256,
        "fields": ["young", "old"],
        "minimum_count": 100.0,
        "parameters": {"code_field": "id"},
    }
    assert area_sets.find_area_set(session, city.id, **same).id == kept.id
    without = same | {"minimum_count": None}
    assert area_sets.find_area_set(session, city.id, **without).id == shares.id
    for changed in (
        {"sha256": "9" * 64},
        {"fields": ["old", "young"]},
        {"minimum_count": 50},
        {"parameters": {}},
    ):
        assert area_sets.find_area_set(session, city.id, **(same | changed)) is None
    assert area_sets.find_area_set(session, city.id + 1, **same) is None


@pytest.mark.parametrize(
    "columns",
    [
        {"code": ["North"]},
        {"count": np.array([1.0])},
        {"shares": np.array([[0.5, 0.5]])},
        {"shares": np.array([0.5, 0.5])},
        {"shares": np.array([[0.5, np.nan], [0.5, 0.5]])},
        {"code": ["North", "North"]},
    ],
)
def test_wrong_areas_leave_nothing_behind(engine: Engine, columns: dict[str, object]) -> None:
    with session_scope(engine) as session:
        city = add_plain_city(session)

    def add() -> None:
        with session_scope(engine) as session:
            add_areas(session, city.id, **columns)

    with pytest.raises((ValueError, UniqueViolation), match=r"zip|shares|JSON|uq_area"):
        add()
    with session_scope(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM area_set")) == 0
        assert session.scalar(text("SELECT count(*) FROM area")) == 0


def test_a_layer_of_areas_reads_like_one_of_cells(session: Session) -> None:
    made = add_small_city(session)
    layer = layers.layer_by_slug(session, made.city.id, "shares")
    assert (layer.spatial_unit, layer.area_set_id) == ("area", made.areas.id)
    assert layer.findings == {"kl": 0.1}
    read = layers.layer_frame(session, layer)
    assert list(read.columns) == ["area", "young", "applicable"]
    assert read["area"].tolist() == ["North", "South"]
    assert np.array_equal(read["young"].to_numpy(np.float32), [np.float32(0.3), np.nan], True)
    assert read["applicable"].tolist() == [True, False]
    placed = layers.layer_geo_frame(session, layer)
    assert placed.drop(columns="geometry").equals(read)
    areas = area_sets.area_frame(session, made.areas)
    assert placed.geometry.geom_equals_exact(areas.geometry, 0).all()
    assert (layer.features, made.layer.features) == (2, len(made.cell_ids))


def test_view_of_areas_is_typed_and_keyed(session: Session) -> None:
    made = add_small_city(session)
    named = {"name": made.area_layer.view_name}
    asked = "SELECT column_name, udt_name FROM information_schema.columns WHERE table_name = :name"
    assert dict(session.execute(text(asked), named).all()) == {
        "area_id": "int8",
        "area": "text",
        "young": "float8",
        "applicable": "bool",
        "geom": "geometry",
    }
    asked = "SELECT type, srid FROM geometry_columns WHERE f_table_name = :name"
    assert session.execute(text(asked), named).all() == [("MULTIPOLYGON", 4326)]
    asked = f'SELECT count(DISTINCT area_id), count(*) FROM "{named["name"]}"'  # noqa: S608
    assert session.execute(text(asked)).one() == (2, 2)


def test_view_of_areas_is_read_by_geopandas(engine: Engine) -> None:
    with session_scope(engine) as session:
        view = add_small_city(session).area_layer.view_name
    read = gpd.read_postgis(f'SELECT * FROM "{view}"', engine, geom_col="geom")  # noqa: S608
    assert read["area"].tolist() == ["North", "South"]
    assert read.crs == "EPSG:4326"
    assert read.total_bounds.tolist() == list(OUTLINE.bounds)


def test_layers_go_with_their_areas(session: Session) -> None:
    made = add_small_city(session)
    cells = layers.add_layer(
        session,
        made.city.id,
        slug="of-cells",
        title="t",
        kind="socioeconomic",
        model_id=None,
        fields=[{"name": "young", "type": "float", "unit": "share"}],
        parameters={},
        lineage={},
        cell_ids=made.cell_ids,
        columns={"young": np.linspace(0, 1, len(made.cell_ids))},
        area_set_id=made.areas.id,
    )
    views = [made.area_layer.view_name, cells.view_name]
    assert cells.spatial_unit == "cell"
    assert list(layers.layer_frame(session, cells).columns) == ["cell", "young"]
    session.delete(made.areas)
    session.flush()
    assert [row.slug for row in layers.list_layers(session, made.city.id)] == ["night-out"]
    for view in views:
        asked = text("SELECT to_regclass(quote_ident(:name))")
        assert session.scalar(asked, {"name": view}) is None
    assert session.scalar(text("SELECT count(*) FROM area")) == 0


@pytest.mark.parametrize("slug", ["night-out", "shares"])
def test_a_layer_removed_while_it_is_read(engine: Engine, slug: str) -> None:
    """Another session removes it between finding it and reading it: said, not an empty layer."""
    with session_scope(engine) as session:
        made = add_small_city(session)
    with session_scope(engine) as reading:
        found = layers.layer_by_slug(reading, made.city.id, slug)
        with session_scope(engine) as removing:
            layers.remove_layer(removing, made.city.id, slug)
        for read in (layers.layer_frame, layers.layer_geo_frame):
            with pytest.raises(NotFoundError, check=fault("no-such-layer", slug)):
                read(reading, found)


def test_a_field_called_like_the_key_does_not_replace_it(session: Session) -> None:
    made = add_small_city(session)
    areas = area_sets.area_frame(session, made.areas)
    layer = layers.add_area_layer(
        session,
        made.city.id,
        slug="odd",
        title="t",
        kind="socioeconomic",
        model_id=None,
        fields=[{"name": n, "type": "int", "unit": ""} for n in ("area", "cell", "geometry")],
        parameters={},
        lineage={},
        area_set_id=made.areas.id,
        area_ids=areas["area_id"].to_numpy(),
        columns={"area": [1, 2], "cell": [3, 4], "geometry": [5, 6]},
    )
    read = layers.layer_geo_frame(session, layer)
    assert list(read.columns) == ["area", "area_", "cell", "geometry_", "geometry"]
    assert read["area"].tolist() == ["North", "South"]
    assert read["area_"].tolist() == [1, 2]
    assert view_columns(layer) == {"area": "area_", "cell": "cell", "geometry": "geometry"}


def test_areas_and_cells_share_names_of_layers(session: Session) -> None:
    made = add_small_city(session)
    with pytest.raises(ConflictError, check=fault("layer-exists", "night-out")):
        add_share_layer(session, made.areas, slug="night-out")
    with pytest.raises(ConflictError, check=fault("layer-exists", "shares")):
        add_score_layer(session, made.city.id, made.cell_ids, slug="shares")
    assert session.query(Layer).count() == 2
