"""A QGIS project of a city: its layers straight from PostGIS, with the app's styles."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import make_url

from aether_core.export.qgz import ProjectLayer
from aether_core.export.qgz import write_project as write_qgz
from workflows.cities.cities import show_city
from workflows.home.store import Store
from workflows.layers.layers import LayerSummary, layer_values, list_layers, show_layer
from workflows.layers.styles import layer_style


def chosen_layers(
    store: Store, slug: str, layers: Sequence[str] | None = None
) -> list[LayerSummary]:
    """Layers of a city by their short names, in that order; all of them, newest first, when None.

    Raises:
        NotFoundError: No such city or layer.
    """
    if layers is None:
        return list_layers(store, slug)
    return [show_layer(store, slug, one) for one in dict.fromkeys(layers)]


def about_layer(layer: LayerSummary) -> str:
    """What a layer is, in a sentence or two."""
    simulated = " Made-up satellite data (demo)." if layer.simulated else ""
    return f"{layer.kind}, {layer.created:%d %B %Y}.{simulated}"


def write_project(
    store: Store,
    slug: str,
    path: Path,
    layers: Sequence[str] | None = None,
    *,
    force: bool = False,
) -> list[str]:
    """Write a project that opens a city's layers from the database.

    The project holds the database's address, never its password.

    Args:
        layers: Short names of the layers; all when None.

    Returns:
        Names of the layers in it.

    Raises:
        NotFoundError: No such city or layer.
        InputError: The city has no layer, or the name does not end in .qgz.
        ConflictError: The file exists and `force` is not set.
    """
    city = show_city(store, slug)
    chosen = chosen_layers(store, slug, layers)
    write_qgz(
        path,
        [_project_layer(store, slug, layer) for layer in chosen],
        connection=connection(store),
        title=city.name,
        extent=city.bbox,
        force=force,
    )
    return [layer.layer for layer in chosen]


def connection(store: Store) -> dict[str, object]:
    """Where the database is, without a password."""
    url = make_url(store.url)
    host = url.host or url.query.get("host")
    port = url.port or url.query.get("port")
    return {"host": host, "port": port, "dbname": url.database, "user": url.username}


def _project_layer(store: Store, slug: str, layer: LayerSummary) -> ProjectLayer:
    return ProjectLayer(
        view=layer.view,
        title=layer.title,
        key=f"{layer.unit}_id",
        srid=4326,
        geometry_type="MultiPolygon" if layer.has_shapes else "Polygon",
        qml=layer_style(layer, layer_values(store, slug, layer.layer)),
        abstract=about_layer(layer),
        attribution=" ".join(layer.attribution),
    )
