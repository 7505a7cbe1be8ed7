"""`layer list`, `export`, `rename`, `style`, `remove`."""

from pathlib import Path
from typing import Annotated

import typer

from cli import output
from cli.maps.files import write_layer
from cli.options import Force


def list_all(slug: str) -> None:
    """List a city's kept layers."""
    from workflows.home.store import open_store
    from workflows.layers.layers import layer_document, list_layers

    found = list_layers(open_store(), slug)
    output.document([layer_document(layer) for layer in found])
    output.table(
        ["layer", "title", "kind", "cells", "created", "PostGIS view"],
        [(x.layer, x.title, x.kind, x.features, x.created, x.view) for x in found],
        copied="layer",
    )


def export(
    slug: str,
    layer: str,
    target: Annotated[
        Path,
        typer.Option("-o", "--output", help="File to write: .geojson .gpkg .parquet .csv .tif"),
    ],
    field: Annotated[
        str | None, typer.Option(help="Numeric field to write to a GeoTIFF, instead of classes.")
    ] = None,
    style: Annotated[
        bool, typer.Option("--style", help="Also write its QGIS style (.qml).")
    ] = False,
    force: Force = False,
) -> None:
    """Write a layer to a file."""
    from workflows.home.store import open_store
    from workflows.layers.export import export_style

    store = open_store()
    write_layer(store, slug, layer, target, force=force, field=field)
    styled = export_style(store, slug, layer, target, force=force) if style else None
    output.document(
        {
            "city": slug,
            "layer": layer,
            "file": str(target),
            "bytes": target.stat().st_size,
            "style": str(styled) if styled else None,
        }
    )
    output.say(f"{layer} written to {target}{f', style to {styled}' if styled else ''}")


def rename(slug: str, layer: str, title: str) -> None:
    """Give a layer another title; its short name stays."""
    from workflows.home.store import open_store
    from workflows.layers.layers import layer_document, rename_layer

    renamed = rename_layer(open_store(), slug, layer, title)
    output.document(layer_document(renamed))
    output.say(f"{layer} is now called {renamed.title}.")


def style(
    slug: str,
    layer: str,
    field: Annotated[
        str | None, typer.Option(help="Field of numbers; default: what the map is about.")
    ] = None,
    ramp: Annotated[
        str | None,
        typer.Option(help="Colours: yellow-violet, blue, red, purple, grey or brown-blue."),
    ] = None,
    cut: Annotated[
        str | None, typer.Option(help="How classes are made: round, even or quantiles.")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="How many, 2 to 9, for --cut.")] = None,
    breaks: Annotated[
        str | None,
        typer.Option(help="Limits between classes instead, as the legend writes: 100,250,500."),
    ] = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget what was chosen, before anything else.")
    ] = False,
) -> None:
    """Show or choose a kept map's colours and classes, for pages, reports and exports alike."""
    from aether_core.charts.own_classes import OwnClasses
    from workflows.home.store import open_store
    from workflows.layers.layers import layer_values, show_layer
    from workflows.layers.own_classes import (
        choose_classes,
        classes_of_field,
        limits_of,
        numeric_field,
    )

    store = open_store()
    summary, frame = show_layer(store, slug, layer), layer_values(store, slug, layer)
    chosen = numeric_field(summary, frame, field)
    limits = () if breaks is None else limits_of(summary, frame, chosen, breaks)
    asked = OwnClasses(ramp, cut, classes, limits)
    if reset or not asked.is_default:
        before = OwnClasses() if reset else classes_of_field(summary, frame, chosen).own
        summary = choose_classes(store, slug, layer, chosen, before.changed_by(asked))
    found = classes_of_field(summary, frame, chosen)
    output.document({"city": slug, "layer": layer, **found.facts()})
    rows = zip(found.breaks.names, found.breaks.colours, strict=True)
    output.table(["class", "colour"], rows, title=f"{summary.title}: {found.field}")


def remove(slug: str, layer: str) -> None:
    """Delete a layer and its PostGIS view."""
    from workflows.home.store import open_store
    from workflows.layers.layers import remove_layer

    remove_layer(open_store(), slug, layer)
    output.document({"removed": layer})
    output.say(f"{layer} is removed.")
