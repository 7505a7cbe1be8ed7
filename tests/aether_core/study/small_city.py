"""A city of 400 places in two districts, made in a moment: form tells the district, so do texts."""

import zlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.eo.file_kind import RASTER
from aether_core.eo.pooling.view import View
from aether_core.model.training.training_set import TrainingSet
from aether_core.poi.text import poi_texts
from aether_core.study.city import StudyCity, StudyLabels

DIM, TEXT_DIM = 8, 16
CATEGORIES = (("bar", "club"), ("warehouse", "factory"))
NAMES = ("park", "industry")
_CORNER = np.array([25.0, 60.0])
_SIDE = np.array([0.036, 0.018])  # about 2 km


def unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def district(lonlat: NDArray[np.float64]) -> NDArray[np.int64]:
    """West or east, in eight stripes, so that spatial blocks hold both."""
    return np.floor((lonlat[:, 0] - _CORNER[0]) / _SIDE[0] * 8).astype(np.int64) % 2


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """A direction for each word, summed: texts that share words are alike."""
    rows = []
    for text in texts:
        words = text.replace(".", "").replace(",", "").split()
        seeds = [zlib.crc32(word.encode()) for word in words]
        rows.append(np.sum([np.random.default_rng(s).normal(size=TEXT_DIM) for s in seeds], axis=0))
    return unit(np.array(rows))


def pool(lonlat: NDArray[np.float64], views: Sequence[View]) -> NDArray[np.float32]:
    """The district's form and what is special at the spot; no data in the northern tenth."""
    there = np.where(district(lonlat)[:, None] == 0, 1.0, -1.0) * np.eye(DIM)[0]
    spot = np.stack([np.sin(9000 * lonlat @ [k, 2.0]) for k in range(1, DIM + 1)], axis=1)
    made = []
    for view in views:
        size = view.radius_m or 10 * (view.radius_px or 0)
        rows = unit(there + 0.3 * spot + 0.0005 * size)
        rows[lonlat[:, 1] > _CORNER[1] + 0.9 * _SIDE[1]] = np.nan
        made.append(rows)
    return np.stack(made)


def small_city(slug: str = "small", *, places: int = 400, seed: int = 0) -> StudyCity:
    rng = np.random.default_rng(seed)
    lonlat = _CORNER + rng.random((places, 2)) * _SIDE
    where = district(lonlat)
    pois = pd.DataFrame(
        {
            "name": [f"Name{n}" if n % 3 else "" for n in range(places)],
            "category": [CATEGORIES[d][n % 2] for n, d in enumerate(where)],
            "group": [NAMES[d] for d in where],
        }
    )
    texts, text_index = np.unique(poi_texts(pois), return_inverse=True)
    views = RASTER.views(100.0)
    base, wide = pool(lonlat, views)
    at = _CORNER + rng.random((160, 2)) * _SIDE * [1, 0.89]
    vectors = pool(at, views[:1])[0]
    return StudyCity(
        slug=slug,
        training=TrainingSet(
            base,
            wide,
            encode(texts.tolist()),
            text_index.astype(np.int64),
            lonlat,
            np.unique(pois["category"], return_inverse=True)[1].astype(np.int64),
        ),
        pois=pois,
        encode=encode,
        pool=pool,
        views=views,
        labels=StudyLabels(at, vectors, district(at), NAMES),
    )
