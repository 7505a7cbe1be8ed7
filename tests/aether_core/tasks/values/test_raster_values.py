"""Numbers of a raster, as squares over a city."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from aether_core.errors import InputError, NotFoundError
from aether_core.tasks.values.raster import (
    MOST_SQUARES,
    NO_DATA,
    is_raster,
    raster_bands,
    read_raster_values,
)
from tests.errors import fault

CORNER = (385_000.0, 6_675_000.0)
"""Helsinki, EPSG:3067."""
SIDE = 40
CITY = (
    gpd.GeoSeries([shapely.box(385_100, 6_674_300, 385_700, 6_674_900)], crs=3067)
    .to_crs(4326)
    .iloc[0]
)
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]


def saved(
    tmp_path: Path,
    *bands: np.ndarray,
    side_m: float = 25,
    crs: str | None = "EPSG:3067",
    names: tuple[str, ...] = (),
    nodata: float | None = -9999,
) -> Path:
    path = tmp_path / "heat.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=bands[0].shape[1], height=bands[0].shape[0],
        count=len(bands), dtype=bands[0].dtype, nodata=nodata, crs=crs,
        transform=from_origin(*CORNER, side_m, side_m),
    ) as dataset:  # fmt: skip
        for at, band in enumerate(bands, start=1):
            dataset.write(band, at)
            if names:
                dataset.set_band_description(at, names[at - 1])
    return path


def read(path: Path, field: str = "heat", **changes: object) -> object:
    return read_raster_values(path, field=field, boundary=CITY, **({"least_m": 100.0} | changes))


def test_each_square_has_the_mean_of_its_pixels(tmp_path: Path) -> None:
    heat = (ROWS * 2 + COLUMNS).astype(np.float32)
    values = read(saved(tmp_path, heat))
    assert (values.field, values.source, values.dropped) == ("heat", "heat.tif", {})
    assert "mean of" in " ".join(values.report.notes)
    metres = gpd.GeoSeries(values.geometry, crs=4326).to_crs(3067)
    sides = np.sqrt(metres.area)
    assert sides.min() >= 99.5
    assert sides.max() < 130
    centre = metres.centroid
    row = (CORNER[1] - centre.y) / 25 - 0.5
    column = (centre.x - CORNER[0]) / 25 - 0.5
    assert values.value == pytest.approx((row * 2 + column).to_numpy(), abs=0.1)
    assert shapely.intersects(values.geometry, CITY).all()


def test_large_pixels_are_squares_themselves(tmp_path: Path) -> None:
    heat = np.arange(16, dtype=np.float32).reshape(4, 4)
    values = read(saved(tmp_path, heat, side_m=250))
    assert values.report.notes == ()
    assert set(values.value) <= set(range(16))
    assert len(values) == len(set(values.value))


def test_a_city_takes_no_more_squares_than_a_fit_can_use(tmp_path: Path) -> None:
    heat = np.ones((SIDE * 25, SIDE * 25), dtype=np.float32)
    assert len(read(saved(tmp_path, heat, side_m=1), least_m=1.0)) <= MOST_SQUARES


def test_pixels_without_data_do_not_count(tmp_path: Path) -> None:
    heat = np.full((SIDE, SIDE), 5, dtype=np.float32)
    heat[:, 14:] = -9999
    values = read(saved(tmp_path, heat))
    assert set(values.value) == {5}
    assert list(values.dropped) == [NO_DATA]
    with pytest.raises(InputError, check=fault("values-outside-city", "heat.tif")):
        read(saved(tmp_path, np.full((SIDE, SIDE), -9999, dtype=np.float32)))


def test_counts_are_divided_by_the_size_of_a_pixel(tmp_path: Path) -> None:
    people = np.full((SIDE, SIDE), 3, dtype=np.int32)
    values = read(saved(tmp_path, people), per_km2=True)
    assert values.value == pytest.approx(3 / (25 * 25) * 1e6, rel=5e-3)


def test_scale_and_offset_are_applied(tmp_path: Path) -> None:
    path = saved(tmp_path, np.full((SIDE, SIDE), 100, dtype=np.int16))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.5,), (-20,)
    assert set(read(path).value) == {30.0}


def test_bands_go_by_their_names_or_numbers(tmp_path: Path) -> None:
    low, high = (np.full((SIDE, SIDE), one, dtype=np.float32) for one in (1, 2))
    path = saved(tmp_path, low, high, names=("day", "night"))
    assert raster_bands(path) == ["day", "night"]
    assert set(read(path, "Night").value) == {2}
    assert read(path, "1").field == "day"
    with pytest.raises(InputError, check=fault("no-such-field", "noon", "day", "night")):
        read(path, "noon")
    assert raster_bands(saved(tmp_path, low)) == ["heat"]
    assert read(saved(tmp_path, low), "degrees").field == "degrees"
    assert is_raster(path)
    assert not is_raster("a.gpkg")


def test_a_raster_that_says_no_place_or_another_is_refused(tmp_path: Path) -> None:
    heat = np.ones((SIDE, SIDE), dtype=np.float32)
    with pytest.raises(InputError, check=fault("raster-without-crs")):
        read(saved(tmp_path, heat, crs=None))
    with pytest.raises(InputError, check=fault("values-outside-city")):
        read(saved(tmp_path, heat, crs="EPSG:32630"))
    with pytest.raises(NotFoundError):
        read(tmp_path / "none.tif")
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"II*\0 no more")
    with pytest.raises(InputError, check=fault("raster-unreadable")):
        read(broken)
