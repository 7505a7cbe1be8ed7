"""A fetch of the mirror: blocks to the cache, then one raster a zone."""

import shutil
from pathlib import Path

from aether_core.eo.mirror.assemble import assemble_zone
from aether_core.eo.mirror.blocks import download_blocks, open_blocks
from aether_core.eo.mirror.plan import MirrorPlan
from aether_core.eo.mirror.step_counter import StepCounter
from aether_core.errors import DiskFullError
from aether_core.net import Web
from aether_core.progress import Progress, silent

CONNECTIONS = 8

_MB = 1_000_000
_ROOM_LEFT = 100 * _MB


def fetch_mirror(
    web: Web,
    plan: MirrorPlan,
    folder: Path,
    *,
    connections: int = CONNECTIONS,
    progress: Progress = silent,
) -> list[Path]:
    """Bring all that a plan names and write one raster a zone.

    May be stopped at any moment, also by a kill: the same call goes on, and nothing is downloaded
    again but what was under way. The rasters are the same to the last bit.

    Args:
        web: May ask the mirror's host.
        plan: From `aether_core.eo.mirror.plan.plan`.
        folder: Existing folder for `alphaearth-<year>-<zone>.tif`, int8, north-up, nodata -128,
            tiled, with overviews; a raster holds its zone's part of the area and the halo.
        connections: How many answers may be under way at once.
        progress: Told megabytes, then places; what it raises stops the work.

    Returns:
        The rasters, from west to east.

    Raises:
        DiskFullError: There is not enough room, beforehand or on the way; what came is kept.
        RemoteError: A server misbehaves, or a file holds damaged blocks.
        OfflineError: No connection comes about.
    """
    check_room(plan.missing, plan.written, plan.zones[0].tiles[0].store.parent, folder)
    coming = StepCounter(progress, f"downloading AlphaEarth {plan.year}, MB", plan.missing, _MB)
    for zone in plan.zones:
        for tile in zone.tiles:
            with open_blocks(tile, coming.report_waiting) as store:
                download_blocks(web, tile, store, connections, coming.add)
    placing = StepCounter(progress, f"assembling AlphaEarth {plan.year}", plan.places)
    paths = []
    for zone in plan.zones:
        target = folder / f"alphaearth-{plan.year}-{zone.part.zone}.tif"
        tags = {"YEAR": str(plan.year), "SOURCE": plan.mirror}
        assemble_zone(web, zone, target, tags=tags, counter=placing)
        paths.append(target)
    return paths


def check_room(missing: int, written: int, cache: Path, folder: Path) -> None:
    """Refuse a fetch that the disk cannot hold, before anything is downloaded.

    Args:
        missing: Bytes to be downloaded.
        written: Bytes of what is made of them.
        cache: Where the first go.
        folder: Where the others go.

    Raises:
        DiskFullError: There is not enough room.
    """
    needed = {cache: missing, folder: written}
    if cache.stat().st_dev == folder.stat().st_dev:
        needed = {folder: missing + written}
    for place, size in needed.items():
        free = shutil.disk_usage(place).free
        if size + _ROOM_LEFT > free:
            raise DiskFullError(
                f"the disk of {place} has {free / _MB:,.0f} MB free and this fetch needs"
                f" {(size + _ROOM_LEFT) / _MB:,.0f} MB while it runs; free some space and try"
                " again"
            )
