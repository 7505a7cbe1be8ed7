"""A QGIS project of a city: all of its layers, straight from PostGIS, with the app's styles."""

from pathlib import Path

from sqlalchemy import make_url

from aether_core.export.qgz import ProjectLayer
from aether_core.export.qgz import write_project as write_qgz
from workflows.cities.cities import show_city
from workflows.home.store import Store
from workflows.layers.layers import LayerSummary, layer_values, list_layers
from workflows.layers.styles import layer_style


def write_project(store: Store, slug: str, path: Path, *, force: bool = False) -> list[str]:
    """Write a project that opens a city's layers from the database.

    The project holds the database's address, never its password.

    Returns:
        Names of the layers in it.

    Raises:
        NotFoundError: No such city.
        InputError: The city has no layer, or the name does not end in .qgz.
        ConflictError: The file exists and `force` is not set.
    """
    city = show_city(store, slug)
    layers = list_layers(store, slug)
    write_qgz(
        path,
        [_project_layer(store, slug, layer) for layer in layers],
        connection=connection(store),
        title=city.name,
        extent=city.bbox,
        force=force,
    )
    return [layer.layer for layer in layers]


def connection(store: Store) -> dict[str, object]:
    """Where the database is, without a password."""
    url = make_url(store.url)
    host = url.host or url.query.get("host")
    port = url.port or url.query.get("port")
    return {"host": host, "port": port, "dbname": url.database, "user": url.username}


def _project_layer(store: Store, slug: str, layer: LayerSummary) -> ProjectLayer:
    by_area = layer.by_area
    simulated = " Simulated embedding." if layer.simulated else ""
    return ProjectLayer(
        view=layer.view,
        title=layer.title,
        key="area_id" if by_area else "cell_id",
        srid=4326,
        geometry_type="MultiPolygon" if by_area else "Polygon",
        qml=layer_style(layer, layer_values(store, slug, layer.layer)),
        abstract=f"{layer.kind}, {layer.created:%d %B %Y}.{simulated}",
        attribution=" ".join(layer.attribution),
    )
