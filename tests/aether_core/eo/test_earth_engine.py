"""Earth Engine's way in: the script it is given, and the files it gives back."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from playwright.sync_api import Page
from rasterio.windows import Window

from aether_core.city.outline import box_boundary
from aether_core.eo.alphaearth import dequantise
from aether_core.eo.cog.write import write_embedding_cog
from aether_core.eo.earth_engine_script import EarthEngineScript, earth_engine_script
from aether_core.eo.embedding import open_embedding
from aether_core.eo.mirror.zones import zone_parts
from aether_core.eo.pooling.view import View
from aether_core.errors import InputError
from tests.chromium import browser
from tests.errors import fault
from tests.public_server.alphaearth import to_lonlat, values_at

TWO_ZONES = box_boundary(23.985, 60.15, 24.02, 60.165)
HELSINKI = shapely.Point(24.9354, 60.1695)
# Earth Engine as far as the script speaks to it: images are lists of numbers, null where masked.
EARTH_ENGINE = """
function Image(values) { this.values = values; }
['abs', 'sqrt', 'round'].forEach(function (name) {
  Image.prototype[name] = function () { return this.each(Math[name]); };
});
Image.prototype.each = function (f) {
  return new Image(this.values.map(function (v) { return v === null ? null : f(v); }));
};
Image.prototype.signum = function () { return this.each(Math.sign); };
Image.prototype.min = function (n) { return this.each(function (v) { return Math.min(v, n); }); };
Image.prototype.multiply = function (by) {
  return new Image(this.values.map(function (v, i) {
    var other = by instanceof Image ? by.values[i] : by;
    return v === null || other === null ? null : v * other;
  }));
};
Image.prototype.unmask = function (n) {
  return new Image(this.values.map(function (v) { return v === null ? n : v; }));
};
Image.prototype.toInt8 = function () { return this.each(function (v) { return v << 24 >> 24; }); };
Image.prototype.clip = function () { return this; };
var asked = [], calls = [];
var collection = {
  filterDate: function (a, b) { asked.push(a + ' ' + b); return collection; },
  filterBounds: function () { return collection; },
  map: function () { return collection; },
  filter: function (f) { asked.push(f); return collection; },
  size: function () { return 1; },
  mosaic: function () { return new Image(INPUT); }
};
var ee = {
  ImageCollection: function (id) { asked.push(id); return collection; },
  Filter: {eq: function (name, value) { return value; }},
  Geometry: {MultiPolygon: function (rings, crs, geodesic) { return [rings, crs, geodesic]; }}
};
var Export = {image: {toDrive: function (task) { calls.push(task); }}};
function print() {}
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as opened:
        yield opened.new_page()


def run(script: EarthEngineScript, pixels: list[float | None], page: Page) -> dict[str, list]:
    """Run the script as the Code Editor would, in a browser, over an image of these numbers."""
    tail = "return JSON.stringify({asked: asked, calls: calls});"
    reported = page.evaluate(f"INPUT => {{\n{EARTH_ENGINE}\n{script.text}\n{tail}\n}}", pixels)
    return json.loads(reported)


def test_the_script_asks_for_the_year_and_encodes_as_the_dataset_does(page: Page) -> None:
    levels = np.arange(-127, 128, dtype=np.int8)
    pixels = [*dequantise(levels).astype(float).tolist(), None]
    boundary = shapely.MultiPolygon([HELSINKI.buffer(0.05)])
    reported = run(earth_engine_script(boundary, 2024, "aether-helsinki"), pixels, page)
    assert reported["asked"] == [
        "GOOGLE/SATELLITE_EMBEDDING/V1/ANNUAL",
        "2024-01-01 2025-01-01",
        "EPSG:32635",
    ]
    (task,) = reported["calls"]
    assert task["image"]["values"] == [*levels.tolist(), -128]
    assert task["fileNamePrefix"] == "aether-helsinki-2024-35N"
    assert task["crs"] == "EPSG:32635"
    assert task["formatOptions"]["noData"] == -128
    assert task["fileDimensions"] % 256 == 0  # Earth Engine takes whole shards only


def test_a_city_across_zones_is_one_export_a_zone_on_the_pixels_of_the_dataset(
    page: Page,
) -> None:
    boundary = TWO_ZONES
    script = earth_engine_script(boundary, 2018, "two")
    reported = run(script, [0.5], page)
    assert [task["crs"] for task in reported["calls"]] == ["EPSG:32634", "EPSG:32635"]
    for task, part, export in zip(
        reported["calls"], zone_parts(boundary), script.exports, strict=True
    ):
        width, _, west, _, height, north = task["crsTransform"]
        assert (width, height) == (10, -10)
        assert west % 10 == north % 10 == 0
        rings, crs, geodesic = task["region"]
        assert (crs, geodesic) == (task["crs"], False)
        outline = shapely.MultiPolygon([(part[0], part[1:]) for part in rings])
        assert outline.is_valid
        assert outline.covers(part.outline)
        assert outline.buffer(-30).within(part.outline)
        assert west <= outline.bounds[0] < west + 10
        assert north - 10 < outline.bounds[3] <= north
        assert export.pixels * 100 >= shapely.box(*part.outline.bounds).area
        assert task["maxPixels"] > export.pixels


def test_an_outline_of_many_corners_becomes_a_light_script_that_still_holds_it(
    page: Page,
) -> None:
    rng = np.random.default_rng(42)
    angles = np.linspace(0, 2 * np.pi, 8_000, endpoint=False)
    radii = 0.2 + 0.0003 * rng.random(len(angles))
    corners = np.column_stack([24.9 + 2 * radii * np.cos(angles), 60.2 + radii * np.sin(angles)])
    coast = shapely.MultiPolygon([shapely.make_valid(shapely.Polygon(corners))])
    script = earth_engine_script(coast, 2024, "coast")
    assert len(script.text) < 60_000
    (task,) = run(script, [0.5], page)["calls"]
    outline = shapely.MultiPolygon([(part[0], part[1:]) for part in task["region"][0]])
    assert outline.covers(zone_parts(coast)[0].outline)


@pytest.mark.parametrize(
    ("year", "name", "said"),
    [
        (2016, "x", ("alphaearth-lacks-year", "2016")),
        (2024, 'x"); alert(1)', ("earth-engine-name-unusable", 'x"); alert(1)')),
    ],
)
def test_what_earth_engine_has_not_is_refused(year: int, name: str, said: tuple[str, ...]) -> None:
    with pytest.raises(InputError, check=fault(*said)):
        earth_engine_script(TWO_ZONES, year, name)


def export(folder: Path, zone: str, area: shapely.Geometry = TWO_ZONES) -> Path:
    """What the script exports of one zone: north-up, on whole tens of metres, -128 outside."""
    part = next(part for part in zone_parts(area) if part.zone == zone)
    west, south, east, north = (round(value, -1) for value in part.outline.bounds)
    x, y = np.meshgrid(np.arange(west + 5, east, 10), np.arange(north - 5, south, -10))
    lonlat = np.column_stack(to_lonlat(zone).transform(x.ravel(), y.ravel()))
    raw = values_at(lonlat, 2018).reshape(*x.shape, 64)
    raw[~shapely.contains_xy(part.outline, x, y)] = -128
    path = folder / f"aether-two-2018-{zone}.tif"
    write_embedding_cog(path, raw, rasterio.Affine(10, 0, west, 0, -10, north), f"EPSG:{part.epsg}")
    return path


def shards(whole: Path, side: int) -> list[Path]:
    """Cut an export as Earth Engine does: the row and column of the corner end the name."""
    paths = []
    with rasterio.open(whole) as source:
        for row in range(0, source.height, side):
            for column in range(0, source.width, side):
                window = Window(
                    column, row, min(side, source.width - column), min(side, source.height - row)
                )
                profile = source.profile | {
                    "driver": "GTiff",
                    "width": window.width,
                    "height": window.height,
                    "transform": source.window_transform(window),
                }
                path = whole.with_name(f"{whole.stem}-{row:010d}-{column:010d}.tif")
                with rasterio.open(path, "w", **profile) as shard:
                    shard.write(source.read(window=window))
                paths.append(path)
    return paths


def test_shards_of_two_zones_are_read_as_the_whole_rasters_are(tmp_path: Path) -> None:
    wholes = [export(tmp_path, zone) for zone in ("34N", "35N")]
    cut = [shard for whole in wholes for shard in shards(whole, 96)]
    assert (tmp_path / "aether-two-2018-34N-0000000000-0000000096.tif") in cut
    assert len(cut) > 4
    rng = np.random.default_rng(42)
    west, south, east, north = TWO_ZONES.bounds
    points = np.column_stack([rng.uniform(west, east, 400), rng.uniform(south, north, 400)])
    views = [View("near", "disk", 100.0), View("far", "disk", 400.0)]
    expected, got = (open_embedding(files).pool(points, views) for files in (wholes, cut))
    assert np.isfinite(expected.vectors).any(axis=2).mean() > 0.9
    np.testing.assert_array_equal(got.vectors, expected.vectors)
    assert open_embedding(cut).pixels == open_embedding(wholes).pixels


def test_a_shard_without_data_is_no_reason_to_refuse_the_others(tmp_path: Path) -> None:
    strip = shapely.LineString([(24.01, 60.15), (24.03, 60.17)]).buffer(0.0001)
    whole = export(tmp_path, "35N", strip)
    cut = shards(whole, 64)
    empty = [path for path in cut if not (rasterio.open(path).read(1) != -128).any()]
    assert empty
    assert open_embedding(cut).pixels == open_embedding([whole]).pixels
    with pytest.raises(InputError, check=fault("embedding-without-data", empty[0].name)):
        open_embedding(empty[:1])
