"""The backdrop of a user's own OpenStreetMap extract."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from aether_core.city.base_map import read_osm_base_map
from aether_core.errors import InputError
from aether_core.language import names_kept
from aether_core.simulate.osm_extract import BOX, packaged_extract
from tests.errors import fault

HELSINKI = shapely.box(*BOX)


@pytest.fixture(scope="module")
def small() -> gpd.GeoDataFrame:
    return read_osm_base_map(packaged_extract(), HELSINKI)


def test_a_small_city_is_drawn_with_all_kinds_inside_its_boundary(small: gpd.GeoDataFrame) -> None:
    drawn = small
    assert list(drawn.columns) == ["kind", "name", "other_names", "main", "geometry"]
    assert set(drawn["kind"]) == {"water", "green", "road", "building"}
    assert drawn.crs.to_epsg() == 4326
    assert HELSINKI.buffer(1e-6).covers(shapely.union_all(drawn.geometry))
    assert drawn.loc[drawn["kind"] == "building"].geom_type.str.contains("Polygon").all()
    roads = drawn[drawn["kind"] == "road"]
    called = dict(zip(drawn["name"], drawn["other_names"], strict=True))
    assert names_kept(called["Esplanadinpuisto"])["sv"] == "Esplanadparken"
    assert names_kept(called["Mannerheimintie"])["sv"] == "Mannerheimvägen"
    assert "Mannerheimintie" in set(roads.loc[roads["main"].eq(True), "name"])
    assert {"Mannerheimintie", "Fabianinkatu"} <= set(roads["name"])
    assert "Fabianinkatu" not in set(roads.loc[roads["main"].eq(True), "name"])
    assert drawn.loc[drawn["kind"] != "road", "main"].isna().all()
    assert "Esplanadinpuisto" in set(drawn.loc[drawn["kind"] == "green", "name"])


def test_a_large_city_is_drawn_without_buildings_and_side_streets(small: gpd.GeoDataFrame) -> None:
    drawn = read_osm_base_map(packaged_extract(), HELSINKI.buffer(0.1))
    assert "building" not in set(drawn["kind"])
    assert 0 < (drawn["kind"] == "road").sum() < (small["kind"] == "road").sum()


def test_an_extract_of_another_place_draws_nothing() -> None:
    assert read_osm_base_map(packaged_extract(), shapely.box(0, 0, 0.01, 0.01)).empty


def test_a_damaged_extract_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(packaged_extract().read_bytes()[:5000])
    with pytest.raises(InputError, check=fault("osm-extract-unreadable", "broken.osm.pbf")):
        read_osm_base_map(broken, HELSINKI)
