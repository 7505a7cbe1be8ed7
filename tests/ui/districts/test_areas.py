"""Districts of a visit: what drawings, their changes, mistakes and files make of them."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
import streamlit as st
from shapely.geometry import MultiPolygon

from aether_core.vector import NO_OPTIONS
from tests.app_fixtures import set_environment
from ui.districts import areas
from ui.districts.areas import BESIDE, CHOSEN, WHOLE, AreaFile
from ui.map.box_map import Shape
from workflows.cities.cities import CitySummary, list_cities
from workflows.home.store import Store


@pytest.fixture(scope="module")
def city(module_store: Store) -> CitySummary:
    return list_cities(module_store)[0]


@pytest.fixture(autouse=True)
def visit(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What one visit keeps, without a page."""
    kept: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", kept)
    return kept


def drawn(city: CitySummary, at: float, *, fresh: bool = True) -> Shape:
    """A square in the city's south-west, moved to the east by its own width so many times."""
    west, south, east, north = city.bbox
    wide, high = (east - west) / 8, (north - south) / 8
    box = shapely.box(west + at * wide, south + high, west + (at + 1) * wide, south + 2 * high)
    return Shape("box", MultiPolygon([box]), fresh=fresh)


def test_the_second_drawing_stands_beside_the_first(
    city: CitySummary, visit: dict[str, Any]
) -> None:
    areas.take_drawn(city, drawn(city, 1))
    assert visit[CHOSEN] == "Area 1"
    assert BESIDE not in visit
    areas.take_drawn(city, drawn(city, 4))
    assert (visit[CHOSEN], visit[BESIDE]) == ("Area 2", "Area 1")
    now = areas.current(city)
    assert now.active == "Area 2"
    assert now.on_map is not None
    assert now.on_map.km2 == pytest.approx(0.03, rel=0.6)

    areas.take_drawn(city, drawn(city, 5, fresh=False))  # moved, not drawn anew
    found = areas.shapes(city, areas.current(city))
    assert list(found) == ["Area 1", "Area 2"]
    assert found["Area 2"].equals(drawn(city, 5).boundary)

    areas.choose(city, "Area 1")
    areas.rename(city, "Area 1", " Old  town ")
    areas.rename(city, "Area 2", "Old town")  # taken already
    assert list(areas.shapes(city, areas.current(city))) == ["Old town", "Area 2"]
    assert visit[CHOSEN] == "Old town"
    areas.take_drawn(city, None)  # removed on the map
    assert list(areas.shapes(city, areas.current(city))) == ["Area 2"]
    areas.remove_all(city)
    assert areas.shapes(city, areas.current(city)) == {}


def test_what_cannot_be_used_stays_on_the_map_until_it_is_mended(city: CitySummary) -> None:
    areas.take_drawn(city, drawn(city, 1))
    west, south, east, north = drawn(city, 3).boundary.bounds
    bow = shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])
    areas.take_drawn(city, Shape("polygon", MultiPolygon([bow]), fresh=True))
    now = areas.current(city)
    assert now.problem is not None
    assert now.problem.code == "boundary-crosses-itself"
    assert now.on_map is now.unusable
    assert list(areas.shapes(city, now)) == ["Area 1"]

    areas.take_drawn(city, drawn(city, 3, fresh=False))
    now = areas.current(city)
    assert now.problem is None
    assert list(areas.shapes(city, now)) == ["Area 1", "Area 2"]

    areas.take_drawn(city, drawn(city, 90, fresh=False))  # dragged out of the city
    now = areas.current(city)
    assert now.problem is not None
    assert now.problem.code == "area-outside-city"
    assert list(areas.shapes(city, now)) == ["Area 1"]


def test_names_of_drawings_and_of_a_file_are_kept_apart(
    city: CitySummary, module_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(module_store, monkeypatch)
    file = tmp_path / "own.geojson"
    shapes = [drawn(city, at).boundary for at in (1, 3)]
    gpd.GeoDataFrame({"name": ["Area 1", WHOLE]}, geometry=shapes, crs=4326).to_file(file)
    areas.take_drawn(city, drawn(city, 5))
    areas.take_file(city, AreaFile(file, NO_OPTIONS, None))
    found = areas.shapes(city, areas.current(city))
    assert list(found) == ["Area 1", "Area 1 (2)", f"{WHOLE} (2)"]
    areas.remove_file(city)
    assert list(areas.shapes(city, areas.current(city))) == ["Area 1"]
