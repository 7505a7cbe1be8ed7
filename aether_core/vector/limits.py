"""How much a vector file may hold; checked before its content is turned into geometries."""

from dataclasses import dataclass
from pathlib import Path

from aether_core.errors import InputError

_BYTES_PER_VERTEX = 16  # two float64; coordinates are always read in two dimensions


@dataclass(frozen=True)
class Limits:
    """Upper bounds of one vector file.

    Attributes:
        file_bytes: Size on disk; for an archive also the size of what it unpacks to.
        features: Number of rows.
        vertices: Number of coordinate pairs over all geometries.
    """

    file_bytes: int = 2 * 1024**3
    features: int = 3_000_000
    vertices: int = 30_000_000

    def check_bytes(self, size: int, path: Path) -> None:
        """Raise `InputError` when a file of `size` bytes is too large."""
        if size > self.file_bytes:
            raise InputError(
                f"{path.name} is larger than the {self.file_bytes:,} bytes accepted",
                f"{size:,} bytes",
                "cut it to the city first",
            )

    def check_features(self, count: int, path: Path) -> None:
        """Raise `InputError` when `count` rows are too many."""
        if count > self.features:
            raise InputError(
                f"{path.name} has more rows than the {self.features:,} accepted",
                f"at least {count:,}",
                "cut it to the city first",
            )

    def check_geometry_bytes(self, size: int, path: Path) -> None:
        """Raise `InputError` when `size` bytes of binary geometry hold too many vertices."""
        if size // _BYTES_PER_VERTEX > self.vertices:
            raise InputError(
                f"the shapes of {path.name} have more corner points than the "
                f"{self.vertices:,} accepted",
                f"about {size // _BYTES_PER_VERTEX:,}",
                "simplify the shapes or cut the file to the city",
            )


DEFAULT_LIMITS = Limits()
