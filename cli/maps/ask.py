"""`search`, `similar`, `place rank`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aether_core.errors import InputError
from aether_core.language import said_in
from cli import output
from cli.maps.files import write_scores
from cli.options import Force, ModelName

if TYPE_CHECKING:  # torch comes with the search: commands that only show help do without
    from aether_core.search.support import Support
    from workflows.home.store import Store
    from workflows.search.search import CellScores

Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="Write every cell to this file.")
]
Minus = Annotated[str | None, typer.Option(help="What to rule out.")]
Year = Annotated[int | None, typer.Option(help="A year the city has; default: its original year.")]
Keep = Annotated[bool, typer.Option("--keep", help="Save the result as a layer.")]
NamesIn = Annotated[
    str | None,
    typer.Option(
        help="Language of places' and streets' names, such as sv, where their source has it; "
        "default: the main names."
    ),
]
Top = Annotated[int, typer.Option(min=1, max=10_000, help="Number of results to print.")]


def lon_lat(value: str) -> tuple[float, float]:
    """Read `LON,LAT`.

    Raises:
        InputError: It is not two numbers.
    """
    try:
        lon, lat = (float(part) for part in value.split(","))
    except ValueError:
        raise InputError(
            "a point must be given as LON,LAT",
            value,
            "for example 24.945,60.170",
            code="point-not-two-numbers",
        ) from None
    return lon, lat


def search(
    slug: str,
    query: str,
    minus: Minus = None,
    model: ModelName = None,
    year: Year = None,
    top: Top = 20,
    target: Output = None,
    force: Force = False,
    keep: Keep = False,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Rank water, too, which is left out otherwise.")
    ] = False,
    built_only: Annotated[
        bool,
        typer.Option("--built-only", help="Rank only cells within 500 m of a place, and no water."),
    ] = False,
) -> None:
    """Rank the city's cells by a text query."""
    from aether_core.search.ground import Extent
    from workflows.home.store import open_store
    from workflows.search.search import search_cells
    from workflows.search.support import support_of
    from workflows.training.representation import model_for

    if everywhere and built_only:
        raise InputError(
            "the cells to rank are given twice",
            "--everywhere --built-only",
            "give one of them, or neither to leave out water",
            code="everywhere-and-built-only",
        )
    check_output(target, force)
    store = open_store()
    extent = Extent.EVERYWHERE if everywhere else Extent.BUILT if built_only else Extent.LAND
    scores = search_cells(store, slug, query, minus, model, year, extent)
    support = support_of(store, model_for(store, slug, scores.model), query)
    _finish(store, scores, top, target, force, keep, support)


def similar(
    slug: str,
    at: Annotated[str, typer.Option(help="LON,LAT of the example.")],
    model: ModelName = None,
    year: Year = None,
    top: Top = 20,
    target: Output = None,
    force: Force = False,
    keep: Keep = False,
) -> None:
    """Rank the city's cells by likeness to the cell at a point."""
    from workflows.home.store import open_store
    from workflows.search.search import similar_cells

    check_output(target, force)
    store = open_store()
    scores = similar_cells(store, slug, *lon_lat(at), model, year)
    _finish(store, scores, top, target, force, keep)


def check_output(target: Path | None, force: bool) -> None:
    """Refuse an output file before anything is computed for it.

    Raises:
        InputError: Its ending is unknown or its folder does not exist.
        ConflictError: It exists and may not be replaced.
    """
    if target is not None:
        from workflows.layers.export import check_target

        check_target(target, force=force)


def _finish(
    store: "Store",
    scores: "CellScores",
    top: int,
    target: Path | None,
    force: bool,
    keep: bool,
    support: "Support | None" = None,
) -> None:
    from workflows.layers.layers import keep_layer
    from workflows.search.documents import search_document

    if target is not None:
        write_scores(store, scores, target, force=force)
    layer = keep_layer(store, scores).layer if keep else None
    results = scores.best(top)
    output.document(search_document(scores, results, support=support, layer=layer))
    output.table(
        ["cell", "lon", "lat", "score", "percentile"],
        [
            (r["cell"], f"{r['lon']:.5f}", f"{r['lat']:.5f}", r["score"], f"{r['percentile']:.1f}")
            for r in results
        ],
        title=f"{scores.query}{' (made-up satellite data)' if scores.simulated else ''}",
    )
    for reason, number in scores.left_out.items():
        output.say(f"{number:,} cells left out of the ranking: {reason}")
    if support is not None:
        output.say(f"Support: {support.level}. {support.reason}")
    if target is not None:
        output.say(f"{len(scores.score)} cells written to {target}")
    if layer is not None:
        output.say(f"Saved as layer {layer}")


def rank_places(
    slug: str,
    query: str,
    near: Annotated[str | None, typer.Option(help="LON,LAT of a centre.")] = None,
    within: Annotated[float | None, typer.Option(help="Metres around the centre.")] = None,
    minus: Minus = None,
    model: ModelName = None,
    top: Top = 20,
    names_in: NamesIn = None,
) -> None:
    """Rank the city's places by a text query, by what they are and where they stand."""
    from workflows.home.store import open_store
    from workflows.search.documents import checked_names_in, places_document
    from workflows.search.search import search_places

    language = checked_names_in(names_in)
    hits = search_places(
        open_store(), slug, query, lon_lat(near) if near else None, within, top, minus, model
    )
    output.document(places_document(slug, query, hits, language))
    output.table(
        ["place", "category", "lon", "lat", "score"],
        [
            (
                said_in(h.name, language) or "unnamed",
                h.category,
                f"{h.lon:.5f}",
                f"{h.lat:.5f}",
                h.score,
            )
            for h in hits
        ],
    )
