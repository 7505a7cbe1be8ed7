"""What a fetch will cost, told before anything is downloaded."""

from dataclasses import dataclass
from typing import Any

from aether_core.city.cells import choose_resolution, expected_cells
from aether_core.city.outline import area_km2
from aether_core.city.overture_ground import GroundSize
from aether_core.progress import Progress, silent
from workflows.fetch.eo_sources.eo_source import EO_SOURCES
from workflows.fetch.progress import MEGABYTE
from workflows.fetch.request import FetchCity, check_request
from workflows.fetch.servers import open_web
from workflows.fetch.sources import count_places, ground_size, overture_release, plan_years
from workflows.home.documents import to_document
from workflows.home.free_disk import free_bytes
from workflows.home.settings import Settings
from workflows.home.store import Store

FROM_GEOMETRY, FROM_SERVERS = "geometry", "servers"
_MEGABYTES_A_SECOND = 5.0
_PIXELS_A_SECOND = 1e6
_CELLS_A_SECOND = 8000.0
_START_SECONDS = 10.0
_TRAINING_SECONDS = 60.0


@dataclass(frozen=True)
class _Expected:
    """What the mirror and the places' servers have for a request."""

    tiles: int
    zones: tuple[str, ...]
    megabytes: float
    reused_megabytes: float
    disk_megabytes: float
    pixels: int
    pois: int | None = None
    release: str | None = None
    ground: GroundSize | None = None


@dataclass(frozen=True)
class FetchEstimate:
    """What fetching one city takes; megabytes are 10^6 bytes.

    Attributes:
        basis: `geometry`: from the boundary and the files' known layout alone, without a network;
            `servers`: from the index, the files' headers and the places' statistics.
        years: The years that are downloaded, the main one first.
        tiles: Remote files that are read, over all years.
        zones: UTM zones the city lies in, such as `34N`.
        megabytes: To be downloaded, what is kept from earlier fetches not among it.
        reused_megabytes: Kept from earlier fetches; 0 where that was not looked up.
        minutes: The download at 5 MB a second and the making of the city, roughly.
        cells: H3 cells, roughly.
        cell_resolution: Their H3 resolution.
        pois: Places, an upper bound; None where no source was asked.
        km2: Area of the boundary.
        pixels: Pixels of 10 m that are kept, over all years.
        disk_megabytes: Room needed on this machine while the city is made.
        disk_free_megabytes: Room there is.
        release: Release of Overture that places and ground come from; None where it was not asked.
        asks: Whether this is above the installation's limit, so that it must be confirmed.
        ask_megabytes: That limit.
        ground_megabytes: Streets and base map from Overture, among `megabytes`; None where nobody
            was asked, or where they do not come from there.
        ground_requests: About how many requests these are.
        buildings_megabytes: Buildings that would be above their limit and are left out of the base
            map; 0 where they are not.
    """

    basis: str
    years: tuple[int, ...]
    tiles: int
    zones: tuple[str, ...]
    megabytes: float
    reused_megabytes: float
    minutes: float
    cells: int
    cell_resolution: int
    pois: int | None
    km2: float
    pixels: int
    disk_megabytes: float
    disk_free_megabytes: float
    release: str | None
    asks: bool
    ask_megabytes: int
    ground_megabytes: float | None = None
    ground_requests: int | None = None
    buildings_megabytes: float = 0.0

    @property
    def fits(self) -> bool:
        """Whether there is room for it on this machine's disk."""
        return self.disk_megabytes <= self.disk_free_megabytes

    def to_document(self) -> dict[str, Any]:
        """The estimate as plain JSON values, with the main `year` and whether it fits."""
        return {**to_document(self), "year": self.years[0], "fits": self.fits}


def estimate_fetch(
    store: Store,
    request: FetchCity,
    *,
    ask_servers: bool = False,
    progress: Progress = silent,
) -> FetchEstimate:
    """Tell what a fetch will cost.

    Args:
        store: Where the city is to be kept.
        request: What is wanted.
        ask_servers: Read the index, the headers of the files and the statistics of places and
            ground, for exact figures; a first time that downloads the index itself. Without it
            nothing is asked of anybody.
        progress: Told what is asked.

    Raises:
        InputError: A value cannot be used, or the mirror does not have a year.
        OfflineError: The servers were to be asked, and there is no network.
    """
    settings = store.settings
    request = check_request(settings, request)
    resolution = request.cell_resolution or choose_resolution(request.boundary)
    expected = _from_servers(settings, request, progress) if ask_servers else _offline(request)
    ground = expected.ground
    cells = round(expected_cells(request.boundary, resolution))
    seconds = (
        _START_SECONDS
        + expected.megabytes / _MEGABYTES_A_SECOND
        + expected.pixels / _PIXELS_A_SECOND
        + len(request.years) * cells / _CELLS_A_SECOND
        + (_TRAINING_SECONDS if request.train else 0.0)
    )
    return FetchEstimate(
        basis=FROM_SERVERS if ask_servers else FROM_GEOMETRY,
        years=request.years,
        tiles=expected.tiles,
        zones=expected.zones,
        megabytes=expected.megabytes,
        reused_megabytes=expected.reused_megabytes,
        minutes=round(seconds / 60, 1),
        cells=cells,
        cell_resolution=resolution,
        pois=expected.pois,
        km2=area_km2(request.boundary),
        pixels=expected.pixels,
        disk_megabytes=expected.disk_megabytes,
        disk_free_megabytes=free_bytes(settings.home) / MEGABYTE,
        release=expected.release,
        asks=expected.megabytes > settings.fetch_ask_mb,
        ask_megabytes=settings.fetch_ask_mb,
        ground_megabytes=None if ground is None else ground.bytes / MEGABYTE,
        ground_requests=None if ground is None else ground.requests,
        buildings_megabytes=0.0 if ground is None else ground.buildings_left_out / MEGABYTE,
    )


def _offline(request: FetchCity) -> _Expected:
    mirror = EO_SOURCES[request.eo_source].expected(request.boundary, request.halo_m)
    count = len(request.years)
    return _Expected(
        tiles=count * mirror.tiles,
        zones=mirror.zones,
        megabytes=count * mirror.bytes / MEGABYTE,
        reused_megabytes=0.0,
        disk_megabytes=count * mirror.disk_bytes / MEGABYTE,
        pixels=count * mirror.pixels,
    )


def _from_servers(settings: Settings, request: FetchCity, progress: Progress) -> _Expected:
    with open_web(settings) as web:
        planned = plan_years(settings, web, request, progress)
        release = overture_release(settings, web, request)
        pois = count_places(settings, web, request, release, progress)
        ground = ground_size(settings, web, request, release, progress)
    plans = [year.plan for year in planned.values()]
    return _Expected(
        tiles=sum(plan.tiles for plan in plans),
        zones=planned[request.year].zones,
        megabytes=(sum(plan.missing for plan in plans) + (0 if ground is None else ground.bytes))
        / MEGABYTE,
        reused_megabytes=sum(plan.kept for plan in plans) / MEGABYTE,
        disk_megabytes=sum(plan.disk_bytes for plan in plans) / MEGABYTE,
        pixels=sum(plan.pixels for plan in plans),
        pois=pois,
        release=release,
        ground=ground,
    )
