"""PostgreSQL arrays as bytes: into binary COPY, and out of `array_send`, without Python objects."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct("!iiI")
_DIMENSION = struct.Struct("!ii")
_OIDS = {np.dtype(np.float64): 701, np.dtype(np.int64): 20, np.dtype(np.int32): 23}
"""PostgreSQL's numbers of float8, int8 and int4."""


def array_bytes(values: NDArray[Any]) -> bytes:
    """A float64, int64 or int32 array `[n]` as PostgreSQL takes an array in binary."""
    oid = _OIDS[values.dtype]
    if not len(values):
        return _HEADER.pack(0, 0, oid)
    elements = np.empty(len(values), dtype=_element(values.dtype))
    elements["width"] = values.dtype.itemsize
    elements["value"] = values
    header = _HEADER.pack(1, 0, oid) + _DIMENSION.pack(len(values), 1)
    return header + elements.tobytes()


def array_of(raw: bytes, kind: np.dtype[Any]) -> NDArray[Any]:
    """The array `[n]` in bytes that PostgreSQL's `array_send` gave.

    Raises:
        ValueError: It holds NULLs, other elements than `kind`, or more than one dimension.
    """
    dimensions, nulls, oid = _HEADER.unpack_from(raw)
    if nulls or oid != _OIDS[kind] or dimensions > 1:
        raise ValueError(f"this is no plain array of {kind}")
    if not dimensions:
        return np.empty(0, dtype=kind)
    start = _HEADER.size + _DIMENSION.size
    return np.frombuffer(raw, dtype=_element(kind), offset=start)["value"].astype(kind)


def _element(kind: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype([("width", ">i4"), ("value", kind.newbyteorder(">"))])
