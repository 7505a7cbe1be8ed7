"""The mirror's index: which file holds which square of which zone in which year."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from aether_core.eo.mirror.zones import HALO_M, ZonePart, zone_epsg, zone_parts
from aether_core.errors import InputError
from aether_core.files.kept_file import read_kept, write_kept
from aether_core.files.whole import sha256_of
from aether_core.net import RemoteMissingError, Web
from aether_core.progress import Progress, silent

NAMES = ("aef_index.parquet", "aef_index.csv")
"""The index of a mirror, the smaller form first."""

_LIMITS = {".parquet": 1_000_000_000, ".csv": 4_000_000_000}
_COLUMNS = ("crs", "path", "year", "utm_zone", "utm_west", "utm_south", "utm_east", "utm_north")
_BOUNDS = _COLUMNS[4:]
_WITHIN_MIRROR = re.compile(r"(?P<year>\d{4})/(?P<zone>\d{1,2}[NS])/[A-Za-z0-9._-]+\.tiff?")
_ABOVE = "/annual/"


@dataclass(frozen=True)
class IndexTile:
    """A file of the mirror, as the index has it.

    Args:
        url: Its address on the mirror asked, whatever host the index names.
        path: Its address below the mirror's own, e.g. "2024/34N/x....tiff".
        year: Of the embedding.
        zone: E.g. "34N".
        west: Bounds in the zone's metres.
        south: The same.
        east: The same.
        north: The same.
    """

    url: str
    path: str
    year: int
    zone: str
    west: float
    south: float
    east: float
    north: float

    @property
    def middle(self) -> tuple[float, float]:
        """Longitude and latitude of its middle."""
        to_lonlat = Transformer.from_crs(
            f"EPSG:{zone_epsg(self.zone)}", "EPSG:4326", always_xy=True
        )
        lon, lat = to_lonlat.transform((self.west + self.east) / 2, (self.south + self.north) / 2)
        return float(lon), float(lat)


class TileIndex:
    """An index on the disk; rows are read as they are asked for.

    Args:
        path: The `.parquet` or `.csv` file.
        mirror: Address of the mirror, without a slash at its end.

    Raises:
        InputError: The file is no index, or it lacks columns; they are named.
    """

    def __init__(self, path: Path, mirror: str) -> None:
        self._mirror = mirror
        self._kept: tuple[tuple[str, ...], list[dict[str, Any]]] = ((), [])
        kind = path.suffix.lower().removeprefix(".")
        try:
            self._table = ds.dataset(path, format=kind)
            present = set(self._table.schema.names)
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                "the mirror's index cannot be read",
                path.name,
                "check the mirror's address",
                code="mirror-index-unreadable",
            ) from error
        missing = [name for name in _COLUMNS if name not in present]
        if missing:
            raise InputError(
                "the columns of the mirror's index have changed, these are missing",
                ", ".join(missing),
                "check the mirror's address, or look for a newer Aether",
                code="mirror-index-lacks-columns",
            )

    def years(self, boundary: BaseGeometry, halo_m: float = HALO_M) -> list[int]:
        """Return the years with at least one file for an area, the first first.

        Args:
            boundary: WGS84.
            halo_m: Reach of windows beyond it in metres.

        Raises:
            InputError: The index contradicts itself, or the area lies at a pole.
        """
        return sorted({tile.year for tile in self._meeting(zone_parts(boundary, halo_m))})

    def tiles(self, boundary: BaseGeometry, year: int, halo_m: float = HALO_M) -> list[IndexTile]:
        """Return the files for an area in exactly one year, zone by zone from north-west.

        Args:
            boundary: WGS84.
            year: Of the embedding.
            halo_m: Reach of windows beyond the boundary in metres.

        Raises:
            InputError: There is no file of this year, and the message says which years there are;
                or none of any year: sea, or too near a pole.
        """
        every = self._meeting(zone_parts(boundary, halo_m))
        found = [tile for tile in every if tile.year == year]
        if found:
            return sorted(found, key=lambda tile: (tile.zone, -tile.north, tile.west))
        years = sorted({tile.year for tile in every})
        west, south, east, north = boundary.bounds
        if years:
            raise InputError(
                "the mirror has no embedding of this area for this year",
                year,
                f"these years are available: {', '.join(map(str, years))}",
                code="mirror-lacks-year",
            )
        raise InputError(
            "the mirror has no embedding of this area for any year; it is open sea or too "
            "close to a pole",
            f"{west:.4f}, {south:.4f} to {east:.4f}, {north:.4f} degrees",
            "choose an area on land; longitude comes first, latitude second",
            code="mirror-lacks-area",
        )

    def first(self) -> IndexTile:
        """The first file that is listed, wherever it lies.

        Raises:
            InputError: None is, or the index is damaged.
        """
        try:
            rows = self._table.head(1, columns=list(_COLUMNS)).to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise self._damaged() from error
        if not rows:
            raise self._damaged()
        return self._tile(rows[0])

    def _meeting(self, parts: Iterable[ZonePart]) -> list[IndexTile]:
        """Return the files of all years whose square meets a part in its zone."""
        outlines = {part.zone: part.outline for part in parts}
        rows = self._rows(tuple(outlines))
        squares = np.array([[row[name] for name in _BOUNDS] for row in rows], dtype=np.float64)
        boxes = shapely.box(*squares.reshape(-1, 4).T)
        found: list[IndexTile] = []
        for zone, outline in outlines.items():
            here = np.array([row["utm_zone"] == zone for row in rows], dtype=bool)
            shapely.prepare(outline)
            meeting = np.flatnonzero(here & shapely.intersects(outline, boxes))
            found.extend(self._tile(rows[which]) for which in meeting)
        return found

    def _rows(self, zones: tuple[str, ...]) -> list[dict[str, Any]]:
        """Read the rows of some zones; those asked for last are kept."""
        if self._kept[0] != zones:
            try:
                rows = self._table.to_table(
                    columns=list(_COLUMNS), filter=ds.field("utm_zone").isin(list(zones))
                )
            except (pa.ArrowException, OSError) as error:
                raise self._damaged() from error
            self._kept = (zones, rows.to_pylist())
        return self._kept[1]

    def _damaged(self) -> InputError:
        return InputError(
            "the mirror's index is damaged",
            self._mirror,
            "clear the cache and try again",
            code="mirror-index-damaged",
        )

    def _tile(self, row: dict[str, Any]) -> IndexTile:
        """Take a row over, its path checked: only what lies below the mirror is ever asked for."""
        within = str(row["path"]).partition(_ABOVE)[2]
        named = _WITHIN_MIRROR.fullmatch(within)
        consistent = (
            named is not None
            and int(named["year"]) == row["year"]
            and named["zone"] == row["utm_zone"]
            and row["crs"] == f"EPSG:{zone_epsg(row['utm_zone'])}"
        )
        if not consistent:
            raise InputError(
                "the mirror's index lists a file at an impossible location",
                f"{row['path']}, year {row['year']}, zone {row['utm_zone']}, {row['crs']}",
                "check the mirror's address",
                code="mirror-index-path-unexpected",
            )
        bounds = {name.removeprefix("utm_"): float(row[name]) for name in _BOUNDS}
        return IndexTile(
            f"{self._mirror}/{within}", within, int(row["year"]), row["utm_zone"], **bounds
        )


def fetch_index(web: Web, mirror: str, cache: Path, progress: Progress = silent) -> TileIndex:
    """Download a mirror's index, or see that the one kept is still the mirror's.

    Args:
        web: May ask the mirror's host.
        mirror: The mirror's address, e.g. `https://host/.../annual`; or that of an index in it,
            which ends in `.parquet` or `.csv`.
        cache: Folder of what is kept between fetches; made when missing.
        progress: Told while the index comes.

    Raises:
        InputError: There is no index at this address, or it has other columns.
        OfflineError: No connection comes about.
    """
    base = mirror.rstrip("/")
    names: tuple[str, ...] = NAMES
    if base.endswith(tuple(_LIMITS)):
        base, _, name = base.rpartition("/")
        names = (name,)
    folder = cache / "index"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        try:
            return TileIndex(_fresh(web, f"{base}/{name}", folder, progress), base)
        except RemoteMissingError:
            if name == names[-1]:
                raise
    raise AssertionError("the last name returns or raises")


def _fresh(web: Web, url: str, folder: Path, progress: Progress) -> Path:
    """Bring the kept copy of an index up to date and return it."""
    name = url.rpartition("/")[2]
    kept = folder / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}-{name}"
    note = kept.with_name(f"{kept.name}.version")
    version = _kept_version(kept, note)

    def tell(_stage: str, done: int, total: int) -> None:
        progress("downloading the mirror's index", done, total)

    fetched = web.download(
        url, kept, limit=_LIMITS[kept.suffix], progress=tell, etag=version or None
    )
    if fetched is not None:  # a kill before this line costs one more download, no wrong index
        write_kept(note, f"{sha256_of(kept)} {fetched.etag}".encode())
    return kept


def _kept_version(kept: Path, note: Path) -> str | None:
    """Which version of the index lies there; None where none does, or not just what came."""
    checksum, _, version = (read_kept(note) or b"").decode().partition(" ")
    return version if version and kept.is_file() and sha256_of(kept) == checksum else None
