"""The dataset's own arithmetic, and the views cut from it."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from aether_core.eo.alphaearth import (
    BAND_NAMES,
    FIRST_YEAR,
    LAST_YEAR,
    check_year,
    dequantise,
    quantise,
)
from aether_core.eo.file_kind import RASTER, TABLE
from aether_core.eo.pooling.view import View
from aether_core.errors import InputError
from tests.errors import fault


def test_dequantising_follows_the_readme() -> None:
    raw = np.arange(-128, 128).astype(np.int8)
    values = dequantise(raw)
    assert values.dtype == np.float32
    assert np.isnan(values[0])
    wide = raw[1:].astype(np.float64)
    np.testing.assert_allclose(values[1:], np.sign(wide) * (wide / 127.5) ** 2, rtol=1e-6)


def test_quantising_undoes_it_for_every_level() -> None:
    raw = np.arange(-128, 128).astype(np.int8).reshape(16, 16)
    np.testing.assert_array_equal(quantise(dequantise(raw)), raw)


def test_quantising_takes_the_nearest_level_and_never_makes_nodata() -> None:
    values = np.array([-1.0, 1.0, 0.5, np.nan], dtype=np.float32)
    assert quantise(values).tolist() == [-127, 127, 90, -128]  # 127.5 * sqrt(0.5) = 90.2


def test_dequantising_takes_any_memory_layout() -> None:
    raw = np.random.default_rng(0).integers(-128, 128, (5, 6, 64)).astype(np.int8)
    np.testing.assert_array_equal(
        dequantise(raw[::-1, ::2].transpose(2, 0, 1)), dequantise(raw)[::-1, ::2].transpose(2, 0, 1)
    )


def test_genuine_pixels_have_unit_length(shared: Path) -> None:
    path = shared / "real" / "alphaearth" / "wisconsin_1km_int8.tif"
    if not path.exists():
        pytest.skip("genuine AlphaEarth pixels not present")
    with rasterio.open(path) as dataset:
        vectors = dequantise(dataset.read())
    norms = np.linalg.norm(vectors, axis=0)
    assert np.count_nonzero(np.isfinite(norms)) == 9_963
    assert np.nanmin(norms) > 0.99
    assert np.nanmax(norms) < 1.01


def test_band_names() -> None:
    assert (BAND_NAMES[0], BAND_NAMES[9], BAND_NAMES[63]) == ("A00", "A09", "A63")


@pytest.mark.parametrize("year", [FIRST_YEAR, 2021, LAST_YEAR])
def test_years_of_the_dataset_pass(year: int) -> None:
    assert check_year(year) == year


@pytest.mark.parametrize("year", [2016, 2026, 0, -1])
def test_other_years_are_refused(year: int) -> None:
    with pytest.raises(InputError, check=fault("alphaearth-lacks-year", year, 2017, 2025)):
        check_year(year)


def test_city_views_scale_with_the_radius() -> None:
    base, wide = RASTER.views(100)
    assert (base.name, base.shape, base.radius_px) == ("base", "square", 4)
    assert (wide.name, wide.shape, wide.radius_px) == ("wide", "square", 9)
    assert [view.radius_px for view in RASTER.views(250)] == [10, 22]
    assert [view.radius_px for view in RASTER.views(5)] == [1, 1]
    assert [view.radius_m for view in TABLE.views(1000)] == [1000, 2250]
    assert [view.shape for view in TABLE.views(1000)] == ["disk", "disk"]


@pytest.mark.parametrize("radius", [0, -100, float("nan"), 1e9])
def test_city_views_refuse_a_radius_that_is_none(radius: float) -> None:
    with pytest.raises(InputError, check=fault("radius-out-of-range", radius)):
        RASTER.views(radius)


@pytest.mark.parametrize(
    "settings",
    [
        {"shape": "disk"},
        {"shape": "disk", "radius_m": 0},
        {"shape": "square", "radius_m": 100},
        {"shape": "square", "radius_px": -1},
        {"shape": "square", "radius_px": 501},
        {"shape": "star", "radius_px": 4},
    ],
)
def test_a_view_needs_the_radius_of_its_shape(settings: dict[str, object]) -> None:
    with pytest.raises(InputError):
        View("base", **settings)
