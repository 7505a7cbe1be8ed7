"""All a study needs of a city, as arrays and two functions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.eo.pooling.view import View
from aether_core.errors import InputError
from aether_core.model.training.training_set import TrainingSet

POI_COLUMNS = ("name", "category", "group")


@dataclass(frozen=True)
class StudyLabels:
    """Points whose land use is known; no model is ever trained on them.

    Attributes:
        lonlat: WGS84 longitude and latitude in degrees, float64 `[k, 2]`.
        vectors: Base view at each point, unit rows float32 `[k, dim]`; a NaN row has no data.
        label: Class of each point, int64 `[k]`, 0 to `len(names) - 1`.
        names: What the classes are called, as a user would ask for them.
        unit: Number of the polygon or point each comes from, int64 `[k]`: those of one unit stay on
            one side of a fold. None where each is its own.

    Raises:
        InputError: The arrays do not belong together.
    """

    lonlat: NDArray[np.float64]
    vectors: NDArray[np.float32]
    label: NDArray[np.int64]
    names: tuple[str, ...]
    unit: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        rows = len(self.label)
        if self.lonlat.shape != (rows, 2) or self.vectors.ndim != 2 or len(self.vectors) != rows:
            raise InputError(
                "labels do not fit their points",
                f"{rows} labels, lonlat {self.lonlat.shape}, vectors {self.vectors.shape}",
                "give one row per label",
                code="labels-do-not-fit-points",
            )
        if self.unit is not None and self.unit.shape != (rows,):
            raise InputError(
                "units do not fit the labels",
                self.unit.shape,
                f"give ({rows},)",
                code="units-do-not-fit-labels",
            )
        if rows and not 0 <= self.label.min() <= self.label.max() < len(self.names):
            raise InputError(
                "a label has no class name",
                f"{self.label.min()} to {self.label.max()}",
                f"use 0 to {len(self.names) - 1}",
                code="label-without-class",
            )


@dataclass(frozen=True)
class StudyCity:
    """A city as a study sees it.

    Attributes:
        slug: Its short name.
        training: Its places, with both views and texts; rows without data may be among them.
        pois: Columns `name`, `category`, `group` (text, "" where missing), in the places' order.
        encode: Turns texts into unit rows, float32 `[len(texts), text_dim]`, with the encoder of
            `training.text`.
        pool: Pools the city's embedding at WGS84 points float64 `[m, 2]`; gives float32
            `[len(views), m, dim]`, NaN rows where there is no data.
        views: The base and the wide view that `training` was pooled with; the base view is also
            that of the labels.
        labels: Points with known land use, or None.

    Raises:
        InputError: Places and their table differ in number, or a column is missing.
    """

    slug: str
    training: TrainingSet
    pois: pd.DataFrame
    encode: Callable[[Sequence[str]], NDArray[np.float32]]
    pool: Callable[[NDArray[np.float64], Sequence[View]], NDArray[np.float32]]
    views: tuple[View, View]
    labels: StudyLabels | None = None

    def __post_init__(self) -> None:
        if len(self.pois) != len(self.training):
            raise InputError(
                "places and their table differ in number",
                f"{len(self.training)} places, {len(self.pois)} rows",
                "give one row per place",
                code="places-do-not-fit-table",
            )
        missing = [column for column in POI_COLUMNS if column not in self.pois.columns]
        if missing:
            raise InputError(
                "the table of places lacks a column",
                ", ".join(missing),
                "give it, even if empty",
                code="places-lack-column",
            )
