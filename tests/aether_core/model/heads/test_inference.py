"""Applying heads to arrays."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aether_core.errors import InputError
from aether_core.model.heads import inference
from aether_core.model.heads.heads import Heads
from aether_core.model.heads.inference import encode_eo, encode_text, eo_batches, text_batches
from tests.errors import fault


def test_rows_are_unit_and_rows_without_data_stay_so() -> None:
    vectors = np.random.default_rng(0).standard_normal((10, 64)).astype(np.float32)
    vectors[3, 5] = np.nan
    z = encode_eo(Heads(), vectors)
    assert z.dtype == np.float32
    assert np.isnan(z[3]).all()
    np.testing.assert_allclose(np.linalg.norm(np.delete(z, 3, 0), axis=1), 1, atol=1e-5)


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    heads = Heads()
    vectors = np.random.default_rng(0).standard_normal((50, 384)).astype(np.float32)
    whole = encode_text(heads, vectors)
    monkeypatch.setattr(inference, "_BATCH", 7)
    np.testing.assert_allclose(encode_text(heads, vectors), whole, atol=1e-6)


def test_what_float32_cannot_hold_is_no_data() -> None:
    vectors = np.ones((3, 64))
    vectors[1, 0] = 1e300
    vectors[2, 0] = np.inf
    assert np.isnan(encode_eo(Heads(), vectors)[:, 0]).tolist() == [False, True, True]


def test_batches_read_no_more_than_they_need(tmp_path: Path) -> None:
    heads, n = Heads(), 2 * inference._BATCH + 5
    np.save(tmp_path / "v.npy", np.random.default_rng(0).standard_normal((n, 64)).astype("f4"))
    lying = np.load(tmp_path / "v.npy", mmap_mode="r")
    sizes = [len(batch) for batch in eo_batches(heads, lying)]
    assert sizes == [inference._BATCH, inference._BATCH, 5]
    whole = encode_eo(heads, np.load(tmp_path / "v.npy"))
    np.testing.assert_array_equal(np.concatenate(list(eo_batches(heads, lying))), whole)


@pytest.mark.parametrize("batches", [eo_batches, text_batches])
def test_wrong_shapes_are_refused_before_the_first_batch(
    batches: Callable[[Heads, np.ndarray], object],
) -> None:
    with pytest.raises(InputError, check=fault("vectors-wrong-shape", "float32 [2, 63]")):
        batches(Heads(), np.zeros((2, 63), np.float32))


def test_no_rows_give_no_rows() -> None:
    assert encode_eo(Heads(), np.empty((0, 64), np.float32)).shape == (0, 128)


@pytest.mark.parametrize(
    "vectors",
    [
        np.zeros((3, 63), np.float32),
        np.zeros(64, np.float32),
        np.zeros((3, 64), np.int8),
    ],
)
def test_other_shapes_and_types_are_refused(vectors: np.ndarray) -> None:
    with pytest.raises(
        InputError, check=fault("vectors-wrong-shape", vectors.dtype, list(vectors.shape), 64)
    ):
        encode_eo(Heads(), vectors)
