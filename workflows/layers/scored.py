"""The scores of a question, as a profile of districts takes them: like a layer that is not kept."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.city.units import Units
from aether_core.search.profile.layers import LayerCells
from aether_core.spatial.blocks import spatial_blocks
from aether_core.spatial.variogram import label_variogram
from workflows.layers.layers import SCORE_FIELDS
from workflows.search.ask import Answer
from workflows.search.search import CellScores

QUESTION = "question"
"""What its figures are called after, and the source that they name: no kept layer is called so,
for a layer's short name begins with its kind and a hyphen."""


@dataclass(frozen=True, eq=False)
class Scored:
    """A question, answered for cells.

    Attributes:
        title: The question, or what was pointed at.
        units: The cells, m.
        score: float32 `[m]`, NaN where a cell is not ranked.
        percentile: Likewise, 0 to 100.
        unit: Of the score.
        simulated: Whether it rests on simulated data.
        attribution: Credits.
    """

    title: str
    units: Units
    score: NDArray[np.float32]
    percentile: NDArray[np.float32]
    unit: str
    simulated: bool
    attribution: Sequence[str]

    @property
    def key(self) -> Hashable:
        """Tells it from other answers."""
        return (self.title, self.units.keys.tobytes(), self.score.tobytes())

    def cells(self, every: Units, cell_m2: NDArray[np.float64]) -> LayerCells:
        """Its values, one row a cell of the city; NaN where it has none.

        Args:
            every: The city's cells, m.
            cell_m2: Size of each, float64 `[m]`.
        """
        frame = pd.DataFrame(
            {"score": self.score, "percentile": self.percentile},
            index=pd.Index(self.units.keys, dtype=np.uint64),
        ).reindex(every.keys)
        score = frame["score"].to_numpy(np.float64)
        return LayerCells(
            slug=QUESTION,
            title=self.title,
            fields=[{"name": "score", "type": "float", "unit": self.unit}, SCORE_FIELDS[1]],
            columns={str(name): frame[name].to_numpy() for name in frame.columns},
            level=None,
            block=blocks_alike(every.lonlat, score),
            cell_m2=cell_m2,
        )


def scored(result: Answer | CellScores) -> Scored:
    """An answer's scores."""
    whole = isinstance(result, Answer)
    return Scored(
        title=result.title if isinstance(result, Answer) else result.query,
        units=result.units,
        score=result.score,
        percentile=result.percentile,
        unit="0 to 1, of all criteria" if whole else SCORE_FIELDS[0]["unit"],
        simulated=result.simulated,
        attribution=result.attribution,
    )


def blocks_alike(lonlat: NDArray[np.float64], value: NDArray[np.float64]) -> NDArray[np.int64]:
    """Blocks as wide as the range over which values stay alike.

    Args:
        lonlat: Cell centres, WGS84, `[m, 2]`.
        value: `[m]`; NaN where there is none.
    """
    there = np.isfinite(value)
    if not there.any():
        return blocks_of_side(lonlat, 0.0)
    return blocks_of_side(lonlat, label_variogram(lonlat[there], value[there][:, None]).range_m)


def blocks_of_side(lonlat: NDArray[np.float64], side_m: float) -> NDArray[np.int64]:
    """Blocks of a side in metres; each cell its own where that is 0 or unknown."""
    if not side_m > 0:
        return np.arange(len(lonlat), dtype=np.int64)
    return spatial_blocks(lonlat, block_m=side_m)
