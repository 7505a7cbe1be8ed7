"""The Earth Engine script of a city that is there, or of an area that is to become one."""

from dataclasses import dataclass
from pathlib import Path

from aether_core.eo.earth_engine_script import EarthEngineScript, earth_engine_script
from aether_core.errors import InputError
from aether_core.files.whole import atomic_path, check_target
from db.cities import cities as city_rows
from workflows.fetch.area import AreaRequest, find_area
from workflows.home.settings import Settings
from workflows.home.store import Store

_PREFIX = "aether"


@dataclass(frozen=True)
class ScriptOfYear:
    """A script, and the year it asks for.

    Attributes:
        script: The script and its exports.
        year: Year of the embedding.
    """

    script: EarthEngineScript
    year: int


def script_of_city(store: Store, slug: str, year: int | None = None) -> ScriptOfYear:
    """Write the script of a city's boundary.

    Args:
        store: The open store.
        slug: The city.
        year: Year of the embedding; the city's own if None.

    Raises:
        NotFoundError: There is no such city.
        InputError: The year is none of the dataset's.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        boundary, own = city_rows.boundary_of(city), city.year
    wanted = own if year is None else year
    return ScriptOfYear(earth_engine_script(boundary, wanted, f"{_PREFIX}-{slug}"), wanted)


def script_of_area(
    settings: Settings, request: AreaRequest, year: int | None, name: str | None = None
) -> ScriptOfYear:
    """Write the script of an area that is no city yet.

    Args:
        settings: How large a city may be.
        request: Where the area is.
        year: Year of the embedding.
        name: What its files are called after; "city" if None.

    Raises:
        InputError: No year is given, or no city can have the area, the year or the name.
    """
    if year is None:
        raise InputError(
            "the year of the embedding is needed",
            "none is given",
            "specify the year",
            code="no-year-given",
        )
    boundary = find_area(settings, request).boundary
    return ScriptOfYear(earth_engine_script(boundary, year, f"{_PREFIX}-{name or 'city'}"), year)


def write_script(script: EarthEngineScript, path: Path, *, force: bool = False) -> None:
    """Write a script to a `.js` file, whole or not at all.

    Raises:
        InputError: The file has another ending.
        ConflictError: It exists and `force` is false.
    """
    if path.suffix.lower() not in {".js", ".txt"}:
        raise InputError(
            "a script must end in .js or .txt",
            path.name,
            "change the ending",
            code="output-wrong-ending",
        )
    check_target(path, force=force)
    with atomic_path(path, force=force) as target:
        target.write_text(script.text, encoding="utf-8")
