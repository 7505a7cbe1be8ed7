"""The parts of a fetch at work: files of places, ground and embedding, and the city of them."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from shapely.geometry import mapping

from aether_core.city.overture_ground import LICENCE
from aether_core.eo.alphaearth import ATTRIBUTION
from aether_core.errors import DiskFullError
from aether_core.files.kept_file import read_kept, write_kept
from aether_core.files.whole import atomic_path, sha256_of
from aether_core.net import OfflineError, RemoteError, Web
from aether_core.progress import Progress
from workflows.cities.add import AddCity
from workflows.fetch.eo_sources.eo_source import EO_SOURCES, PlannedYear
from workflows.fetch.progress import MEGABYTE, FetchProgress
from workflows.fetch.request import FetchCity
from workflows.fetch.servers import for_the_ground
from workflows.fetch.sources import find_ground, find_places, plan_elsewhere, plan_years
from workflows.home.free_disk import free_bytes
from workflows.home.settings import Settings

log = structlog.get_logger()

LOOKING, PLACES, GROUND, EMBEDDING = (0.0, 0.03), (0.03, 0.08), (0.08, 0.15), (0.15, 0.8)
CITY, YEARS = (0.8, 0.92), (0.92, 1.0)
"""How far a fetch is when a part of it begins and ends; the embedding is most of it."""


_MEGABYTES = ", MB"
"""How a source ends a stage that it tells in megabytes."""


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
class GroundFiles:
    """Streets and base map as they wait in a fetch's folder.

    Attributes:
        base_map: GeoParquet with `kind`, `name` and `main`; None where there is nothing to draw.
        walks: GeoParquet of the lines one can walk along; None where there are none.
        source: As `City.sources` keeps it.
    """

    base_map: Path | None
    walks: Path | None
    source: dict[str, Any]


@dataclass(frozen=True)
class YearFiles:
    """The embedding of a year as it waits in a fetch's folder.

    Attributes:
        paths: Rasters, one a zone.
        title: Of their source.
        mirror: Address of the mirror they are from.
        facts: What else the city's sources say of it.
    """

    paths: list[Path]
    title: str
    mirror: str
    facts: Mapping[str, str]

    def source(self, year: int) -> dict[str, Any]:
        """What `City.sources` keeps of it."""
        return _source(
            kind="alphaearth",
            title=self.title,
            version=str(year),
            licence="CC-BY-4.0",
            attribution=ATTRIBUTION,
            url=self.mirror,
            **self.facts,
        )


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

    def plans(self) -> dict[int, PlannedYear]:
        """Find out what to download, and check that there is room for it.

        Raises:
            InputError: The mirror does not have the area, or a year.
            DiskFullError: There is no room.
        """
        planned = plan_years(self.settings, self.web, self.request, self.progress.part(*LOOKING))
        plans = [year.plan for year in planned.values()]
        kept = sum(plan.kept for plan in plans) / MEGABYTE
        self.progress.note_once(reused_megabytes=round(kept, 3))
        needed, free = sum(plan.disk_bytes for plan in plans), free_bytes(self.folder)
        if needed > free:
            raise DiskFullError(
                f"the city needs {needed / MEGABYTE:,.0f} MB while it is built, and "
                f"{free / MEGABYTE:,.0f} MB are free; free some space and resume the fetch"
            )
        return planned

    def places(self) -> PlacesFile:
        """Find the places, once: what lies in the folder is not asked for again.

        Raises:
            InputError: There are none.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path, facts = self.folder / "places.parquet", self.folder / "places.json"
        kept = _facts_of(facts, {"places": path})
        if kept is not None:
            return PlacesFile(path, kept["dropped"], kept["sources"])
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
                sureness=source.sureness,
            )
            for source in found.sources
        ]
        _keep_facts(facts, {"places": path}, dropped=found.dropped, sources=sources)
        return PlacesFile(path, found.dropped, sources)

    def ground(self) -> GroundFiles | None:
        """Find streets and base map, once; None where the request takes none of Overture.

        Raises:
            GroundError: They could not be had.
        """
        if not self.request.takes_ground or self.request.release is None:
            return None
        self.folder.mkdir(parents=True, exist_ok=True)
        base_map, walks = self.folder / "base_map.parquet", self.folder / "walks.parquet"
        facts = self.folder / "ground.json"
        kept = _facts_of(facts, {"base_map": base_map, "walks": walks})
        if kept is not None:
            return _ground_files(base_map, walks, kept)
        report = self.progress.part(*GROUND)
        with for_the_ground():
            found = find_ground(self.settings, self.web, self.request, self.request.release, report)
        if found.buildings_left_out:
            left_out = round(found.buildings_left_out / MEGABYTE, 1)
            self.progress.note(buildings_left_out_megabytes=left_out)
        with atomic_path(base_map, force=True) as target:
            found.base_map.to_parquet(target)
        with atomic_path(walks, force=True) as target:
            found.walks.to_frame("geometry").to_parquet(target)
        source = _source(
            kind="ground",
            title="Overture Maps streets and base map",
            version=self.request.release,
            licence=LICENCE,
            attribution=found.attribution,
            url=self.settings.overture_url,
        )
        counts = {"drawn": len(found.base_map), "walked": len(found.walks)}
        _keep_facts(facts, {"base_map": base_map, "walks": walks}, source=source, **counts)
        return _ground_files(base_map, walks, {"source": source, **counts})

    def embedding(self, planned: Mapping[int, PlannedYear]) -> dict[int, YearFiles]:
        """Download what is missing; the embedding by year."""
        files: dict[int, YearFiles] = {}
        begin, end = EMBEDDING
        scale = (end - begin) / max(sum(year.plan.bytes for year in planned.values()), 1)
        for year, found in planned.items():
            folder = self.folder / str(year)
            folder.mkdir(parents=True, exist_ok=True)
            last = begin + found.plan.bytes * scale
            middle = begin + (last - begin) * (0.8 if found.plan.missing else 0.0)
            coming = _coming(self.progress.part(begin, middle), self.progress.part(middle, last))
            files[year] = self._brought(found, folder, coming)
            begin = last
        return files

    def _brought(self, year: PlannedYear, folder: Path, progress: Progress) -> YearFiles:
        """One year, from another mirror where its own ceases to serve."""
        try:
            return self._from_mirror(year, folder, progress)
        except (OfflineError, RemoteError) as failure:
            others = plan_elsewhere(self.settings, self.web, self.request, year, progress)
            for other in others:
                log.warning("mirror ceased to serve", mirror=year.plan.url, reason=str(failure))
                with suppress(OfflineError, RemoteError):
                    return self._from_mirror(other, folder, progress)
            raise

    def _from_mirror(self, year: PlannedYear, folder: Path, progress: Progress) -> YearFiles:
        connections = self.settings.network_connections
        paths = year.bring(self.web, folder, connections=connections, progress=progress)
        title = EO_SOURCES[self.request.eo_source].title
        return YearFiles(paths, title, year.plan.url, year.facts)

    def request_to_add(
        self, files: Mapping[int, YearFiles], places: PlacesFile, ground: GroundFiles | None
    ) -> AddCity:
        """The city as `add_city` takes it."""
        request = self.request
        boundary = self.folder / "boundary.geojson"
        with atomic_path(boundary, force=True) as target:
            target.write_text(json.dumps(mapping(request.boundary)), "utf-8")
        found = [*places.sources, *([] if ground is None else [ground.source])]
        sources = [*(files[year].source(year) for year in request.years), *found]
        sources += [
            _source(kind="boundary", title="Boundary", attribution=credit)
            for credit in request.credits
        ]
        return AddCity(
            slug=request.slug,
            name=request.name,
            embedding=files[request.year].paths,
            year=request.year,
            pois=places.path,
            boundary=boundary,
            radius_m=request.radius_m,
            cell_resolution=request.cell_resolution,
            land_use=request.osm_file,
            base_map=None if ground is None else ground.base_map,
            streets=None if ground is None else ground.walks,
            attribution=[*(source["attribution"] for source in found), *request.credits],
            dropped=places.dropped,
            sources=sources,
            link_files=True,
        )


def _ground_files(base_map: Path, walks: Path, facts: Mapping[str, Any]) -> GroundFiles:
    return GroundFiles(
        base_map if facts["drawn"] else None, walks if facts["walked"] else None, facts["source"]
    )


def _keep_facts(path: Path, files: Mapping[str, Path], **facts: object) -> None:
    """Say that files of the folder are whole, and what is to be known of them; last of all."""
    digests = {name: sha256_of(file) for name, file in files.items()}
    write_kept(path, json.dumps({"sha256": digests, **facts}).encode())


def _facts_of(path: Path, files: Mapping[str, Path]) -> dict[str, Any] | None:
    """What an attempt before kept of its files; None where they are not there, or not whole."""
    kept = read_kept(path)
    if kept is None:
        return None
    document: dict[str, Any] = json.loads(kept)
    digests = {name: sha256_of(file) for name, file in files.items() if file.is_file()}
    return document if digests == document["sha256"] else None


def _coming(download: Progress, make: Progress) -> Progress:
    """Progress of a year: megabytes that come, then the rasters made of them."""

    def report(stage: str, done: int, total: int) -> None:
        if stage.endswith(_MEGABYTES):
            words = stage.removesuffix(_MEGABYTES)
            download(f"{words}, {done:,} of {total:,} MB", done, total)
        else:
            make(stage, done, total)

    return report


def _source(
    *,
    kind: str,
    title: str,
    attribution: str,
    version: str = "",
    licence: str = "",
    url: str = "",
    **facts: str,
) -> dict[str, Any]:
    said = {name: fact for name, fact in facts.items() if fact}
    return {
        "kind": kind,
        "title": title,
        "version": version,
        "licence": licence,
        "attribution": attribution,
        "url": url,
        "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
        **said,
    }
