"""Sums over windows, over a table and one by one: the same numbers."""

import numpy as np
import pytest

from aether_core.eo.pooling.window_sums import (
    accumulate_columns,
    accumulate_rows,
    few_square_sums,
    square_pixels,
    square_sums,
    summands,
)


@pytest.mark.parametrize("dtype", [np.int8, np.float32])
@pytest.mark.parametrize("radius", [0, 3, 9, 30])
def test_one_by_one_is_what_the_table_says(dtype: type, radius: int) -> None:
    rng = np.random.default_rng(radius)
    values = rng.integers(-127, 128, size=(40, 25, 5)).astype(dtype)
    rows, columns = rng.integers(-35, 75, 50), rng.integers(-35, 60, 50)  # many lie outside
    table = summands(values, (2 * radius + 1) ** 2)
    accumulate_columns(table)
    accumulate_rows(table)
    by_table = square_sums(table, rows, columns, radius)
    by_window = few_square_sums(values, rows, columns, radius)
    assert by_window.dtype == by_table.dtype
    np.testing.assert_allclose(by_window, by_table, rtol=0, atol=1e-6)
    if dtype == np.int8:
        squares = values.astype(np.int64) * np.abs(values.astype(np.int64))
        for place, (row, column) in enumerate(zip(rows, columns, strict=True)):
            top, left = max(row - radius, 0), max(column - radius, 0)
            window = squares[top : max(row + radius + 1, 0), left : max(column + radius + 1, 0)]
            np.testing.assert_array_equal(by_window[place], window.sum(axis=(0, 1)))


def test_pixels_of_squares_cut_off_by_the_edge() -> None:
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(-20, 60, 80), rng.integers(-20, 45, 80)
    ones = np.ones((40, 25, 1), dtype=np.int8)
    for radius in (0, 4, 50):
        expected = few_square_sums(ones, rows, columns, radius)[:, 0]
        np.testing.assert_array_equal(square_pixels((40, 25), rows, columns, radius), expected)
