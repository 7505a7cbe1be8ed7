"""What a map draws, with the data that a browser would fetch put where their addresses are."""

import base64
import json
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import numpy.typing as npt

from aether_core.spatial.lattices import FACE
from ui.map.browser import part
from ui.shell.routes import DATA
from workflows.home import served_files
from workflows.home.settings import read_settings


def fetched(address: str) -> bytes:
    """What is found at an address of a map's data."""
    if address.startswith("data:"):
        return base64.b64decode(address.partition(",")[2])
    before, _, name = address.rpartition("/")
    assert before == f"/{DATA}", address  # a browser would ask for just this
    path = served_files.find(read_settings(), name)
    assert path is not None, address
    return path.read_bytes()


def parts_of(component: str) -> tuple[str, str]:
    """CSS and HTML of `map` or `box_map`, as the page mounts them."""
    css, own, html = map(part, ("search.css", f"{component}.css", f"{component}.html"))
    return css + own, html


def records(layer: dict[str, Any]) -> Any:
    """What a layer draws: one record a shape, with its colour `c` and its tooltip `t` and `n`.

    Cells have their id `h`; areas are GeoJSON; whatever else there is stands as it was sent.
    """
    if layer["@@type"] == "CellLayer":
        return _cells(layer)
    if layer["@@type"] == "ShapeLayer":
        return _shapes(layer)
    data = layer["data"]
    return json.loads(fetched(data)) if isinstance(data, str) else data


def _cells(layer: dict[str, Any]) -> list[dict[str, Any]]:
    ids = [f"{cell:x}" for cell in cells_at(middles(layer["cells"]))]
    return [{"h": ids[at], **said} for at, said in _shown(layer["shown"]).items()]


def middles(cells: dict[str, Any]) -> npt.NDArray[np.float64]:
    """Where cells lie, as the map's script works it out: longitude and latitude."""
    steps = np.frombuffer(fetched(cells["places"]), dtype="<i4").reshape(-1, 2)
    rows = np.array(json.loads(fetched(cells["lattices"])))
    places = steps.cumsum(axis=0)
    face = np.round(places[:, 0] / FACE).astype(int)
    inside = np.column_stack([places[:, 0] - face * FACE, places[:, 1], np.ones(len(places))])
    x, y, z = np.einsum("nij,nj->in", np.linalg.inv(rows)[face], inside)
    lon = np.degrees(np.arctan2(y, x))
    lon = np.where((np.ptp(lon) > 180) & (lon < 0), lon + 360, lon)
    return np.column_stack([lon, np.degrees(np.arctan2(z, np.hypot(x, y)))])


def _shapes(layer: dict[str, Any]) -> dict[str, Any]:
    document = json.loads(fetched(layer["shapes"]))
    said = _shown(layer["shown"])
    features = [one for one in document["features"] if one["properties"]["at"] in said]
    for one in features:
        one["properties"] = said[one["properties"]["at"]]
    return document | {"features": features}


def _shown(shown: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Colour and words of each shape that is drawn, by its position."""
    classes, tip = np.frombuffer(fetched(shown["classes"]), dtype=np.uint8), shown["tip"]
    titles = json.loads(fetched(tip["titles"])) if "titles" in tip else _told(tip)
    notes = json.loads(fetched(tip["notes"])) if "notes" in tip else [tip["note"]] * len(classes)
    return {
        int(at): {"c": shown["palette"][classes[at]], "t": titles[at], "n": notes[at]}
        for at in np.flatnonzero(classes != 255)
    }


def _told(tip: dict[str, Any]) -> list[str]:
    """Values in words, as the map's script puts them."""
    values = np.frombuffer(fetched(tip["values"]), dtype="<f4")
    return [
        f"no {tip['label']}"
        if not np.isfinite(value)
        else tip["names"][int(value)]
        if tip["names"]
        else f"{tip['label']} {value:.3g}{tip['suffix']}"
        for value in values
    ]


def cells_at(middles: npt.NDArray[np.float64]) -> list[int]:
    """Cells of one resolution, the coarsest whose middles these are, longitude and latitude."""
    for resolution in range(16):
        found = [int(h3.latlng_to_cell(lat, lon, resolution)) for lon, lat in middles]
        back = np.array([h3.cell_to_latlng(cell) for cell in found])[:, ::-1]
        if np.abs((back - middles + 180) % 360 - 180).max() < 1e-7:
            return found
    raise AssertionError("these are no cells' middles")
