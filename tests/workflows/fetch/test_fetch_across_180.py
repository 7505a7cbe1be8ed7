"""A city across the 180th meridian: its area, what is asked of the servers, and what is kept."""

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from tests.public_server.alphaearth import write_index, write_mirror
from tests.public_server.overpass import Overpass, node
from tests.public_server.overture import places_in, write_release
from tests.public_server.overture_ground import SCHEMAS, ground_in
from tests.public_server.server import PublicServer
from tests.public_server.whole import INTERPRETER, MIRROR, World, serve
from workflows.cities.cities import show_city
from workflows.fetch.area import AreaRequest, find_area
from workflows.fetch.fetch import add_fetch, estimate_fetch, show_fetch
from workflows.fetch.request import FetchCity
from workflows.home.settings import Settings
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out

SOUTH, NORTH = -16.81, -16.79
BOX = (179.985, SOUTH, -179.985, NORTH)
WEST_SIDE, EAST_SIDE = (179.985, SOUTH, 180.0, NORTH), (-180.0, SOUTH, -179.985, NORTH)
A_SIDE = 60


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The mirror's zones 60S and 1S, and a release of Overture with places on both sides."""
    folder = tmp_path_factory.mktemp("fiji")
    tiles = []
    for zone, (west, south, east, north) in (("60S", WEST_SIDE), ("1S", EAST_SIDE)):
        around = (west - 0.01, south - 0.01, east + 0.01, north + 0.01)
        tiles += write_mirror(folder / MIRROR[1:], years=[2024], zones=[zone], area=around)
    write_index(folder / MIRROR[1:], tiles)
    rows = [*places_in(WEST_SIDE, A_SIDE), *places_in(EAST_SIDE, A_SIDE, seed=7)]
    # A row group a side, as the real ones are of one neighbourhood.
    ground = {key: [*ground_in(WEST_SIDE)[key], *ground_in(EAST_SIDE)[key]] for key in SCHEMAS}
    features = {("places", "place"): rows, **ground}
    release = write_release(folder, features, schemas=SCHEMAS, group_rows=A_SIDE)
    return World(folder, tuple(tiles), release)


@pytest.fixture(scope="module")
def overpass() -> Overpass:
    """A kiosk on each side, and one on the other side of the Earth."""
    return Overpass(
        [
            node(1, 179.99, -16.8, name="Kiosk of the west", shop="kiosk"),
            node(2, -179.99, -16.8, name="Kiosk of the east", shop="kiosk"),
            node(3, 0.0, -16.8, name="Kiosk far away", shop="kiosk"),
        ]
    )


@pytest.fixture(scope="module")
def server(world: World, overpass: Overpass) -> Iterator[PublicServer]:
    with serve(world) as running:
        running.handle(INTERPRETER, overpass)
        yield running


def jumping(folder: Path) -> Path:
    """A boundary as many files have it: corners on both sides, in one ring."""
    west, south, east, north = BOX
    ring = shapely.Polygon([(west, south), (east, south), (east, north), (west, north)])
    path = folder / "fiji.geojson"
    gpd.GeoDataFrame(geometry=[ring], crs=4326).to_file(path)
    return path


def test_the_area_is_the_same_as_a_box_or_a_file(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    box = find_area(settings, AreaRequest(box=BOX)).boundary
    assert {part.bounds for part in box.geoms} == {WEST_SIDE, EAST_SIDE}
    assert find_area(settings, AreaRequest(boundary=jumping(tmp_path))).boundary.equals(box)


@pytest.mark.usefixtures("good_server")
def test_both_sides_are_asked_for_and_kept(asking: Store, overpass: Overpass) -> None:
    area = find_area(asking.settings, AreaRequest(box=BOX))
    request = FetchCity(
        "fiji", "Fiji", area.boundary, (2024,), pois="both", radius_m=50, cell_resolution=10
    )
    expected = estimate_fetch(asking, request, ask_servers=True)
    assert expected.zones == estimate_fetch(asking, request).zones == ("60S", "1S")
    assert expected.pois is not None
    assert expected.pois == pytest.approx(2 * A_SIDE + 2, rel=0.2)
    fetch = show_fetch(asking, add_fetch(asking, request).id)
    carry_out(asking, fetch.job)
    fetch = show_fetch(asking, fetch.id)
    assert (fetch.state, fetch.error) == ("done", None)
    assert all(east - west < 0.1 for _, west, _, east in overpass.asked)
    city = show_city(asking, "fiji")
    west, _, east, _ = city.bbox
    assert (west, east) == pytest.approx((179.985, 180.015))
    assert city.crs in {"EPSG:32760", "EPSG:32701"}
    # 3.2 x 2.2 km at 0.015 square kilometres a cell.
    assert 400 < city.cells < 560
