"""What real AlphaEarth pixels look like, by surface class.

The figures lie beside this module in `surface_statistics.json`. They were computed from 1,440
public 10 m samples of the San Francisco Bay area and the Californian coast (Satellite Embedding V1,
2024, labelled by Dynamic World). The AlphaEarth Foundations Satellite Embedding dataset is produced
by Google and Google DeepMind (CC-BY 4.0); Dynamic World V1 is by Google and the World Resources
Institute (CC-BY 4.0). The file repeats this in its `source` member, so the figures never travel
without it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

BANDS = 64


@dataclass(frozen=True)
class SurfaceStatistics:
    """Means and main directions of genuine AlphaEarth vectors.

    Attributes:
        means: Class name to mean vector, float64 `[64]`. Shorter than one, because a mean of unit
            vectors is: its norm says how alike the pixels of the class are.
        directions: Orthonormal directions of variation inside a class, pooled over the classes,
            float64 `[12, 64]`, strongest first.
        standard_deviations: Standard deviation along each direction, float64 `[12]`.
        total_standard_deviation: Root of the whole within-class variance over all 64 bands.
        source: Origin and licence of the figures, to be kept with whatever is made from them.
    """

    means: Mapping[str, NDArray[np.float64]]
    directions: NDArray[np.float64]
    standard_deviations: NDArray[np.float64]
    total_standard_deviation: float
    source: str

    @property
    def residual_standard_deviation(self) -> float:
        """Standard deviation per band that the directions leave unexplained."""
        explained = float(np.square(self.standard_deviations).sum())
        rest = self.total_standard_deviation**2 - explained
        return float(np.sqrt(max(rest, 0.0) / (BANDS - len(self.directions))))


@cache
def surface_statistics() -> SurfaceStatistics:
    """The packaged figures, read once; the arrays are read-only."""
    text = files(__package__).joinpath("surface_statistics.json").read_text(encoding="utf-8")
    figures = json.loads(text)
    within = figures["within_class"]
    return SurfaceStatistics(
        means=MappingProxyType(
            {name: _frozen(entry["mean"]) for name, entry in figures["classes"].items()}
        ),
        directions=_frozen(within["directions"]),
        standard_deviations=_frozen(within["standard_deviations"]),
        total_standard_deviation=float(within["standard_deviation_total"]),
        source=figures["source"],
    )


def _frozen(values: list[float]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    array.flags.writeable = False
    return array
