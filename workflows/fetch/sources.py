"""What the public servers have for a request: plans of the embedding, places, and the ground."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import geopandas as gpd

from aether_core.city.overture_ground import (
    GroundSize,
    OvertureGround,
    overture_ground,
    overture_ground_size,
)
from aether_core.errors import InputError
from aether_core.net import CancelCheck, OfflineError, RemoteError, Web, never_cancelled
from aether_core.poi.merging.merge import merge_places
from aether_core.poi.osm.extract import osm_file_places
from aether_core.poi.osm.overpass import count_overpass, overpass_places
from aether_core.poi.overture.places import count_overture, overture_places
from aether_core.poi.overture.release import Overture, choose_release
from aether_core.poi.poi_source import NoPlacesError, PoiSource
from aether_core.progress import Progress, silent
from workflows.fetch.eo_sources.eo_source import EO_SOURCES, PlannedYear
from workflows.fetch.request import BOTH, OSM, FetchCity
from workflows.fetch.servers import first_that_serves
from workflows.home.settings import Settings

DUPLICATES = "in both sources, kept once"


@dataclass(frozen=True)
class Places:
    """The places of a city to be, each once.

    Attributes:
        frame: The POI table.
        dropped: How many were left out, by reason.
        sources: Where they come from.
    """

    frame: gpd.GeoDataFrame
    dropped: dict[str, int]
    sources: tuple[PoiSource, ...]


def plan_years(
    settings: Settings, web: Web, request: FetchCity, progress: Progress = silent
) -> dict[int, PlannedYear]:
    """Find out what the embedding of each year takes.

    Raises:
        InputError: The mirror has no embedding of the area, or not of one of the years.
        OfflineError: No connection comes about.
        RemoteError: The mirror is not as it should be.
    """

    def ask(mirror: str) -> dict[int, PlannedYear]:
        return _plans(settings, web, mirror, request, request.years, progress)

    return first_that_serves(EO_SOURCES[request.eo_source].addresses(settings), ask)


def plan_elsewhere(
    settings: Settings, web: Web, request: FetchCity, failed: PlannedYear, progress: Progress
) -> Iterator[PlannedYear]:
    """Plans of the same year on the mirrors behind the one that failed, as far as they serve."""
    for mirror in EO_SOURCES[request.eo_source].addresses(settings):
        if mirror.startswith(failed.plan.url):
            continue
        with suppress(OfflineError, RemoteError, InputError):
            years = (failed.plan.year,)
            (found,) = _plans(settings, web, mirror, request, years, progress).values()
            yield found


def _plans(
    settings: Settings,
    web: Web,
    mirror: str,
    request: FetchCity,
    years: Sequence[int],
    progress: Progress,
) -> dict[int, PlannedYear]:
    source = EO_SOURCES[request.eo_source]
    return source.plans(settings, web, mirror, request.boundary, years, request.halo_m, progress)


def overture_release(
    settings: Settings,
    web: Web,
    request: FetchCity,
    *,
    check_cancelled: CancelCheck = never_cancelled,
) -> str | None:
    """The release of Overture a request takes places or ground from; None where it takes none.

    Raises:
        InputError: The release wanted is no longer there; the message names those that are.
    """
    if not (request.takes_overture_places or request.takes_ground):
        return None
    wanted = request.release or settings.overture_release
    return choose_release(
        web, settings.overture_catalog_url, wanted, check_cancelled=check_cancelled
    )


def count_places(
    settings: Settings, web: Web, request: FetchCity, release: str | None, progress: Progress
) -> int | None:
    """Tell about how many places there are; None where that takes reading all of them."""
    if request.extends:
        return None
    counts = []
    if release is not None and request.takes_overture_places:
        overture = _overture(settings, release)
        counts.append(count_overture(web, overture, request.boundary, progress=progress).likely)
    if request.pois in {OSM, BOTH}:
        if request.osm_file is not None:
            return None
        counts.append(
            count_overpass(web, settings.overpass_url, request.boundary, progress=progress)
        )
    return sum(counts)


def find_places(
    settings: Settings, web: Web, request: FetchCity, release: str | None, progress: Progress
) -> Places:
    """Read the places of a city from the sources a request names.

    Raises:
        NoPlacesError: No source has a place in the boundary.
        InputError: A file cannot be read.
        OfflineError: No connection comes about.
        RemoteError: A server is not as it should be.
    """
    sources: list[PoiSource] = []
    empty: list[NoPlacesError] = []
    for read in (_osm, _overture_places):
        try:
            sources += read(settings, web, request, release, progress)
        except NoPlacesError as error:
            empty.append(error)
    if not sources:
        raise empty[0]
    dropped = Counter[str]()
    for source in sources:
        dropped.update(source.dropped)
    frame = sources[0].frame
    # OpenStreetMap's records come first: people placed and named them.
    for source in sources[1:]:
        merged = merge_places(frame, source.frame, progress=progress)
        frame = merged.frame
        dropped.update({DUPLICATES: merged.duplicates})
    return Places(frame, dict(+dropped), tuple(sources))


def _osm(
    settings: Settings, web: Web, request: FetchCity, _release: str | None, progress: Progress
) -> list[PoiSource]:
    if request.pois not in {OSM, BOTH}:
        return []
    if request.osm_file is None:
        return [overpass_places(web, settings.overpass_url, request.boundary, progress=progress)]
    progress("reading places of the OpenStreetMap extract", 0, 1)
    return [osm_file_places(request.osm_file, request.boundary)]


def _overture_places(
    settings: Settings, web: Web, request: FetchCity, release: str | None, progress: Progress
) -> list[PoiSource]:
    if release is None or not request.takes_overture_places:
        return []
    return [
        overture_places(
            web,
            _overture(settings, release),
            request.boundary,
            min_confidence=request.confidence,
            unsure_share=request.unsure_share,
            progress=progress,
        )
    ]


def ground_size(
    settings: Settings, web: Web, request: FetchCity, release: str | None, progress: Progress
) -> GroundSize | None:
    """Tell what streets and base map would take; None where the request takes none of Overture."""
    if release is None or not request.takes_ground:
        return None
    overture = _overture(settings, release)
    return overture_ground_size(web, overture, request.boundary, progress=progress)


def find_ground(
    settings: Settings, web: Web, request: FetchCity, release: str, progress: Progress
) -> OvertureGround:
    """Read streets and base map of a city.

    Raises:
        InputError: The release is not there.
        OfflineError: No connection comes about.
        RemoteError: A server is not as it should be.
    """
    overture = _overture(settings, release)
    return overture_ground(web, overture, request.boundary, progress=progress)


def _overture(settings: Settings, release: str) -> Overture:
    return Overture(
        release,
        settings.overture_url,
        settings.overture_catalog_url,
        cache=settings.public_cache / "overture",
    )
