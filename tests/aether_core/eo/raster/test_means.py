"""Rasters whose pixels are means of AlphaEarth's, and stacks that only have as many bands."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aether_core.eo.embedding import open_embedding
from aether_core.eo.pooling.view import View
from aether_core.eo.raster.embedding import open_rasters
from aether_core.errors import InputError
from tests.aether_core.eo.brute_force import transformer, write_scene
from tests.aether_core.eo.raster.test_raster import NORTH, WEST, ZONE, scene
from tests.errors import fault


def thirty_metres(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of 3 x 3 pixels `[h / 3, w / 3, 64]`."""
    height, width, bands = vectors.shape
    return vectors.reshape(height // 3, 3, width // 3, 3, bands).mean(axis=(1, 3))


def test_means_are_taken_as_what_they_are(tmp_path: Path) -> None:
    fine = scene(36, 36, "float32")
    fine.stored[:3] = 0  # masked
    coarse = scene(12, 12, "float32")
    coarse.pixel, coarse.stored = 30, thirty_metres(fine.stored)
    length = np.linalg.norm(coarse.stored[1:], axis=2)
    assert length.max() < 0.95
    embedding = open_embedding([write_scene(tmp_path / "coarse.tif", coarse)])
    (report,) = embedding.reports
    said = f"{length.min():.2f} to {length.max():.2f} long (median {np.median(length):.2f})"
    assert [said in note for note in report.notes].count(True) == 1
    assert any("3 times as wide" in note and "radius of 33 m" in note for note in report.notes)
    assert report.left_out == {"no data": 12}
    assert not open_rasters([tmp_path / "coarse.tif"]).unit_pixels
    # A window of means points where that of the pixels behind them does.
    middle = np.column_stack(
        transformer(ZONE, "EPSG:4326").transform(*np.array([[WEST + 195, NORTH - 195]]).T)
    )
    behind = open_embedding([write_scene(tmp_path / "fine.tif", fine)])
    nine = View("window", "square", radius_px=1)
    all_81 = View("window", "square", radius_px=4)
    np.testing.assert_allclose(
        embedding.pool(middle, [nine]).vectors, behind.pool(middle, [all_81]).vectors, atol=1e-5
    )


@pytest.mark.parametrize("dark", [False, True])
def test_a_stack_of_reflectances_is_none(tmp_path: Path, dark: bool) -> None:
    made = scene(dtype="float32")
    # Dark ground, water say, has lengths as means of embeddings have them.
    values = np.random.default_rng(0).uniform(0.01, 0.15 if dark else 0.5, made.stored.shape)
    made.stored = values.astype(np.float32)
    path = write_scene(tmp_path / "bands.tif", made)
    expected = fault("vectors-of-wrong-length", "bands.tif", "none below 0", "reflectances")
    with pytest.raises(InputError, check=expected):
        open_embedding([path])


def test_means_of_stored_levels_are_to_be_given_as_floats(tmp_path: Path) -> None:
    made = scene(36, 36)
    coarse = scene(12, 12)
    levels = thirty_metres(made.stored.astype(np.float32))
    coarse.pixel, coarse.stored = 30, np.rint(levels).astype(np.int8)
    path = write_scene(tmp_path / "levels.tif", coarse)
    with pytest.raises(InputError, check=fault("vectors-of-wrong-length", "floats")):
        open_embedding([path])


def test_a_photograph_is_named_by_its_bands(tmp_path: Path) -> None:
    made = scene(dtype="float32")
    made.stored = made.stored[:, :, :3]
    path = write_scene(tmp_path / "photo.tif", made)
    with pytest.raises(InputError, check=fault("raster-wrong-band-count", "photo.tif", "3 bands")):
        open_embedding([path])
