"""How much a vector file may hold; checked before its content is turned into geometries."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from aether_core.errors import InputError

_BYTES_PER_VERTEX = 16  # two float64; coordinates are always read in two dimensions
_CUT = "cut it to the city first"


class TooLargeError(InputError):
    """A file holds more than is accepted.

    Attributes:
        limit: Which one: a name of `Limits`.
    """

    code = "file-too-large"

    limit: str = ""


@dataclass(frozen=True)
class Limits:
    """Upper bounds of one vector file.

    Attributes:
        file_bytes: Size on disk; for an archive also the size of what it unpacks to.
        features: Number of rows.
        vertices: Number of coordinate pairs over all geometries.
        feature_vertices: Number of coordinate pairs of one geometry. The most detailed coasts of
            national maps have some hundred thousand.
        columns: Number of columns. An embedding has up to 4096.
        cell_bytes: Length of one text that is no geometry.
        line_bytes: Length of one line of a text table, which may hold a geometry.
    """

    file_bytes: int = 2 * 1024**3
    features: int = 3_000_000
    vertices: int = 30_000_000
    feature_vertices: int = 1_000_000
    columns: int = 5_000
    cell_bytes: int = 1_000_000
    line_bytes: int = 64 * 1024**2

    def check_bytes(self, size: int, path: Path) -> None:
        """Raise `TooLargeError` when a file of `size` bytes is too large."""
        if size > self.file_bytes:
            raise _too_large(
                "file_bytes",
                f"{path.name} is larger than the {self.file_bytes:,} bytes accepted",
                f"{size:,} bytes",
                _CUT,
            )

    def check_features(self, count: int, path: Path) -> None:
        """Raise `TooLargeError` when `count` rows are too many."""
        if count > self.features:
            raise _too_large(
                "features",
                f"{path.name} has more rows than the {self.features:,} accepted",
                f"at least {count:,}",
                _CUT,
            )

    def check_columns(self, count: int, path: Path) -> None:
        """Raise `TooLargeError` when `count` columns are too many."""
        if count > self.columns:
            raise _too_large(
                "columns",
                f"{path.name} has more columns than the {self.columns:,} accepted",
                f"{count:,}",
                "keep only the columns you need, and export it again",
            )

    def check_line(self, size: int, number: int, path: Path) -> None:
        """Raise `TooLargeError` when line `number` of a text, from 1, has `size` bytes or more."""
        if size > self.line_bytes:
            raise _too_large(
                "line_bytes",
                f"{path.name} has a line longer than the {self.line_bytes:,} bytes accepted",
                f"line {number:,}",
                "simplify the shape or shorten the texts in that line",
            )

    def check_cells(self, column: object, longest: int, path: Path) -> None:
        """Raise `TooLargeError` when the `longest` text of a column, in bytes, is too long."""
        if longest > self.cell_bytes:
            raise _too_large(
                "cell_bytes",
                f"a text in {path.name} is longer than the {self.cell_bytes:,} bytes accepted",
                f"{longest:,} bytes in the column {column}",
                "leave that column out, or shorten its texts",
            )

    def check_geometry_bytes(self, size: int, path: Path) -> None:
        """Raise `TooLargeError` when `size` bytes of geometry must hold too many vertices."""
        self._check_vertices(size // _BYTES_PER_VERTEX, "about ", path)

    def check_shapes(self, shapes: NDArray[np.object_], path: Path) -> None:
        """Raise `TooLargeError` when shapes, or one of them, have too many vertices."""
        counts = shapely.get_num_coordinates(shapes)
        self._check_vertices(int(counts.sum()), "", path)
        most = int(counts.max(initial=0))
        if most > self.feature_vertices:
            raise _too_large(
                "feature_vertices",
                f"a shape in {path.name} has more vertices than the "
                f"{self.feature_vertices:,} accepted",
                f"{most:,}",
                "simplify the shapes: vertices one metre apart are dense enough",
            )

    def _check_vertices(self, count: int, about: str, path: Path) -> None:
        if count > self.vertices:
            raise _too_large(
                "vertices",
                f"the shapes of {path.name} have more vertices than the {self.vertices:,} accepted",
                f"{about}{count:,}",
                "simplify the shapes or cut the file to the city",
            )


DEFAULT_LIMITS = Limits()


def longest_text(values: "pa.ChunkedArray | pa.Array | NDArray[np.object_]") -> int:
    """Return the length in bytes of the longest text or binary value of a column, 0 without one."""
    if isinstance(values, np.ndarray):
        return max((len(one) for one in values if isinstance(one, str | bytes)), default=0)
    if isinstance(values, pa.ChunkedArray):
        return max((longest_text(chunk) for chunk in values.chunks), default=0)
    if isinstance(values, pa.DictionaryArray):
        return longest_text(values.dictionary)  # unpacked, one long text could stand in each row
    kind = values.type
    measured = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary)
    if not any(is_kind(kind) for is_kind in (*measured, pa.types.is_large_binary)):
        return 0
    return int(pc.max(pc.binary_length(values)).as_py() or 0)


def _too_large(limit: str, what: str, value: str, remedy: str) -> TooLargeError:
    error = TooLargeError(what, value, remedy)
    error.limit = limit
    return error
