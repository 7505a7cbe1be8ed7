"""Small tables of areas with an embedding each, as an export of zonal means has them."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from aether_core.eo.alphaearth import BAND_NAMES
from tests.aether_core.eo.brute_force import unit_vectors

BANDS = list(BAND_NAMES)
WEST, SOUTH, STEP = 24.90, 60.15, 0.01


def mean_vectors(count: int, seed: int = 0) -> np.ndarray:
    """Means of a few unit vectors, so shorter than 1."""
    rng = np.random.default_rng(seed)
    made = [unit_vectors(rng, 1, count, "float32")[0] for _ in range(2)]
    return np.asarray((made[0] + rng.uniform(0.1, 0.9, (count, 1)) * made[1]) / 1.9)


def grid(columns: int = 4, rows: int = 3, gap: float = 0.0) -> gpd.GeoDataFrame:
    """Areas side by side, row by row from the south-west, with codes and names."""
    corners = [(WEST + x * STEP, SOUTH + y * STEP) for y in range(rows) for x in range(columns)]
    boxes = [shapely.box(x, y, x + STEP - gap, y + STEP) for x, y in corners]
    frame = pd.DataFrame(mean_vectors(len(boxes)), columns=BANDS)
    frame.insert(0, "geoid", [f"0{number:04d}" for number in range(len(boxes))])
    frame["name"] = [f"Ward {number}" for number in range(len(boxes))]
    return gpd.GeoDataFrame(frame, geometry=boxes, crs="EPSG:4326")


def written(folder: Path, frame: pd.DataFrame, name: str = "areas.parquet") -> Path:
    path = folder / name
    if path.suffix == ".csv":
        pd.DataFrame(frame.drop(columns="geometry", errors="ignore")).to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path)
    return path
