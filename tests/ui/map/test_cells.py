"""Cells on a map: where they lie, what colours them, what a browser fetches anew."""

from pathlib import Path
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import pytest

from tests.map_data import cells_at, middles, records
from ui.map import cells
from ui.map.cells import CellValues
from ui.map.coloured import Categories, Shown
from ui.map.ramp import percentile_steps

STEPS = percentile_steps(dark=False)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the data are put."""
    monkeypatch.setenv("AETHER_HOME", str(tmp_path))
    return tmp_path


def disk(radius: int, resolution: int = 10, at: tuple[float, float] = (60.17, 24.94)) -> np.ndarray:
    centre = h3.latlng_to_cell(*at, resolution)
    return np.sort(np.asarray(h3.grid_disk(centre, radius), dtype=np.uint64))


def shown(count: int) -> Shown:
    return Shown(np.linspace(0, 100, count, dtype=np.float32), STEPS, "percentile")


def layer(given: CellValues) -> dict[str, Any]:
    """The layer as it is sent."""
    made = cells.layer(given, layer_id="cells")
    return {"@@type": made.type, "cells": made.cells, "shown": made.shown}


@pytest.mark.parametrize("at", [(60.17, 24.94), (-17.0, 180.0), (0.0, -78.5)], ids=str)
def test_each_cell_is_drawn_where_it_lies(at: tuple[float, float]) -> None:
    ids = disk(20, at=at)
    sent = layer(CellValues(ids, shown(len(ids))))["cells"]
    lonlat = middles(sent)
    assert cells_at(lonlat) == ids.tolist()
    assert np.ptp(lonlat[:, 0]) < 1  # no city is drawn around the world
    outline = np.array(sent["outline"])
    x, y = outline.T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    areas = [h3.cell_area(cell, unit="m^2") for cell in ids.tolist()]
    assert area == pytest.approx(np.mean(areas), rel=0.04)  # 2 % are there to close the seams


def test_each_cell_has_its_class_and_its_value_in_words() -> None:
    ids = disk(3)
    given = CellValues(ids, shown(len(ids)))
    given.shown.values[0] = np.nan
    drawn = records(layer(given))
    assert [one["h"] for one in drawn] == [f"{cell:x}" for cell in ids[1:].tolist()]
    assert drawn[-1]["t"] == "percentile 100"
    assert tuple(drawn[-1]["c"]) == STEPS.colours[-1]
    assert tuple(drawn[0]["c"]) == STEPS.colours[0]


def test_classes_are_named_also_where_they_are_grey() -> None:
    ids = disk(1)
    names = Categories(("park", "water"), ((0, 255, 0, 255), (0, 0, 255, 255)))
    dimmed = np.arange(len(ids)) == 2
    values = (np.arange(len(ids)) % 2).astype(np.float32)
    drawn = records(layer(CellValues(ids, Shown(values, names, "class", dimmed=dimmed))))
    assert [one["t"] for one in drawn] == [
        "park",
        "water",
        "park",
        "water",
        "park",
        "water",
        "park",
    ]
    assert drawn[2]["c"] == list(Shown(values, names, "class").dim)


def test_only_what_changed_is_fetched_anew(home: Path) -> None:
    ids = disk(20)
    first = layer(CellValues(ids, shown(len(ids))))
    again = layer(CellValues(ids, shown(len(ids))))
    assert again == first
    other = layer(CellValues(ids, Shown(shown(len(ids)).values[::-1].copy(), STEPS, "percentile")))
    assert other["cells"] == first["cells"]
    assert other["shown"]["classes"] != first["shown"]["classes"]
    names = {path.name for path in home.rglob("*.bin")}
    assert len(names) == 5  # places, two of classes, two of values


def test_a_full_disk_costs_bytes_and_no_map(home: Path) -> None:
    (home / "cache").write_text("no folder can be here")
    ids = disk(3)
    drawn = records(layer(CellValues(ids, shown(len(ids)))))
    assert len(drawn) == len(ids)
