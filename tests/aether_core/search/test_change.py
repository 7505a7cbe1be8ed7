"""The yardstick of change: stable cells, the band of the noise, the classes of a map."""

import numpy as np
import pytest
from numpy.typing import NDArray

from aether_core.charts.change import AWAY, TOWARDS, WITHIN, histogram_bars
from aether_core.errors import InputError
from aether_core.search.change import beyond, change_edges, stable_cells, year_noise
from aether_core.spatial.blocks import spatial_blocks
from tests.errors import fault

CELLS, DIM = 4000, 64
LONLAT = np.array([24.9, 60.1]) + np.random.default_rng(9).uniform(0, [0.1, 0.05], (CELLS, 2))


def unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def two_years(
    share: float, shift: float = 0.0
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
    """Both years, which cells have changed, and a direction the whole city shifts along."""
    rng = np.random.default_rng(5)
    first = unit(rng.standard_normal((CELLS, DIM)))
    direction = unit(rng.standard_normal((1, DIM)))[0]
    later = first + 0.03 * rng.standard_normal((CELLS, DIM)) + shift * direction
    changed = np.arange(CELLS) < share * CELLS
    later[changed] += 0.1 * rng.standard_normal((int(changed.sum()), DIM)) + 0.5 * direction
    return first, unit(later), changed, direction


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3])
def test_one_in_a_hundred_stable_cells_lies_beyond_whatever_share_has_changed(share: float) -> None:
    first, later, changed, direction = two_years(share)
    stable = stable_cells(first, later)
    change = later @ direction - first @ direction
    noise = year_noise(change, stable, LONLAT)
    called = beyond(change, noise)
    assert stable[changed].mean() < 0.02 if changed.any() else True
    assert stable[~changed].mean() > 0.95
    assert 0.003 < called[~changed].mean() < 0.03
    assert called[changed].mean() > 0.99 if changed.any() else True
    assert noise.false_low <= noise.false_share <= noise.false_high
    assert noise.false_low < called[~changed].mean() < noise.false_high
    assert noise.stable_share == pytest.approx(stable.mean())


@pytest.mark.parametrize("rough", [0.03, 0.1])
def test_unchanged_ground_that_varies_from_part_to_part_is_called_changed_more_often(
    rough: float,
) -> None:
    """Some districts differ three times as much, by chance of where they lie: not 1 % any more."""
    rng = np.random.default_rng(3)
    district = spatial_blocks(LONLAT, block_m=700)
    loud = rng.permutation(district.max() + 1)[: max(2, int(rough * district.max()))]
    change = rng.normal(0, np.where(np.isin(district, loud), 0.1, 0.01)).astype(np.float32)
    noise = year_noise(change, np.ones(CELLS, dtype=bool), LONLAT)
    by_construction = beyond(change, noise).mean()
    assert by_construction == pytest.approx(0.01, abs=0.001)
    assert noise.false_high > 2 * by_construction
    even = year_noise(rng.permutation(change), np.ones(CELLS, dtype=bool), LONLAT)
    assert noise.false_high - noise.false_low > 2 * (even.false_high - even.false_low)


def test_stable_cells_in_one_place_are_no_yardstick() -> None:
    with pytest.raises(InputError):
        year_noise(np.zeros(50, dtype=np.float32), np.ones(50, dtype=bool), np.full((50, 2), 24.9))


def test_what_the_whole_city_shifts_is_no_change() -> None:
    first, later, _, direction = two_years(0.0, shift=0.1)
    change = later @ direction - first @ direction
    noise = year_noise(change, stable_cells(first, later), LONLAT)
    assert noise.shift > 0.05
    assert noise.low > -0.05
    assert beyond(change, noise).mean() < 0.03


def test_equal_years_hold_no_change() -> None:
    first, *_ = two_years(0.0)
    stable = stable_cells(first, first)
    noise = year_noise(np.zeros(CELLS, dtype=np.float32), stable, LONLAT)
    assert stable.all()
    assert noise.low == noise.high == noise.false_share == 0
    assert not beyond(np.zeros(CELLS, dtype=np.float32), noise).any()


def test_too_few_cells_are_refused() -> None:
    first, later, *_ = two_years(0.0)
    with pytest.raises(InputError, check=fault("too-few-cells", "99 cells", 100)):
        stable_cells(first[:99], later[:99])


@pytest.mark.parametrize(("low", "high"), [(-0.02, 0.03), (0.0, 0.0), (-5.0, 5.0)])
def test_classes_ascend_with_the_noise_in_their_middle(low: float, high: float) -> None:
    change = np.random.default_rng(1).normal(0, 0.05, 500).astype(np.float32)
    edges = change_edges(change, low, high)
    assert len(edges) == 8
    assert (np.diff(edges) > 0).all()
    assert edges[3:5] == pytest.approx([low, high], abs=1e-8)
    assert edges[0] <= change.min()
    assert edges[7] >= change.max()


@pytest.mark.parametrize(("low", "high"), [(-0.02, 0.03), (0.0, 0.0), (-1.0, 1.0)])
def test_bars_hold_every_cell_and_none_crosses_an_end_of_the_noise(low: float, high: float) -> None:
    change = np.random.default_rng(2).normal(0, 0.05, 3000).astype(np.float32)
    bars = histogram_bars(change, low, high)
    assert bars["cells"].sum() == len(change)
    assert (bars["to"] > bars["from"]).all()
    assert set(bars["what"]) == {AWAY, WITHIN, TOWARDS}
    assert bars.loc[bars["what"] == AWAY, "to"].max() == pytest.approx(low)
    assert bars.loc[bars["what"] == WITHIN, "from"].min() == pytest.approx(low)
    assert bars.loc[bars["what"] == TOWARDS, "cells"].sum() == pytest.approx(
        (change > bars.loc[bars["what"] == TOWARDS, "from"].min()).sum(), abs=1
    )
