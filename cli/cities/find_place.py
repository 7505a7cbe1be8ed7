"""`place find`: where a named city is."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output

if TYPE_CHECKING:  # the gazetteer's libraries load when the command runs
    from aether_core.geocoding import Candidate


def find_place(
    name: Annotated[str, typer.Argument(help="The city's name: Paris, or Paris, Texas.")],
    country: Annotated[
        str | None, typer.Option(help="Its country: a name or an ISO code such as FR.")
    ] = None,
    finder: Annotated[
        str,
        typer.Option(
            "--from",
            help="gazetteer (no network, centres), geocoder or overture (boundaries).",
        ),
    ] = "gazetteer",
    near: Annotated[
        int | None,
        typer.Option(help="With overture: number of the gazetteer match to search around."),
    ] = None,
) -> None:
    """List the places a name may mean, with the number to choose one by."""
    from workflows.fetch.find_place import find_place as find
    from workflows.home.settings import read_settings

    found = find(read_settings(), name, country=country, finder=finder, near=near)
    facts = [_facts(number, candidate) for number, candidate in enumerate(found, start=1)]
    output.document({"name": name, "from": finder, "candidates": facts})
    rows = [
        (
            fact["number"],
            ", ".join(part for part in (fact["name"], fact["region"], fact["country"]) if part),
            fact["kind"],
            "" if fact["population"] is None else f"{fact['population']:,}",
            f"{fact['lon']:.4f}, {fact['lat']:.4f}",
            f"{fact['area_km2']:,.0f} km²" if fact["boundary"] else f"box {fact['side_km']} km",
        )
        for fact in facts
    ]
    output.table(["", "place", "kind", "inhabitants", "longitude, latitude", "area"], rows)
    output.say("\n".join(dict.fromkeys(candidate.attribution for candidate in found)))


def _facts(number: int, candidate: "Candidate") -> dict[str, Any]:
    from aether_core.city.outline import area_km2
    from aether_core.geocoding import default_side_km

    outline = candidate.boundary
    return {
        "number": number,
        "id": candidate.id,
        "name": candidate.name,
        "kind": candidate.kind,
        "country": candidate.country,
        "region": candidate.region,
        "lon": candidate.lon,
        "lat": candidate.lat,
        "population": candidate.population,
        "boundary": outline is not None,
        "bbox": list(candidate.box() if outline is None else outline.bounds),
        "side_km": default_side_km(candidate.population) if outline is None else None,
        "area_km2": None if outline is None else round(area_km2(outline), 2),
        "source": candidate.source,
        "attribution": candidate.attribution,
    }
