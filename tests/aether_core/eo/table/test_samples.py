"""What the rows of an embedding's table are taken for, and what is said of those left out."""

import gzip
import zipfile
from pathlib import Path

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import pytest
import shapely

from aether_core.eo.alphaearth import BAND_NAMES
from aether_core.eo.embedding import open_embedding
from aether_core.eo.table.open import open_tables
from aether_core.eo.table.samples import read_samples
from aether_core.errors import InputError
from tests.aether_core.eo.brute_force import unit_vectors
from tests.aether_core.eo.table.test_table import as_table, samples
from tests.errors import fault

BANDS = list(BAND_NAMES)


def written(folder: Path, table: pd.DataFrame) -> Path:
    path = folder / "samples.csv"
    table.to_csv(path, index=False)
    return path


def means(count: int = 200) -> gpd.GeoDataFrame:
    """Means of a few vectors each, as of census tracts."""
    rng = np.random.default_rng(3)
    frame = samples(count)
    others = unit_vectors(rng, 1, count, "float32")[0]
    frame[BANDS] = frame[BANDS] + rng.uniform(0.1, 0.9, (count, 1)) * others
    frame[BANDS] = frame[BANDS] / 1.9
    return frame


def test_rows_are_left_out_by_reason(tmp_path: Path) -> None:
    table = as_table(samples(20))
    table.loc[:2, "A17"] = np.nan
    table.loc[3:4, BANDS] = np.nan
    table.loc[5:5, BANDS] = 0
    table.loc[6:7, "longitude"] = np.nan
    read = read_samples(written(tmp_path, table))
    assert read.report.left_out == {
        "some embedding values missing": 3,
        "no embedding": 2,
        "embedding is 0 throughout": 1,
        "no coordinates": 2,
    }
    assert (read.report.rows, read.report.used, len(read.lonlat)) == (20, 12, 12)
    assert read.report.columns["embedding"] == "A00 to A63"
    assert not any("Warning" in note for note in read.report.notes)


@pytest.mark.parametrize("ending", [".csv.gz", ".zip", ".gpkg.gz"])
def test_packed_tables_are_read_as_they_are(tmp_path: Path, ending: str) -> None:
    frame = samples(20)
    whole = read_samples(written(tmp_path, as_table(frame, "x", "y")))
    path = tmp_path / f"packed{ending}"
    inside = tmp_path / "samples.csv"
    if ending == ".gpkg.gz":
        inside = tmp_path / "samples.gpkg"
        frame.to_file(inside)
    if ending == ".zip":
        as_table(frame).to_csv(inside, index=False)
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(inside, inside.name)
    else:
        path.write_bytes(gzip.compress(inside.read_bytes(), mtime=0))
    embedding = open_embedding([path])
    assert embedding.pixels == 20
    assert "zip" in embedding.reports[0].format
    np.testing.assert_allclose(read_samples(path).vectors, whole.vectors, atol=1e-6)


def test_codes_without_shapes_are_named(tmp_path: Path) -> None:
    table = pd.DataFrame(samples(20).drop(columns="geometry"))
    table["GEOID"] = [f"3600{n:02}" for n in range(20)]
    with pytest.raises(InputError, check=fault("table-needs-geometry", "GEOID", "shapes")):
        read_samples(written(tmp_path, table))


def test_more_than_half_missing_is_a_warning(tmp_path: Path) -> None:
    table = as_table(samples(20))
    table.loc[:14, "A05"] = np.nan
    read = read_samples(written(tmp_path, table))
    assert any("Warning" in note and "25%" in note for note in read.report.notes)


@pytest.mark.parametrize(
    "heading", ["{}_mean", "mean_{}", "{}mean", "AEF_{}", "{} mean", "emb.{}", "{}_median"]
)
def test_bands_with_words_around_them(tmp_path: Path, heading: str) -> None:
    frame = samples(30)
    table = as_table(frame).rename(columns={name: heading.format(name) for name in BANDS})
    table[[f"{name}_stdDev" for name in BANDS]] = 0.1
    read = read_samples(written(tmp_path, table))
    np.testing.assert_allclose(read.vectors, frame[BANDS].to_numpy(), atol=1e-6)
    assert read.report.columns["embedding"] == f"{heading.format('A00')} to {heading.format('A63')}"


def test_lower_case_bands_and_two_sets(tmp_path: Path) -> None:
    table = as_table(samples(30)).rename(columns=str.lower)
    assert len(read_samples(written(tmp_path, table)).vectors) == 30
    both = table.assign(**{f"{name}_2019": table[name.lower()] for name in BANDS})
    both = both.rename(columns={name.lower(): f"{name}_2018" for name in BANDS})
    unclear = fault("embedding-columns-unclear", "A00_2018", "A00_2019")
    with pytest.raises(InputError, check=unclear):
        read_samples(written(tmp_path, both))


def test_the_mean_is_taken_before_other_statistics(tmp_path: Path) -> None:
    frame = samples(30)
    table = as_table(frame).rename(columns={name: f"{name}_mean" for name in BANDS})
    table[[f"{name}_median" for name in BANDS]] = 0.1
    read = read_samples(written(tmp_path, table))
    assert read.report.columns["embedding"] == "A00_mean to A63_mean"


def test_only_deviations_are_no_embedding(tmp_path: Path) -> None:
    table = as_table(samples(30)).rename(columns={name: f"{name}_stdDev" for name in BANDS})
    with pytest.raises(InputError, check=fault("table-lacks-bands", 64)):
        read_samples(written(tmp_path, table))


def test_means_are_brought_to_length_one_and_their_lengths_kept(tmp_path: Path) -> None:
    frame = means()
    length = np.linalg.norm(frame[BANDS].to_numpy(np.float64), axis=1)
    assert length.max() < 1
    frame["geometry"] = shapely.buffer(frame.geometry.to_numpy(), 0.001)
    path = tmp_path / "tracts.geojson"
    frame.to_file(path)
    read = read_samples(path)
    np.testing.assert_allclose(np.linalg.norm(read.vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(read.length, length, atol=1e-5)
    assert any("means" in note and f"{length.min():.2f}" in note for note in read.report.notes)
    assert read.areas is not None
    points = read_samples(path, as_points=True)
    assert points.areas is None
    assert any("shape" in note for note in points.report.notes)
    np.testing.assert_allclose(points.lonlat, read.lonlat)
    embedding = open_tables([path], as_points=True)
    np.testing.assert_allclose(embedding.length, length, atol=1e-5)
    assert embedding.reports == (points.report,)


@pytest.mark.parametrize("factor", [0.5, 0.01, 1.2])
def test_vectors_scaled_by_one_number_are_no_means(tmp_path: Path, factor: float) -> None:
    table = as_table(samples(50))
    table[BANDS] *= factor
    with pytest.raises(InputError, check=fault("vectors-of-wrong-length", f"{factor:.3g}")):
        read_samples(written(tmp_path, table))


@pytest.mark.parametrize("zone", [32635, 3067])
def test_metres_need_the_users_word(tmp_path: Path, zone: int) -> None:
    frame = samples(60)
    moved = as_table(frame.to_crs(zone), "x", "y")
    path = written(tmp_path, moved)
    with pytest.raises(InputError, check=fault("coordinates-not-degrees", "--embedding-crs")):
        open_embedding([path])
    embedding = open_embedding([path], crs=f"EPSG:{zone}")
    read = read_samples(path, crs=f"EPSG:{zone}")
    expected = shapely.get_coordinates(frame.geometry.to_numpy())
    np.testing.assert_allclose(read.lonlat, expected, atol=1e-7)
    assert (embedding.reports[0].crs, embedding.infos[0].crs) == (f"EPSG:{zone}",) * 2


def test_a_radius_that_fits_is_found(tmp_path: Path) -> None:
    lon, lat = np.meshgrid(24.9 + 0.02 * np.arange(8), 60.1 + 0.01 * np.arange(8))
    frame = samples(64)
    frame["geometry"] = shapely.points(lon.ravel(), lat.ravel())
    embedding = open_tables([written(tmp_path, as_table(frame))])
    places = np.array([[24.91, 60.105], [24.93, 60.125], [24.95, 60.145]])
    radius = embedding.fitting_radius(places)
    assert radius is not None
    assert 780 < radius < 1000
    assert radius == float(f"{radius:.2g}")
    assert embedding.fitting_radius(np.array([[10.0, 50.0]])) is None


def test_trials(shared: Path, tmp_path: Path) -> None:
    def read(name: str, crs: str | None = None):  # noqa: ANN202
        path = tmp_path / name
        path.write_bytes(gzip.decompress((shared / "trials" / f"{name}.gz").read_bytes()))
        return read_samples(path, crs=crs)

    half = read("ee_halfempty.csv").report
    assert half.left_out["some embedding values missing"] * 2 == pytest.approx(half.rows, abs=1)
    zeros = read("ee_zeros.csv").report
    assert zeros.left_out["embedding is 0 throughout"] > 0
    assert sum(zeros.left_out.values()) + zeros.used == zeros.rows
    mean = read("ee_mean.csv")
    assert mean.report.columns["embedding"] == "A00_mean to A63_mean"
    with pytest.raises(InputError, check=fault("coordinates-not-degrees", "--embedding-crs")):
        read("ee_utm.csv")
    utm = read("ee_utm.csv", "EPSG:32633")
    np.testing.assert_allclose(utm.lonlat, mean.lonlat, atol=1e-6)


def test_genuine_means_of_tracts(shared: Path) -> None:
    path = min((shared / "real" / "us_tracts").glob("*.parquet"))
    read = read_samples(path)
    assert 0.6 < read.length.min() < np.median(read.length) < 1
    np.testing.assert_allclose(np.linalg.norm(read.vectors, axis=1), 1, atol=1e-5)


def some_vectors(count: int) -> np.ndarray:
    return unit_vectors(np.random.default_rng(4), 1, count, "float32")[0]


@pytest.mark.parametrize("written_as", ["text", "number"])
def test_rows_of_h3_cells_lie_at_their_cells(tmp_path: Path, written_as: str) -> None:
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(60.17, 24.94, 9), 5))
    table = pd.DataFrame(some_vectors(len(cells)), columns=list(BAND_NAMES))
    table["h3"] = cells if written_as == "text" else [h3.str_to_int(cell) for cell in cells]
    path = tmp_path / "cells.parquet"
    table.to_parquet(path)
    found = read_samples(path)
    middles = np.array([h3.cell_to_latlng(cell)[::-1] for cell in cells])
    assert np.abs(found.lonlat - middles).max() < 0.002
    assert found.report.columns["cell"] == "h3"


def test_rows_that_say_nowhere_are_refused(tmp_path: Path) -> None:
    table = pd.DataFrame(some_vectors(20), columns=list(BAND_NAMES))
    table.insert(0, "town", "Espoo")
    path = tmp_path / "nowhere.csv"
    table.to_csv(path, index=False)
    with pytest.raises(InputError, check=fault("table-without-coordinates", "town")):
        read_samples(path)


def test_genuine_means_of_cells(shared: Path) -> None:
    found = read_samples(shared / "real" / "readers" / "rogue_valley_h3r8_2021.parquet")
    assert found.report.used == found.report.rows == 4350
    assert found.length.max() <= 1.01
