"""What the mosaic says of itself: its years, its grid, and how its parts are cut and packed.

Zarr 3: a group with the conventions `proj:`, `spatial:` and `geoemb:` in its attributes, an array
`embeddings` of `[time, band, y, x]` and one of years, `time`. All that this reader relies on is
checked; the coordinates `x` and `y`, 47 MB, are not read, since the group states the transform.
"""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from aether_core.eo.alphaearth import BANDS, INT8_NODATA, INT8_SCALE
from aether_core.eo.mosaic.lattice import MosaicLattice
from aether_core.eo.mosaic.packing import Packing, PackingError
from aether_core.net import CancelCheck, RemoteError, Web, never_cancelled

GROUP, ARRAY, TIME = "zarr.json", "embeddings/zarr.json", "time/zarr.json"
FORMULA = "(x / 127.5) ** 2 * sign(x)"
"""How the mosaic writes down what int8 means: as AlphaEarth's own files do."""

_DIMENSIONS = ["time", "band", "y", "x"]
_LONGEST_DOCUMENT = 1_000_000
_LONGEST_CHUNK = 64 * 1024**2
_MOST_YEARS = 100
_INDEX_CODECS = ["bytes", "crc32c"]
_INTEGERS = {"int16": "<i2", "int32": "<i4", "int64": "<i8"}
_SCALE = str(INT8_SCALE)


@dataclass(frozen=True)
class MosaicLayout:
    """A mosaic as it states itself.

    Args:
        url: Its address, without a slash at the end.
        years: Of its layers, in stored order.
        lattice: Where its pixels lie and how they are cut into shards and chunks.
        packing: Of its chunks.
    """

    url: str
    years: tuple[int, ...]
    lattice: MosaicLattice
    packing: Packing

    @property
    def chunk_bytes(self) -> int:
        """Bytes of an unpacked chunk."""
        return BANDS * self.lattice.chunk**2

    def shard_url(self, year: int, row: int, column: int) -> str:
        """Address of a shard of one of `years`."""
        return f"{self.url}/embeddings/c/{self.years.index(year)}/0/{row}/{column}"


def read_layout(
    web: Web, url: str, *, check_cancelled: CancelCheck = never_cancelled
) -> MosaicLayout:
    """Read what a mosaic says of itself, in four short requests.

    Args:
        web: May ask the mosaic's host.
        url: The mosaic's address.
        check_cancelled: See `aether_core.net.CancelCheck`.

    Raises:
        RemoteError: It is no such mosaic: other bands, values, CRS, packing or conventions.
        RemoteMissingError: There is none.
        OfflineError: No connection comes about.
    """
    reader = _Reader(web, url.rstrip("/"), check_cancelled)
    group, array = reader.document(GROUP, "group"), reader.document(ARRAY, "array")
    shape, shard, chunk, packing = _cut(reader, array)
    said = {**_attributes(group), **_attributes(array)}
    _check_meaning(reader, said)
    west, north, pixel = _placed(reader, said)
    lattice = MosaicLattice(
        west=west,
        north=north,
        pixel=pixel,
        height=shape[2],
        width=shape[3],
        shard=shard,
        chunk=chunk,
    )
    return MosaicLayout(reader.url, _years(reader, shape[0]), lattice, packing)


@dataclass(frozen=True)
class _Reader:
    """Reads a mosaic's documents and says what is wrong with them."""

    web: Web
    url: str
    check_cancelled: CancelCheck

    def content(self, path: str) -> bytes:
        url = f"{self.url}/{path}"
        return self.web.get(url, limit=_LONGEST_DOCUMENT, check_cancelled=self.check_cancelled).body

    def document(self, path: str, kind: str) -> dict[str, Any]:
        try:
            found = json.loads(self.content(path))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise RemoteError(
                f"{self.url}/{path}",
                "is no JSON object, as a Zarr array's description is",
                "check the mosaic's address",
                code="mosaic-metadata-unreadable",
            )
        self.check(path, "zarr_format", found.get("zarr_format"), 3)
        self.check(path, "node_type", found.get("node_type"), kind)
        return found

    def check(self, path: str, what: str, found: object, wanted: object) -> None:
        """Refuse what is not as this reader relies on."""
        if found != wanted or isinstance(found, bool) != isinstance(wanted, bool):
            self.refuse(path, f"{what} is {_short(found)}, not {_short(wanted)}")

    def refuse(self, path: str, what: str) -> NoReturn:
        raise RemoteError(
            f"{self.url}/{path}",
            f"does not describe AlphaEarth's mosaic as expected: {what}",
            "check the mosaic's address, or look for a newer Aether",
            code="mosaic-unlike-alphaearth",
        )


def _cut(
    reader: _Reader, array: dict[str, Any]
) -> tuple[tuple[int, int, int, int], int, int, Packing]:
    """Shape, pixels along a shard and along a chunk, and the packing."""
    shape = _numbers(array.get("shape"), 4)
    grid, codec = _settings(array.get("chunk_grid")), _only(array.get("codecs"))
    sharding = _settings(codec)
    outer, inner = (_numbers(of.get("chunk_shape"), 4) for of in (grid, sharding))
    if shape is None or outer is None or inner is None:
        reader.refuse(ARRAY, "its shape or the shape of its shards and chunks is not four numbers")
    keys = array.get("chunk_key_encoding", {"name": "default"})
    inside = sharding.get("codecs") or []
    for what, found, wanted in (
        ("data type", array.get("data_type"), "int8"),
        ("fill value", array.get("fill_value"), INT8_NODATA),
        ("dimensions", array.get("dimension_names"), _DIMENSIONS),
        ("number of bands", shape[1], BANDS),
        ("chunk grid", _name(array.get("chunk_grid")), "regular"),
        (
            "naming of chunks",
            (_name(keys), _settings(keys).get("separator", "/")),
            ("default", "/"),
        ),
        ("storage transformers", array.get("storage_transformers") or [], []),
        ("codec", _name(codec), "sharding_indexed"),
        ("shards", outer, (1, BANDS, outer[2], outer[2])),
        ("chunks", inner, (1, BANDS, inner[2], inner[2])),
        ("index codecs", [_name(one) for one in sharding.get("index_codecs") or []], _INDEX_CODECS),
        ("index location", sharding.get("index_location", "end"), "end"),
        ("first codec of chunks", _name(inside[0] if inside else None), "bytes"),
    ):
        reader.check(ARRAY, what, found, wanted)
    for one in sharding["index_codecs"][:1]:
        reader.check(ARRAY, "order of bytes", _settings(one).get("endian", "little"), "little")
    shard, chunk = outer[2], inner[2]
    if not 0 < chunk <= shard or shard % chunk or BANDS * chunk**2 > _LONGEST_CHUNK:
        reader.refuse(ARRAY, f"shards of {shard} pixels are cut into chunks of {chunk}")
    packed = [_name(one) for one in inside[1:]]
    if packed not in ([], ["zstd"]):
        raise RemoteError(
            f"{reader.url}/{ARRAY}",
            f"packs its chunks in an unsupported way: {_short(packed)}",
            "look for a newer Aether",
            code="mosaic-packing-unknown",
        )
    return (
        (shape[0], shape[1], shape[2], shape[3]),
        shard,
        chunk,
        Packing("".join(map(str, packed))),
    )


def _check_meaning(reader: _Reader, said: dict[str, Any]) -> None:
    """Refuse another CRS, another meaning of int8, another sort of grid."""
    quantised = said.get("geoemb:quantization") or {}
    for what, found, wanted in (
        ("CRS", said.get("proj:code"), "EPSG:4326"),
        ("spatial dimensions", said.get("spatial:dimensions", ["y", "x"]), ["y", "x"]),
        ("transform", said.get("spatial:transform_type", "affine"), "affine"),
        ("registration", said.get("spatial:registration", "pixel"), "pixel"),
        ("quantisation", quantised.get("method", "signed_square"), "signed_square"),
        ("scale in the formula", _SCALE in str(quantised.get("formula", FORMULA)), True),
        ("nodata", quantised.get("nodata", INT8_NODATA), INT8_NODATA),
    ):
        reader.check(GROUP, what, found, wanted)


def _placed(reader: _Reader, said: dict[str, Any]) -> tuple[float, float, float]:
    """West, north and pixel size in degrees."""
    transform = said.get("spatial:transform")
    if (
        not isinstance(transform, list)
        or len(transform) < 6
        or not all(isinstance(one, int | float) for one in transform)
    ):
        reader.refuse(GROUP, "it states no transform")
    across, turned, west, sheared, down, north = (float(one) for one in transform[:6])
    inside = -180.0 <= west <= 180.0 and -90.0 <= north <= 90.0
    if turned or sheared or across <= 0 or down != -across or not inside:
        reader.refuse(GROUP, f"its transform is {_short(transform)}")
    return west, north, across


def _years(reader: _Reader, count: int) -> tuple[int, ...]:
    """The years of the layers, in stored order."""
    array = reader.document(TIME, "array")
    kind = _INTEGERS.get(str(array.get("data_type")))
    grid = _settings(array.get("chunk_grid"))
    packed = [_name(one) for one in array.get("codecs") or []]
    plain = kind is not None and packed in (["bytes"], ["bytes", "zstd"])
    if not plain or array.get("shape") != [count] or not 0 < count <= _MOST_YEARS:
        reader.refuse(TIME, "its years are not whole numbers, one a layer")
    (stored,) = _numbers(grid.get("chunk_shape"), 1) or (0,)
    if stored < count:
        reader.refuse(TIME, "its years are not in one chunk")
    values = np.dtype(kind)
    try:
        packing = Packing("".join(map(str, packed[1:])))
        content = packing.unpack(reader.content("time/c/0"), stored * values.itemsize)
    except PackingError as error:
        reader.refuse(TIME, f"its chunk {error}")
    years = tuple(int(year) for year in np.frombuffer(content, dtype=values)[:count])
    if len(set(years)) != count or not all(1900 < year < 2200 for year in years):
        reader.refuse(TIME, f"its years are {_short(years)}")
    return years


def _attributes(document: dict[str, Any]) -> dict[str, Any]:
    found = document.get("attributes")
    return found if isinstance(found, dict) else {}


def _settings(codec: object) -> dict[str, Any]:
    found = codec.get("configuration") if isinstance(codec, dict) else None
    return found if isinstance(found, dict) else {}


def _name(codec: object) -> object:
    """Name of a codec or grid, which may stand for itself where it has no settings."""
    return codec.get("name") if isinstance(codec, dict) else codec


def _only(codecs: object) -> object:
    return codecs[0] if isinstance(codecs, list) and len(codecs) == 1 else None


def _numbers(found: object, count: int) -> tuple[int, ...] | None:
    if not isinstance(found, list) or len(found) != count:
        return None
    whole = all(isinstance(one, int) and not isinstance(one, bool) and one > 0 for one in found)
    return tuple(found) if whole else None


def _short(value: object) -> str:
    return str(value)[:80]
