"""Cells on a map: the bitmap shows each cell where it lies, and clicks find it."""

import base64
import io
import json
import math

import h3.api.numpy_int as h3
import numpy as np
import pytest
from PIL import Image

from ui.map import cells
from ui.map.cells import CellValues
from ui.map.coloured import Categories, Shown
from ui.map.ramp import percentile_steps

STEPS = percentile_steps(dark=False)


def disk(radius: int, resolution: int = 10) -> np.ndarray:
    centre = h3.latlng_to_cell(60.17, 24.94, resolution)
    return np.sort(np.asarray(h3.grid_disk(centre, radius), dtype=np.uint64))


def values_of(ids: np.ndarray) -> CellValues:
    values = np.linspace(0, 100, len(ids), dtype=np.float32)
    return CellValues(ids, Shown(values, STEPS, "percentile"))


def pixel(ground: cells.Canvas, lat: float, lon: float) -> tuple[int, int]:
    """Row and column of a point, in Web Mercator."""
    west, south, east, north = ground.bounds
    rise = [math.asinh(math.tan(math.radians(value))) for value in (north, lat, south)]
    height, width = ground.index.shape
    row = (rise[0] - rise[1]) / (rise[0] - rise[2]) * height
    return int(row), int((lon - west) / (east - west) * width)


def test_each_centre_falls_on_its_own_cell() -> None:
    ids = disk(20)
    ground = cells.canvas(ids.tobytes())
    found = [ground.index[pixel(ground, *h3.cell_to_latlng(cell))] for cell in ids.tolist()]
    assert found == list(range(len(ids)))


def test_cells_cover_the_city_without_holes_and_nothing_far_outside() -> None:
    ids = disk(20)
    ground = cells.canvas(ids.tobytes())
    rng = np.random.default_rng(3)
    lat0, lon0 = h3.cell_to_latlng(h3.latlng_to_cell(60.17, 24.94, 10))
    known = set(ids.tolist())
    for _ in range(2000):
        lat, lon = lat0 + rng.uniform(-0.02, 0.02), lon0 + rng.uniform(-0.04, 0.04)
        row, column = pixel(ground, lat, lon)
        inside_canvas = 0 <= row < ground.index.shape[0] and 0 <= column < ground.index.shape[1]
        shown = inside_canvas and ground.index[row, column] >= 0
        near = any(cell in known for cell in h3.grid_disk(h3.latlng_to_cell(lat, lon, 10), 1))
        if h3.latlng_to_cell(lat, lon, 10) in known:
            assert shown
        elif not near:
            assert not shown


def test_the_picture_carries_the_class_colours() -> None:
    ids = disk(20)
    given = values_of(ids)
    ground = cells.canvas(ids.tobytes())
    data = cells.picture(ground, given.shown).removeprefix("data:image/png;base64,")
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"))
    assert tuple(image[pixel(ground, *h3.cell_to_latlng(int(ids[-1])))]) == STEPS.colours[-1]
    assert tuple(image[pixel(ground, *h3.cell_to_latlng(int(ids[0])))]) == STEPS.colours[0]
    assert tuple(image[0, 0])[3] == 0


def test_few_cells_go_by_id_and_missing_values_are_left_out() -> None:
    ids = disk(3)
    given = values_of(ids)
    given.shown.values[0] = np.nan
    (layer,) = cells.layers(given, layer_id="cells")
    records = json.loads(layer.data.text)
    assert {record["h"] for record in records} == {f"{cell:x}" for cell in ids[1:].tolist()}


def test_many_cells_go_as_a_bitmap_with_coarse_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "INLINE_LIMIT", 100)
    monkeypatch.setattr(cells, "PICK_LIMIT", 100)
    ids = disk(20)
    given = values_of(ids)
    bitmap, targets = cells.layers(given, layer_id="cells")
    assert bitmap.type == "BitmapLayer"
    assert 1 < len(targets.data) <= 100
    best = max(float(record["t"].removeprefix("up to percentile ")) for record in targets.data)
    assert best == pytest.approx(100)
    parents = {int(record["h"], 16) for record in targets.data}
    level = h3.get_resolution(next(iter(parents)))
    assert parents == {h3.cell_to_parent(cell, level) for cell in ids.tolist()}


def test_coarse_targets_of_classes_tell_the_most_frequent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "INLINE_LIMIT", 10)
    monkeypatch.setattr(cells, "PICK_LIMIT", 100)
    ids = disk(20)
    names = Categories(("park", "water"), ((0, 255, 0, 255), (0, 0, 255, 255)))
    values = (np.arange(len(ids)) % 10 == 0).astype(np.float32)
    _, targets = cells.layers(CellValues(ids, Shown(values, names, "class")), layer_id="cells")
    reported = [record["t"] for record in targets.data]
    assert all(one.startswith(("park, ", "water, ")) for one in reported)
    assert sum(int(one.split(" of ")[1].split()[0]) for one in reported) == len(ids)
    assert sum(one.startswith("park") for one in reported) > 0.8 * len(reported)


def test_coarse_targets_can_tell_their_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "INLINE_LIMIT", 10)
    monkeypatch.setattr(cells, "PICK_LIMIT", 1)
    ids = disk(2)
    _, targets = cells.layers(CellValues(ids, values_of(ids).shown, mean=True), layer_id="cells")
    assert [record["t"] for record in targets.data] == [f"percentile 50, mean of {len(ids)} cells"]
