"""Cities, places, features and texts: what goes in comes out."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pyproj import Geod
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, NotFoundError
from aether_core.language import names_kept, other_names
from db.cities import cities, features, pois, texts
from db.columns.copy import copy_in, copy_out
from db.engine import session_scope
from db.schema import Base
from tests.db.city_data import (
    OUTLINE,
    add_plain_city,
    add_small_city,
    hexagons,
    poi_table,
    unit_rows,
)
from tests.errors import fault

ODD = "a \"b\" 'c'; DROP TABLE city;-- %s {} \\ ÄÖ 東京"

PEOPLE = {"account", "account_group", "group_member", "api_key", "deed"}
OUTLIVES = PEOPLE | {"fetch", "region", "text", "worker"}
"""Of no city: texts are shared, a fetch says what was downloaded, a region is a folder of its own,
workers serve all."""


def _row_counts(session: Session, city_id: int) -> dict[str, int]:
    """Rows of one city in every table that has any, found by walking its foreign keys."""
    owned = {"city": f"SELECT id FROM city WHERE id = {city_id}"}  # noqa: S608
    for table in Base.metadata.sorted_tables:
        if "city_id" in table.c and table.name not in OUTLIVES:
            owned[table.name] = f"SELECT * FROM {table.name} WHERE city_id = {city_id}"  # noqa: S608
    owned["eo_feature"] = (
        f"SELECT * FROM eo_feature WHERE poi_id IN (SELECT id FROM poi WHERE city_id = {city_id})"  # noqa: S608
    )
    owned["cell_feature"] = (
        "SELECT * FROM cell_feature WHERE cell_id IN "  # noqa: S608
        f"(SELECT id FROM cell WHERE city_id = {city_id})"
    )
    for table, parent in (
        ("label", "label_set"),
        ("area", "area_set"),
        ("layer_units", "layer"),
        ("layer_column", "layer"),
        ("run_epoch", "run"),
    ):
        owned[table] = (
            f"SELECT * FROM {table} WHERE {parent}_id IN "  # noqa: S608
            f"(SELECT id FROM {parent} WHERE city_id = {city_id})"
        )
    return {
        name: session.scalar(text(f"SELECT count(*) FROM ({query}) q")) or 0  # noqa: S608
        for name, query in owned.items()
    }


def _all_counts(session: Session) -> dict[str, int]:
    return {
        name: session.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0  # noqa: S608
        for name in Base.metadata.tables
    }


def test_city_round_trip(session: Session) -> None:
    columns = {"simulated": True, "dropped": {"duplicate": 3}, "attribution": ["OSM"], "pixels": 9}
    add_plain_city(session, ODD, **columns)
    session.commit()
    session.expunge_all()
    city = cities.city_by_slug(session, ODD)
    assert (city.slug, city.simulated, city.dropped) == (ODD, True, {"duplicate": 3})
    assert (city.attribution, city.pixels, city.created_at.tzinfo is not None) == (["OSM"], 9, True)
    assert cities.boundary_of(city).equals(OUTLINE)
    assert cities.boundary_of(city).geom_type == "MultiPolygon"
    assert [known.slug for known in cities.list_cities(session)] == [ODD]


def test_unknown_city_lists_those_there_are(session: Session) -> None:
    with pytest.raises(NotFoundError, check=fault("no-such-city", "atlantis")):
        cities.city_by_slug(session, "atlantis")
    add_plain_city(session, "helsinki")
    add_plain_city(session, "espoo")
    with pytest.raises(NotFoundError, check=fault("no-such-city", "atlantis", "espoo, helsinki")):
        cities.remove_city(session, "atlantis")


def test_duplicate_slug_leaves_the_session_usable(session: Session) -> None:
    add_plain_city(session)
    with pytest.raises(ConflictError, check=fault("city-exists", "helsinki")):
        add_plain_city(session)
    add_plain_city(session, "espoo")
    assert len(cities.list_cities(session)) == 2


def test_removing_a_city_takes_all_of_it_and_nothing_else(engine: Engine) -> None:
    with session_scope(engine) as session:
        kept, gone = add_small_city(session, "kept"), add_small_city(session, "gone", seed=1)
    with session_scope(engine) as session:
        before, total = _row_counts(session, kept.city.id), _all_counts(session)
        assert _row_counts(session, gone.city.id) == before
        assert set(before) == set(Base.metadata.tables) - OUTLIVES
        assert min(before.values()) > 0
        cities.remove_city(session, "gone")
    with session_scope(engine) as session:
        assert set(_row_counts(session, gone.city.id).values()) == {0}
        assert _row_counts(session, kept.city.id) == before
        after = _all_counts(session)
        assert {name: total[name] - after[name] for name in before} == before
        assert after["text"] == total["text"]
        views = session.scalars(text("SELECT viewname FROM pg_views WHERE schemaname = 'public'"))
        left = {name for name in views if name.startswith("v_")}
        assert left == {kept.layer.view_name, kept.area_layer.view_name}


def test_one_plain_statement_removes_the_views_too(session: Session) -> None:
    made = add_small_city(session)
    session.execute(text("DELETE FROM city"))
    named = {"name": made.layer.view_name}
    assert session.scalar(text("SELECT to_regclass(quote_ident(:name))"), named) is None


def test_counts_and_rasters(session: Session) -> None:
    made = add_small_city(session)
    add_small_city(session, "espoo")
    expected = {"pois": 20, "cells": len(made.h3), "models": 1, "layers": 2}
    assert cities.counts(session, made.city.id) == expected
    (raster,) = cities.rasters(session, made.city.id)
    assert (raster.path, raster.width) == ("tile.tif", 10)


def test_base_features_from_any_crs(session: Session) -> None:
    city = add_plain_city(session)
    given_shapes = gpd.GeoDataFrame(
        {
            "kind": ["water", "green", "road"],
            "name": ["Töölönlahti", None, "E12"],
            "other_names": ['{"sv": "Tölöviken"}', "", None],
        },
        geometry=[OUTLINE, OUTLINE.boundary, shapely.Point(24.94, 60.17)],
        crs="EPSG:4326",
    )
    assert cities.add_base_features(session, city.id, given_shapes.to_crs("EPSG:32635")) == 3
    read = cities.base_features(session, city.id)
    assert read["kind"].tolist() == ["water", "green", "road"]
    assert read["name"].tolist() == ["Töölönlahti", "", "E12"]
    assert read["other_names"].tolist() == ['{"sv": "Tölöviken"}', "", ""]
    assert read.crs == "EPSG:4326"
    assert read.geometry.geom_equals_exact(given_shapes.geometry, 1e-7).all()
    assert cities.base_features(session, add_plain_city(session, "espoo").id).empty
    assert cities.ground_features(session, city.id, "road")["name"].tolist() == ["E12"]
    (water,) = cities.ground_features(session, city.id, "water")["other_names"]
    assert names_kept(water) == {"sv": "Tölöviken"}
    assert cities.ground_features(session, city.id, "main road").empty


def test_main_roads_are_told_from_others(session: Session) -> None:
    city = add_plain_city(session)
    line = shapely.LineString([(24.94, 60.17), (24.95, 60.17)])
    roads = gpd.GeoDataFrame(
        {
            "kind": ["road", "road", "green"],
            "name": ["E12", "Lane", ""],
            "main": [True, False, None],
        },
        geometry=[line, line, OUTLINE],
        crs="EPSG:4326",
    )
    cities.add_base_features(session, city.id, roads)
    assert cities.ground_features(session, city.id, "main road")["name"].tolist() == ["E12"]
    assert cities.ground_features(session, city.id, "road")["name"].tolist() == ["E12", "Lane"]


def test_pois_round_trip_in_order(session: Session) -> None:
    city, other = add_plain_city(session), add_plain_city(session, "espoo")
    table = poi_table(200)
    table.loc[0, "name"] = ODD
    others = {"sv": ODD, "zh-Hant": "車站", "ar": "محطة"}
    table["other_names"] = [other_names(others.items()), *[""] * 199]
    hashes = [f"{n}" for n in range(200)]
    ids = pois.add_pois(session, city.id, table, hashes)
    pois.add_pois(session, other.id, poi_table(5, seed=1), hashes[:5])
    read = pois.poi_frame(session, city.id)
    assert read["id"].tolist() == ids.tolist() == sorted(ids)
    for column in pois.COLUMNS:
        assert read[column].tolist() == table[column].tolist()
    assert names_kept(read["other_names"][0]) == others
    assert set(read["other_names"][1:]) == {""}
    assert pois.pois_by_id(session, ids[:2])["other_names"].tolist() == [*read["other_names"][:2]]
    assert read["text_hash"].tolist() == hashes
    assert np.array_equal(read.geometry.x, table.geometry.x)
    assert np.array_equal(read.geometry.y, table.geometry.y)
    assert len(pois.poi_frame(session, 0)) == 0


def test_pois_within_agrees_with_the_spheroid(session: Session) -> None:
    city = add_plain_city(session)
    table = poi_table(500)
    ids = pois.add_pois(session, city.id, table, ["h"] * 500)
    lon, lat = 24.945, 60.17
    spheroid = Geod(ellps="WGS84")
    _, _, away = spheroid.inv(
        np.full(500, lon), np.full(500, lat), table.geometry.x, table.geometry.y
    )
    for metres in (0, 50, 300, 900, 100_000):
        found = pois.pois_within(session, city.id, lon, lat, metres)
        assert found.tolist() == ids[away <= metres].tolist()
    assert 0 < (away <= 300).sum() < (away <= 900).sum() < 500


def test_categories_commonest_first(session: Session) -> None:
    city = add_plain_city(session)
    table = poi_table(10)
    table["category"] = ["cafe"] * 5 + ["bar"] * 3 + [""] * 2
    pois.add_pois(session, city.id, table, ["h"] * 10)
    expected = [("cafe", "food and drink", 5), ("bar", "food and drink", 3)]
    assert pois.categories(session, city.id) == expected
    assert pois.categories(session, city.id, limit=1) == expected[:1]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    vectors=hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 9), st.sampled_from([1, 64, 128])),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    )
)
def test_vectors_come_back_bit_for_bit(scratch_engine: Engine, vectors: np.ndarray) -> None:
    with Session(scratch_engine) as session:
        city = add_plain_city(session)
        count = len(vectors)
        ids = pois.add_pois(session, city.id, poi_table(count), ["h"] * count)
        view = features.add_view(
            session, city.id, name="wide", shape="disk", radius_m=100, radius_px=None, year=2024
        )
        features.add_poi_features(session, view.id, ids[::-1], vectors[::-1])
        read_ids, read = features.poi_features(session, city.id, "wide")
        assert read_ids.tolist() == ids.tolist()
        assert read.dtype == np.float32
        assert read.shape == vectors.shape
        assert read.tobytes() == vectors.tobytes()


def test_cells_and_their_vectors(session: Session) -> None:
    city = add_plain_city(session)
    indexes, polygons = hexagons()
    shuffled = np.random.default_rng(0).permutation(len(indexes))
    ids = features.add_cells(session, city.id, indexes[shuffled], polygons[shuffled])
    read_ids, read = features.cells(session, city.id)
    assert read.dtype == np.uint64
    assert np.array_equal(read, np.sort(indexes))
    assert np.array_equal(read_ids, ids[np.argsort(indexes[shuffled])])
    view = features.add_view(
        session, city.id, name="base", shape="square", radius_m=None, radius_px=4, year=2024
    )
    vectors = unit_rows(len(ids) - 1)
    features.add_cell_features(session, view.id, ids[1:], vectors)
    cell_ids, h3, read_vectors = features.cell_features(session, city.id, "base")
    order = np.argsort(indexes[shuffled][1:])
    assert np.array_equal(cell_ids, ids[1:][order])
    assert np.array_equal(h3, indexes[shuffled][1:][order])
    assert np.array_equal(read_vectors, vectors[order])


def test_views_by_name_and_year(session: Session) -> None:
    city = add_plain_city(session)
    for year in (2023, 2024):
        features.add_view(
            session, city.id, name="base", shape="disk", radius_m=100, radius_px=None, year=year
        )
    assert [view.year for view in features.views(session, city.id)] == [2023, 2024]
    assert features.view_named(session, city.id, "base").year == 2024
    assert features.view_named(session, city.id, "base", 2023).year == 2023
    with pytest.raises(
        NotFoundError, check=fault("no-such-view", "base 2022", "base 2023, base 2024")
    ):
        features.view_named(session, city.id, "base", 2022)


@pytest.mark.parametrize(
    "vectors", [np.full((2, 64), np.nan, np.float32), np.ones(2), np.ones((1, 64))]
)
def test_wrong_vectors_are_refused(session: Session, vectors: np.ndarray) -> None:
    city = add_plain_city(session)
    ids = pois.add_pois(session, city.id, poi_table(2), ["h"] * 2)
    view = features.add_view(
        session, city.id, name="base", shape="disk", radius_m=100, radius_px=None, year=2024
    )
    with pytest.raises(ValueError, match="vectors"):
        features.add_poi_features(session, view.id, ids, vectors)


def test_texts_are_kept_once_per_encoder(session: Session) -> None:
    first, second = unit_rows(3, 384, seed=1), unit_rows(3, 384, seed=2)
    assert texts.missing_hashes(session, "mini", ["a", "b", "a"]) == {"a", "b"}
    texts.add_texts(session, "mini", ["a", "b", ODD], first)
    texts.add_texts(session, "mini", ["b", "c", "c"], second)
    texts.add_texts(session, "other", ["a"], second[:1, :8])
    assert texts.missing_hashes(session, "mini", ["a", "b", "c", "d", ODD]) == {"d"}
    read = texts.text_vectors(session, "mini", ["c", "b", "a", "b", ODD])
    assert np.array_equal(read, np.stack([second[1], first[1], first[0], first[1], first[2]]))
    assert texts.text_vectors(session, "other", ["a"]).shape == (1, 8)
    assert texts.text_vectors(session, "mini", []).shape[0] == 0
    with pytest.raises(NotFoundError, check=fault("text-not-encoded", "mini", "d")):
        texts.text_vectors(session, "mini", ["a", "d"])


def test_copy_out_refuses_rows_of_another_width(session: Session) -> None:
    session.execute(text("CREATE TABLE odd (payload bytea)"))
    copy_in(session, "odd", {"payload": "bytea"}, [(b"1234",), (b"12345678",)])
    with pytest.raises(ValueError, match="widths"):
        copy_out(session, "SELECT payload FROM odd", {}, {"payload": np.dtype(("<f4", (1,)))})
