"""AlphaEarth's Zarr mosaic: all years on one grid, so that change compares pixel with pixel."""

from collections.abc import Sequence
from pathlib import Path

from shapely.geometry.base import BaseGeometry

from aether_core.eo.mirror.plan import MirrorEstimate
from aether_core.eo.mosaic.fetch import fetch_mosaic
from aether_core.eo.mosaic.lattice import PIXEL_M
from aether_core.eo.mosaic.layout import FORMULA, read_layout
from aether_core.eo.mosaic.plan import MosaicPlan, offline_estimate, plan_mosaic
from aether_core.language import mark
from aether_core.net import Web
from aether_core.progress import Progress
from workflows.fetch.eo_sources.eo_source import EO_SOURCES, EoSource, PlannedYear
from workflows.home.settings import Settings

MOSAIC = "mosaic"


class MosaicSource(EoSource):
    """The mosaic, its pixels taken onto the 10 m grid of the city's UTM zone."""

    name = MOSAIC
    title = "AlphaEarth Foundations Satellite Embedding, mosaic of all years"
    label = mark("One grid for all years")
    about = mark(
        "All years on one grid, across the borders of map zones as well, so that change is "
        "compared pixel by pixel."
    )
    position = 1

    def addresses(self, settings: Settings) -> tuple[str, ...]:
        """See `EoSource`."""
        return settings.alphaearth_mosaics

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

        def check_cancelled() -> None:
            progress("reading the mosaic's description", 0, 1)

        check_cancelled()
        layout = read_layout(web, mirror, check_cancelled=check_cancelled)
        cache = settings.public_cache / MOSAIC
        plans = plan_mosaic(web, layout, boundary, years, halo_m, cache, progress)
        return {year: _planned(found) for year, found in plans.items()}


def _planned(found: MosaicPlan) -> PlannedYear:
    def bring(web: Web, folder: Path, *, connections: int, progress: Progress) -> list[Path]:
        return fetch_mosaic(web, found, folder, connections=connections, progress=progress)

    zone = found.grid.zone
    facts = {
        "eo_source": MOSAIC,
        "formula": FORMULA,
        "grid": f"UTM {zone}, {PIXEL_M} m, each pixel the mosaic's that its centre lies in",
    }
    if found.absent:
        facts["lacking"] = f"{found.absent} of the mosaic's files that meet the area: no data there"
    return PlannedYear(found, found.zones, bring, facts)


EO_SOURCES[MOSAIC] = MosaicSource()
