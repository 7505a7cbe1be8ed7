"""A city's embedding as a picture: its own values, where they lie, and nothing else."""

import io
import math
from urllib.parse import urlsplit

import numpy as np
import pyproj
import pytest
import rasterio
from PIL import Image
from starlette.testclient import TestClient

from aether_core.eo.alphaearth import dequantise
from api.address import PATH
from tests.api.serving import app
from tests.app_fixtures import SLUG, YEAR, CityFiles, set_environment
from workflows.home.store import Store


@pytest.fixture
def client(module_store: Store, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    set_environment(module_store, monkeypatch)
    return TestClient(app(module_store, required=False))


def at(lon: float, lat: float, zoom: int) -> tuple[float, float]:
    """Column and row of a point, with fractions of a tile."""
    y = math.asinh(math.tan(math.radians(lat)))
    return (lon + 180) / 360 * 2**zoom, (1 - y / math.pi) / 2 * 2**zoom


def test_a_tile_shows_the_pixels_where_they_lie(client: TestClient, city_files: CityFiles) -> None:
    folder = f"{PATH}/cities/{SLUG}/embedding"
    about = client.get(f"{folder}/tilejson").json()
    west, south, east, north = about["bounds"]
    path = urlsplit(about["tiles"][0])._replace(scheme="", netloc="").geturl()
    zoom = 17  # a pixel of 10 m is some ten wide
    column, row = at((west + east) / 2, (south + north) / 2, zoom)
    here = path.format(z=zoom, x=int(column), y=int(row))
    answer = client.get(here)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    picture = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert picture.shape == (256, 256, 4)
    assert (picture[..., 3] == 255).all()

    with rasterio.open(city_files.embedding) as source:
        pixels = source.read([2, 17, 10])
        to_map = pyproj.Transformer.from_crs(4326, source.crs, always_xy=True)
        for across, down in ((20, 30), (128, 128), (200, 77)):
            x, y = int(column) + (across + 0.5) / 256, int(row) + (down + 0.5) / 256
            lon = x / 2**zoom * 360 - 180
            lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / 2**zoom))))
            i, j = source.index(*to_map.transform(lon, lat))
            near = dequantise(pixels[:, i - 1 : i + 2, j - 1 : j + 2])  # a pixel's edge may be off
            expected = np.clip((near / 0.3 + 1) * 127.5 + 0.5, 0, 255).astype(int)
            off = np.abs(expected - picture[down, across, :3].astype(int)[:, None, None])
            assert off.max(axis=0).min() <= 1, (across, down)

    other = client.get(here.replace("bands=1,16,9", "bands=0,0,0"))
    grey = np.asarray(Image.open(io.BytesIO(other.content)))
    assert (grey[..., 0] == grey[..., 2]).all()
    beside = client.get(path.format(z=zoom, x=0, y=0))
    assert not np.asarray(Image.open(io.BytesIO(beside.content))).any()
    for address, status, code in (
        ("/tiles/3/8/0", 404, "no-such-tile"),
        ("/tiles/23/0/0", 404, "no-such-tile"),
        ("/tiles/-1/0/0", 404, "no-such-tile"),
        ("/tiles/1/0/0?bands=1,2", 422, "bands-unusable"),
        ("/tiles/1/0/0?bands=1,2,64", 422, "bands-unusable"),
        ("/tiles/1/0/0?bands=1,2,../x", 400, "parameter-unusable"),
        (f"/tiles/1/0/0?year={YEAR - 5}", 404, "no-such-year"),
    ):
        told = client.get(f"{folder}{address}")
        assert (told.status_code, told.json()["code"]) == (status, code), address
    assert client.get(f"{PATH}/cities/nowhere/embedding/tilejson").status_code == 404
