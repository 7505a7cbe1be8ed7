"""The COG writer, read back by rasterio, by a COG validator and by the reader."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from rio_cogeo import cog_validate

from aether_core.eo.alphaearth import BAND_NAMES, dequantise, quantise
from aether_core.eo.cog.write import write_embedding_cog
from aether_core.eo.embedding import open_embedding
from aether_core.eo.pooling.view import View
from aether_core.errors import ConflictError, InputError
from tests.aether_core.eo.brute_force import Scene, pool_by_definition, transformer, unit_vectors
from tests.errors import fault

TRANSFORM = Affine(10, 0, 400_000, 0, -10, 6_680_000)


@pytest.mark.parametrize("bottom_up", [False, True])
@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_written_embeddings_come_back(tmp_path: Path, bottom_up: bool, dtype: str) -> None:
    vectors = unit_vectors(np.random.default_rng(0), 300, 40, dtype)
    vectors[:7] = -128 if dtype == "int8" else np.nan
    path = tmp_path / "a.tif"
    write_embedding_cog(
        path, vectors, TRANSFORM, "EPSG:32635", bottom_up=bottom_up, tags={"SIMULATED": "yes"}
    )
    assert cog_validate(path)[0]
    with rasterio.open(path) as dataset:
        assert set(dataset.dtypes) == {"int8"}
        assert dataset.nodata == -128
        assert dataset.descriptions == BAND_NAMES
        assert (dataset.transform.e > 0) == bottom_up
        assert "Google DeepMind" in dataset.tags()["ATTRIBUTION"]
        assert dataset.tags()["SIMULATED"] == "yes"
        raw = np.moveaxis(dataset.read(), 0, 2)
    raw = raw[::-1] if bottom_up else raw
    np.testing.assert_array_equal(raw, vectors if dtype == "int8" else quantise(vectors))
    if dtype == "float32":
        assert np.nanmax(np.abs(dequantise(raw) - vectors)) < 0.009
    embedding = open_embedding([path])
    assert embedding.pixels == 293 * 40
    scene = Scene("EPSG:32635", 400_000, 6_680_000, 10, np.ascontiguousarray(raw))
    lonlat = np.array([transformer("EPSG:32635", "EPSG:4326").transform(400_155, 6_679_855)])
    views = [View("base", "square", radius_px=9)]
    np.testing.assert_allclose(
        embedding.pool(lonlat, views).vectors,
        pool_by_definition([scene], lonlat, views),
        atol=1e-6,
    )


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    vectors = unit_vectors(np.random.default_rng(0), 10, 10, "int8")
    path = tmp_path / "a.tif"
    path.write_text("precious")
    with pytest.raises(ConflictError):
        write_embedding_cog(path, vectors, TRANSFORM, "EPSG:32635")
    assert path.read_text() == "precious"
    write_embedding_cog(path, vectors, TRANSFORM, "EPSG:32635", force=True)
    assert open_embedding([path]).pixels == 100
    assert list(tmp_path.iterdir()) == [path]


def test_wrong_shapes_and_grids_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    vectors = unit_vectors(np.random.default_rng(0), 10, 10, "int8")
    with pytest.raises(InputError, check=fault("embedding-wrong-shape", 63, 64)):
        write_embedding_cog(tmp_path / "a.tif", vectors[..., :63], TRANSFORM, "EPSG:32635")
    south_up = Affine(10, 0, 400_000, 0, 10, 6_680_000)
    with pytest.raises(InputError, check=fault("transform-not-north-up")):
        write_embedding_cog(tmp_path / "a.tif", vectors, south_up, "EPSG:32635")
    assert list(tmp_path.iterdir()) == []
