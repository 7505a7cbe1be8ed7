"""Data of a map that is written once: the deck holds it as if it had been written with it."""

import json

import h3.api.numpy_int as h3
import numpy as np
import pydeck as pdk

from ui.map import cells
from ui.map.cells import CellValues
from ui.map.coloured import Shown
from ui.map.ramp import percentile_steps
from ui.map.ready_json import ReadyJson, compact, written


def test_a_deck_with_ready_pieces_is_written_as_with_plain_data() -> None:
    data = [[{"h": "8c1", "t": 'a "quoted" é \\1 name'}], [{"h": "8c2"}]]

    def deck(pieces: list[object]) -> pdk.Deck:
        layers = [
            pdk.Layer("H3HexagonLayer", piece, id=f"layer-{at}", get_hexagon="h")
            for at, piece in enumerate(pieces)
        ]
        return pdk.Deck(layers=layers, map_provider=None)

    ready = written(deck([ReadyJson(compact(one)) for one in data]))
    assert json.loads(ready) == json.loads(written(deck(list(data))))
    assert json.loads(ready)["layers"][0]["data"] == data[0]
    assert ": " not in ready


def test_records_of_equal_values_are_written_once() -> None:
    centre = h3.latlng_to_cell(60.17, 24.94, 10)
    ids = np.sort(np.asarray(h3.grid_disk(centre, 3), dtype=np.uint64))
    values = np.linspace(0, 100, len(ids), dtype=np.float32)

    def data(values: np.ndarray, note: str = "", *, dark: bool = False) -> ReadyJson:
        shown = Shown(values, percentile_steps(dark=dark), "percentile", note=note)
        found: ReadyJson = cells.layers(CellValues(ids, shown), layer_id="cells")[0].data
        return found

    first = data(values)
    assert data(values.copy()) is first
    changed = [data(values[::-1].copy()), data(values, "click"), data(values, dark=True)]
    assert all(one.text != first.text for one in changed)
    assert json.loads(changed[1].text)[0]["n"] == "click"
