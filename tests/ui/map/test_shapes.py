"""Areas on a map: simple enough to send, without gaps, and as a picture where they are many."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image

from tests.map_data import fetched, records
from ui.map import shapes
from ui.map.coloured import Categories, Shown, rgba
from ui.map.shapes import ShapeValues
from ui.shell.palette import LIGHT

CLASSES = Categories(("a", "b", "c"), (rgba("#ff0000"), rgba("#00ff00"), rgba("#0000ff")))


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the data are put."""
    monkeypatch.setenv("AETHER_HOME", str(tmp_path))


def wavy_squares(side: int, vertices: int) -> np.ndarray:
    """Squares that share wavy borders of many vertices, in degrees."""
    t = np.linspace(0, 1, vertices)
    wave = 0.00002 * np.sin(40 * t)

    def edge(x0: float, y0: float, x1: float, y1: float) -> list[tuple[float, float]]:
        offset = (wave, 0 * wave) if x0 == x1 else (0 * wave, wave)
        along = (x0 + (x1 - x0) * t + offset[0] * (1 - t) * t, y0 + (y1 - y0) * t)
        return list(zip(along[0], along[1] + offset[1] * (1 - t) * t, strict=True))

    found = []
    for column in range(side):
        for row in range(side):
            w, s, e, n = (0.01 * at for at in (column, row, column + 1, row + 1))
            ring = [*edge(w, s, e, s), *edge(e, s, e, n)]
            ring += [*edge(w, n, e, n)[::-1], *edge(w, s, w, n)[::-1]]
            found.append(shapely.Polygon(ring))
    return np.array(found, dtype=object)


def shown_of(count: int) -> Shown:
    return Shown((np.arange(count) % 3).astype(np.float32), CLASSES, "class")


def test_vertices_fit_the_budget_and_neighbours_keep_one_border() -> None:
    given = wavy_squares(4, 200)
    reduced = shapes.simplified(given, budget=1000)
    assert shapely.get_num_coordinates(reduced).sum() <= 1000
    assert shapely.is_valid(reduced).all()
    gaps = shapely.area(shapely.union_all(given)) - shapely.area(shapely.union_all(reduced))
    assert abs(gaps) < 0.002 * shapely.area(given).sum()
    overlap = shapely.area(reduced).sum() - shapely.area(shapely.union_all(reduced))
    assert abs(overlap) < 1e-12


def test_points_and_polygons_go_together() -> None:
    given = np.array([shapely.Point(0.1234567, 1), shapely.box(0, 0, 1, 1)], dtype=object)
    reduced = shapes.simplified(given, budget=1)
    assert [shape.geom_type for shape in reduced] == ["Point", "Polygon"]
    assert reduced[0].x == pytest.approx(0.12346)


def test_few_areas_go_as_they_are_with_their_colours_and_words() -> None:
    given = wavy_squares(2, 5)
    (layer,) = shapes.layers(ShapeValues(given, shown_of(4)), LIGHT, layer_id="areas-0")
    drawn = records({"@@type": layer.type, "shapes": layer.shapes, "shown": layer.shown})
    told = [feature["properties"] for feature in drawn["features"]]
    assert [one["t"] for one in told] == ["a", "b", "c", "a"]
    assert told[1]["c"] == list(CLASSES.colours[1])


def test_many_areas_go_as_a_picture_that_can_still_be_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shapes, "PICTURE_FROM", 3)
    given = wavy_squares(2, 5)
    (picture,) = shapes.layers(ShapeValues(given, shown_of(4)), LIGHT, layer_id="areas-0")
    content = fetched(picture.image.strip('"'))
    image = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))
    height, width, _ = image.shape
    south_west, north_west = image[height * 3 // 4, width // 4], image[height // 4, width // 4]
    assert tuple(south_west) == CLASSES.colours[0]
    assert tuple(north_west) == CLASSES.colours[1]
    owners = np.asarray(Image.open(io.BytesIO(fetched(picture.owners.strip('"')))), dtype=int)
    assert owners[height * 3 // 4, width // 4].tolist() == [1, 0, 0]
    assert set((owners @ [1, 256, 65536]).ravel().tolist()) <= set(range(5))


def test_equal_shapes_have_one_key_and_others_another() -> None:
    one, same, other = wavy_squares(2, 5), wavy_squares(2, 5), wavy_squares(2, 6)
    keys = [ShapeValues(given, shown_of(4)).key for given in (one, same, other)]
    assert keys[0] == keys[1] != keys[2]


def test_dots_carry_their_class() -> None:
    layer = shapes.dots(np.array([[1.0, 2.0], [3.0, 4.0]]), shown_of(2), LIGHT, layer_id="dots")
    data = json.loads(fetched(layer.data))
    assert [record["p"] for record in data] == [[1.0, 2.0], [3.0, 4.0]]
    assert [record["t"] for record in data] == ["a", "b"]
