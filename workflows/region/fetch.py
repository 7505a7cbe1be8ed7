"""AlphaEarth of a region from its public mirror: one task a file of the mirror, 82 x 82 km."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from aether_core.city.outline import box_boundary, read_city_boundary
from aether_core.eo.mirror.fetch import fetch_mirror
from aether_core.eo.mirror.index import IndexTile, fetch_index
from aether_core.eo.mirror.plan import plan
from aether_core.errors import InputError
from aether_core.files.whole import sha256_of
from aether_core.progress import Progress, silent
from aether_core.vector import ReadOptions
from workflows.fetch.area import parse_box
from workflows.fetch.servers import first_that_serves, open_web
from workflows.home.settings import Settings
from workflows.locations.location import Location
from workflows.region.partition import holds, versions_of
from workflows.schedulers.schedulers import HERE, compute

HALO_M = 100.0
"""Reach of a cell's window beyond the region's edge."""
_RECORD = "fetched.json"
FETCH_FILE = "fetch.json"


@dataclass(frozen=True)
class FetchRegion:
    """What to fetch.

    Attributes:
        boundary: WGS84.
        year: Of the embedding.
        location: Takes a folder for each file of the mirror, with the region's part of it.
        scheduler: "here", "local", or the address of a Dask scheduler.
        workers: Processes, for "local".
    """

    boundary: BaseGeometry
    year: int
    location: Location
    scheduler: str = HERE
    workers: int = 2


@dataclass(frozen=True)
class TileTask:
    """A file of the mirror to be brought."""

    settings: Settings
    tile: IndexTile
    boundary: BaseGeometry
    location: Location

    @property
    def name(self) -> str:
        """What its folder is called: zone, and corner in kilometres."""
        tile = self.tile
        return f"{tile.year}-{tile.zone}-{tile.west / 1000:.0f}-{tile.south / 1000:.0f}"


@dataclass(frozen=True)
class FetchedTile:
    """A file of the mirror whose part is there.

    Attributes:
        name: Of its folder.
        made_of: Digest of the file's address and the region's boundary.
        megabytes: Of what was written.
        seconds: What it took.
        files: Name of each raster to its SHA-256; none where the file has no data there.
        versions: Name of each raster to what the location said of it then, where it says any.
    """

    name: str
    made_of: str
    megabytes: float
    seconds: float
    files: dict[str, str]
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RegionFetched:
    """What a run brought.

    Attributes:
        folder: Address of where the rasters are.
        tiles: Files of the mirror that the region meets.
        fetched: How many of them this run brought.
        rasters: Rasters that are there.
        megabytes: Of all of them.
        seconds: Of this run.
    """

    folder: str
    tiles: int
    fetched: int
    rasters: int
    megabytes: float
    seconds: float


def fetch_region(
    settings: Settings, request: FetchRegion, progress: Progress = silent
) -> RegionFetched:
    """Bring a region's embedding; what is there whole is not asked for again.

    Raises:
        InputError: The mirror has no embedding of the area or year, or there is no such scheduler.
        OfflineError: No connection comes about.
        RemoteError: The mirror misbehaves.
        DiskFullError: No room left; what came is kept.
    """
    began = time.perf_counter()
    location = request.location
    location.begin(())
    progress("reading the mirror's index", 0, 1)
    tiles = first_that_serves(
        settings.alphaearth_mirrors, partial(_tiles, settings, request=request)
    )
    tasks = [TileTask(settings, tile, request.boundary, location) for tile in tiles]
    _note(request, tasks)
    done: list[FetchedTile] = []
    before = {task.name for task in tasks if fetched_before(task) is not None}
    for tile in compute(request.scheduler, request.workers, fetch_tile, tasks, location):
        done.append(tile)
        progress("fetching the region", len(done), len(tasks))
    if not any(tile.files for tile in done):
        raise InputError(
            "the mirror's files have no data for this area",
            ", ".join(tile.path for tile in tiles),
            "choose another area",
            code="mirror-files-lack-area",
        )
    return RegionFetched(
        folder=location.address,
        tiles=len(tasks),
        fetched=len(tasks) - len(before),
        rasters=sum(len(tile.files) for tile in done),
        megabytes=sum(tile.megabytes for tile in done),
        seconds=time.perf_counter() - began,
    )


def _note(request: FetchRegion, tasks: list[TileTask]) -> None:
    """Write down what is to come there, for whoever asks how it stands."""
    facts = {
        "year": request.year,
        "boundary": shapely.geometry.mapping(request.boundary),
        "tiles": [task.name for task in tasks],
    }
    request.location.write(FETCH_FILE, json.dumps(facts).encode())


def fetch_facts(location: Location) -> dict[str, Any] | None:
    """What the last fetch was asked for; None where there was none."""
    try:
        return dict(json.loads(location.read(FETCH_FILE) or b""))
    except ValueError:
        return None


def tiles_there(location: Location, tiles: list[str]) -> int:
    """How many files of the mirror have their part there; what they hold is not looked at."""
    found = location.read_all([f"{name}/{_RECORD}" for name in tiles])
    return sum(record is not None for record in found)


def _tiles(settings: Settings, mirror: str, *, request: FetchRegion) -> list[IndexTile]:
    with open_web(settings) as web:
        index = fetch_index(web, mirror, settings.public_cache / "alphaearth")
    return index.tiles(request.boundary, request.year, HALO_M)


def region_area(bbox: str | None, boundary: Path | None, crs: str | None) -> BaseGeometry:
    """The area a user means, of any size, WGS84.

    Raises:
        InputError: Not exactly one of box and file is given, or it names no area.
    """
    if (bbox is None) == (boundary is None):
        raise InputError(
            "give a region's area in exactly one way",
            f"bbox={bbox}, boundary={boundary}",
            "give a box or a boundary file",
            code="no-area-given" if bbox is None else "area-given-twice",
        )
    if boundary is not None:
        return read_city_boundary(boundary, ReadOptions(crs=crs), limit_km2=math.inf)
    return box_boundary(*parse_box(str(bbox)))


def fetched_before(task: TileTask) -> FetchedTile | None:
    """A file's part that is there whole and of this region, or None."""
    try:
        found = FetchedTile(**json.loads(task.location.read(f"{task.name}/{_RECORD}") or b""))
    except (ValueError, TypeError):
        return None
    if found.made_of != _made_of(task):
        return None
    whole = holds(task.location, _below(task, found.files), _below(task, found.versions))
    return found if whole else None


def _below(task: TileTask, told: Mapping[str, str]) -> dict[str, str]:
    """What is told of rasters, by their names in the location."""
    return {f"{task.name}/{name}": said for name, said in told.items()}


def fetch_tile(task: TileTask) -> FetchedTile:
    """Bring the region's part of one file, unless it is there whole.

    Blocks that came lie beside the raster until it is whole, so a worker that dies costs what was
    under way.

    Raises:
        RemoteError: The mirror misbehaves, or the file holds damaged blocks.
        OfflineError: No connection comes about.
        DiskFullError: No room left.
    """
    found = fetched_before(task)
    if found is not None:
        return found
    began = time.perf_counter()
    folder = task.location.workplace(task.name, task.settings.regions)
    rasters = _brought(task, folder)
    megabytes = sum(path.stat().st_size for path in rasters) / 1e6
    files = {path.name: sha256_of(path) for path in rasters}
    for path in rasters:
        task.location.take(path, f"{task.name}/{path.name}")
    told = versions_of(task.location, _below(task, files))
    done = FetchedTile(
        name=task.name,
        made_of=_made_of(task),
        megabytes=megabytes,
        seconds=time.perf_counter() - began,
        files=files,
        versions={Path(name).name: version for name, version in told.items()},
    )
    task.location.write(f"{task.name}/{_RECORD}", json.dumps(asdict(done)).encode())
    for block in (folder / "tiles").glob("*.blocks"):
        block.unlink()
    return done


def _brought(task: TileTask, folder: Path) -> list[Path]:
    with open_web(task.settings) as web:
        try:
            planned = plan(web, [task.tile], task.boundary, HALO_M, folder)
        except InputError as error:
            if error.code != "mirror-files-lack-area":
                raise
            return []
        return fetch_mirror(web, planned, folder)


def _made_of(task: TileTask) -> str:
    return sha256(task.tile.path.encode() + task.boundary.wkb).hexdigest()
