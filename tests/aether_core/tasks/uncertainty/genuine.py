"""Genuine AlphaEarth points with a label each, and a plain probe to predict them with."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from aether_core.spatial.blocks import spatial_blocks


@dataclass(frozen=True)
class LabelledPoints:
    """Vectors float32 `[n, 64]`, labels int64 `[n]` and blocks of 5 km int64 `[n]`."""

    x: np.ndarray
    label: np.ndarray
    block: np.ndarray

    def without(self, rows: np.ndarray) -> "LabelledPoints":
        return LabelledPoints(self.x[~rows], self.label[~rows], self.block[~rows])


def fitted(x: np.ndarray, label: np.ndarray) -> Pipeline:
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    return probe.fit(x, label)


def out_of_fold(points: LabelledPoints, fold: np.ndarray) -> np.ndarray:
    logits = np.empty((len(points.label), len(np.unique(points.label))), dtype=np.float32)
    for number in np.unique(fold):
        test = fold == number
        logits[test] = fitted(points.x[~test], points.label[~test]).decision_function(
            points.x[test]
        )
    return logits


def read_points(path: Path) -> LabelledPoints:
    """Read points with Dynamic World labels, less class 8 (snow), which is noise there."""
    table = pd.read_csv(path)
    table = table[table["dw_label"] != 8]
    lonlat = table[["longitude", "latitude"]].to_numpy(dtype=np.float64)
    return LabelledPoints(
        x=table[[f"A{band:02d}" for band in range(64)]].to_numpy(dtype=np.float32),
        label=np.unique(table["dw_label"], return_inverse=True)[1].astype(np.int64),
        block=spatial_blocks(lonlat, block_m=5000),
    )
