"""The parts of a fetch at work: files of the embedding, a file of places, and the city of both."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shapely.geometry import mapping

from aether_core.eo.alphaearth import ATTRIBUTION
from aether_core.eo.mirror.fetch import fetch_mirror
from aether_core.eo.mirror.plan import MirrorPlan
from aether_core.errors import DiskFullError
from aether_core.files.kept_file import read_kept, write_kept
from aether_core.files.whole import atomic_path, sha256_of
from aether_core.net import Web
from aether_core.progress import Progress
from workflows.cities.add import AddCity
from workflows.fetch.progress import MEGABYTE, FetchProgress
from workflows.fetch.request import FetchCity
from workflows.fetch.sources import find_places, plan_years
from workflows.home.free_disk import free_bytes
from workflows.home.settings import Settings

LOOKING, PLACES, EMBEDDING = (0.0, 0.03), (0.03, 0.1), (0.1, 0.8)
CITY, YEARS = (0.8, 0.92), (0.92, 1.0)
"""How far a fetch is when a part of it begins and ends; the embedding is most of it."""


_MEGABYTES = ", MB"
"""How `fetch_mirror` ends a stage that it tells in megabytes."""


@dataclass(frozen=True)
class PlacesFile:
    """Places as they wait in a fetch's folder.

    Attributes:
        path: GeoParquet with the columns of the POI table.
        dropped: How many were left out, by reason.
        sources: As `City.sources` keeps them.
    """

    path: Path
    dropped: dict[str, int]
    sources: list[dict[str, Any]]


@dataclass(frozen=True)
class Fetching:
    """One fetch at work.

    Attributes:
        request: Its release of Overture is pinned.
        folder: Where its files are put together; they outlive the worker.
    """

    settings: Settings
    web: Web
    request: FetchCity
    folder: Path
    progress: FetchProgress

    def plans(self) -> dict[int, MirrorPlan]:
        """Find out what to download, and check that there is room for it.

        Raises:
            InputError: The mirror does not have the area, or a year.
            DiskFullError: There is no room.
        """
        plans = plan_years(self.settings, self.web, self.request, self.progress.part(*LOOKING))
        kept = sum(plan.kept for plan in plans.values()) / MEGABYTE
        self.progress.note_once(reused_megabytes=round(kept, 3))
        needed, free = sum(plan.disk_bytes for plan in plans.values()), free_bytes(self.folder)
        if needed > free:
            raise DiskFullError(
                f"the city needs {needed / MEGABYTE:,.0f} MB while it is built, and "
                f"{free / MEGABYTE:,.0f} MB are free; free some space and resume the fetch"
            )
        return plans

    def places(self) -> PlacesFile:
        """Find the places, once: what lies in the folder is not asked for again.

        Raises:
            InputError: There are none.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path, facts = self.folder / "places.parquet", self.folder / "places.json"
        found_before = _places_found(path, facts)
        if found_before is not None:
            return found_before
        report = self.progress.part(*PLACES)
        found = find_places(self.settings, self.web, self.request, self.request.release, report)
        with atomic_path(path, force=True) as target:
            found.frame.to_parquet(target)
        sources = [
            _source(
                kind=source.kind,
                title=source.title,
                version=source.version,
                licence=", ".join(source.licences),
                attribution=source.attribution,
                url=source.url,
            )
            for source in found.sources
        ]
        document = {"sha256": sha256_of(path), "dropped": found.dropped, "sources": sources}
        write_kept(facts, json.dumps(document).encode())  # last: it says that both are whole
        return PlacesFile(path, found.dropped, sources)

    def embedding(self, plans: Mapping[int, MirrorPlan]) -> dict[int, list[Path]]:
        """Download what is missing; files of the embedding by year, one a zone."""
        files: dict[int, list[Path]] = {}
        begin, end = EMBEDDING
        scale = (end - begin) / max(sum(plan.bytes for plan in plans.values()), 1)
        for year, plan in plans.items():
            folder = self.folder / str(year)
            folder.mkdir(parents=True, exist_ok=True)
            last = begin + plan.bytes * scale
            middle = begin + (last - begin) * (0.8 if plan.missing else 0.0)
            files[year] = fetch_mirror(
                self.web,
                plan,
                folder,
                connections=self.settings.network_connections,
                progress=_coming(
                    self.progress.part(begin, middle), self.progress.part(middle, last)
                ),
            )
            begin = last
        return files

    def request_to_add(self, files: Mapping[int, list[Path]], places: PlacesFile) -> AddCity:
        """The city as `add_city` takes it."""
        request = self.request
        boundary = self.folder / "boundary.geojson"
        with atomic_path(boundary, force=True) as target:
            target.write_text(json.dumps(mapping(request.boundary)), "utf-8")
        sources = [*embedding_sources(self.settings, request.years), *places.sources]
        sources += [
            _source(kind="boundary", title="Boundary", attribution=credit)
            for credit in request.credits
        ]
        return AddCity(
            slug=request.slug,
            name=request.name,
            embedding=files[request.year],
            year=request.year,
            pois=places.path,
            boundary=boundary,
            radius_m=request.radius_m,
            cell_resolution=request.cell_resolution,
            land_use=request.osm_file,
            attribution=[*(source["attribution"] for source in places.sources), *request.credits],
            dropped=places.dropped,
            sources=sources,
            link_files=True,
        )


def _places_found(path: Path, facts: Path) -> PlacesFile | None:
    """The places of an attempt before; None where there are none, or they are not whole."""
    kept = read_kept(facts)
    if kept is None:
        return None
    document = json.loads(kept)
    if not path.is_file() or sha256_of(path) != document["sha256"]:
        return None
    return PlacesFile(path, document["dropped"], document["sources"])


def _coming(download: Progress, make: Progress) -> Progress:
    """Progress of `fetch_mirror`: megabytes that come, then the rasters made of them."""

    def report(stage: str, done: int, total: int) -> None:
        if stage.endswith(_MEGABYTES):
            words = stage.removesuffix(_MEGABYTES)
            download(f"{words}, {done:,} of {total:,} MB", done, total)
        else:
            make(stage, done, total)

    return report


def embedding_sources(settings: Settings, years: tuple[int, ...]) -> list[dict[str, Any]]:
    """What `City.sources` keeps of the embedding, an entry a year."""
    return [
        _source(
            kind="alphaearth",
            title="AlphaEarth Foundations Satellite Embedding",
            version=str(year),
            licence="CC-BY-4.0",
            attribution=ATTRIBUTION,
            url=settings.alphaearth_url,
        )
        for year in years
    ]


def _source(
    *,
    kind: str,
    title: str,
    attribution: str,
    version: str = "",
    licence: str = "",
    url: str = "",
) -> dict[str, Any]:
    return {
        "kind": kind,
        "title": title,
        "version": version,
        "licence": licence,
        "attribution": attribution,
        "url": url,
        "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
    }
