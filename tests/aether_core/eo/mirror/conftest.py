"""A small mirror across two zones, served; and a web that may ask for it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import shapely

from aether_core.eo.mirror.fetch import fetch_mirror
from aether_core.eo.mirror.index import fetch_index
from aether_core.eo.mirror.plan import MirrorPlan, plan
from aether_core.net import RequestPolicy, Web
from aether_core.progress import Progress, silent
from tests.public_server.alphaearth import MirrorTile, write_mirror
from tests.public_server.server import PublicServer

QUICK = RequestPolicy(attempts=4, first_s=0.01, longest_s=2.0, silence_s=1.0)
AREA = (23.984, 60.143, 24.016, 60.163)
"""What the mirror of these tests covers; W, S, E, N in degrees."""
CITY = shapely.box(23.988, 60.147, 24.012, 60.160)
HALO_M = 200.0
BLOCK = 256
"""Pixels along the side of a block, and here of a file: each comes in one answer."""


@dataclass
class Mirror:
    """A mirror that is served.

    Args:
        server: Serves it.
        web: May ask it.
        tiles: All its files.
        folder: Where they lie.
        cache: Of the one who fetches.
    """

    server: PublicServer
    web: Web
    tiles: list[MirrorTile]
    folder: Path
    cache: Path

    @property
    def url(self) -> str:
        return f"{self.server.url}/annual"

    def plan(
        self, city: shapely.Geometry = CITY, year: int = 2024, cache: Path | None = None
    ) -> MirrorPlan:
        cache = cache or self.cache
        index = fetch_index(self.web, self.url, cache)
        tiles = index.tiles(city, year, HALO_M)
        return plan(self.web, tiles, city, HALO_M, cache)

    def fetch(
        self,
        out: Path,
        city: shapely.Geometry = CITY,
        *,
        progress: Progress = silent,
        cache: Path | None = None,
    ) -> list[Path]:
        out.mkdir(exist_ok=True)
        return fetch_mirror(self.web, self.plan(city, cache=cache), out, progress=progress)

    def sent(self) -> dict[str, list[tuple[int, int]]]:
        """The byte ranges sent of each file, in order."""
        paths = {f"/annual/{tile.path}" for tile in self.tiles}
        return {path: sorted(self.server.bytes_of(path)) for path in sorted(paths)}


Serve = Callable[[Path, list[MirrorTile]], Mirror]


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[MirrorTile]]:
    """Written once; no test changes it."""
    folder = tmp_path_factory.mktemp("mirror")
    return folder, write_mirror(folder / "annual", area=AREA, side=BLOCK, block=BLOCK)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    opened: list[tuple[PublicServer, Web]] = []

    def start(folder: Path, tiles: list[MirrorTile]) -> Mirror:
        server = PublicServer(folder)
        server.__enter__()
        web = Web(addresses=[server.url], allow_http=True, policy=QUICK)
        opened.append((server, web))
        return Mirror(server, web, tiles, folder / "annual", tmp_path / "cache")

    yield start
    for server, web in opened:
        web.close()
        server.stop()


@pytest.fixture
def mirror(serve: Serve, written: tuple[Path, list[MirrorTile]]) -> Mirror:
    return serve(*written)
