"""A small metropolitan area with figures and counts, as a table of census tracts has them."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from tests.area_tables import BANDS, mean_vectors

WEST, SOUTH, STEP = 24.0, 60.0, 0.05
COLUMNS, ROWS = 10, 8
AREAS = COLUMNS * ROWS
INCOME = (
    "fam_inc_lt10k", "fam_inc_10to15k", "fam_inc_15to25k", "fam_inc_25to50k", "fam_inc_50kplus",
)  # fmt: skip
KINDS = ("edu", "food", "finance")


def tracts(seed: int = 0, *, counted: bool = True) -> gpd.GeoDataFrame:
    """Areas whose income and places follow their embedding, with chance."""
    rng = np.random.default_rng(seed)
    vectors = mean_vectors(AREAS, seed)
    wealth = vectors @ rng.normal(size=64) * 4
    logits = np.outer(wealth, np.linspace(-1, 1, 5)) + rng.normal(0, 0.2, (AREAS, 5))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    frame = pd.DataFrame(vectors, columns=BANDS)
    frame.insert(0, "geoid", [f"36{number:05d}" for number in range(AREAS)])
    families = rng.integers(300, 900, AREAS)
    frame[list(INCOME)] = np.round(shares * families[:, None])
    frame["population"] = families * 3
    frame["persons_below_poverty"] = np.round(frame["population"] * shares[:, 0])
    frame["minor_ratio"] = rng.uniform(0.1, 0.3, AREAS)
    frame["elderly_ratio"] = rng.uniform(0.1, 0.2, AREAS)
    frame["aland_m2"] = rng.uniform(5e6, 2e7, AREAS)
    if counted:
        counts = rng.poisson(np.exp(np.outer(wealth, (0.3, -0.3, 0.5))))
        km2 = frame["aland_m2"].to_numpy() / 1e6
        for kind, count in zip(KINDS, counts.T, strict=True):
            frame[f"poi_{kind}"] = count / km2
        frame["poi_total_all"] = (counts.sum(axis=1) + rng.poisson(2, AREAS)) / km2
    corners = [(WEST + x * STEP, SOUTH + y * STEP) for y in range(ROWS) for x in range(COLUMNS)]
    boxes = [shapely.box(x, y, x + STEP, y + STEP) for x, y in corners]
    return gpd.GeoDataFrame(frame, geometry=boxes, crs="EPSG:4326")


def written(folder: Path, name: str, frame: gpd.GeoDataFrame) -> Path:
    path = folder / f"{name}.parquet"
    frame.to_parquet(path)
    return path
