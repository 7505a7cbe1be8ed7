"""`layer list`, `export`, `rename`, `remove`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.maps.files import write_layer
from cli.options import Force

if TYPE_CHECKING:
    from workflows.layers.layers import LayerSummary


def list_all(slug: str) -> None:
    """List a city's kept layers."""
    from workflows.home.store import open_store
    from workflows.layers.layers import list_layers

    found = list_layers(open_store(), slug)
    output.document([_listed(layer) for layer in found])
    output.table(
        ["layer", "title", "kind", "cells", "created", "PostGIS view"],
        [(x.layer, x.title, x.kind, x.features, x.created, x.view) for x in found],
        copied="layer",
    )


def _listed(layer: "LayerSummary") -> dict[str, Any]:
    """A layer without what was measured, which the report and pages show, and the store's ids."""
    facts = asdict(layer)
    for name in ("findings_document", "number", "cells_layer"):
        del facts[name]
    return facts


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
    from workflows.layers.layers import rename_layer

    renamed = rename_layer(open_store(), slug, layer, title)
    output.document(_listed(renamed))
    output.say(f"{layer} is now called {renamed.title}.")


def remove(slug: str, layer: str) -> None:
    """Delete a layer and its PostGIS view."""
    from workflows.home.store import open_store
    from workflows.layers.layers import remove_layer

    remove_layer(open_store(), slug, layer)
    output.document({"removed": layer})
    output.say(f"{layer} is removed.")
