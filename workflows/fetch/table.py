"""A table of cities to be fetched: each row checked before anything is queued."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aether_core.errors import InputError, NotFoundError
from aether_core.net import CancelCheck, never_cancelled
from workflows.fetch.area import AreaRequest, find_area, parse_box
from workflows.fetch.eo_sources.eo_source import TILES
from workflows.fetch.fetch import check_free, check_request
from workflows.fetch.find_place import GAZETTEER
from workflows.fetch.request import FetchCity
from workflows.home.store import Store

REQUIRED = ("slug", "name", "year")
FILES = ("boundary", "osm_file")
COLUMNS = (
    *REQUIRED,
    *("bbox", "boundary", "place", "country", "from", "choose", "size_km"),
    *("pois", "osm_file", "confidence", "unsure_share", "radius_m", "train", "ground", "eo_source"),
)
MAX_ROWS = 1000
_MAX_BYTES = 2_000_000
_WHOLE = frozenset({"year", "choose"})
_TRUE, _FALSE = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0"})


@dataclass(frozen=True)
class Problem:
    """A row that cannot be used.

    Attributes:
        line: In the file, the header being line 1.
        slug: As the row has it.
        reason: Why, in one line.
    """

    line: int
    slug: str
    reason: str


@dataclass(frozen=True)
class FetchList:
    """The rows of a table: those that can be fetched, and what is wrong with the others."""

    requests: tuple[FetchCity, ...]
    problems: tuple[Problem, ...]


def read_list(
    store: Store,
    path: Path,
    *,
    allow_files: bool = True,
    check_cancelled: CancelCheck = never_cancelled,
) -> FetchList:
    """Read and check a table of cities.

    Args:
        store: Where the cities are to be kept.
        path: CSV with a header: `slug`, `name`, `year` (several with spaces between, the main one
            first), one of `bbox`, `boundary` and `place`; see `COLUMNS` for the others, which mean
            what the options of one fetch mean.
        allow_files: Whether rows may name files of this machine; relative to the table's folder.
        check_cancelled: Called while a geocoder is asked.

    Raises:
        NotFoundError: There is no such file.
        InputError: It is no such table; what is wrong with single rows is in the outcome.
    """
    requests: list[FetchCity] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for line, row in _rows(path):
        slug = row.get("slug", "")
        try:
            _check_new(slug, line, seen)
            request = _request(store, row, path.parent, allow_files, check_cancelled)
            check_free(store, request)
            requests.append(request)
        except InputError as error:
            problems.append(Problem(line, slug, str(error)))
    return FetchList(tuple(requests), tuple(problems))


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Each row's line and cells, stripped; empty rows are left out."""
    if not path.is_file():
        raise NotFoundError(
            "there is no such file", path, "give a table of cities, a CSV file", code="no-such-file"
        )
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(
            "the table is too large",
            path.name,
            f"give at most {MAX_ROWS} cities",
            code="table-too-large",
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            _check_header(path, header)
            rows = [
                (reader.line_num, dict(zip(header, map(str.strip, cells), strict=False)))
                for cells in reader
                if any(map(str.strip, cells))
            ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            "the table cannot be read as CSV",
            f"{path.name}, {error}",
            "save it as CSV in UTF-8",
            code="table-unreadable",
        ) from error
    if not 0 < len(rows) <= MAX_ROWS:
        raise InputError(
            "the table must have at least one city and not too many",
            f"{len(rows)} rows",
            f"give 1 to {MAX_ROWS}",
            code="table-wrong-row-count",
        )
    return rows


def _check_new(slug: str, line: int, seen: dict[str, int]) -> None:
    if seen.setdefault(slug, line) != line:
        raise InputError(
            "the short name is in the table twice",
            slug,
            f"the other is on line {seen[slug]}",
            code="slug-twice-in-table",
        )


def _check_header(path: Path, header: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    if missing or unknown:
        words = "is missing columns" if missing else "has unknown columns"
        raise InputError(
            f"{path.name} {words}",
            ", ".join(missing or unknown),
            f"a table of cities has {', '.join(COLUMNS)}; only {', '.join(REQUIRED)} and one of "
            "bbox, boundary, place are required",
            code="table-lacks-columns" if missing else "table-with-unknown-columns",
        )


def _request(
    store: Store,
    row: Mapping[str, str],
    folder: Path,
    allow_files: bool,
    check_cancelled: CancelCheck,
) -> FetchCity:
    for name in FILES:
        if row.get(name) and not allow_files:
            raise InputError(
                "this table may not refer to files on the server",
                name,
                "use bbox or place",
                code="server-files-not-allowed",
            )
    area = find_area(store.settings, _area(row, folder), check_cancelled=check_cancelled)
    osm_file, unsure = row.get("osm_file"), row.get("unsure_share")
    request = FetchCity(
        slug=row.get("slug", ""),
        name=row.get("name", ""),
        boundary=area.boundary,
        years=tuple(int(_number("year", year)) for year in row.get("year", "").split()),
        pois=row.get("pois") or "overture",
        osm_file=folder / osm_file if osm_file else None,
        confidence=_number("confidence", row.get("confidence") or "0.5"),
        radius_m=_number("radius_m", row.get("radius_m") or "100"),
        train=_yes("train", row.get("train") or "no"),
        ground=_yes("ground", row.get("ground") or "yes"),
        eo_source=row.get("eo_source") or TILES,
        unsure_share=_number("unsure_share", unsure) if unsure else None,
        credits=area.credits,
    )
    return check_request(store.settings, request)


def _area(row: Mapping[str, str], folder: Path) -> AreaRequest:
    boundary, box, size, choose = (
        row.get(name) for name in ("boundary", "bbox", "size_km", "choose")
    )
    return AreaRequest(
        box=parse_box(box) if box else None,
        boundary=folder / boundary if boundary else None,
        place=row.get("place") or None,
        country=row.get("country") or None,
        finder=row.get("from") or GAZETTEER,
        choose=int(_number("choose", choose)) if choose else None,
        size_km=_number("size_km", size) if size else None,
    )


def _number(column: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or (column in _WHOLE and not number.is_integer()):
        raise InputError(
            f"the column {column} must contain numbers",
            text,
            "use digits",
            code="column-not-a-number",
        )
    return number


def _yes(column: str, text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise InputError(
            f"the column {column} must be yes or no",
            text,
            "correct it, or leave it empty",
            code="column-not-yes-or-no",
        )
    return text.lower() in _TRUE
