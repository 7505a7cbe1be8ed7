"""Arrays on the disk that may cost time and nothing else."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from workflows.home.kept_arrays import Rows, kept, kept_quantised


class Computed:
    """Computes the same rows each time, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Rows:
        self.times += 1
        rng = np.random.default_rng(1)
        return np.arange(50), rng.standard_normal((50, 128)).astype(np.float32)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a bit": flip,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "cut in its head": lambda path: path.write_bytes(path.read_bytes()[:40]),
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(os.urandom(1000)),
    "another array": lambda path: np.save(path.open("wb"), np.zeros((50, 128), np.float32)),
    "gone": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("name", ["cells.json", "cells-ids.npy", "cells.npy"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_computed_again(tmp_path: Path, name: str, damage: str) -> None:
    compute, folder = Computed(), tmp_path / "key"
    ids, vectors = kept(folder, "cells", compute)
    kept(folder, "cells", compute)
    assert compute.times == 1
    DAMAGES[damage](folder / name)
    found = kept(folder, "cells", compute)
    assert compute.times == 2
    assert np.array_equal(found[0], ids)
    assert np.array_equal(found[1], Computed()()[1])
    assert len(vectors) == 50


def test_two_kinds_do_not_mix(tmp_path: Path) -> None:
    compute = Computed()
    kept(tmp_path, "cells", compute)
    kept(tmp_path, "places", compute)
    kept(tmp_path, "cells", compute)
    assert compute.times == 2


def test_no_rows_are_kept_too(tmp_path: Path) -> None:
    none = np.empty(0, np.int64), np.empty((0, 128), np.float32)
    for _ in range(2):
        ids, vectors = kept(tmp_path, "cells", lambda: none)
        assert (ids.shape, vectors.shape) == ((0,), (0, 128))


@pytest.mark.parametrize("name", ["cells-int8.npy", "cells-int8-step.npy", "cells-int8.json"])
def test_a_damaged_copy_is_derived_again(tmp_path: Path, name: str) -> None:
    _, z = kept(tmp_path, "cells", Computed())
    first = kept_quantised(tmp_path, "cells", z)
    codes = np.array(first.codes)
    flip(tmp_path / name)
    again = kept_quantised(tmp_path, "cells", z)
    assert isinstance(again.codes, np.memmap)
    assert np.array_equal(codes, again.codes)
    assert (first.step == again.step).all()
    assert (first.error, first.length) == (again.error, again.length)
