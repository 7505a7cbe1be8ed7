"""Vectors in the store: float32, little endian, one `bytea` each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

STORED = np.dtype("<f4")


class Vector(TypeDecorator[NDArray[np.float32]]):
    """A float32 vector `[dim]`; bits come back exactly as they went in."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:  # noqa: ANN401, ARG002
        """Bytes of a vector."""
        return None if value is None else vector_bytes(np.asarray(value)[None])[0]

    def process_result_value(self, value: Any, dialect: Dialect) -> NDArray[np.float32] | None:  # noqa: ANN401, ARG002
        """The vector of some bytes; read-only."""
        return None if value is None else np.frombuffer(value, dtype=STORED)


def vector_bytes(vectors: NDArray[Any]) -> list[bytes]:
    """One bytes object a row of `vectors` `[n, dim]`.

    Raises:
        ValueError: Not two-dimensional, or NaN or infinity in it: a missing vector is no row.
    """
    if vectors.ndim != 2:
        raise ValueError(f"vectors must be [n, dim], not {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise ValueError("vectors to store must be finite; leave out the rows that are missing")
    raw = np.ascontiguousarray(vectors, dtype=STORED)
    width = raw.shape[1] * STORED.itemsize
    flat = raw.tobytes()
    return [flat[start : start + width] for start in range(0, len(flat), width)] if width else []
