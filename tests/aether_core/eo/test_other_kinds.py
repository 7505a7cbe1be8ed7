"""Embeddings other than AlphaEarth: taken by name, of any length, and never by mistake."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.transform import from_origin

from aether_core.eo.embedding import open_embedding
from aether_core.eo.embedding_kind import check_kind_year, checked_kind, kind_of_tag
from aether_core.eo.pooling.view import View
from aether_core.errors import InputError
from tests.errors import fault

LON, LAT = 24.94, 60.17


def raster(
    folder: Path,
    values: np.ndarray,
    *,
    names: str = "",
    name: str = "other.tif",
    **tags: str,
) -> Path:
    """`[h, w, bands]` as a GeoTIFF of 10 m pixels in Helsinki; bands named behind `names`."""
    path = folder / name
    height, width, bands = values.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=height,
        width=width,
        count=bands,
        dtype=values.dtype,
        crs="EPSG:32635",
        transform=from_origin(385_000, 6_672_000, 10, 10),
    ) as dataset:
        dataset.write(values.transpose(2, 0, 1))
        if names:
            dataset.descriptions = [f"{names}{band:02d}" for band in range(bands)]
        dataset.update_tags(**tags)
    return path


def vectors(bands: int = 12, length: float = 7.0, side: int = 8) -> np.ndarray:
    rng = np.random.default_rng(0)
    made = rng.normal(size=(side, side, bands)).astype(np.float32)
    return length * made / np.linalg.norm(made, axis=2, keepdims=True)


def test_a_named_raster_may_hold_vectors_of_any_length(tmp_path: Path) -> None:
    values = vectors()
    values[0, 0] = np.nan
    path = raster(tmp_path, values, ATTRIBUTION="Its makers")
    embedding = open_embedding([path], kind="prithvi")
    assert (embedding.name, embedding.dim, embedding.pixels) == ("prithvi", 12, 63)
    assert embedding.credits == ("Its makers",)
    middle = np.array([embedding.footprint.centroid.coords[0]])
    (found,) = embedding.pool(middle, [View("near", "disk", radius_m=25)]).vectors[0]
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-6)


def test_long_vectors_weigh_more_in_a_mean(tmp_path: Path) -> None:
    values = np.zeros((8, 8, 12), dtype=np.float32)
    values[..., 0] = 1
    values[:, ::2] = 0
    values[:, ::2, 1] = 3
    embedding = open_embedding([raster(tmp_path, values)], kind="clay")
    middle = np.array([embedding.footprint.centroid.coords[0]])
    ((found,),) = embedding.pool(middle, [View("near", "disk", radius_m=25)]).vectors
    assert found[1] / found[0] == pytest.approx(3, rel=0.3)


@pytest.mark.parametrize(
    ("values", "tags", "said"),
    [
        (vectors(), {}, ("raster-wrong-band-count", "12 bands", "64")),
        (vectors(), {"names": "B"}, ("vectors-of-wrong-length", "other.tif")),
        (vectors(64), {}, ("vectors-of-wrong-length", "other.tif", "AlphaEarth")),
    ],
)
def test_without_a_name_any_length_is_refused(
    tmp_path: Path, values: np.ndarray, tags: dict[str, str], said: tuple[str, ...]
) -> None:
    with pytest.raises(InputError, check=fault(*said)):
        open_embedding([raster(tmp_path, values, **tags)])


@pytest.mark.parametrize(
    ("values", "tags", "said"),
    [
        (
            vectors(),
            {"EMBEDDING": "TESSERA v1"},
            ("embedding-of-another-kind", "tessera-v1, not clay"),
        ),
        (vectors(64), {"names": "A"}, ("embedding-of-another-kind", "alphaearth, not clay")),
        (vectors(1), {}, ("embedding-length-out-of-range", "1 bands", "2 to 4096")),
        (vectors(length=0), {}, ("raster-all-zero", "other.tif")),
        (np.full((4, 4, 12), 90, np.int8), {}, ("vectors-of-wrong-length", "int8")),
        (np.full((4, 4, 12), 90, np.uint8), {}, ("raster-value-type-unknown", "uint8")),
    ],
)
def test_what_a_name_does_not_fit_is_refused(
    tmp_path: Path, values: np.ndarray, tags: dict[str, str], said: tuple[str, ...]
) -> None:
    with pytest.raises(InputError, check=fault(*said)):
        open_embedding([raster(tmp_path, values, **tags)], kind="clay")


def test_int8_in_alphaearths_encoding_is_taken(tmp_path: Path) -> None:
    values = np.full((4, 4, 16), 64, np.int8)  # 16 * (64 / 127.5) ** 4 = 1.016
    assert open_embedding([raster(tmp_path, values)], kind="clay").dim == 16


def test_files_say_what_they_are_and_must_agree(tmp_path: Path) -> None:
    tagged = raster(tmp_path, vectors(length=1), EMBEDDING="Clay v1.5!")
    assert open_embedding([tagged]).name == "clay-v1.5"
    numbered = raster(tmp_path, vectors(length=1), name="numbered.tif", names="N")
    assert open_embedding([numbered]).name == "unnamed"
    with pytest.raises(
        InputError, check=fault("files-of-different-embeddings", "clay-v1.5", "unnamed")
    ):
        open_embedding([tagged, numbered])


def table(folder: Path, columns: dict[str, object], name: str = "samples.parquet") -> Path:
    rows = len(next(iter(columns.values())))
    points = gpd.points_from_xy(LON + 0.001 * np.arange(rows), np.full(rows, LAT))
    path = folder / name
    gpd.GeoDataFrame(pd.DataFrame(columns), geometry=points, crs="EPSG:4326").to_parquet(path)
    return path


def numbered(prefix: str, count: int, first: int = 0) -> dict[str, object]:
    rng = np.random.default_rng(1)
    return {f"{prefix}{number}": 5 * rng.normal(size=6) for number in range(first, first + count)}


@pytest.mark.parametrize(
    "columns",
    [
        numbered("clay_", 16) | {"value1": [1] * 6, "value2": [2] * 6},
        numbered("B", 16, first=1) | numbered("other", 9),
        {"embeddings": list(np.arange(96, dtype=np.float32).reshape(6, 16) + 1)},
    ],
)
def test_a_named_table_shows_its_columns_itself(tmp_path: Path, columns: dict[str, object]) -> None:
    path = table(tmp_path, columns)
    embedding = open_embedding([path], kind="clay")
    assert (embedding.name, embedding.dim, embedding.pixels) == ("clay", 16, 6)
    ((found,),) = embedding.pool(np.array([[LON, LAT]]), [View("v", "disk", radius_m=5)]).vectors
    wide = pd.read_parquet(path).drop(columns=["geometry", "value1", "value2"], errors="ignore")
    first = np.hstack([np.ravel(wide[name][0]) for name in wide if not name.startswith("other")])
    assert found == pytest.approx(first / np.linalg.norm(first), abs=1e-6)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (numbered("A", 4), ("embedding-columns-unclear", "samples.parquet")),
        (
            numbered("A", 9) | numbered("B", 9),
            ("embedding-columns-unclear", "A0 to A8, B0 to B8"),
        ),
        (numbered("B", 9, first=3), ("embedding-columns-unclear", "samples.parquet")),
        (
            {f"A{n:02d}": [0.125] * 6 for n in range(64)},
            ("embedding-of-another-kind", "AlphaEarth", "Clay"),
        ),
        ({"vector": [[1.0, 2.0]] * 5 + [[1.0]]}, ("column-without-vectors", "vector", "1, 2")),
        (dict.fromkeys(numbered("B", 9), [0.0] * 6), ("embedding-without-data", "samples.parquet")),
        (numbered("B", 9) | {"B4": ["x"] * 6}, ("column-not-numeric", "B4", "samples.parquet")),
    ],
)
def test_tables_that_do_not_show_an_embedding_are_refused(
    tmp_path: Path, columns: dict[str, object], said: tuple[str, ...]
) -> None:
    with pytest.raises(InputError, check=fault(*said)):
        open_embedding([table(tmp_path, columns)], kind="clay")


def test_tables_of_different_length_do_not_mix(tmp_path: Path) -> None:
    paths = [table(tmp_path, numbered("B", n), f"{n}.parquet") for n in (9, 12)]
    with pytest.raises(
        InputError, check=fault("files-of-different-length", "9.parquet 9, 12.parquet 12")
    ):
        open_embedding(paths, kind="clay")


def test_names_and_years() -> None:
    assert checked_kind(" Prithvi-EO_2.0 ") == "prithvi-eo_2.0"
    assert kind_of_tag("???") == "unnamed"
    for name in ("", "a b", "x" * 41, "-a"):
        with pytest.raises(InputError, check=fault("embedding-kind-unusable", name)):
            checked_kind(name)
    assert check_kind_year("clay", 1999) == 1999
    for kind, year, code in (
        ("clay", 1971, "embedding-year-out-of-range"),
        ("alphaearth", 1999, "alphaearth-lacks-year"),
    ):
        with pytest.raises(InputError, check=fault(code, year)):
            check_kind_year(kind, year)
