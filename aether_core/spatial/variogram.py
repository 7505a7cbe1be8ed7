"""How far apart labels must be before they say nothing about each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.spatial.plane import Plane

_BINS = 24
_FEWEST_PAIRS = 30
_FEWEST_BINS = 5
_NEIGHBOURS = 50
_LEAST_STRUCTURE = 0.05
_LEAST_GAIN = 25.0


@dataclass(frozen=True)
class Variogram:
    """Experimental variogram of labels and the spherical model fitted to it.

    Attributes:
        distance_m: Mean distance of the pairs of each bin in metres, rising.
        semivariance: Half the mean squared difference of the pairs of each bin.
        pairs: Number of pairs of each bin.
        range_m: Distance in metres from which labels are independent; 0 when no dependence on
            distance shows.
        sill: Semivariance of independent labels.
        nugget: Semivariance of labels at the same place.
    """

    distance_m: tuple[float, ...]
    semivariance: tuple[float, ...]
    pairs: tuple[int, ...]
    range_m: float
    sill: float
    nugget: float


def label_variogram(
    lonlat: NDArray[np.float64],
    target: NDArray[np.int64] | NDArray[np.float64],
    *,
    seed: int = 0,
    most_pairs: int = 200_000,
) -> Variogram:
    """Measure and model how the difference of labels grows with distance.

    Half the pairs are drawn at random and half among near neighbours, so that a range much shorter
    than the city is seen too. Bins reach half the extent and are narrow near zero. The model is
    spherical, fitted to the bins weighted by their pairs; it must beat a flat line, otherwise
    the labels are taken as independent at any distance.

    Args:
        lonlat: WGS84 longitude and latitude in degrees, float64 `[n, 2]`, finite.
        target: Classes, int64 `[n]` (semivariance is half the chance that two labels differ), or
            shares, float64 `[n, k]` (half the mean squared difference, summed over the fields).
        seed: Decides which pairs are drawn when there are more than `most_pairs`.
        most_pairs: Pairs looked at, at most.

    Returns:
        The variogram; without bins and with range 0 when no two labels are at different places.
    """
    # In an order of their own: which pairs are drawn hangs on the labels, not on their rows.
    keys = target.reshape(len(target), -1).T if len(target) else np.empty((0, 0))
    order = np.lexsort((*keys, lonlat[:, 1], lonlat[:, 0]))
    lonlat, target = lonlat[order], target[order]
    metres = _metres(lonlat)
    first, second = _pairs(metres, np.random.default_rng(seed), most_pairs)
    distance = np.linalg.norm(metres[first] - metres[second], axis=1)
    reach = float(np.linalg.norm(np.ptp(metres, axis=0))) / 2 if len(metres) else 0.0
    near = (distance <= reach) & (distance > 0)
    half = _half_difference(target, first[near], second[near])
    edges = reach * np.linspace(0, 1, _BINS + 1) ** 2
    number = np.clip(np.searchsorted(edges, distance[near]) - 1, 0, _BINS - 1)
    pairs = np.bincount(number, minlength=_BINS)
    kept = pairs >= min(_FEWEST_PAIRS, max(pairs.max(initial=0), 1))
    mean_distance = np.bincount(number, distance[near], _BINS)[kept] / pairs[kept]
    semivariance = np.bincount(number, half, _BINS)[kept] / pairs[kept]
    scatter = float(half.var()) if len(half) else 0.0
    range_m, sill, nugget = _model(mean_distance, semivariance, pairs[kept], scatter)
    return Variogram(
        tuple(mean_distance.tolist()),
        tuple(semivariance.tolist()),
        tuple(pairs[kept].tolist()),
        range_m,
        sill,
        nugget,
    )


def spherical(
    distance: NDArray[np.float64], nugget: float, partial_sill: float, range_m: float
) -> NDArray[np.float64]:
    """Spherical model: `nugget + partial_sill (1.5 h/a - 0.5 (h/a)^3)`, flat beyond `a`."""
    part = np.minimum(distance / range_m, 1.0)
    return np.asarray(nugget + partial_sill * (1.5 * part - 0.5 * part**3))


def _metres(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Metres around the labels' middle, float64 `[n, 2]`."""
    return Plane(lonlat).points(lonlat) if len(lonlat) else np.empty((0, 2))


def _pairs(
    metres: NDArray[np.float64], rng: np.random.Generator, most_pairs: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every pair when they are few; else half at random, half of near neighbours."""
    from scipy.spatial import cKDTree

    count = len(metres)
    if count * (count - 1) // 2 <= most_pairs:
        first, second = np.triu_indices(count, 1)
        return first, second
    drawn = rng.integers(0, count, (2, most_pairs // 2))
    anchors = rng.permutation(count)[: max(1, most_pairs // 2 // _NEIGHBOURS)]
    near = cKDTree(metres).query(metres[anchors], k=min(_NEIGHBOURS + 1, count))[1]
    first = np.concatenate([drawn[0], np.repeat(anchors, near.shape[1])])
    second = np.concatenate([drawn[1], near.ravel()])
    different = first != second
    return first[different], second[different]


def _half_difference(
    target: NDArray[np.int64] | NDArray[np.float64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> NDArray[np.float64]:
    if target.ndim == 1:
        return np.where(target[first] != target[second], 0.5, 0.0)
    return np.asarray(0.5 * ((target[first] - target[second]) ** 2).sum(axis=1))


def _model(
    distance: NDArray[np.float64],
    semivariance: NDArray[np.float64],
    pairs: NDArray[np.int64],
    scatter: float,
) -> tuple[float, float, float]:
    """Range in metres, sill and nugget; range 0 where a flat line does as well.

    `scatter` is the variance of single pairs: what a bin's semivariance may stray by chance.
    """
    from scipy.optimize import curve_fit

    if len(distance) == 0:
        return 0.0, 0.0, 0.0
    flat = float(np.average(semivariance, weights=pairs))
    independent = (0.0, flat, flat)
    top = float(semivariance.max())
    if len(distance) < _FEWEST_BINS or top <= 0:
        return independent
    flat_left = float(pairs @ (semivariance - flat) ** 2)
    noise = max(scatter, 1e-12)
    if flat_left / noise < _LEAST_GAIN:  # a perfect fit could not gain enough
        return independent
    near, far = float(distance[0]), float(distance[-1])
    try:
        (nugget, partial, range_m), _ = curve_fit(
            spherical,
            distance,
            semivariance,
            # Labels on few spots have no pair nearer than a third of the farthest.
            p0=(float(semivariance[0]) / 2, top / 2, max(far / 3, near)),
            sigma=1 / np.sqrt(pairs),
            bounds=((0, 0, near), (top, 2 * top, far)),
        )
    except RuntimeError:  # no fit converged: nothing that this model could describe
        return independent
    fitted = spherical(distance, nugget, partial, range_m)
    left = float(pairs @ (semivariance - fitted) ** 2)
    # Chi-squared gained by two more parameters; pairs share labels, hence the high bar.
    gained = (flat_left - left) / noise
    if gained < _LEAST_GAIN or partial < _LEAST_STRUCTURE * (nugget + partial):
        return independent
    return float(range_m), float(nugget + partial), float(nugget)
