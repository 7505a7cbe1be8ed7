"""Pictures for maps elsewhere: what the store holds, where it lies, in the colours of the page."""

import io
import math
from typing import Any
from urllib.parse import urlsplit

import h3
import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio
from PIL import Image
from sqlalchemy import select
from starlette.testclient import TestClient

from aether_core.charts.breaks import PERCENTILES
from aether_core.charts.class_colours import rgb
from aether_core.charts.own_classes import OwnClasses
from aether_core.eo.alphaearth import dequantise
from aether_core.spatial.web_grid import pixel_middles
from api.address import PATH
from db.cities.cities import city_by_slug
from db.layers.layers import add_layer
from db.schema import Cell
from tests.api.serving import app
from tests.app_fixtures import SLUG, YEAR, CityFiles, set_environment
from workflows.home.store import Store
from workflows.layers.layers import layer_values, remove_layer
from workflows.layers.own_classes import choose_classes


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


def kept_map(store: Store) -> str:
    """A map of numbers, classes and lists, a third of whose cells are not to be trusted."""
    with store.session() as session:
        city = city_by_slug(session, SLUG)
        ids = session.scalars(select(Cell.id).where(Cell.city_id == city.id)).all()
        n = len(ids)
        columns: dict[str, Any] = {
            "percentile": np.where(np.arange(n) % 7, np.linspace(0, 100, n), np.nan),
            "use": ["water", "homes", None] * (n // 3) + ["homes"] * (n % 3),
            "set": [["homes"]] * n,
            "trusted": np.arange(n) % 3 > 0,
        }
        types = ("float", "text", "list", "bool")
        return add_layer(
            session,
            city.id,
            slug="pictured",
            title="Pictured",
            kind="search",
            model_id=None,
            fields=[{"name": name, "type": t} for name, t in zip(columns, types, strict=True)],
            parameters={},
            lineage={"year": YEAR},
            cell_ids=np.array(ids),
            columns=columns,
        ).slug


def test_a_kept_map_is_seen_elsewhere_as_on_the_page(
    client: TestClient, module_store: Store
) -> None:
    layer = kept_map(module_store)
    folder = f"{PATH}/cities/{SLUG}/layers/{layer}/picture"
    values = layer_values(module_store, SLUG, layer).set_index("cell")
    resolution = h3.get_resolution(values.index[0])

    def seen(about: dict[str, Any], value: Any, trusted: bool) -> tuple[int, ...]:
        """What a cell of that value has to look like by the legend."""
        known = not pd.isna(value)
        if not known:
            return (0, 0, 0, 0)
        entries = about["legend"]["entries"]
        if not trusted:
            return (*rgb(about["legend"]["untrusted"]["colour"]), 255)
        if isinstance(value, str):
            one = next(one for one in entries if one["name"] == value)
        else:
            one = [one for one in entries if one is entries[0] or one["low"] <= value][-1]
        return (*rgb(one["colour"]), round(255 * one["opacity"]))

    def check(field: str) -> dict[str, Any]:
        about: dict[str, Any] = client.get(f"{folder}/tilejson?field={field}").json()
        west, south, east, north = about["bounds"]
        path = urlsplit(about["tiles"][0])._replace(scheme="", netloc="").geturl()
        zoom = 15
        column, row = map(int, at((west + east) / 2, (south + north) / 2, zoom))
        answer = client.get(path.format(z=zoom, x=column, y=row))
        assert answer.headers["cache-control"] == "private, max-age=60"
        picture = np.asarray(Image.open(io.BytesIO(answer.content))).reshape(-1, 4)
        middles = pixel_middles(zoom, column, row)
        for pixel in range(0, len(picture), 397):
            cell = h3.latlng_to_cell(*middles[pixel][::-1], resolution)
            own = values.loc[cell] if cell in values.index else None
            value, trusted = (None, True) if own is None else (own[field], own["trusted"])
            assert tuple(picture[pixel].tolist()) == seen(about, value, trusted), (field, pixel)
        assert len({tuple(one) for one in picture.tolist()}) > 2
        beside = client.get(path.format(z=zoom, x=0, y=0))
        assert not np.asarray(Image.open(io.BytesIO(beside.content))).any()
        return about

    about = check("percentile")
    assert client.get(f"{folder}/tilejson").json() == about  # what the map is about
    told = about["legend"]
    assert [one["colour"] for one in told["entries"]] == list(PERCENTILES.colours)
    assert [one["high"] for one in told["entries"]] == list(PERCENTILES.edges[1:])
    assert not check("use")["legend"]["ordered"]
    choose_classes(module_store, SLUG, layer, "percentile", OwnClasses(ramp="red", limits=(20, 80)))
    chosen = check("percentile")["legend"]["entries"]
    assert ([one["low"] for one in chosen][1:], len(chosen)) == ([20, 80], 3)
    for address, status, code in (
        ("/tiles/3/8/0", 404, "no-such-tile"),
        ("/tiles/23/0/0", 404, "no-such-tile"),
        ("/tiles/-1/0/0", 404, "no-such-tile"),
        ("/tiles/1/x/0", 422, "request-invalid"),
        ("/tiles/1/0/0?field=cell", 422, "no-such-field"),
        ("/tiles/1/0/0?field=set", 422, "field-not-drawable"),
    ):
        refused = client.get(f"{folder}{address}")
        assert (refused.status_code, refused.json()["code"]) == (status, code), address
    remove_layer(module_store, SLUG, layer)
    gone = client.get(f"{folder}/tiles/1/0/0")
    assert (gone.status_code, gone.json()["code"]) == (404, "no-such-layer")
