"""Colours: told apart by every reader, on both pages, and the ones a map reader expects."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from aether_core.charts.class_colours import class_colours, rgb
from aether_core.charts.palette import QUIET, REPRESENTATION_COLOURS, SPLIT_COLOURS

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def linear(colour: str) -> NDArray[np.float64]:
    value = np.array(rgb(colour)) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(light: NDArray[np.float64]) -> NDArray[np.float64]:
    xyz = TO_XYZ @ np.clip(light, 0, 1) / [0.95047, 1, 1.08883]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
def test_twelve_classes_are_told_apart_by_every_kind_of_sight(sight: str) -> None:
    colours = class_colours([f"class {number}" for number in range(12)])
    seen = [lab(SIGHT[sight] @ linear(colour)) for colour in colours]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 20
    bare = [lab(SIGHT[sight] @ linear(colour)) for colour in ("#f3f2ee", "#e2e4e5")]
    assert min(np.linalg.norm(a - b) for a in seen for b in bare) > 16


@pytest.mark.parametrize("page", ["#ffffff", "#12181d"])
@pytest.mark.parametrize(
    "colour", sorted({*REPRESENTATION_COLOURS.values(), *SPLIT_COLOURS.values(), QUIET})
)
def test_series_stand_out_on_light_and_dark_pages(colour: str, page: str) -> None:
    one, other = (float(TO_XYZ[1] @ linear(c)) + 0.05 for c in (colour, page))
    assert max(one, other) / min(one, other) >= 3


def test_names_get_the_colour_a_map_reader_expects() -> None:
    names = ["Water", "Commercial premises of regional importance", "Residential", "Park"]
    water, commercial, residential, park = (rgb(colour) for colour in class_colours(names))
    assert water[2] == max(water)
    assert commercial[0] == max(commercial)
    assert park[1] == max(park)
    assert residential[0] > residential[2]


def test_colours_are_distinct_for_sixty_classes_and_stay_the_same() -> None:
    names = [f"Κατοικία {number}" for number in range(60)]
    colours = class_colours(names)
    assert len(set(colours)) == 60
    assert colours == class_colours(names)
    assert all(len(colour) == 7 for colour in colours)
