"""POIs and queries as sentences, for the text encoder."""

import geopandas as gpd

from aether_core.errors import InputError

MAX_QUERY_CHARACTERS = 300


def poi_text(name: str, category: str, group: str) -> str:
    """Return the sentence that describes a POI to the text encoder.

    `A place of {category}, a type of {group}, named {name}.` (design of the model, text template);
    what is missing is left out.

    Args:
        name: Name, or "".
        category: Category in words, or "".
        group: Group in words, or "".
    """
    parts = [f"A place of {category}" if category else "A place"]
    if group:
        parts.append(f"a type of {group}")
    if name:
        parts.append(f"named {name}")
    return ", ".join(parts) + "."


def poi_texts(pois: gpd.GeoDataFrame) -> list[str]:
    """Return the sentence of every POI of a POI table, in its order."""
    columns = (pois["name"], pois["category"], pois["group"])
    return [poi_text(*row) for row in zip(*columns, strict=True)]


def query_texts(query: str) -> tuple[str, str]:
    """Return the two sentences a query is encoded as: the POI template, and as typed.

    Raises:
        InputError: The query is empty or too long.
    """
    typed = " ".join(query.split())
    if not typed:
        raise InputError(
            "the query is empty", repr(query), "type what you are looking for", code="query-empty"
        )
    if len(typed) > MAX_QUERY_CHARACTERS:
        raise InputError(
            f"the query has {len(typed):,} characters, the limit is {MAX_QUERY_CHARACTERS}",
            typed,
            "use fewer words",
            code="query-too-long",
        )
    return f"A place of {typed}.", typed
