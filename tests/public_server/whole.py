"""All public servers together, for one small city across two UTM zones and two years."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely

from tests.public_server.alphaearth import MirrorTile, write_mirror
from tests.public_server.geocoder import SEARCH, Geocoder, settlement
from tests.public_server.mosaic import MOSAIC
from tests.public_server.overpass import Overpass, node
from tests.public_server.overture import Release, places_in, write_release
from tests.public_server.overture_ground import SCHEMAS, ground_in
from tests.public_server.server import PublicServer

MIRROR = "/tge-labs/aef/v1/annual"
BOX = (23.975, 60.15, 24.025, 60.175)
"""West, south, east, north of the city, which the border of 34N and 35N cuts at 24 degrees."""
AROUND = (23.965, 60.145, 24.035, 60.18)
"""The city and the reach of windows around it."""
YEARS = (2024, 2018)
INTERPRETER = "/api/interpreter"
DUPLICATES = 12
"""Places that both Overture and OpenStreetMap have."""
NAME = "Borderville"


PLACES = 300


@dataclass(frozen=True)
class World:
    """A folder that serves as all public servers."""

    folder: Path
    tiles: tuple[MirrorTile, ...]
    overture: Release


def write_world(folder: Path, *, places: int = PLACES) -> World:
    """Write the mirror and a release of Overture for the city and its surroundings."""
    tiles = write_mirror(folder / MIRROR[1:], years=sorted(YEARS), area=AROUND)
    features = {("places", "place"): places_in(BOX, places), **ground_in(AROUND)}
    release = write_release(folder, features, schemas=SCHEMAS)
    return World(folder, tuple(tiles), release)


def osm_places() -> list[dict[str, Any]]:
    """Some of Overture's places a few metres off, and as many that only OpenStreetMap has."""
    west, south, east, north = BOX
    nodes = []
    for row in places_in(BOX, PLACES):
        point = shapely.from_wkb(row["geometry"])
        inside = west < point.x < east and south < point.y < north
        if not inside or row["confidence"] < 0.5 or len(nodes) == 2 * DUPLICATES:
            continue
        number = len(nodes)
        name = row["names"]["primary"]
        nodes.append(node(number, point.x + 5e-5, point.y, name=name, amenity="yes"))
        alone = f"Kiosk {number} of the harbour"
        nodes.append(node(number + 1, point.x, point.y + 2e-3, name=alone, shop="kiosk"))
    return nodes


@contextmanager
def serve(world: World, *, port: int = 0) -> Iterator[PublicServer]:
    """Serve a world on a free port: files, a geocoder that knows the city, and Overpass."""
    with PublicServer(world.folder, port=port) as server:
        outline = [list(corner) for corner in shapely.box(*BOX).exterior.coords]
        server.handle(SEARCH, Geocoder([settlement(NAME, "Finland", "fi", outline)]))
        server.handle(INTERPRETER, Overpass(osm_places()))
        yield server


def environment(server: PublicServer, world: World) -> Mapping[str, str]:
    """The settings that make an installation ask this server, and nothing else."""
    return {
        "AETHER_ALPHAEARTH_URL": server.url + MIRROR,
        "AETHER_ALPHAEARTH_MOSAIC_URL": server.url + MOSAIC,
        "AETHER_OVERTURE_URL": server.url + world.overture.url,
        "AETHER_OVERTURE_CATALOG_URL": server.url + world.overture.catalog_url,
        "AETHER_GEOCODER_URL": server.url,
        "AETHER_OVERPASS_URL": server.url + INTERPRETER,
        "AETHER_NETWORK_ALLOW_HTTP": "true",
    }
