"""Splits of places by spatial block, so that neighbours are not on both sides."""

import math

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError

_EARTH_RADIUS_M = 6_371_008.8
_SMALLEST_BLOCK_M = 1.0


def spatial_blocks(lonlat: NDArray[np.float64], *, block_m: float) -> NDArray[np.int64]:
    """Number the square block each point lies in.

    Metres are those of a local equirectangular projection around the first point: within 1 % of the
    ground for a city. Works across the antimeridian.

    Args:
        lonlat: WGS84 longitude and latitude in degrees, float64 `[n, 2]`, finite.
        block_m: Side of a block in metres.

    Returns:
        Block number of each point, int64 `[n]`, 0 to number of occupied blocks - 1, west to east
        and then south to north.

    Raises:
        InputError: `block_m` is not a positive number.
    """
    if not (math.isfinite(block_m) and block_m > 0):
        raise InputError("block size is not a positive number", block_m, "give metres, such as 300")
    if len(lonlat) == 0:
        return np.empty(0, dtype=np.int64)
    corner = np.floor(_local_metres(lonlat) / block_m).astype(np.int64)
    return np.asarray(np.unique(corner, axis=0, return_inverse=True)[1].reshape(-1), dtype=np.int64)


def held_out_blocks(
    lonlat: NDArray[np.float64], *, fraction: float, seed: int, block_m: float = 0.0
) -> NDArray[np.bool_]:
    """Choose whole blocks at random until about `fraction` of the points is held out.

    Args:
        lonlat: WGS84 longitude and latitude in degrees, float64 `[n, 2]`, finite.
        fraction: Part of the points to hold out, above 0 and below 1.
        seed: Decides which blocks.
        block_m: Side of a block in metres; 0 takes a tenth of the city's longer side, or less where
            that gives too few blocks to choose from.

    Returns:
        True where a point is held out, bool `[n]`; at least one point on either side.

    Raises:
        InputError: All points lie in one block, so that nothing can be held out.
    """
    if not 0 < fraction < 1:
        raise InputError("held-out part is out of range", fraction, "give a number between 0 and 1")
    block = spatial_blocks(lonlat, block_m=block_m or _fitting_block(lonlat, fraction))
    sizes = np.bincount(block)
    if len(sizes) < 2:
        raise InputError(
            "all places lie in one block, so none can be held out",
            f"{len(lonlat)} places",
            "use smaller blocks, or holdout=0 keep=last",
        )
    wanted = fraction * len(block)
    held = np.zeros(len(sizes), dtype=bool)
    taken = 0
    for candidate in np.random.default_rng(seed).permutation(len(sizes)):
        # A block is taken when that brings the total nearer to what is wanted, so that one
        # crowded block cannot swallow the training data.
        closer = abs(taken + sizes[candidate] - wanted) < abs(taken - wanted)
        if closer and taken + sizes[candidate] < len(block):
            held[candidate] = True
            taken += int(sizes[candidate])
    if not held.any():
        held[int(np.argmin(sizes))] = True
    return np.asarray(held[block])


def _fitting_block(lonlat: NDArray[np.float64], fraction: float) -> float:
    """A tenth of the longer side, halved while too few blocks are occupied to choose from."""
    metres = _local_metres(lonlat)
    side = max(float(np.ptp(metres, axis=0).max()) / 10, _SMALLEST_BLOCK_M)
    enough = 2 * math.ceil(1 / fraction)
    while side > _SMALLEST_BLOCK_M and spatial_blocks(lonlat, block_m=side).max() + 1 < enough:
        side = max(side / 2, _SMALLEST_BLOCK_M)
    return side


def _local_metres(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """East and north of the first point in metres, `[n, 2]`."""
    if len(lonlat) == 0:
        raise InputError("there are no places", "0 places", "give at least one")
    degrees = np.asarray(lonlat, dtype=np.float64) - lonlat[0]
    degrees[:, 0] = (degrees[:, 0] + 180.0) % 360.0 - 180.0
    scale = np.array([math.cos(math.radians(float(lonlat[0, 1]))), 1.0])
    return np.asarray(np.radians(degrees) * _EARTH_RADIUS_M * scale)
