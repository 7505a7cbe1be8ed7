"""Embeddings in tables: every file kind, the pooling's definition, and what is refused."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from aether_core.eo.alphaearth import BAND_NAMES
from aether_core.eo.embedding import open_embedding
from aether_core.eo.file_kind import TABLE
from aether_core.eo.pooling.view import View
from aether_core.eo.table.open import open_tables
from aether_core.errors import InputError
from tests.aether_core.eo.brute_force import GEOD, unit_vectors
from tests.errors import fault


def samples(count: int = 300, seed: int = 0) -> gpd.GeoDataFrame:
    """Samples spread over about 3 x 3 km of Helsinki."""
    rng = np.random.default_rng(seed)
    lonlat = np.column_stack([rng.uniform(24.90, 24.95, count), rng.uniform(60.15, 60.18, count)])
    vectors = unit_vectors(rng, 1, count, "float32")[0]
    frame = pd.DataFrame(vectors, columns=list(BAND_NAMES))
    return gpd.GeoDataFrame(frame, geometry=shapely.points(lonlat), crs="EPSG:4326")


def as_table(
    frame: gpd.GeoDataFrame, lon: str = "longitude", lat: str = "latitude"
) -> pd.DataFrame:
    return pd.DataFrame(frame.drop(columns="geometry")).assign(
        **{lon: frame.geometry.x, lat: frame.geometry.y}
    )


def write_table(folder: Path, frame: gpd.GeoDataFrame, kind: str) -> Path:
    """Write samples in one of the ways they come."""
    path = folder / f"samples.{kind.split(maxsplit=1)[0]}"
    table = as_table(frame)
    if kind == "csv .geo":
        shapes = [json.dumps(shapely.geometry.mapping(point)) for point in frame.geometry]
        table.drop(columns=["longitude", "latitude"]).assign(**{".geo": shapes}).to_csv(path)
    elif kind == "csv x y":
        table.rename(columns={"longitude": "x", "latitude": "y"}).to_csv(path)
    elif kind == "csv":
        table.to_csv(path, index=False)
    elif kind == "parquet plain":
        table.rename(columns={"longitude": "lon", "latitude": "lat"}).to_parquet(path)
    elif kind == "parquet geo":
        frame.to_crs("EPSG:32635").to_parquet(path)
    elif kind == "gpkg":
        frame.to_crs("EPSG:32635").to_file(path)
    else:
        frame.to_file(path)
    return path


def by_definition(frame: gpd.GeoDataFrame, lonlat: np.ndarray, radius: float) -> np.ndarray:
    vectors = frame[list(BAND_NAMES)].to_numpy(np.float64)
    pooled = np.full((len(lonlat), 64), np.nan)
    x, y = frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy()
    for place, (lon, lat) in enumerate(lonlat):
        distance = GEOD.inv(np.full(len(x), lon), np.full(len(x), lat), x, y)[2]
        if (distance <= radius).any():
            mean = vectors[distance <= radius].mean(axis=0)
            pooled[place] = mean / np.linalg.norm(mean)
    return pooled


@pytest.mark.parametrize(
    "kind", ["csv", "csv .geo", "csv x y", "parquet plain", "parquet geo", "geojson", "gpkg"]
)
def test_every_kind_of_table_pools_as_defined(tmp_path: Path, kind: str) -> None:
    frame = samples()
    embedding = open_embedding([write_table(tmp_path, frame, kind)])
    assert (embedding.kind, embedding.crs, embedding.pixels) == ("table", "EPSG:4326", 300)
    rng = np.random.default_rng(1)
    lonlat = np.column_stack([rng.uniform(24.88, 24.97, 80), rng.uniform(60.14, 60.19, 80)])
    pooled = embedding.pool(lonlat, TABLE.views(150))
    for which, radius in enumerate((150, 337.5)):
        expected = by_definition(frame, lonlat, radius)
        np.testing.assert_array_equal(np.isnan(pooled.vectors[which]), np.isnan(expected))
        np.testing.assert_allclose(pooled.vectors[which], expected, atol=1e-5)
    empty = int(np.isnan(by_definition(frame, lonlat, 150)[:, 0]).sum())
    assert 0 < empty < 80
    assert pooled.dropped == {"no sample within the radius": empty}


def test_several_tables_serve_as_one(tmp_path: Path) -> None:
    frame = samples()
    halves = [frame.iloc[:100], frame.iloc[100:]]
    paths = []
    for number, half in enumerate(halves):
        (tmp_path / str(number)).mkdir()
        paths.append(write_table(tmp_path / str(number), half, "csv"))
    embedding = open_tables(paths)
    assert embedding.pixels == 300
    assert [info.width for info in embedding.infos] == [100, 200]
    lonlat = np.array([[24.92, 60.165]])
    pooled = embedding.pool(lonlat, [View("base", "disk", radius_m=500)])
    np.testing.assert_allclose(pooled.vectors[0], by_definition(frame, lonlat, 500), atol=1e-5)
    assert embedding.footprint.contains(shapely.Point(lonlat[0]))


def test_rows_without_data_are_left_out(tmp_path: Path) -> None:
    frame = samples()
    frame.loc[:9, "A17"] = np.nan
    embedding = open_tables([write_table(tmp_path, frame, "csv")])
    assert embedding.pixels == 290
    lonlat = np.array([[24.92, 60.165]])
    pooled = embedding.pool(lonlat, [View("base", "disk", radius_m=2_000)])
    np.testing.assert_allclose(
        pooled.vectors[0], by_definition(frame.iloc[10:], lonlat, 2_000), atol=1e-5
    )


def test_points_that_are_no_places_are_dropped_and_no_points_give_no_rows(tmp_path: Path) -> None:
    embedding = open_tables([write_table(tmp_path, samples(), "csv")])
    views = [View("base", "disk", radius_m=500)]
    pooled = embedding.pool(np.array([[np.nan, 60], [24.92, 60.165], [24.9, 99]]), views)
    assert pooled.ok.tolist() == [False, True, False]
    assert embedding.pool(np.empty((0, 2)), views).vectors.shape == (1, 0, 64)


def test_one_sample_still_has_a_footprint(tmp_path: Path) -> None:
    embedding = open_tables([write_table(tmp_path, samples(1), "csv")])
    assert embedding.footprint.geom_type == "Polygon"


def test_squares_are_refused(tmp_path: Path) -> None:
    embedding = open_tables([write_table(tmp_path, samples(), "csv")])
    with pytest.raises(InputError, check=fault("samples-without-pixels", "base", "square")):
        embedding.pool(np.array([[24.92, 60.165]]), [View("base", "square", radius_px=4)])


def refused(table: pd.DataFrame, folder: Path) -> InputError:
    path = folder / "samples.csv"
    table.to_csv(path, index=False)
    with pytest.raises(InputError) as caught:
        open_embedding([path])
    assert "\n" not in str(caught.value)
    return caught.value


def test_missing_columns_are_named_beside_those_there_are(tmp_path: Path) -> None:
    error = refused(as_table(samples()).drop(columns=["A17", "A63"]).assign(label=1), tmp_path)
    assert fault("table-lacks-bands", 2, "A17, A63", "label")(error)


def test_no_coordinates_are_refused(tmp_path: Path) -> None:
    table = as_table(samples()).drop(columns=["longitude", "latitude"])
    error = refused(table, tmp_path)
    assert fault("table-without-coordinates", "samples.csv")(error)


def test_swapped_coordinates_are_named_as_likely(tmp_path: Path) -> None:
    frame = samples()
    frame["geometry"] = shapely.points(np.full(300, 60.0), np.full(300, 151.0))
    assert fault("coordinates-swapped")(refused(as_table(frame), tmp_path))


def test_lengths_off_one_are_refused_with_the_figures(tmp_path: Path) -> None:
    table = as_table(samples())
    table[list(BAND_NAMES)] *= 1.2
    error = refused(table, tmp_path)
    assert fault("vectors-of-wrong-length", "samples.csv", "100.0%", "1.2")(error)


def test_words_and_empty_cells_for_numbers_are_refused(tmp_path: Path) -> None:
    table = as_table(samples())
    worded = refused(table.assign(A05="high"), tmp_path)
    assert fault("column-not-numeric", "A05", "samples.csv")(worded)
    empty = refused(table.assign(A05=np.nan), tmp_path)
    assert fault("embedding-without-data", "samples.csv")(empty)
    assert fault("file-without-rows", "samples.csv")(refused(table.iloc[:0], tmp_path))


def test_a_geopackage_without_crs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "samples.gpkg"
    samples().set_crs(None, allow_override=True).to_file(path)
    with pytest.raises(InputError, check=fault("file-without-crs", path.name)):
        open_embedding([path])


def test_genuine_samples_pool_at_a_kilometre(shared: Path) -> None:
    path = shared / "real" / "alphaearth" / "sf_bay_urban_2024.csv"
    if not path.exists():
        pytest.skip("genuine AlphaEarth samples not present")
    embedding = open_embedding([path])
    assert embedding.pixels == 720
    places = pd.read_csv(shared / "real" / "sf_bay" / "pois.csv", nrows=400)
    lonlat = places[["lon", "lat"]].to_numpy(np.float64)
    pooled = embedding.pool(lonlat, [View("base", "disk", radius_m=1_000)])
    table = pd.read_csv(path)
    frame = gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table.longitude, table.latitude))
    expected = by_definition(frame, lonlat, 1_000)
    np.testing.assert_array_equal(pooled.ok, ~np.isnan(expected[:, 0]))
    assert pooled.ok.any()
    np.testing.assert_allclose(pooled.vectors[0], expected, atol=1e-5)
