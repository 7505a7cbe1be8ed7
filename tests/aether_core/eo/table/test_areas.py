"""Embeddings of areas: polygons, H3 cells and codes; what is pooled from them, what is refused."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import pytest
import shapely

from aether_core.eo.embedding import open_embedding
from aether_core.eo.file_kind import AREAS
from aether_core.eo.pooling.view import View
from aether_core.eo.table.area_embedding import AreaEmbedding
from aether_core.eo.table.embedding import TableEmbedding
from aether_core.errors import InputError
from tests.area_tables import BANDS, SOUTH, STEP, WEST, grid, mean_vectors, written
from tests.errors import fault

VIEWS = AREAS.views(100.0)


def opened(*paths: Path, **how: object) -> AreaEmbedding:
    found = open_embedding(paths, **how)
    assert isinstance(found, AreaEmbedding)
    return found


def unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def middle(x: int, y: int) -> list[float]:
    return [WEST + (x + 0.5) * STEP, SOUTH + (y + 0.5) * STEP]


@pytest.mark.parametrize("name", ["areas.parquet", "areas.gpkg", "areas.geojson", "areas.shp"])
def test_polygons_are_areas_with_codes_names_and_lengths(tmp_path: Path, name: str) -> None:
    frame = grid()
    found = opened(written(tmp_path, frame, name))
    assert (found.kind, found.pixels) == ("areas", 12)
    assert found.areas.code.tolist() == frame["geoid"].tolist()
    assert found.areas.name[3] == "Ward 3"
    values = frame[BANDS].to_numpy(np.float64)
    np.testing.assert_allclose(found.length, np.linalg.norm(values, axis=1), atol=1e-5)
    np.testing.assert_allclose(found.vectors, unit(values), atol=1e-5)
    assert shapely.area(found.footprint) == pytest.approx(12 * STEP**2, rel=1e-3)


def test_a_place_takes_its_area_and_the_mean_with_those_beside_it(tmp_path: Path) -> None:
    frame = grid(gap=0.0001)  # some 5 m between neighbours, as simplified borders leave
    found = opened(written(tmp_path, frame))
    lonlat = np.array([middle(1, 1), middle(0, 0), [WEST - 1, SOUTH], [np.nan, 1.0]])
    pooled = found.pool(lonlat, VIEWS)
    vectors = unit(frame[BANDS].to_numpy(np.float64))
    np.testing.assert_allclose(pooled.vectors[0, :2], vectors[[5, 0]], atol=1e-5)
    np.testing.assert_allclose(
        pooled.vectors[1, 0], unit(vectors[[5, 4, 6, 1, 9]].sum(axis=0)), atol=1e-5
    )
    np.testing.assert_allclose(
        pooled.vectors[1, 1], unit(vectors[[0, 1, 4]].sum(axis=0)), atol=1e-5
    )
    assert pooled.dropped == {"in none of the areas": 2}
    assert np.isnan(pooled.vectors[:, 2:]).all()


def test_an_area_without_a_neighbour_is_its_own_wide_view(tmp_path: Path) -> None:
    frame = grid(2, 1)
    far = grid(1, 1).assign(geoid="00099")
    far["geometry"] = far.geometry.translate(1, 0)
    found = opened(written(tmp_path, gpd.GeoDataFrame(pd.concat([frame, far], ignore_index=True))))
    pooled = found.pool(np.array([[WEST + 1 + STEP / 2, SOUTH + STEP / 2]]), VIEWS)
    np.testing.assert_allclose(pooled.vectors[0], pooled.vectors[1], atol=1e-6)
    assert any("no other" in note for note in found.reports[-1].notes)


def test_disks_on_areas_are_those_around_their_middles_and_squares_are_refused(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, grid())
    view = [View("pool", "disk", radius_m=300)]
    points = open_embedding([path], as_points=True)
    assert type(points) is TableEmbedding
    lonlat = np.array([middle(1, 1)])
    assert np.array_equal(
        points.pool(lonlat, view).vectors, opened(path).pool(lonlat, view).vectors
    )
    with pytest.raises(InputError, check=fault("samples-without-pixels", "area")):
        points.pool(lonlat, VIEWS)


def test_each_h3_cell_is_an_area(tmp_path: Path) -> None:
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(60.17, 24.94, 9), 2))
    frame = pd.DataFrame(mean_vectors(len(cells)), columns=BANDS).assign(h3=cells)
    found = opened(written(tmp_path, frame))
    assert found.areas.code.tolist() == cells
    assert found.areas.resolution == 9
    lat, lon = h3.cell_to_latlng(cells[4])
    pooled = found.pool(np.array([[lon, lat]]), VIEWS)
    np.testing.assert_allclose(pooled.vectors[0, 0], found.vectors[4], atol=1e-6)
    ring = [cells.index(cell) for cell in h3.grid_disk(cells[4], 1) if cell in cells]
    mean = unit(found.vectors[ring].astype(np.float64).sum(axis=0))
    np.testing.assert_allclose(pooled.vectors[1, 0], mean, atol=1e-5)


def test_points_with_a_cell_each_are_cells_and_points_that_share_cells_stay_points(
    tmp_path: Path,
) -> None:
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(60.17, 24.94, 9), 2))
    frame = pd.DataFrame(mean_vectors(len(cells)), columns=BANDS).assign(h3=cells)
    frame["latitude"], frame["longitude"] = np.array([h3.cell_to_latlng(cell) for cell in cells]).T
    assert opened(written(tmp_path, frame, "own.csv")).pixels == len(cells)
    frame["h3"] = [h3.cell_to_parent(cell, 8) for cell in cells]
    shared = open_embedding([written(tmp_path, frame, "shared.csv")])
    assert shared.kind == "table"


def test_names_come_along_with_the_shapes_where_the_table_has_none(tmp_path: Path) -> None:
    frame = grid()
    named = frame[["geoid", "geometry"]].assign(NAMELSAD=frame["name"], ALAND=range(12))
    named.loc[3, "NAMELSAD"] = None
    shapes = written(tmp_path, named, "shapes.gpkg")
    bare = written(tmp_path, frame.drop(columns="name"), "bare.csv")
    areas = opened(bare, geometry=shapes).areas
    assert areas.name.tolist() == ["" if row == 3 else f"Ward {row}" for row in range(12)]
    assert areas.code.tolist() == frame["geoid"].tolist()
    own = frame.assign(name=[f"Own {row}" for row in range(12)])
    kept = opened(written(tmp_path, own, "own.csv"), geometry=shapes).areas
    assert kept.name[0] == "Own 0"


def test_codes_take_the_shapes_of_another_file(tmp_path: Path) -> None:
    frame = grid()
    shapes = written(tmp_path, frame[["geoid", "geometry"]], "shapes.gpkg")
    table = frame.assign(geoid="14000US" + frame["geoid"])
    table.loc[11, "geoid"] = "14000US77777"
    halves = [
        written(tmp_path, part, name)
        for part, name in ((table.iloc[:6], "one.csv"), (table.iloc[6:], "two.csv"))
    ]
    with pytest.raises(InputError, check=fault("table-needs-geometry", "geoid", "--geometry")):
        open_embedding(halves)
    found = opened(*halves, geometry=shapes)
    assert found.pixels == 11
    assert found.areas.code[0] == "14000US00000"
    (lost,) = [note for note in found.reports[1].notes if "77777" in note]
    assert found.reports[1].left_out == {"code without a shape in shapes.gpkg": 1}
    assert lost
    strange = written(tmp_path, table.iloc[:6].assign(geoid=list("uvwxyz")), "strange.csv")
    with pytest.raises(InputError, check=fault("codes-do-not-match", "u, v, w")):
        open_embedding([strange], geometry=shapes)


def _repeated_code(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.assign(geoid=["00000", *frame["geoid"][:-1]])


def _repeated_polygon(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_geometry([frame.geometry[1], *frame.geometry[1:]])


def _overlapping(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_geometry([frame.geometry[0].buffer(STEP / 4), *frame.geometry[1:]])


def _with_points(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_geometry([frame.geometry[0].centroid, *frame.geometry[1:]])


def _two_codes(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.assign(ward_code=[f"W{number}" for number in range(len(frame))])


def _without_a_code(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.assign(geoid=[None, *frame["geoid"][1:]])


@pytest.mark.parametrize(
    ("spoil", "code", "fact"),
    [
        (_repeated_code, "areas-repeated", "00000"),
        (_repeated_polygon, "areas-repeated", "00001"),
        (_overlapping, "areas-overlap", "00000"),
        (_with_points, "areas-mixed-with-points", "Point"),
        (_two_codes, "area-code-unclear", "ward_code"),
        (_without_a_code, "area-without-code", "geoid"),
        (lambda frame: frame.iloc[:1], "single-area", "00000"),
        (lambda frame: frame.set_crs(None, allow_override=True), "file-without-crs", "EPSG"),
    ],
)
def test_areas_that_cannot_be_units_are_refused(
    tmp_path: Path, spoil: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame], code: str, fact: str
) -> None:
    path = written(tmp_path, spoil(grid()))
    with pytest.raises(InputError, check=fault(code, fact)):
        open_embedding([path])


def test_the_user_says_which_column_is_the_code(tmp_path: Path) -> None:
    path = written(tmp_path, _two_codes(grid()))
    assert opened(path, code_field="ward_code").areas.code[2] == "W2"


def test_polygons_that_cross_themselves_are_mended_and_flat_ones_left_out(tmp_path: Path) -> None:
    frame = grid()
    x, y = middle(0, 0)
    bow = shapely.Polygon([(x, y), (x + 0.003, y + 0.003), (x + 0.003, y), (x, y + 0.003)])
    flat = shapely.Polygon([middle(1, 0), middle(2, 0), middle(1, 0), middle(1, 0)])
    found = opened(written(tmp_path, frame.set_geometry([bow, flat, *frame.geometry[2:]])))
    assert found.pixels == 11
    assert found.reports[0].left_out == {"polygon with zero area": 1}
    assert any("mended" in note for note in found.reports[0].notes)
    assert shapely.is_valid(found.areas.geometry).all()


@pytest.mark.parametrize(
    ("cells", "code", "fact"),
    [
        (["8928308280fffff", "8928308280bffff", "nonsense"], "cells-not-valid", "nonsense"),
        (["8928308280fffff", "8828308281fffff"], "cells-of-mixed-resolution", "8, 9"),
        (["8928308280fffff", "8928308280fffff"], "areas-repeated", "8928308280fffff"),
    ],
)
def test_h3_ids_that_are_none_mixed_or_twice_are_refused(
    tmp_path: Path, cells: list[str], code: str, fact: str
) -> None:
    frame = pd.DataFrame(mean_vectors(len(cells)), columns=BANDS).assign(h3=cells)
    with pytest.raises(InputError, check=fault(code, fact)):
        open_embedding([written(tmp_path, frame)])


def test_several_h3_columns_are_asked_for(tmp_path: Path) -> None:
    cells = sorted(h3.grid_disk("8928308280fffff", 1))
    frame = pd.DataFrame(mean_vectors(len(cells)), columns=BANDS)
    path = written(tmp_path, frame.assign(h3_a=cells, h3_b=cells[::-1]))
    with pytest.raises(InputError, check=fault("cell-column-unclear", "h3_a, h3_b")):
        open_embedding([path])
    assert opened(path, code_field="h3_b").areas.code.tolist() == cells[::-1]


def test_points_and_areas_in_two_tables_are_refused(tmp_path: Path) -> None:
    frame = grid()
    points = frame.set_geometry(frame.geometry.centroid)
    paths = [written(tmp_path, frame), written(tmp_path, points, "points.gpkg")]
    with pytest.raises(InputError, check=fault("areas-mixed-with-points", "points.gpkg")):
        open_embedding(paths)


def test_shapes_and_codes_are_for_tables_alone(tmp_path: Path) -> None:
    shapes = written(tmp_path, grid(), "shapes.gpkg")
    (tmp_path / "raster.tif").write_bytes(b"II*")
    with pytest.raises(InputError, check=fault("shapes-of-raster-given", "shapes.gpkg")):
        open_embedding([tmp_path / "raster.tif"], geometry=shapes)


def test_genuine_tracts_and_the_batches_of_an_export(shared: Path) -> None:
    tracts = shared / "real" / "us_tracts" / "duluth.parquet"
    whole = opened(tracts)
    assert (whole.pixels, whole.areas.code[0]) == (101, whole.reports[0].sample[0]["geoid"])
    assert 0.6 < whole.length.min() < whole.length.max() < 1.01
    batches = sorted((shared / "real" / "readers" / "earth_engine_batches").glob("*.csv"))
    joined = opened(*batches, geometry=tracts)
    assert joined.pixels == 101
    order = {code: row for row, code in enumerate(whole.areas.code)}
    same = [order[code[-11:]] for code in joined.areas.code]
    cosine = np.einsum("ij,ij->i", joined.vectors, whole.vectors[same])
    assert cosine.min() > 0.999


def test_genuine_h3_cells(shared: Path) -> None:
    found = opened(shared / "real" / "readers" / "rogue_valley_h3r8_2021.parquet")
    assert (found.pixels, found.areas.resolution) == (4350, 8)
