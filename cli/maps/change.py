"""`change`: where a city has moved towards a query between two years."""

from typing import Annotated

import typer

from cli import output
from cli.maps.ask import Keep, Minus, Output, Top, check_output
from cli.maps.files import write_change
from cli.options import Force, ModelName


def change(
    slug: str,
    query: str,
    year_from: Annotated[int, typer.Option("--from", help="Earlier year.")],
    year_to: Annotated[int, typer.Option("--to", help="Later year.")],
    minus: Minus = None,
    model: ModelName = None,
    top: Top = 20,
    target: Output = None,
    force: Force = False,
    keep: Keep = False,
) -> None:
    """Show where a city has moved towards a query.

    Between two years, and beyond what years always differ by.
    """
    from cli.following import followed
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job
    from workflows.layers.job_kind import CHANGE, ChangeLayer
    from workflows.search.change import change_cells, in_words
    from workflows.search.documents import change_document

    check_output(target, force)
    store = open_store()
    found = change_cells(store, slug, query, year_from, year_to, minus, model)
    if target is not None:
        write_change(store, found, target, force=force)
    layer = None
    if keep:
        asked = ChangeLayer(query, year_from, year_to, minus, found.model)
        layer = followed(store, start_job(store, CHANGE, slug, asked).job).result["layer"]
    results = found.best(top)
    output.document(change_document(found, results, layer=layer))
    output.table(
        ["cell", "lon", "lat", str(found.year_from), str(found.year_to), "change", "beyond noise"],
        [
            (
                row["cell"],
                f"{row['lon']:.5f}",
                f"{row['lat']:.5f}",
                row["score_from"],
                row["score_to"],
                f"{row['change']:+.3f}",
                "yes" if row["beyond_noise"] else "no",
            )
            for row in results
        ],
        title=f"{found.title}{' (made-up satellite data)' if found.simulated else ''}",
    )
    output.say(in_words(found))
    if target is not None:
        output.say(f"{len(found.change)} cells written to {target}")
    if layer is not None:
        output.say(f"Saved as layer {layer}")
