"""Splits of places by spatial block, so that neighbours are not on both sides."""

import math

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.spatial.earth import EARTH_RADIUS_M

_SMALLEST_BLOCK_M = 1.0


def spatial_blocks(lonlat: NDArray[np.float64], *, block_m: float) -> NDArray[np.int64]:
    """Number the square block each point lies in.

    Blocks are laid on the globe and not on the points, so that a point stays in its block whatever
    points are beside it and in whatever order: bands of latitude `block_m` high, counted from the
    equator, each cut into as many equal columns as make squares. Within 1 % of the ground. A column
    is centred on the antimeridian, which is no border.

    Args:
        lonlat: WGS84 longitude and latitude in degrees, float64 `[n, 2]`, finite.
        block_m: Side of a block in metres.

    Returns:
        Block number of each point, int64 `[n]`, 0 to number of occupied blocks - 1, south to north
        and then west to east.

    Raises:
        InputError: `block_m` is not a positive number.
    """
    if not (math.isfinite(block_m) and block_m > 0):
        raise InputError(
            "block size is not a positive number",
            block_m,
            "give metres, such as 300",
            code="block-size-not-positive",
        )
    if len(lonlat) == 0:
        return np.empty(0, dtype=np.int64)
    band = np.floor(np.radians(lonlat[:, 1]) * EARTH_RADIUS_M / block_m)
    middle = np.clip((band + 0.5) * block_m / EARTH_RADIUS_M, -math.pi / 2, math.pi / 2)
    round_the_globe = 2 * math.pi * EARTH_RADIUS_M * np.cos(middle)
    columns = np.maximum(np.round(round_the_globe / block_m), 1)
    turn = (lonlat[:, 0] + 180.0) / 360.0 % 1.0
    column = np.floor(turn * columns + 0.5) % columns
    # One number a block, in the order promised: of pairs numpy's unique is fifty times as slow.
    place = band.astype(np.int64) * int(columns.max() + 1) + column.astype(np.int64)
    return np.asarray(np.unique(place, return_inverse=True)[1], dtype=np.int64)


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
        raise InputError(
            "held-out share is out of range",
            fraction,
            "give a number between 0 and 1",
            code="held-out-part-out-of-range",
        )
    block = blocks_to_hold(lonlat, fraction, block_m)
    sizes = np.bincount(block)
    if len(sizes) < 2:
        raise InputError(
            "all places are in one block, so none can be held out",
            f"{len(lonlat)} places",
            "use smaller blocks, or holdout=0 keep=last",
            code="places-in-one-block",
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


def blocks_to_hold(
    lonlat: NDArray[np.float64], fraction: float, block_m: float = 0.0
) -> NDArray[np.int64]:
    """The blocks that `held_out_blocks` chooses among.

    Args:
        lonlat: As for `held_out_blocks`; likewise `fraction`.
        block_m: Side of a block in metres; 0 takes one that gives enough to choose from.

    Returns:
        As `spatial_blocks`.
    """
    if block_m:
        return spatial_blocks(lonlat, block_m=block_m)
    return fitting_blocks(lonlat, fewest=2 * math.ceil(1 / fraction))


def held_out_in_two(
    lonlat: NDArray[np.float64], *, fraction: float, seed: int, block_m: float = 0.0
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Choose blocks as `held_out_blocks` does and share them out: to choose by, and to report on.

    Args:
        lonlat: As for `held_out_blocks`; likewise the other arguments.

    Returns:
        True where a point is to choose by, and where it is to report on, bool `[n]` each. Whole
        blocks, about as many points in either. With a single block there is nothing to report on.

    Raises:
        InputError: All points lie in one block, so that nothing can be held out.
    """
    held = held_out_blocks(lonlat, fraction=fraction, seed=seed, block_m=block_m)
    first = in_two(blocks_to_hold(lonlat, fraction, block_m)[held], seed=seed)
    choosing, reporting = np.zeros_like(held), np.zeros_like(held)
    choosing[held], reporting[held] = first, ~first
    return choosing, reporting


def in_two(block: NDArray[np.int64], *, seed: int) -> NDArray[np.bool_]:
    """Deal whole blocks into two parts with about as many points, by chance.

    Args:
        block: Block of each point, int64 `[n]`.
        seed: Decides which goes where.

    Returns:
        True for the points of the first part, bool `[n]`; all of them where there is one block.
    """
    blocks, number, sizes = np.unique(block, return_inverse=True, return_counts=True)
    first = np.zeros(len(blocks), dtype=bool)
    drawn = np.random.default_rng([seed, 2]).permutation(len(blocks))
    # The largest first, each to the part that has fewer points: as even as blocks allow.
    balance = 0
    for one in drawn[np.argsort(-sizes[drawn], kind="stable")]:
        first[one] = balance <= 0
        balance += int(sizes[one]) if first[one] else -int(sizes[one])
    return np.asarray(first[number.reshape(-1)])


def fitting_blocks(lonlat: NDArray[np.float64], *, fewest: int) -> NDArray[np.int64]:
    """Blocks a tenth as wide as the points reach, or less while fewer than `fewest` are occupied.

    Args:
        lonlat: WGS84 longitude and latitude in degrees, float64 `[n, 2]`, finite, at least one.
        fewest: Blocks wanted; points that lie very near each other give fewer.

    Returns:
        As `spatial_blocks`.
    """
    side = max(_longer_side(lonlat) / 10, _SMALLEST_BLOCK_M)
    while True:
        block = spatial_blocks(lonlat, block_m=side)
        if side <= _SMALLEST_BLOCK_M or block.max() + 1 >= fewest:
            return block
        side = max(side / 2, _SMALLEST_BLOCK_M)


def _longer_side(lonlat: NDArray[np.float64]) -> float:
    """How far the points reach north to south or east to west, whichever is more, in metres."""
    if len(lonlat) == 0:
        raise InputError(
            "there are no places", "0 places", "give at least one", code="split-without-places"
        )
    south, north = float(lonlat[:, 1].min()), float(lonlat[:, 1].max())
    around = np.unique(lonlat[:, 0] % 360.0)
    # What is not the widest gap between neighbours on the globe's circle.
    gaps = np.diff(around, append=around[0] + 360.0)
    east = (360.0 - float(gaps.max())) * math.cos(math.radians((south + north) / 2))
    return math.radians(max(north - south, east)) * EARTH_RADIUS_M
