"""The years of a city: its embedding of other years, for the same places and cells."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from aether_core.city.units import Units
from aether_core.eo.embedding import Embedding, FileInfo, open_embedding
from aether_core.eo.embedding_kind import check_kind_year, kind_title
from aether_core.eo.encoding import encoding_of
from aether_core.eo.file_kind import FILE_KINDS
from aether_core.eo.pooling.view import View
from aether_core.eo.table.area_embedding import AreaEmbedding, AreaVectors
from aether_core.eo.table.embedding import TABLE_SUFFIXES
from aether_core.errors import ConflictError, InputError, NotFoundError
from aether_core.progress import Progress, silent
from aether_core.vector.keyed.codes import matched, shown
from aether_core.vector.keyed.read import needs_shapes
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from db.cities import pois as poi_rows
from db.cities import years as year_rows
from db.schema import City
from workflows.accounts.acting import REMOVE_YEAR, allow
from workflows.accounts.quotas import check_cells
from workflows.cities.files import files_staged, raster_folders
from workflows.cities.units import all_units
from workflows.cities.views import WIDE, check_unchanged, view_of
from workflows.home.owned_folders import remove_folders, storing
from workflows.home.paths import in_home, to_home
from workflows.home.store import Store

NO_DATA = "no place and no cell of the city has embedding data in these files"


@dataclass(frozen=True)
class YearSummary:
    """What a city holds of one year.

    Attributes:
        main: Whether it is the year the city was added with.
        files: Files of the embedding.
        cells: Cells with data; `cells_without` of the city's have none in this year.
        places: Places with data; `places_without` of the city's have none in this year.
        views: The ways places and cells were pooled.
    """

    city: str
    year: int
    main: bool
    files: int
    cells: int
    cells_without: int
    places: int
    places_without: int
    views: list[str]


@dataclass(frozen=True)
class _Main:
    """What a further year must agree with, and what it is pooled for."""

    city_id: int
    city_added: datetime
    own_year: int
    embedding: str
    kind: str
    dim: int | None
    encoding: str
    checksums: dict[str, int]
    views: list[View]
    place_ids: NDArray[np.int64]
    place_lonlat: NDArray[np.float64]
    cell_ids: NDArray[np.int64]
    units: Units


@dataclass(frozen=True)
class _Rows:
    """Vectors of one view, `[n, dim]` each, with the rows they belong to; no cells in `wide`."""

    view: View
    place_ids: NDArray[np.int64]
    places: NDArray[np.float32]
    cell_ids: NDArray[np.int64]
    cells: NDArray[np.float32]
    length: NDArray[np.float64] | None = None


def add_year(
    store: Store,
    slug: str,
    year: int,
    files: Sequence[Path],
    progress: Progress = silent,
    *,
    crs: str | None = None,
    geometry: Path | None = None,
    code_field: str | None = None,
    link: bool = False,
    added_by: str = "",
    within: Callable[[Session, City], None] | None = None,
) -> YearSummary:
    """Give a city the embedding of a further year; all of it or nothing.

    Places and cells stay those of the city. Each is pooled in every view that the city's own year
    has, and those without data in this year are counted.

    Args:
        store: The store.
        slug: The city.
        year: Of the embedding.
        files: Rasters or tables, as `city add` takes them.
        progress: Told while files are checked and pooled.
        crs: What the user says the coordinates of tables are in.
        geometry: File with the shapes of the codes of tables' rows. The areas of a city serve
            where it is left out.
        code_field: Column of these codes; found when None.
        link: Link the files into the home instead of copying them, see `files_staged`.
        added_by: The account that asks, whose quota it counts towards; empty for the operator.
        within: Called as the last in the transaction that adds the year.

    Raises:
        NotFoundError: No city has this slug.
        ConflictError: The city holds this year, or was given places meanwhile.
        InputError: The files are of another encoding, kind or length than the city's own year, are
            those of another of its years, or show another place.
        QuotaError: The account would have more cells than it may.
        CancelledError: `progress` asked to stop; nothing is left behind.
        DiskFullError: The files do not fit into the home.
    """
    main = _main(store, slug, year)
    progress("opening the embedding", 0, 1)
    with _shapes_of(main, files, geometry) as shapes:
        embedding = open_embedding(
            files,
            kind=main.embedding,
            crs=crs,
            geometry=shapes,
            code_field=code_field,
            as_points=not FILE_KINDS[main.kind].rows_are_units,
            foreign=True,
            progress=progress,
        )
    encoding = _check_alike(main, embedding, year)
    infos = embedding.infos
    _check_new(main, infos)
    rows = _pool(main, embedding, progress)
    settings = store.settings
    with (
        files_staged(store, embedding.files, link=link) as (staged, names),
        storing(store) as (session, folders),
    ):
        progress("storing", 0, 1)
        # The lock: of two who add the same year at once, the second finds it there.
        city = city_rows.lock_city(session, main.city_id)
        _check_free(session, city, year)
        check_unchanged(city, main.city_added)
        folder = folders.place(staged, settings.cities, f"{city.id}-{year}")
        paths = [to_home(settings, folder / name) for name in names]
        _insert(session, city, year, infos, encoding, rows, paths, added_by)
        check_cells(session, added_by)
        summary = _summarise(session, city, year)
        progress("storing", 1, 1)
        if within is not None:
            within(session, city)
    return summary


def check_year_free(store: Store, slug: str, year: int) -> None:
    """Check that a city can be given a year.

    Raises:
        NotFoundError: No city has this slug.
        InputError: Its embedding has no such year.
        ConflictError: The city holds this year.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        check_kind_year(city.embedding, year)
        _check_free(session, city, year)


def list_years(store: Store, slug: str) -> list[YearSummary]:
    """What a city holds of each of its years, ascending.

    Raises:
        NotFoundError: No city has this slug.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        return [_summarise(session, city, year) for year in year_rows.years(session, city.id)]


def remove_year(store: Store, slug: str, year: int) -> None:
    """Delete what a city holds of one year; layers made from it stay.

    Raises:
        NotFoundError: No such city, or it does not hold this year.
        InputError: It is the year the city was added with.
    """
    with store.session() as session:
        city = city_rows.lock_city(session, city_rows.city_by_slug(session, slug).id)
        held = year_rows.years(session, city.id)
        if year == city.year:
            raise InputError(
                "the year a city was added with cannot be removed from it",
                year,
                "remove the city, and add it with another year",
                code="own-year-not-removable",
            )
        if year not in held:
            raise NotFoundError(
                "the city does not have this year",
                year,
                f"it has {_named(held)}",
                code="no-such-year",
            )
        allow(session, *REMOVE_YEAR, f"{slug}, {year}")
        rasters = city_rows.rasters(session, city.id, year)
        folders = raster_folders(store.settings, rasters)
        year_rows.remove_year(session, city, year)
    remove_folders(folders)


def _main(store: Store, slug: str, year: int) -> _Main:
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        check_kind_year(city.embedding, year)
        _check_free(session, city, year)
        held = year_rows.years(session, city.id)
        checksums = {
            raster.sha256: one
            for one in held
            for raster in city_rows.rasters(session, city.id, one)
        }
        rasters = city_rows.rasters(session, city.id)
        written = {raster.encoding for raster in rasters}
        views = [row for row in feature_rows.views(session, city.id) if row.year == city.year]
        places = poi_rows.poi_frame(session, city.id)
        cell_ids, units = all_units(session, city)
        return _Main(
            city_id=city.id,
            city_added=city.created_at,
            own_year=city.year,
            embedding=city.embedding,
            kind=city.embedding_kind,
            dim=feature_rows.vector_dim(session, city.id),
            # Cities that were added before encodings were written down have theirs in the files.
            encoding=encoding_of(in_home(store.settings, raster.path) for raster in rasters)
            if "" in written
            else ", ".join(sorted(written)),
            checksums=checksums,
            views=[view_of(row) for row in views],
            place_ids=places["id"].to_numpy(dtype=np.int64),
            place_lonlat=np.column_stack([places.geometry.x, places.geometry.y]),
            cell_ids=cell_ids,
            units=units,
        )


def _check_free(session: Session, city: City, year: int) -> None:
    held = year_rows.years(session, city.id)
    if year in held:
        raise ConflictError(
            "the city already has this year",
            f"{city.slug} {year}",
            "its original year cannot be replaced"
            if year == city.year
            else "to replace it, remove that year first",
            code="year-exists",
        )


def _check_alike(main: _Main, embedding: Embedding, year: int) -> str:
    """The files' encoding, when they can be held against the city's own year."""
    encoding = encoding_of(embedding.files)
    for what, code, own, given in (
        (
            "embedding",
            "years-of-different-embeddings",
            kind_title(main.embedding),
            kind_title(embedding.name),
        ),
        (
            "kind",
            "years-of-different-kinds",
            FILE_KINDS[main.kind].several,
            FILE_KINDS[embedding.kind].several,
        ),
        ("encoding", "years-of-different-encodings", main.encoding, encoding),
        ("length", "years-of-different-lengths", f"{main.dim} values", f"{embedding.dim} values"),
    ):
        if own != given:
            raise InputError(
                f"all years of a city must have the same {what}, or the difference would show "
                "up as change",
                f"{main.own_year} has {own}, {year} has {given}",
                f"give files like those of {main.own_year}",
                code=code,
            )
    return encoding


def _check_new(main: _Main, infos: Sequence[FileInfo]) -> None:
    for info in infos:
        if info.sha256 in main.checksums:
            raise InputError(
                f"the file is the city's embedding of {main.checksums[info.sha256]}, byte for byte",
                info.path.name,
                "give the files of the other year",
                code="file-of-another-year",
            )


@contextmanager
def _shapes_of(main: _Main, files: Sequence[Path], geometry: Path | None) -> Iterator[Path | None]:
    """The file of shapes that tables are joined with: the city's own areas for codes alone."""
    tables = [path for path in files if path.suffix.lower() in TABLE_SUFFIXES]
    has_areas = FILE_KINDS[main.kind].rows_are_units
    if not has_areas or geometry is not None or not any(map(needs_shapes, tables)):
        yield geometry
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "areas-of-the-city.parquet"
        gpd.GeoDataFrame(
            {"code": main.units.codes()}, geometry=main.units.polygons(), crs="EPSG:4326"
        ).to_parquet(path)
        yield path


def _of_areas(main: _Main, embedding: AreaEmbedding) -> list[_Rows]:
    """Vectors of the city's areas in another year, by their codes, and of the places in them."""
    own, given = main.units.codes(), [str(code) for code in embedding.areas.code]
    match = matched(given, own)
    rows = {match.left(code): row for row, code in enumerate(given)}
    found = np.array([rows.get(match.right(code), -1) for code in own], dtype=np.int64)
    there = found >= 0
    if not there.any():
        raise InputError(
            "no area of the city is among those of the files",
            f"{shown(given)}; the city has {shown(own)}",
            "give the table of the same areas, with the same codes (in commands: --code-field)",
            code="no-cell-with-embedding",
        )
    vectors = np.full((len(own), embedding.dim), np.nan, dtype=np.float32)
    vectors[there] = embedding.vectors[found[there]]
    places = AreaVectors(main.units.polygons(), vectors).pool(main.place_lonlat, main.views)
    nothing = np.empty((0, embedding.dim), dtype=np.float32)
    return [
        _Rows(
            view,
            main.place_ids[places.ok],
            of_places[places.ok],
            main.cell_ids[there] if view.name != WIDE else main.cell_ids[:0],
            vectors[there] if view.name != WIDE else nothing,
            embedding.length[found[there]] if view.name != WIDE else None,
        )
        for view, of_places in zip(main.views, places.vectors, strict=True)
    ]


def _pool(main: _Main, embedding: Embedding, progress: Progress) -> list[_Rows]:
    if isinstance(embedding, AreaEmbedding):
        return _of_areas(main, embedding)
    places = embedding.pool(main.place_lonlat, main.views, progress)
    seen = [view for view in main.views if view.name != WIDE]
    cells = embedding.pool(main.units.lonlat, seen, progress)
    if not cells.ok.any():
        raise InputError(
            NO_DATA,
            ", ".join(path.name for path in embedding.files),
            "give files that cover this city",
            code="no-cell-with-embedding",
        )
    of_view = {
        view.name: vectors[cells.ok] for view, vectors in zip(seen, cells.vectors, strict=True)
    }
    nothing = np.empty((0, embedding.dim), dtype=np.float32)
    return [
        _Rows(
            view,
            main.place_ids[places.ok],
            vectors[places.ok],
            main.cell_ids[cells.ok] if view.name in of_view else main.cell_ids[:0],
            of_view.get(view.name, nothing),
        )
        for view, vectors in zip(main.views, places.vectors, strict=True)
    ]


def _insert(
    session: Session,
    city: City,
    year: int,
    infos: Sequence[FileInfo],
    encoding: str,
    rows: Sequence[_Rows],
    paths: Sequence[str],
    added_by: str,
) -> None:
    for info, path in zip(infos, paths, strict=True):
        city_rows.add_raster(
            session,
            city.id,
            path=path,
            kind=city.embedding_kind,
            sha256=info.sha256,
            year=year,
            crs=info.crs,
            width=info.width,
            height=info.height,
            footprint=info.footprint,
            encoding=encoding,
            added_by=added_by,
        )
    for one in rows:
        row = feature_rows.add_view(session, city.id, year=year, **asdict(one.view))
        feature_rows.add_poi_features(session, row.id, one.place_ids, one.places)
        feature_rows.add_cell_features(session, row.id, one.cell_ids, one.cells, one.length)


def _summarise(session: Session, city: City, year: int) -> YearSummary:
    counts = year_rows.year_counts(session, city.id, year)
    every = city_rows.counts(session, city.id)
    return YearSummary(
        city=city.slug,
        year=year,
        main=year == city.year,
        files=counts.files,
        cells=counts.cells,
        cells_without=every["cells"] - counts.cells,
        places=counts.places,
        places_without=every["pois"] - counts.places,
        views=list(counts.views),
    )


def _named(years: Sequence[int]) -> str:
    return ", ".join(map(str, years))
