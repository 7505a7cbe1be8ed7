"""Rasters whose masked pixels are 0 in every band, and how rasters say they were read."""

from pathlib import Path

import numpy as np
import pytest

from aether_core.eo.embedding import open_embedding
from aether_core.eo.pooling.view import View
from aether_core.eo.raster.embedding import open_rasters
from aether_core.errors import InputError
from tests.aether_core.eo.brute_force import transformer, write_scene
from tests.aether_core.eo.raster.test_raster import NORTH, WEST, ZONE, scene
from tests.errors import fault


@pytest.mark.parametrize("dtype", ["int8", "float32"])
@pytest.mark.parametrize("share", [0.2, 0.9])
def test_zeros_hold_no_data(tmp_path: Path, dtype: str, share: float) -> None:
    made = scene(dtype=dtype)
    masked = np.zeros((20, 30), dtype=bool)
    masked[: int(20 * share)] = True
    made.stored[masked] = 0
    made.stored[~masked, 0] = 0  # one band alone may well be 0
    path = write_scene(tmp_path / "a.tif", made)
    embedding = open_embedding([path])
    assert embedding.pixels == int((~masked).sum())
    (report,) = embedding.reports
    assert (report.format, report.crs, report.rows) == ("GeoTIFF", ZONE, 600)
    assert report.left_out == {"no data": int(masked.sum())}
    assert any("0 in every band" in note for note in report.notes)
    # A window that is masked in more than half has nothing, and never a mean of zeros.
    rows = np.array([[WEST + 155, NORTH - 5], [WEST + 155, NORTH - 195]])
    lonlat = np.column_stack(transformer(ZONE, "EPSG:4326").transform(*rows.T))
    pooled = embedding.pool(lonlat, [View("base", "square", radius_px=0)])
    assert pooled.ok.tolist() == [False, True]


def test_whole_rasters_say_so_too(tmp_path: Path) -> None:
    paths = [write_scene(tmp_path / f"{seed}.tif", scene(seed=seed)) for seed in (0, 1)]
    first, second = open_rasters(paths).reports
    assert (first.used, second.used, first.notes) == (600, 0, ())
    assert second.left_out == {"no data, or in another file": 600}


def test_nothing_but_zeros_is_no_embedding(tmp_path: Path) -> None:
    made = scene()
    made.stored[:] = 0
    path = write_scene(tmp_path / "a.tif", made)
    with pytest.raises(InputError, check=fault("embedding-without-data", "a.tif")):
        open_embedding([path])
