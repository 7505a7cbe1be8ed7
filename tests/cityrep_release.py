"""A small release in CityRep's form: two cities, three tasks, all kinds of embedding."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pandas as pd
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine, from_origin

SEEDS = (42, 24, 7, 0, 100)
PROTOCOL = "block10_5seed_mlp1024"
DIM = 6
RESOLUTION = 8
CORNERS = {"alpha": (24.90, 60.20), "beta": (25.20, 60.20)}
CELL_DEGREES = 0.002
ROWS, COLUMNS = 12, 14
PIXELS = 4
"""Pixels of the fine raster across a cell."""
LABELS = {"population": "label", "age_distribution": ("young", "middle", "old")}


def make_release(
    folder: Path, *, corners: Mapping[str, tuple[float, float]] = CORNERS, seed: int = 3
) -> Path:
    """Write a release: land use of points, population and ages of raster cells.

    Models: `byid` (a table by sample_id), `nearest` (a table of points), `hexes` (H3 cells),
    `grid` (a raster on the tasks' own grid), `fine` (one of 4 x 4 pixels a cell), `coarse` (one of
    pixels of 3 x 3 cells). `nobody` is registered and not released.
    """
    rng = np.random.default_rng(seed)
    tasks: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    for city, (west, north) in corners.items():
        grid = from_origin(west, north, CELL_DEGREES, CELL_DEGREES)
        field = (
            rng.normal(size=(DIM, ROWS * PIXELS, COLUMNS * PIXELS)).cumsum(axis=1).cumsum(axis=2)
        )
        field /= np.abs(field).max(axis=(1, 2), keepdims=True)
        _write_city(folder, city, grid, field.astype(np.float32), tasks, rows, rng)
    (folder / "data" / "tasks.json").write_text(json.dumps({"tasks": tasks}))
    registry = folder / "baselines" / "registry"
    registry.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(registry / "embedding_manifest.csv", index=False)
    return folder


def _write_city(
    folder: Path,
    city: str,
    grid: Affine,
    field: NDArray[np.float32],
    tasks: dict[str, Any],
    rows: list[dict[str, Any]],
    rng: np.random.Generator,
) -> None:
    mean = field.reshape(DIM, ROWS, PIXELS, COLUMNS, PIXELS).mean(axis=(2, 4))
    fine_grid = grid @ Affine.scale(1 / PIXELS)
    coarse = mean[:, ::3, ::3]
    rasters = {
        "grid": (mean, grid),
        "fine": (field, fine_grid),
        "coarse": (coarse, grid @ Affine.scale(3)),
    }
    artifacts = folder / "baselines" / "artifacts"
    for model, (values, transform) in rasters.items():
        write_raster(artifacts / model / city / "all.tif", values, transform)
    cells = _raster_samples(city, grid, mean, rng)
    points = _points(city, grid, field, fine_grid, rng)
    for task, year, samples, kind in (
        ("landuse", 2026, points, "classification"),
        ("population", 2024, cells, "regression"),
        ("age_distribution", 2024, cells, "distribution"),
    ):
        task_id = f"{city}.{task}.{year}"
        table = samples.assign(sample_id=[f"{task_id}:{one}" for one in samples.index])
        home = folder / "data" / "tasks" / task_id
        home.mkdir(parents=True)
        entry = {
            "task_id": task_id,
            "task_type": kind,
            "source_type": "samples",
            "samples_path": f"tasks/{task_id}/samples.parquet",
            "sample_id_col": "sample_id",
            "crs": "EPSG:4326",
            "city": city,
            "task": task,
            "license": "none",
        }
        if kind == "classification":
            entry |= {"label_col": "label_id", "class_names": ["a", "b", "c"]}
        else:
            entry["labels_path"] = f"tasks/{task_id}/labels.tif"
            write_raster(home / "labels.tif", mean[:1], grid)
        if kind == "regression":
            entry |= {"label_col": "label", "normalization": "log1p_zscore"}
        if kind == "distribution":
            entry |= {"label_cols": list(LABELS[task]), "renormalize_distribution": True}
        table.to_parquet(home / "samples.parquet", index=False)
        tasks[task_id] = entry
        write_split(folder, task_id, table["sample_id"].tolist(), rng)
        _write_tables(artifacts, city, task, task_id, table, field, fine_grid, rows)
        for model in rasters:
            path = f"baselines/artifacts/{model}/{city}/all.tif"
            rows.append(manifest_row(model, task_id, "raster", {"name": model, "path": path}))
        gone = manifest_row("nobody", task_id, "raster", {"path": "gone.tif"})
        rows.append(gone | {"available": False, "alignment_policy": "Not released."})


def _raster_samples(
    city: str, grid: Affine, mean: NDArray[np.float32], rng: np.random.Generator
) -> pd.DataFrame:
    """Samples at the middles of the cells, with numbers and shares that the embedding tells of."""
    row, col = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    x, y = grid @ (col + 0.5, row + 0.5)
    seen = mean[:, row, col].T
    shares = np.exp(seen[:, :3] + rng.normal(0, 0.1, (len(row), 3)))
    table = pd.DataFrame({"row": row, "col": col, "x": x, "y": y})
    table["label"] = np.exp(2 * seen[:, 0] + rng.normal(0, 0.2, len(row)))
    for name, share in zip(LABELS["age_distribution"], shares.T, strict=True):
        table[name] = share * 40
    return table.sample(frac=1, random_state=len(city)).reset_index(drop=True)


def _points(
    city: str,
    grid: Affine,
    field: NDArray[np.float32],
    fine_grid: Affine,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Points with classes that the embedding tells of, their places as well-known text."""
    x, y = grid @ (rng.uniform(0, COLUMNS, 150), rng.uniform(0, ROWS, 150))
    col, row = (np.floor(one).astype(int) for one in ~fine_grid @ (x, y))
    seen = field[:3, row, col].T + rng.normal(0, 0.1, (150, 3))
    shapes = [f"POINT ({one:.7f} {other:.7f})" for one, other in zip(x, y, strict=True)]
    return pd.DataFrame({"geometry": shapes, "label_id": seen.argmax(axis=1), "about": city})


def _write_tables(
    artifacts: Path,
    city: str,
    task: str,
    task_id: str,
    samples: pd.DataFrame,
    field: NDArray[np.float32],
    fine_grid: Affine,
    rows: list[dict[str, Any]],
) -> None:
    """Write the tables of a task: by id, of points, of H3 cells."""
    x, y = lonlat_of(samples).T
    col, row = (np.floor(one).astype(int) for one in ~fine_grid @ (x, y))
    names = [f"e{k:02}" for k in range(DIM)]
    vectors = pd.DataFrame(field[:, row, col].T, columns=names)
    name = f"{city}/{task}.parquet"
    byid = vectors.assign(sample_id=samples["sample_id"], x=x, y=y).iloc[::-1]
    save(byid, artifacts / "byid" / name)
    config = {"type": "entity", "x_col": "x", "y_col": "y", "crs": "EPSG:4326"}
    by_id = {"entity_id_col": "sample_id", "task_entity_id_col": "sample_id", "embedding_dim": DIM}
    path = f"baselines/artifacts/byid/{name}"
    rows.append(manifest_row("byid", task_id, "entity", {**config, **by_id, "path": path}))
    save(vectors.assign(lon=x + 3e-4, lat=y + 1e-4)[::3], artifacts / "nearest" / name)
    point = {
        "type": "point_table",
        "x_col": "lon",
        "y_col": "lat",
        "path": f"baselines/artifacts/nearest/{name}",
    }
    rows.append(manifest_row("nearest", task_id, "point_table", point))
    cells = [h3.latlng_to_cell(lat, lon, RESOLUTION) for lon, lat in zip(x, y, strict=True)]
    hexes = vectors.assign(h3_id=cells).groupby("h3_id").mean().reset_index()
    save(hexes.iloc[1:], artifacts / "hexes" / name)  # one cell has no places
    region = {"type": "region_table", "region_id_col": "h3_id", "region_type": "h3"}
    region |= {"h3_resolution": RESOLUTION, "path": f"baselines/artifacts/hexes/{name}"}
    rows.append(manifest_row("hexes", task_id, "region_table", region))


def manifest_row(model: str, task_id: str, source: str, config: dict[str, Any]) -> dict[str, Any]:
    """A row of the manifest, as the release writes it."""
    city, task, _ = task_id.split(".")
    return {
        "model": model,
        "model_label": model.title(),
        "city": city,
        "task": task,
        "task_id": task_id,
        "embedding_path": config["path"],
        "embedding_source_type": source,
        "embedding_config": json.dumps(config),
        "alignment_policy": "as the release has it",
        "available": True,
    }


def write_split(folder: Path, task_id: str, ids: list[str], rng: np.random.Generator) -> None:
    """Write five partitions of the samples."""
    home = folder / "splits" / PROTOCOL
    home.mkdir(parents=True, exist_ok=True)
    folds = []
    for seed in SEEDS:
        order = rng.permutation(ids).tolist()
        test, val = len(ids) // 5, len(ids) // 4
        parts = {"test": order[:test], "val": order[test:val], "train": order[val:]}
        folds.append({"seed": seed, "meta": {"method": "spatial_block"}, **parts})
    (home / f"{task_id}.json").write_text(json.dumps({"folds": folds}))


def lonlat_of(samples: pd.DataFrame) -> NDArray[np.float64]:
    """Where samples lie, from x and y or from their well-known text."""
    if "geometry" not in samples:
        return samples[["x", "y"]].to_numpy()
    numbers = samples["geometry"].str.extract(r"\((\S+) (\S+)\)")
    return numbers.to_numpy(dtype=np.float64)


def save(table: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path, index=False)


def write_raster(path: Path, values: NDArray[np.float32], transform: Affine) -> None:
    """Write float32 bands `[b, h, w]` in WGS84; NaN is nodata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bands, height, width = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=bands, height=height, width=width, dtype="float32",
        crs="EPSG:4326", transform=transform, nodata=np.nan,
    ) as file:  # fmt: skip
        file.write(values)
