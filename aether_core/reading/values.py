"""Arguments and results between processes: a JSON document, and Arrow and NumPy files beside it.

No pickle: what a hostile file made of the reader's memory must not run here.
"""

import importlib
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray

_OURS = frozenset({"aether_core", "workflows"})
"""Packages whose dataclasses may be made from a document."""


class TooMuchError(Exception):
    """The values are larger than allowed."""


class Packer:
    """Writes values into a folder.

    Args:
        folder: An empty folder.
        most_bytes: How much may be written there; endless when None.
    """

    def __init__(self, folder: Path, most_bytes: int | None = None) -> None:
        self._folder = folder
        self._left = math.inf if most_bytes is None else most_bytes
        self._files = 0

    def pack(self, value: object) -> Any:  # noqa: ANN401 - a JSON document
        """Return a value as a JSON document that `unpack` reads with the folder.

        Args:
            value: None, numbers, texts, paths, lists, tuples, mappings, dataclasses of ours,
                shapely geometries, arrays of numbers, of geometries or of texts (None where
                missing), and tables with or without geometries, their rows counted anew.

        Raises:
            TooMuchError: The values are larger than allowed.
            TypeError: A value is of none of these kinds.
        """
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, bool | int | float | str):
            return value
        for kind, write in self._writers.items():
            if isinstance(value, kind):
                return write(value)
        if is_dataclass(value) and not isinstance(value, type):
            return self._dataclass(value)
        raise TypeError(f"a value of {type(value)} does not pass between processes")

    @cached_property
    def _writers(self) -> dict[type, Callable[[Any], dict[str, Any]]]:
        return {
            Path: lambda value: {"path": str(value)},
            list: lambda value: {"list": [self.pack(one) for one in value]},
            tuple: lambda value: {"tuple": [self.pack(one) for one in value]},
            Mapping: lambda value: {
                "dict": [[self.pack(k), self.pack(v)] for k, v in value.items()]
            },
            shapely.Geometry: lambda value: {"geometry": self._shapes(np.array([value], object))},
            pd.DataFrame: lambda value: {"frame": self._frame(value)},
            np.ndarray: self._array,
        }

    def _dataclass(self, value: Any) -> dict[str, Any]:  # noqa: ANN401 - of any class
        kind = type(value)
        named = {one.name: self.pack(getattr(value, one.name)) for one in fields(value)}
        return {"dataclass": [f"{kind.__module__}:{kind.__qualname__}", named]}

    def _array(self, array: NDArray[Any]) -> dict[str, Any]:
        if array.dtype != object:
            return {"array": self._numbers(array)}
        if any(isinstance(one, str) for one in array):
            texts = pa.array([_clean(one) for one in array], pa.large_string())
            return {"texts": self._table(pa.table({"0": texts}))}
        return {"shapes": self._shapes(array)}

    def _shapes(self, shapes: NDArray[np.object_]) -> dict[str, Any]:
        """Write geometries: points as their coordinates, others as well-known binary."""
        missing = shapely.is_missing(shapes)
        plain = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
        if len(shapes) and bool((missing | (plain & ~shapely.is_empty(shapes))).all()):
            return {"points": self._numbers(np.column_stack([_x(shapes), shapely.get_y(shapes)]))}
        return {"wkb": self._table(pa.table({"0": _wkb(shapes)}))}

    def _frame(self, frame: pd.DataFrame) -> dict[str, Any]:
        columns: list[dict[str, Any]] = []
        plain: dict[str, Any] = {}
        for place, name in enumerate(frame.columns):
            column = frame.iloc[:, place].reset_index(drop=True)
            about: dict[str, Any] = {"name": self.pack(name)}
            if isinstance(column.dtype, gpd.array.GeometryDtype):
                about["shapes"] = self._shapes(np.asarray(column, dtype=object))
                about["crs"] = None if column.crs is None else column.crs.to_wkt()
            else:
                about["object"] = column.dtype == object
                plain[str(place)] = column.map(_clean) if column.dtype == object else column
            columns.append(about)
        table = pd.DataFrame(plain, index=pd.RangeIndex(len(frame)))
        active = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
        return {
            "rows": len(frame),
            "columns": columns,
            "geometry": self.pack(active),
            "table": self._table(pa.Table.from_pandas(table, preserve_index=False)),
        }

    def _numbers(self, array: NDArray[Any]) -> str:
        path = self._next(array.nbytes, ".npy")
        np.save(path, array, allow_pickle=False)
        return path.name

    def _table(self, table: pa.Table) -> str:
        path = self._next(table.nbytes, ".arrow")
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        return path.name

    def _next(self, size: int, suffix: str) -> Path:
        self._left -= size
        if self._left < 0:
            raise TooMuchError
        self._files += 1
        return self._folder / f"{self._files}{suffix}"


def unpack(document: Any, folder: Path) -> Any:  # noqa: ANN401 - whatever was packed
    """Return the value that `Packer.pack` described.

    Args:
        document: What it returned.
        folder: Where it wrote. Tables stay mapped to their files, which may be deleted meanwhile.

    Raises:
        ValueError: The document or its files are damaged.
        KeyError: The same.
    """
    if not isinstance(document, dict):
        return document
    kind, content = next(iter(document.items()))
    return _READERS[kind](content, folder)


def _list(content: list[Any], folder: Path) -> list[Any]:
    return [unpack(one, folder) for one in content]


def _frame(about: dict[str, Any], folder: Path) -> pd.DataFrame:
    table = _table(folder / about["table"]).to_pandas()
    columns: list[Any] = []
    for place, column in enumerate(about["columns"]):
        if "shapes" in column:
            shapes = _shapes(column["shapes"], folder)
            columns.append(gpd.GeoSeries(shapes, crs=column["crs"]))
        else:
            found = table[str(place)]
            as_object = column["object"] and found.dtype != object
            columns.append(found.astype(object).where(found.notna(), None) if as_object else found)
    names = [unpack(column["name"], folder) for column in about["columns"]]
    index = pd.RangeIndex(about["rows"])
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=index)
    frame.columns = pd.Index(names)
    active = unpack(about["geometry"], folder)
    return frame if active is None else gpd.GeoDataFrame(frame, geometry=active)


def _shapes(about: dict[str, str], folder: Path) -> NDArray[np.object_]:
    if "points" in about:
        xy = np.load(folder / about["points"], allow_pickle=False)
        shapes = np.full(len(xy), None, dtype=object)
        there = ~np.isnan(xy).all(axis=1)
        shapes[there] = shapely.points(xy[there])
        return shapes
    found: NDArray[np.object_] = shapely.from_wkb(_table(folder / about["wkb"])["0"].to_numpy())
    return found


def _table(path: Path) -> pa.Table:
    """Open a table, its offsets and texts checked."""
    with pa.memory_map(str(path)) as file:
        table = pa.ipc.open_file(file).read_all()
    table.validate(full=True)
    return table


def _wkb(shapes: NDArray[np.object_]) -> pa.Array:
    return pa.array(shapely.to_wkb(shapes, include_srid=False), pa.large_binary())


def _x(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    x: NDArray[np.float64] = shapely.get_x(shapes)
    return x


def _clean(value: object) -> object:
    """Return a text without the halves of letters that UTF-8 has no bytes for."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def _dataclass(content: list[Any], folder: Path) -> Any:  # noqa: ANN401 - of any class of ours
    name, named = content
    module, _, qualified = name.partition(":")
    if module.partition(".")[0] not in _OURS:
        raise ValueError(f"not a class of ours: {name}")
    kind: Any = importlib.import_module(module)
    for part in qualified.split("."):
        kind = getattr(kind, part)
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise ValueError(f"not a dataclass: {name}")
    return kind(**{field: unpack(one, folder) for field, one in named.items()})


_READERS: Mapping[str, Callable[[Any, Path], Any]] = {
    "path": lambda content, _: Path(content),
    "list": _list,
    "tuple": lambda content, folder: tuple(_list(content, folder)),
    "dict": lambda content, folder: {unpack(k, folder): unpack(v, folder) for k, v in content},
    "geometry": lambda content, folder: _shapes(content, folder)[0],
    "array": lambda content, folder: np.load(folder / content, allow_pickle=False),
    "texts": lambda content, folder: _table(folder / content)["0"].to_numpy(),
    "shapes": _shapes,
    "frame": _frame,
    "dataclass": _dataclass,
}
"""How each kind of value is read back, by the name it is written under."""
