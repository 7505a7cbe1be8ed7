"""Change between two years, held against how much years differ where nothing has changed.

Two years of an embedding never agree: light, leaf, moisture and the satellites differ, and a whole
city may shift a little towards a query or away from it. So a change means nothing by itself. The
yardstick is measured in the city itself, on the cells that have not changed.

Which cells these are is told by the embedding alone, without model and query: by how far a cell's
vector has turned. Stable cells turn about as far as one another, so the logarithm of that distance
has a peak; its left flank, which no change reaches, says how wide it is, and stable is what lies
not much further to its right. The changes of the stable cells in the query give the band that all
but one in a hundred of them stay in. Whether they do where the band was not measured is asked of
each half of the city by the band of the other. `benchmarks/figures/change_noise.py` holds other
ways against it on cities whose truth is known, `docs/method.md` has the figures.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.findings import Measured, StoredFindings
from aether_core.spatial.blocks import fitting_blocks, in_two
from aether_core.tasks.uncertainty.intervals import mean_interval

CHANCE = 0.01
"""Share of the stable cells it is measured on that the band leaves out."""
LEAST_CELLS = 100
"""Below this many cells no yardstick can be measured."""
_FEWEST_BLOCKS = 20
_FLANKS = 2.5
_BINS = 128
_SMOOTHED_BINS = 4.0
_ROUNDING = 1e-6  # of 1 less a cosine of float32 vectors
_SMALLEST = 1e-9


@dataclass(frozen=True)
class YearNoise:
    """How far stable cells differ between two years, in one query.

    Attributes:
        low: Lower end of the band; a change below it lies beyond noise.
        high: Upper end of the band.
        shift: Median change of stable cells: what the whole city has moved.
        spread: Their standard deviation, from the median absolute deviation.
        stable: How many cells count as stable.
        stable_share: Share of the cells that are.
        false_share: Share of stable cells that lie beyond a band measured in the other half of the
            city's blocks: changes that are none.
        false_low: Lower end of its 95 % interval, over resampled blocks.
        false_high: Upper end.
    """

    low: float
    high: float
    shift: float
    spread: float
    stable: int
    stable_share: float
    false_share: Measured = math.nan
    false_low: Measured = math.nan
    false_high: Measured = math.nan

    @property
    def tested(self) -> bool:
        """Whether false positives were counted; in changes kept long ago they were not."""
        return not math.isnan(self.false_share)


class ChangeFindings(StoredFindings):
    """What was measured while a change was mapped.

    Attributes:
        noise: How far stable cells differ.
        share_below_noise: Part of the cells that differ no more.
        towards: Cells that moved towards the query beyond noise.
        away: Cells that moved away from it.
        lacking: Cells without data in one of the years.
        caution: How to read the map.
    """

    noise: YearNoise
    share_below_noise: float
    towards: int
    away: int
    lacking: int
    caution: str

    def facts(self) -> dict[str, Any]:
        """As JSON values, to be told."""
        return self.model_dump(mode="json", exclude={"version"})


def stable_cells(
    pooled_from: NDArray[np.float32], pooled_to: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Tell which cells have not changed between two years.

    Args:
        pooled_from: The cells' embedding in one year, unit rows float32 `[m, dim]`.
        pooled_to: That of the same cells in the other, of the same encoding.

    Returns:
        Bool `[m]`.

    Raises:
        InputError: There are fewer than 100 cells.
    """
    if len(pooled_from) < LEAST_CELLS:
        raise InputError(
            "too few cells have data in both years to separate change from noise",
            f"{len(pooled_from)} cells",
            f"at least {LEAST_CELLS}",
            code="too-few-cells",
        )
    turned = 1 - np.einsum("md,md->m", pooled_from, pooled_to, dtype=np.float64)
    size = np.log(np.maximum(turned, _ROUNDING))
    peak = _peak(size)
    width = float(np.sqrt(np.mean(np.square(size[size <= peak] - peak))))
    return np.asarray(size <= peak + _FLANKS * width, dtype=bool)


def year_noise(
    change: NDArray[np.float32], stable: NDArray[np.bool_], lonlat: NDArray[np.float64]
) -> YearNoise:
    """Measure how far stable cells differ between two years in one query.

    Args:
        change: Later score less earlier score of each cell, float32 `[m]`.
        stable: From `stable_cells`, bool `[m]`.
        lonlat: Centre of each cell, WGS84 in degrees, float64 `[m, 2]`.

    Raises:
        InputError: The stable cells all lie in one place, so that no half can be held against the
            other.
    """
    kept = change[stable].astype(np.float64)
    low, high, shift = _band(kept)
    block = fitting_blocks(lonlat[stable], fewest=_FEWEST_BLOCKS)
    first = in_two(block, seed=0)
    if first.all():
        raise InputError(
            "too few cells are stable enough to separate change from noise",
            f"{len(kept)} cells in one place",
            "choose years that are closer together",
            code="too-few-stable-cells",
        )
    called = _called_by_the_other_half(kept, first)
    false_low, false_high = mean_interval(called, block)
    return YearNoise(
        low=low,
        high=high,
        shift=shift,
        spread=1.4826 * float(np.median(np.abs(kept - shift))),
        stable=len(kept),
        stable_share=float(stable.mean()),
        false_share=float(called.mean()),
        false_low=false_low,
        false_high=false_high,
    )


def _band(change: NDArray[np.float64]) -> tuple[float, float, float]:
    """Both ends of the band that all but one in a hundred stay in, and its middle, the median."""
    shift = float(np.median(change))
    reach = float(np.quantile(np.abs(change - shift), 1 - CHANCE))
    return shift - reach, shift + reach, shift


def _called_by_the_other_half(
    change: NDArray[np.float64], first: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether each cell lies beyond the band of the half it is not in, bool `[m]`."""
    called = np.zeros(len(change), dtype=bool)
    for half in (first, ~first):
        low, high, _ = _band(change[~half])
        called[half] = (change[half] < low) | (change[half] > high)
    return called


def beyond(change: NDArray[np.float32], noise: YearNoise) -> NDArray[np.bool_]:
    """Whether each change lies beyond noise, bool `[m]`."""
    return np.asarray((change < noise.low) | (change > noise.high), dtype=bool)


def change_edges(change: NDArray[np.floating], low: float, high: float) -> list[float]:
    """Limits of seven classes of change: three to either side, and the noise between them.

    Args:
        change: Changes to be shown; NaN counts for nothing.
        low: Lower end of the noise.
        high: Upper end of the noise.

    Returns:
        Eight ascending limits; the fourth and the fifth are the noise's.
    """
    finite = np.asarray(change, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    middle = (low + high) / 2
    half = max((high - low) / 2, _SMALLEST)
    away = np.abs(finite - middle)
    # Few changes are large: the classes cover 98 % of those beyond noise, the outer ones more.
    reach = float(np.quantile(away[away > half], 0.98)) if (away > half).any() else 2 * half
    step = max(reach - half, half / 10) / 3
    most = max(float(away.max(initial=0.0)), half + 3 * step)
    offsets = [half, half + step, half + 2 * step, most]
    return [*(middle - offset for offset in offsets[::-1]), *(middle + off for off in offsets)]


def _peak(values: NDArray[np.float64]) -> float:
    """Where most values lie, by a smoothed histogram; some value lies at it or below."""
    low, high = np.quantile(values, (0.001, 0.999))
    if not high > low:
        return float(high)
    counts, edges = np.histogram(values, _BINS, (low, high))
    offsets = np.arange(-3 * _SMOOTHED_BINS, 3 * _SMOOTHED_BINS + 1) / _SMOOTHED_BINS
    smooth = np.convolve(counts, np.exp(-0.5 * offsets**2), mode="same")
    at = int(np.argmax(smooth))
    return float(edges[at + 1])
