"""A geocoder's answers in Nominatim's form: a few settlements, as its public server gives them."""

import json
from typing import Any
from urllib.parse import parse_qs

from tests.public_server.messages import Reply, Request

SEARCH = "/search"
LICENCE = "Data © OpenStreetMap contributors, ODbL 1.0. http://osm.org/copyright"


def settlement(
    name: str,
    country: str,
    code: str,
    outline: list[list[float]],
    *,
    osm_id: int = 1,
    kind: str = "city",
    population: int | None = None,
    state: str | None = None,
) -> dict[str, Any]:
    """One place with an outline, in the fields and types of `format=jsonv2`.

    Args:
        name: Its name.
        country: Name of its country.
        code: Its country's ISO code.
        outline: Corners, longitude first, the first repeated at the end.
        osm_id: Number of its relation.
        kind: Nominatim's address type.
        population: Inhabitants, among the extra tags as text.
        state: Name of its state.
    """
    lons, lats = zip(*outline, strict=True)
    middle = [(min(values) + max(values)) / 2 for values in (lons, lats)]
    address = {kind: name, "state": state, "country": country, "country_code": code.lower()}
    return {
        "place_id": 1000 + osm_id,
        "licence": LICENCE,
        "osm_type": "relation",
        "osm_id": osm_id,
        "lat": f"{middle[1]:.7f}",
        "lon": f"{middle[0]:.7f}",
        "category": "boundary",
        "type": "administrative",
        "place_rank": 16,
        "importance": 0.7,
        "addresstype": kind,
        "name": name,
        "display_name": ", ".join(part for part in (name, state, country) if part),
        "address": {key: value for key, value in address.items() if value},
        "extratags": {"population": str(population)} if population else None,
        "boundingbox": [f"{value:.7f}" for value in (min(lats), max(lats), min(lons), max(lons))],
        "geojson": {"type": "Polygon", "coordinates": [outline]},
    }


class Geocoder:
    """Answers searches from a list of places; for `PublicServer.handle(SEARCH, ...)`."""

    def __init__(self, places: list[dict[str, Any]]) -> None:
        self.places = places

    def __call__(self, request: Request) -> Reply:
        """Answer with the places whose name is searched for, in the country that is asked for."""
        query = {key: values[0] for key, values in parse_qs(request.query).items()}
        if query.get("format") != "jsonv2" or query.get("polygon_geojson") != "1":
            return Reply(b'{"error": {"code": 400}}', status=400)
        wanted = query["q"].split(",")[0].strip().casefold()
        codes = set(query.get("countrycodes", "").split(",")) - {""}
        found = [
            place
            for place in self.places
            if place["name"].casefold() == wanted
            and (not codes or place["address"]["country_code"] in codes)
        ]
        return Reply(json.dumps(found[: int(query["limit"])]).encode())
