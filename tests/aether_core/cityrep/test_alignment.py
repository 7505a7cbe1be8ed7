"""Every kind of embedding comes to the samples as the published policy says."""

from pathlib import Path

import h3
import numpy as np
import pandas as pd
import pytest
import rasterio
from numpy.typing import NDArray

from aether_core.cityrep.embeddings.aligned import Aligned
from aether_core.cityrep.evaluate import Entrant, released
from aether_core.cityrep.release import Release, open_release
from aether_core.cityrep.samples import TaskSamples, read_samples
from aether_core.errors import InputError
from tests.cityrep_release import RESOLUTION, lonlat_of, make_release, write_raster
from tests.errors import fault

CELLS, POINTS = "alpha.population.2024", "alpha.landuse.2026"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def release(folder: Path) -> Release:
    return open_release(folder)


def align(release: Release, model: str, task_id: str) -> Aligned:
    row = next(one for one in release.rows if (one.model, one.task_id) == (model, task_id))
    return aligned_by(released(release, row), read_samples(release.folder, release.tasks[task_id]))


def aligned_by(entrant: Entrant, samples: TaskSamples) -> Aligned:
    """A released model has nothing to choose from."""
    (only,) = entrant.candidates
    return only.align(samples)


def samples_of(folder: Path, task_id: str) -> pd.DataFrame:
    return pd.read_parquet(folder / "data" / "tasks" / task_id / "samples.parquet")


def unit(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def table_of(folder: Path, model: str, task_id: str) -> pd.DataFrame:
    city, task, _ = task_id.split(".")
    return pd.read_parquet(folder / "baselines" / "artifacts" / model / city / f"{task}.parquet")


def bands_of(folder: Path, model: str) -> tuple[NDArray[np.float32], rasterio.Affine]:
    with rasterio.open(folder / "baselines" / "artifacts" / model / "alpha" / "all.tif") as file:
        return file.read(), file.transform


@pytest.mark.parametrize("task_id", [CELLS, POINTS])
def test_tables_are_looked_up_by_id(release: Release, folder: Path, task_id: str) -> None:
    table = table_of(folder, "byid", task_id).set_index("sample_id").drop(columns=["x", "y"])
    expected = table.loc[samples_of(folder, task_id)["sample_id"]].to_numpy()
    assert np.abs(align(release, "byid", task_id).x - unit(expected)).max() < 1e-6


@pytest.mark.parametrize("task_id", [CELLS, POINTS])
def test_points_without_ids_give_the_nearest(release: Release, folder: Path, task_id: str) -> None:
    table = table_of(folder, "nearest", task_id)
    apart = lonlat_of(samples_of(folder, task_id))[:, None] - table[["lon", "lat"]].to_numpy()
    nearest = (apart**2).sum(axis=2).argmin(axis=1)
    expected = table.drop(columns=["lon", "lat"]).to_numpy()[nearest]
    assert np.abs(align(release, "nearest", task_id).x - unit(expected)).max() < 1e-6


@pytest.mark.parametrize("task_id", [CELLS, POINTS])
def test_h3_cells_are_those_the_samples_lie_in(
    release: Release, folder: Path, task_id: str
) -> None:
    table = table_of(folder, "hexes", task_id).set_index("h3_id")
    lonlat = lonlat_of(samples_of(folder, task_id))
    cells = [h3.latlng_to_cell(lat, lon, RESOLUTION) for lon, lat in lonlat]
    known = np.isin(cells, table.index)
    found = align(release, "hexes", task_id)
    assert 0 < found.without == (~known).sum() < len(cells)
    expected = table.loc[np.array(cells)[known]].to_numpy()
    assert np.abs(found.x[known] - unit(expected)).max() < 1e-6
    assert not found.x[~known].any()  # as published: no vector is 0 throughout


def test_a_raster_on_the_tasks_grid_is_looked_up(release: Release, folder: Path) -> None:
    samples, (bands, _) = samples_of(folder, CELLS), bands_of(folder, "grid")
    expected = bands[:, samples["row"], samples["col"]].T
    assert np.abs(align(release, "grid", CELLS).x - unit(expected)).max() < 1e-6


def test_a_finer_raster_is_averaged_over_the_cells(release: Release, folder: Path) -> None:
    samples, (bands, _) = samples_of(folder, CELLS), bands_of(folder, "fine")
    expected = [
        bands[:, 4 * row : 4 * row + 4, 4 * col : 4 * col + 4].mean(axis=(1, 2))
        for row, col in zip(samples["row"], samples["col"], strict=True)
    ]
    assert np.abs(align(release, "fine", CELLS).x - unit(np.array(expected))).max() < 1e-5


def test_a_coarser_raster_is_shared_by_the_cells(release: Release, folder: Path) -> None:
    samples, (bands, _) = samples_of(folder, CELLS), bands_of(folder, "coarse")
    samples = samples[(samples["row"] < 12) & (samples["col"] < 12)]  # its last column is cut off
    expected = bands[:, samples["row"] // 3, samples["col"] // 3].T
    found = align(release, "coarse", CELLS).x[samples.index]
    assert np.abs(found - unit(expected)).max() < 1e-6


@pytest.mark.parametrize("model", ["grid", "fine"])
def test_points_take_the_pixel_they_lie_in(release: Release, folder: Path, model: str) -> None:
    bands, grid = bands_of(folder, model)
    x, y = lonlat_of(samples_of(folder, POINTS)).T
    col, row = (np.floor(one).astype(int) for one in ~grid @ (x, y))
    expected = bands[:, row, col].T
    assert np.abs(align(release, model, POINTS).x - unit(expected)).max() < 1e-6


def test_samples_outside_a_raster_or_without_data_have_no_vector(tmp_path: Path) -> None:
    folder = make_release(tmp_path)
    samples, (bands, grid) = samples_of(folder, POINTS), bands_of(folder, "grid")
    bands[:, :3] = np.nan
    write_raster(folder / "baselines/artifacts/grid/alpha/all.tif", bands[:, :, :9], grid)
    col, row = (np.floor(one).astype(int) for one in ~grid @ tuple(lonlat_of(samples).T))
    gone = (row < 3) | (col >= 9)
    found = align(open_release(folder), "grid", POINTS)
    assert found.without == gone.sum()
    assert (found.x.any(axis=1) == ~gone).all()


@pytest.mark.parametrize(
    ("value", "rows", "code"),
    [
        (np.nan, slice(3, 4), "cityrep-embedding-not-finite"),
        (np.inf, slice(3, 4), "cityrep-embedding-not-finite"),
        (0.0, slice(None), "cityrep-embedding-covers-nothing"),
    ],
)
def test_damaged_vectors_are_refused(
    release: Release, folder: Path, tmp_path: Path, value: float, rows: slice, code: str
) -> None:
    table = table_of(folder, "byid", POINTS)
    columns = slice("e02", "e02") if code.endswith("finite") else slice("e00", "e05")
    table.loc[table.index[rows], columns] = value
    with pytest.raises(InputError, check=fault(code, "byid", POINTS)):
        align_table(release, table, tmp_path)


def test_a_row_of_gaps_is_no_vector_and_strangers_are_named(
    release: Release, folder: Path, tmp_path: Path
) -> None:
    table = table_of(folder, "byid", POINTS)
    table["more"] = 1.0
    table.loc[table.index[5], [*(f"e{k:02}" for k in range(6)), "more"]] = np.nan
    table.loc[table.index[6], "sample_id"] = "of another task"
    found = align_table(release, table, tmp_path)
    assert found.without == 2
    assert any("7 columns" in note for note in found.notes)
    assert any(note.startswith("1 rows") for note in found.notes)


def test_an_id_may_stand_twice_with_one_vector_alone(
    release: Release, folder: Path, tmp_path: Path
) -> None:
    table = table_of(folder, "byid", POINTS)
    assert not align_table(release, pd.concat([table, table[:9]]), tmp_path).without
    other = table[:1].assign(e00=9.0)
    with pytest.raises(
        InputError, check=fault("cityrep-embedding-id-repeated", other["sample_id"].iloc[0])
    ):
        align_table(release, pd.concat([table, other]), tmp_path)


def align_table(release: Release, table: pd.DataFrame, tmp_path: Path) -> Aligned:
    """Align the model `byid` with another table, in a release that is otherwise the same."""
    row = next(one for one in release.rows if (one.model, one.task_id) == ("byid", POINTS))
    table.to_parquet(tmp_path / "table.parquet")
    config = row.config.model_copy(update={"path": "table.parquet"})
    elsewhere = Release(tmp_path, release.tasks, release.rows)
    entrant = released(elsewhere, row.model_copy(update={"config": config}))
    return aligned_by(entrant, read_samples(release.folder, release.tasks[POINTS]))


def test_what_the_manifest_does_not_say_is_refused(folder: Path) -> None:
    release = open_release(folder)
    row = next(one for one in release.rows if (one.model, one.task_id) == ("hexes", POINTS))
    samples = read_samples(folder, release.tasks[POINTS])
    for changes, code, fact in (
        ({"h3_resolution": None}, "cityrep-embedding-config-incomplete", "h3_resolution"),
        ({"region_id_col": None}, "cityrep-embedding-config-incomplete", "region_id_col"),
        ({"region_id_col": "hex"}, "cityrep-column-missing", "hex"),
        ({"task_region_id_col": "tract"}, "cityrep-column-missing", "tract"),
        ({"type": "graph"}, "cityrep-embedding-type-unknown", "graph"),
    ):
        config = row.config.model_copy(update=changes)
        with pytest.raises(InputError, check=fault(code, fact)):
            aligned_by(released(release, row.model_copy(update={"config": config})), samples)
    by_column = {"task_region_id_col": "h3", "region_type": "custom"}
    config = row.config.model_copy(update=by_column)
    entrant = released(release, row.model_copy(update={"config": config}))
    assert entrant.columns == ("h3",)
