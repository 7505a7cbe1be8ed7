"""From surfaces and functions to AlphaEarth-like vectors.

Every pixel starts at the mean vector of what covers it. Genuine within-class directions then carry,
in this order of strength: the kind of surface (a roof is not a street), the functions around it,
variation with no meaning at all (smooth over some 100 m, and from pixel to pixel). Water and
greenery vary less by function than streets and buildings do. How strong the functions show is a
choice of this simulation, not a finding about AlphaEarth.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from aether_core.simulate.helsinki_surface import Surface
from aether_core.simulate.surface import BANDS, SurfaceStatistics, surface_statistics

CLASS_SHARES: Mapping[Surface, Mapping[str, float]] = MappingProxyType(
    {
        Surface.PAVED: {"built": 1.0},
        Surface.COURTYARD: {"built": 0.85, "grass": 0.15},
        Surface.WATER: {"water": 1.0},
        Surface.PARK: {"grass": 0.5, "trees": 0.5},
        Surface.LAWN: {"grass": 0.85, "trees": 0.15},
        Surface.GARDEN: {"shrub_and_scrub": 0.5, "trees": 0.5},
        Surface.PITCH: {"grass": 0.6, "bare": 0.4},
        Surface.SQUARE: {"built": 1.0},
        Surface.ROAD: {"built": 1.0},
        Surface.RAIL: {"built": 0.8, "bare": 0.2},
        Surface.TREES: {"trees": 1.0},
        Surface.REEDS: {"flooded_vegetation": 1.0},
        Surface.ROCK: {"bare": 1.0},
        Surface.BUILDING: {"built": 1.0},
    }
)
"""Dynamic World classes that each drawn surface is mixed from."""

_URBAN = frozenset(
    {
        Surface.PAVED,
        Surface.COURTYARD,
        Surface.SQUARE,
        Surface.ROAD,
        Surface.RAIL,
        Surface.BUILDING,
    }
)
_FUNCTION_OFF_STREET = 0.1  # greenery hardly shows what its surroundings are used for

SURFACE_STRENGTH = 0.5
FUNCTION_STRENGTH = 2.0
SMOOTH_STRENGTH = 0.2
PIXEL_STRENGTH = 0.35
"""Standard deviations, in those of genuine within-class variation."""
_SMOOTH_M = 100.0
_LONE_PLACE = 0.1  # of a place's own density: fainter traces of a function hardly show


def unit_vectors(
    shares: NDArray[np.float32],
    densities: NDArray[np.float64],
    *,
    pixel_m: float,
    seed: int,
) -> NDArray[np.float32]:
    """Simulate the embedding of a city.

    Args:
        shares: Share of each `Surface` in each pixel, `[height, width, len(Surface)]`, sum 1.
        densities: Places by function around each pixel, `[height, width, functions]`.
        pixel_m: Edge of a pixel in metres.
        seed: Same seed, same vectors.

    Returns:
        Unit vectors, float32 `[height, width, 64]`.
    """
    statistics = surface_statistics()
    rng = np.random.default_rng(seed)
    directions = len(statistics.directions)
    looks = _independent_rows(rng, len(Surface), directions)
    traces = _independent_rows(rng, densities.shape[-1], directions)

    urban = shares[..., [int(s) for s in Surface if s in _URBAN]].sum(axis=-1, keepdims=True)
    dry = 1.0 - shares[..., int(Surface.WATER), None]
    shown = urban + _FUNCTION_OFF_STREET * (dry - urban)
    coefficients = (
        SURFACE_STRENGTH * _to_unit_variance(shares @ looks)
        + FUNCTION_STRENGTH * (_standardised(densities * shown) @ traces)
        + SMOOTH_STRENGTH * _smooth_noise(rng, (*shares.shape[:2], directions), _SMOOTH_M / pixel_m)
        + PIXEL_STRENGTH * rng.standard_normal((*shares.shape[:2], directions))
    )
    means, spread = _class_figures(shares, statistics)
    vectors = means + spread[..., None] * (
        (coefficients * statistics.standard_deviations) @ statistics.directions
        + statistics.residual_standard_deviation * rng.standard_normal((*shares.shape[:2], BANDS))
    )
    unit: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(
        np.float32
    )
    return unit


def class_mean(surface: Surface) -> NDArray[np.float64]:
    """The mean vector a surface is drawn around, float64 `[64]`, shorter than one."""
    means = surface_statistics().means
    parts = [share * means[name] for name, share in CLASS_SHARES[surface].items()]
    return np.asarray(np.sum(parts, axis=0))


def _class_figures(
    shares: NDArray[np.float32], statistics: SurfaceStatistics
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean vector `[h, w, 64]` and spread `[h, w]` relative to the pooled spread of all classes."""
    means = np.stack([class_mean(surface) for surface in Surface])
    # Unit vectors around a mean of norm m vary by 1 - m^2 in all: water much less than a city.
    variances = 1.0 - np.square(np.linalg.norm(means, axis=1))
    pooled = statistics.total_standard_deviation**2
    return shares @ means, np.sqrt(shares @ variances / pooled)


def _standardised(densities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each function in standard deviations from none of it; crowds count by their logarithm.

    Where nothing is around, as on water, in a park or a quiet courtyard, all are 0: what covers the
    ground is then all that tells such places apart.
    """
    logs = np.log(densities + _LONE_PLACE)
    above_none = (logs - np.log(_LONE_PLACE)) / np.maximum(logs.std(axis=(0, 1)), 1e-9)
    return np.asarray(above_none.clip(0.0, 4.0))


def _to_unit_variance(coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = coefficients - coefficients.mean(axis=(0, 1))
    return np.asarray(centred / np.sqrt(np.square(centred).mean()))


def _independent_rows(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float64]:
    """Random unit rows as different from each other as their number allows."""
    matrix = rng.standard_normal((rows, columns))
    blocks = [
        np.linalg.qr(matrix[start : start + columns].T)[0].T for start in range(0, rows, columns)
    ]
    return np.concatenate(blocks)[:rows]


def _smooth_noise(
    rng: np.random.Generator, shape: tuple[int, int, int], sigma_px: float
) -> NDArray[np.float64]:
    noise = rng.standard_normal(shape)
    smooth = gaussian_filter(noise, (sigma_px, sigma_px, 0), mode="nearest")
    return np.asarray(smooth / smooth.std(axis=(0, 1)))
