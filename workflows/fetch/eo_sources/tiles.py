"""AlphaEarth's own files, a GeoTIFF a square of a UTM zone and year, and their index."""

from collections.abc import Sequence
from pathlib import Path

from shapely.geometry.base import BaseGeometry

from aether_core.eo.mirror.fetch import fetch_mirror
from aether_core.eo.mirror.index import fetch_index
from aether_core.eo.mirror.plan import MirrorEstimate, MirrorPlan, offline_estimate, plan
from aether_core.language import mark
from aether_core.net import Web
from aether_core.progress import Progress
from workflows.fetch.eo_sources.eo_source import EO_SOURCES, TILES, EoSource, PlannedYear
from workflows.home.settings import Settings


class TileSource(EoSource):
    """The files, read as they are in each zone's own grid."""

    name = TILES
    title = "AlphaEarth Foundations Satellite Embedding"
    label = mark("Yearly files")
    about = mark("AlphaEarth's own files, one set a year, each map zone in its own grid.")
    position = 0

    def addresses(self, settings: Settings) -> tuple[str, ...]:
        """See `EoSource`."""
        return settings.alphaearth_mirrors

    def expected(self, boundary: BaseGeometry, halo_m: float) -> MirrorEstimate:
        """See `EoSource`."""
        return offline_estimate(boundary, halo_m)

    def plans(
        self,
        settings: Settings,
        web: Web,
        mirror: str,
        boundary: BaseGeometry,
        years: Sequence[int],
        halo_m: float,
        progress: Progress,
    ) -> dict[int, PlannedYear]:
        """See `EoSource`."""
        cache = settings.public_cache / "alphaearth"
        index = fetch_index(web, mirror, cache, progress)
        tiles = {year: index.tiles(boundary, year, halo_m) for year in years}
        return {
            year: _planned(plan(web, tiles[year], boundary, halo_m, cache, progress))
            for year in years
        }


def _planned(found: MirrorPlan) -> PlannedYear:
    def bring(web: Web, folder: Path, *, connections: int, progress: Progress) -> list[Path]:
        return fetch_mirror(web, found, folder, connections=connections, progress=progress)

    zones = tuple(zone.part.zone for zone in found.zones)
    return PlannedYear(found, zones, bring, {"eo_source": TILES})


EO_SOURCES[TILES] = TileSource()
