"""OGC API Features and Tiles, read by GDAL as QGIS does, from a server."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pyogrio
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from aether_core.spatial.web_grid import DEEPEST_ZOOM
from api.address import PATH
from db.cities.cities import city_by_slug
from db.layers.field_types import Column
from db.layers.layers import add_layer
from db.schema import Cell
from tests.api.serving import app, serve
from tests.app_fixtures import SLUG
from tests.forks import Forked
from tests.workflows.up.up_home import free_port, soon
from workflows.accounts.accounts import add_account
from workflows.accounts.keys import add_key
from workflows.cities.cities import show_city
from workflows.home.store import Store
from workflows.layers.layers import keep_answer, layer_shapes
from workflows.layers.published.collections import Collection
from workflows.search.ask import ask

OGC = f"{PATH}/ogc"
GRID = "WebMercatorQuad"


@pytest.fixture
def layers(module_store: Store) -> tuple[str, str]:
    """Names of two layers: an answer, and one with a field of each type, whole numbers first."""
    answer = keep_answer(module_store, ask(module_store, SLUG, "like a park but near shops"))
    with module_store.session() as session:
        city = city_by_slug(session, SLUG)
        ids = session.scalars(select(Cell.id).where(Cell.city_id == city.id)).all()
        n = len(ids)
        columns: dict[str, Column] = {
            "share": np.where(np.arange(n) < n // 2, 1.0, 0.123456789),
            "floors": np.arange(n),
            "new": np.arange(n) % 2 == 0,
            "use": [None, *["homes"] * (n - 1)],
            "set": [["homes", "work"]] * n,
        }
        types = ("float", "int", "bool", "text", "list")
        made = add_layer(
            session,
            city.id,
            slug="types",
            title="Types",
            kind="search",
            model_id=None,
            fields=[{"name": name, "type": t} for name, t in zip(columns, types, strict=True)],
            parameters={},
            lineage={"year": 2024},
            cell_ids=np.array(ids),
            columns=columns,
        )
        return answer.layer, made.slug


@pytest.fixture
def served(module_store: Store, layers: tuple[str, str]) -> Iterator[str]:
    """Address of a server that asks for keys, and GDAL has one."""
    assert layers
    add_account(module_store, "gis", "correct horse battery")
    key = add_key(module_store, "gis", "qgis")[1]
    port = free_port()
    server = Forked(serve, port, module_store.url, module_store.settings.home)
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
    served: str, module_store: Store, layers: tuple[str, str], tmp_path: Path
) -> None:
    names = [str(name) for name, _ in pyogrio.list_layers(f"OAPIF:{served}")]
    called = [f"layers.{SLUG}.{layer}" for layer in layers]
    assert sorted(names) == sorted([f"places.{SLUG}", *called])
    places = pyogrio.read_dataframe(f"OAPIF:{served}", layer=f"places.{SLUG}")
    assert len(places) == show_city(module_store, SLUG).pois
    for layer, field in zip(layers, ("score", "share"), strict=True):
        own = layer_shapes(module_store, SLUG, layer).set_index("cell")
        read = pyogrio.read_dataframe(f"OAPIF:{served}", layer=f"layers.{SLUG}.{layer}")
        read = read.set_index("cell").loc[own.index]
        np.testing.assert_allclose(read[field], own[field], rtol=1e-12)
        assert read.geometry.geom_equals_exact(own.geometry, 1e-6).all()
    assert read["floors"].tolist() == own["floors"].tolist()
    assert read["new"].tolist() == own["new"].tolist()

    client = TestClient(app(module_store, required=False))
    tiles = f"{OGC}/collections/{called[1]}/tiles/{GRID}"
    tilejson = client.get(f"{tiles}/tilejson").json()
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
            assert {"share", "floors", "new", "use", "set"} <= set(drawn.columns)
            cells |= set(drawn["cell"])
    assert cells == set(own.index)
    check_pages_and_refusals(client, layers[0])


def check_pages_and_refusals(client: TestClient, name: str) -> None:
    """Pages by their links, and what is refused; on the same layers, which take a second."""
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

    layer = f"layers.{SLUG}.{name}"
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


def test_a_tile_of_a_large_city_begins_where_it_is_not_too_full() -> None:
    def least(features: int, box: tuple[float, float, float, float]) -> int:
        return Collection("", "", "", "", None, box, features, "").least_zoom

    city = (24.8, 60.1, 25.2, 60.3)
    assert least(7_000, city) == 0
    assert 8 <= least(250_000, city) <= 12
    assert least(250_000, (179.9, -17.0, -179.9, -16.9)) > 8  # narrow, across the meridian
    assert least(10**9, (0.0, 0.0, 0.0, 0.0)) == DEEPEST_ZOOM  # all in one spot: never
