"""OGC API Features and Tiles, read by GDAL as QGIS does, from a server."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pyogrio
import pytest
from starlette.testclient import TestClient

from api.address import PATH
from tests.api.serving import app, serve
from tests.app_fixtures import SLUG
from tests.forks import Forked
from tests.layer_fixtures import Kept
from tests.workflows.up.up_home import free_port, soon
from workflows.accounts.accounts import add_account
from workflows.accounts.keys import add_key
from workflows.cities.cities import show_city
from workflows.home.store import Store
from workflows.layers.collections import Collection
from workflows.layers.layers import layer_shapes, show_layer

OGC = f"{PATH}/ogc"
GRID = "WebMercatorQuad"


@pytest.fixture
def served(trained_store: Store, kept: Kept) -> Iterator[str]:
    """Address of a server that asks for keys, and GDAL has one."""
    assert kept.layers
    add_account(trained_store, "gis", "correct horse battery")
    key = add_key(trained_store, "gis", "qgis")[1]
    port = free_port()
    server = Forked(serve, port, trained_store.url, trained_store.settings.home)
    assert soon(lambda: is_open(port), 30)
    pyogrio.set_gdal_config_options({"GDAL_HTTP_USERPWD": f"gis:{key}", "GDAL_HTTP_TIMEOUT": 20})
    yield f"http://127.0.0.1:{port}{OGC}"
    pyogrio.set_gdal_config_options({"GDAL_HTTP_USERPWD": None, "GDAL_HTTP_TIMEOUT": None})
    server.terminate()
    server.wait(10)


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def test_gdal_reads_what_the_store_holds(
    served: str, trained_store: Store, kept: Kept, tmp_path: Path
) -> None:
    names = [str(name) for name, _ in pyogrio.list_layers(f"OAPIF:{served}")]
    assert sorted(names) == sorted(
        [f"places.{SLUG}", *(f"layers.{SLUG}.{layer}" for layer in kept.layers.values())]
    )
    assert len(pyogrio.read_dataframe(f"OAPIF:{served}", layer=f"places.{SLUG}")) == (
        show_city(trained_store, SLUG).pois
    )
    for kind, field in (("ask", "score"), ("socioeconomic areas", "homes")):
        own = layer_shapes(trained_store, SLUG, kept.layers[kind])
        unit = str(own.columns[0])
        name = f"layers.{SLUG}.{kept.layers[kind]}"
        read = pyogrio.read_dataframe(f"OAPIF:{served}", layer=name).set_index(unit)
        own = own.set_index(unit)
        read = read.loc[own.index]
        np.testing.assert_allclose(read[field], own[field], rtol=1e-12)
        assert read.geometry.geom_equals_exact(own.geometry, 1e-6).all()

    client = TestClient(app(trained_store, required=False))
    name = f"layers.{SLUG}.{kept.layers['landuse']}"
    tiles = f"{OGC}/collections/{name}/tiles/{GRID}"
    tilejson = client.get(f"{tiles}/tilejson").json()
    west, south, east, north = tilejson["bounds"]
    limits = client.get(tiles).json()["tileMatrixSetLimits"]
    at = next(one for one in limits if one["tileMatrix"] == "14")
    template = urlsplit(tilejson["tiles"][0]).path
    cells = set()
    for y in range(at["minTileRow"], at["maxTileRow"] + 1):
        for x in range(at["minTileCol"], at["maxTileCol"] + 1):
            tile = client.get(template.format(z=14, y=y, x=x))
            assert tile.headers["content-type"] == "application/vnd.mapbox-vector-tile"
            (tmp_path / "tile.pbf").write_bytes(tile.content)
            drawn = pyogrio.read_dataframe(f"MVT:{tmp_path / 'tile.pbf'}")
            assert {"landuse", "confidence", "set"} <= set(drawn.columns)
            cells |= set(drawn["cell"])
    assert cells == set(layer_shapes(trained_store, SLUG, kept.layers["landuse"])["cell"])
    assert west < east
    assert south < north
    check_pages_and_refusals(client, trained_store, kept)


def check_pages_and_refusals(client: TestClient, store: Store, kept: Kept) -> None:
    """On the same store, which takes seconds to make."""
    items = f"{OGC}/collections/places.{SLUG}/items"
    seen: list[int] = []
    following: str | None = f"{items}?limit=250"
    while following is not None:
        page = client.get(following).json()
        assert page["numberReturned"] == len(page["features"]) <= 250
        seen += [one["id"] for one in page["features"]]
        following = next((one["href"] for one in page["links"] if one["rel"] == "next"), None)
    assert len(seen) == len(set(seen)) == page["numberMatched"]
    one = client.get(f"{items}/{seen[0]}")
    assert one.headers["content-type"] == "application/geo+json"
    lon, lat = one.json()["geometry"]["coordinates"]
    near = f"{items}?bbox={lon - 1e-6},{lat - 1e-6},{lon + 1e-6},{lat + 1e-6}"
    assert seen[0] in [feature["id"] for feature in client.get(near).json()["features"]]
    around = client.get(f"{items}?limit=1&bbox={lon + 1e-3},-90,{lon - 1e-3},90").json()
    assert 0 < around["numberMatched"] < len(seen)  # across the 180th meridian: all but a strip
    landing = client.get(OGC).json()
    for link in landing["links"]:
        assert client.get(urlsplit(link["href"]).path).status_code == 200, link
    matrices = client.get(f"{OGC}/tileMatrixSets/{GRID}").json()["tileMatrices"]
    assert matrices[0]["scaleDenominator"] == pytest.approx(559082264.0287178)

    layer = f"layers.{SLUG}.{kept.layers['search']}"
    for path, status, code in (
        (f"places.{SLUG}/items?bbox=1,5,2,3", 400, "bbox-unusable"),
        (f"places.{SLUG}/items?bbox=1,2,3", 400, "bbox-unusable"),
        (f"places.{SLUG}/items?bbox=nan,1,2,3", 400, "bbox-unusable"),
        (f"places.{SLUG}/items?bbox=1,2,300,4", 400, "bbox-unusable"),
        (f"places.{SLUG}/items?limit=0", 400, "parameter-unusable"),
        (f"places.{SLUG}/items?offset=-1", 400, "parameter-unusable"),
        (f"places.{SLUG}/items?colour=red", 400, "parameter-unusable"),
        (f"places.{SLUG}/items/0", 404, "no-such-feature"),
        (f"places.{SLUG}/items/1'--", 404, "no-such-feature"),
        (f"places.{SLUG}/items/{10**30}", 404, "no-such-feature"),
        ("places.nowhere", 404, "no-such-city"),
        ("poi", 404, "no-such-collection"),
        ("account/items", 404, "no-such-collection"),
        (f"{layer};drop table poi/items", 404, "no-such-layer"),
        (f"{layer}/tiles/{GRID}/3/8/0", 404, "no-such-tile"),
        (f"{layer}/tiles/{GRID}/40/0/0", 404, "no-such-tile"),
        (f"{layer}/tiles/{GRID}/-1/0/0", 404, "no-such-tile"),
        (f"{layer}/tiles/{GRID}/2/x/0", 400, "parameter-unusable"),
        (f"{layer}/tiles/Other/2/1/1", 400, "parameter-unusable"),
    ):
        answer = client.get(f"{OGC}/collections/{path}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
    assert show_layer(store, SLUG, kept.layers["search"]).features


def test_a_tile_of_a_large_city_begins_where_it_is_not_too_full() -> None:
    def least(features: int, box: tuple[float, float, float, float]) -> int:
        return Collection("", "", "", "", None, box, features, "").least_zoom

    city = (24.8, 60.1, 25.2, 60.3)
    assert least(7_000, city) == 0
    assert 8 <= least(250_000, city) <= 12
    assert least(250_000, (179.9, -17.0, -179.9, -16.9)) > 8  # narrow, across the meridian
    assert json.dumps(least(10**9, (0.0, 0.0, 0.0, 0.0)))
