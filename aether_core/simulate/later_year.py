"""A later year of a simulated city: some districts are built anew, everything else only varies.

What varies without having changed (light, leaf, moisture, crops, the satellites themselves) is
noise of three sizes: of single pixels, of patches of about 150 m, and of the whole city. Living
ground and water vary more than what is built. It is known of every pixel whether it has changed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, label

from aether_core.simulate.grid_city import ZONES, Noise, SimulatedCity, embedding_of
from aether_core.simulate.surface import BANDS, surface_statistics

_PATCH_PX = 15.0
_LIVING = ("water", "park")


@dataclass(frozen=True)
class YearNoise:
    """How far two years of a place that has not changed lie apart.

    Sizes are in standard deviations of the variation inside a surface class.

    Attributes:
        pixel: Of single pixels.
        patch: Of patches of about 150 m.
        city: Of the whole city alike.
        living: How many times more parks and water vary than the rest.
    """

    pixel: float = 0.5
    patch: float = 0.15
    city: float = 0.1
    living: float = 2.0


@dataclass(frozen=True)
class LaterYear:
    """Another year of a simulated city.

    Attributes:
        vectors: Unit vectors, float32 `[h, w, 64]`, on the city's own grid.
        truth: Zone id of each pixel in this year, int64 `[h, w]`.
    """

    vectors: NDArray[np.float32]
    truth: NDArray[np.int64]


def later_year(
    city: SimulatedCity,
    city_seed: int,
    seed: int,
    *,
    changed: float = 0.05,
    city_noise: Noise | None = None,
    noise: YearNoise | None = None,
) -> LaterYear:
    """Simulate another year of a city.

    Args:
        city: From `simulate_city`.
        city_seed: The seed it was made from.
        seed: Decides what changes and how the rest varies.
        changed: Share of the city that is built anew, at least; whole districts are.
        city_noise: As given to `simulate_city`.
        noise: How the rest varies.
    """
    rng = np.random.default_rng(seed)
    truth = _built_anew(rng, city.truth, changed)
    clean = embedding_of(city_seed, truth, city_noise)
    return LaterYear(_varied(rng, clean, truth, noise or YearNoise()), truth)


def varied(
    vectors: NDArray[np.float32],
    truth: NDArray[np.int64],
    seed: int,
    noise: YearNoise | None = None,
) -> NDArray[np.float32]:
    """Give an embedding a year's own noise, where nothing has changed.

    Args:
        vectors: Unit vectors, float32 `[h, w, 64]`.
        truth: Zone id of each pixel, int64 `[h, w]`.
        seed: Decides the noise.
        noise: Its sizes.

    Returns:
        Unit vectors, float32 `[h, w, 64]`.
    """
    return _varied(np.random.default_rng(seed), vectors, truth, noise or YearNoise())


def _built_anew(
    rng: np.random.Generator, truth: NDArray[np.int64], share: float
) -> NDArray[np.int64]:
    """Give whole districts, water apart, another zone until the share is reached."""
    after = truth.copy()
    water = list(ZONES).index("water")
    kinds = [k for k in range(len(ZONES)) if k != water]
    districts = [
        part == n + 1 for k in kinds for part, count in [label(truth == k)] for n in range(count)
    ]
    rng.shuffle(districts)
    for district in districts:
        if (after != truth).mean() >= share:
            break
        own = int(truth[district][0])
        after[district] = rng.choice([k for k in kinds if k != own])
    return after


def _varied(
    rng: np.random.Generator,
    vectors: NDArray[np.float32],
    truth: NDArray[np.int64],
    noise: YearNoise,
) -> NDArray[np.float32]:
    """Add a year's own noise and bring each vector back to unit length."""
    figures = surface_statistics()
    spread = figures.standard_deviations[:, None] * figures.directions
    rest = figures.residual_standard_deviation
    living = np.isin(truth, [list(ZONES).index(name) for name in _LIVING])
    grain = rng.standard_normal((*truth.shape, len(spread))) * noise.pixel
    patches = np.stack(
        [gaussian_filter(rng.standard_normal(truth.shape), _PATCH_PX) for _ in spread], axis=-1
    )
    grain += patches / patches.std(axis=(0, 1)) * noise.patch
    shift = grain @ spread + rng.standard_normal((*truth.shape, BANDS)) * noise.pixel * rest
    shift *= np.where(living, noise.living, 1.0)[..., None]
    shift += rng.standard_normal(len(spread)) * noise.city @ spread
    varied = vectors + shift
    varied /= np.linalg.norm(varied, axis=-1, keepdims=True)
    return np.asarray(varied, dtype=np.float32)
