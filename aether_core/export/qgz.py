"""QGIS projects (.qgz) of a city's layers with their styles: in PostGIS, or in a GeoPackage.

A project of a GeoPackage names it by `./NAME.gpkg`, which QGIS looks up from where the project
lies: both can be moved together, and opened on any machine.
"""

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import shapely
from pyproj import CRS, Transformer

from aether_core.city.boundary import working_crs
from aether_core.errors import InputError
from aether_core.export.qgis_xml import VERSION, document
from aether_core.files import whole as files
from aether_core.vector import WGS84

_CONNECTION = ("dbname", "host", "port", "user", "sslmode")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""Time of the file in the archive: the same layers make the same bytes."""


@dataclass(frozen=True)
class ProjectLayer:
    """One layer of a project.

    Attributes:
        view: Name of its SQL view.
        title: Name for people.
        key: The view's unique column: `cell_id` or `area_id`.
        srid: EPSG number of its geometries.
        geometry_type: `Polygon` or `MultiPolygon`.
        qml: Its style, see `aether_core.export.qml`; QGIS picks one where it is left out.
        schema: The view's schema.
        geometry_column: The view's column of geometries.
        abstract: What the layer is, in a sentence or two.
        attribution: Whom its data are owed to.
    """

    view: str
    title: str
    key: str
    srid: int = 4326
    geometry_type: str = "Polygon"
    qml: str | None = None
    schema: str = "public"
    geometry_column: str = "geom"
    abstract: str = ""
    attribution: str = ""


@dataclass(frozen=True)
class PackageLayer:
    """One layer of a project whose data lie in a GeoPackage beside it.

    Attributes:
        table: Its table.
        title: Name for people.
        geometry_type: `Polygon`, `MultiPolygon` or `MultiLineString`.
        qml: Its style.
        abstract: What the layer is, in a sentence or two.
        attribution: Whom its data are owed to.
        shown: Whether it is drawn when the project is opened.
        group: Group of the layer tree it lies in; none when empty.
    """

    table: str
    title: str
    geometry_type: str
    qml: str
    abstract: str = ""
    attribution: str = ""
    shown: bool = True
    group: str = ""


@dataclass(frozen=True)
class _MapLayer:
    """A layer as a project's document holds it, wherever its data are."""

    key: str
    title: str
    provider: str
    source: str
    srid: int
    geometry_type: str
    qml: str | None
    abstract: str
    attribution: str
    shown: bool
    group: str = ""

    @property
    def id(self) -> str:
        """Its name inside the project; QGIS replaces those of under 11 characters."""
        return f"layer_{self.key}"


def write_project(
    path: Path,
    layers: Sequence[ProjectLayer],
    *,
    connection: Mapping[str, object],
    title: str,
    extent: tuple[float, float, float, float],
    force: bool = False,
) -> None:
    """Write a project of layers in PostGIS.

    The first layer is on top and the only one shown at first. The project measures in the UTM zone
    of its extent. It holds no password: QGIS asks for one where the server wants it.

    Args:
        path: The file; it ends in `.qgz`.
        layers: The layers, the one to be seen first at the head.
        connection: `dbname`, `host` (a name or a socket's folder), `port`, `user`, `sslmode`; what
            is missing is left to libpq, and anything else, a password too, is left out.
        title: The project's title.
        extent: West, south, east, north in degrees: what is seen at first.
        force: Replace an existing file.

    Raises:
        InputError: Another ending, no layer, or the folder is missing.
        ConflictError: The file exists and `force` is false.
        AetherError: The disk is full.
    """
    drawn = [_of_database(at, layer, connection) for at, layer in enumerate(layers)]
    _write(path, drawn, title=title, extent=extent, force=force)


def write_package_project(
    path: Path,
    layers: Sequence[PackageLayer],
    *,
    package: str,
    title: str,
    extent: tuple[float, float, float, float],
    force: bool = False,
) -> None:
    """Write a project of layers in a GeoPackage that lies in the same folder.

    Args:
        path: The file; it ends in `.qgz`.
        layers: The layers, those on top at the head; layers of one group follow one another.
        package: The GeoPackage's file name.
        title: The project's title.
        extent: West, south, east, north in degrees: what is seen at first.
        force: Replace an existing file.

    Raises:
        InputError: Another ending, no layer, or the folder is missing.
        ConflictError: The file exists and `force` is false.
        AetherError: The disk is full.
    """
    drawn = [_of_package(at, layer, package) for at, layer in enumerate(layers)]
    _write(path, drawn, title=title, extent=extent, force=force)


def _of_database(at: int, layer: ProjectLayer, connection: Mapping[str, object]) -> _MapLayer:
    return _MapLayer(
        key=_key(at, layer.view),
        title=layer.title,
        provider="postgres",
        source=data_source(layer, connection),
        srid=layer.srid,
        geometry_type=layer.geometry_type,
        qml=layer.qml,
        abstract=layer.abstract,
        attribution=layer.attribution,
        shown=not at,
    )


def _of_package(at: int, layer: PackageLayer, package: str) -> _MapLayer:
    return _MapLayer(
        key=_key(at, layer.table),
        title=layer.title,
        provider="ogr",
        source=f"./{package}|layername={layer.table}",
        srid=4326,
        geometry_type=layer.geometry_type,
        qml=layer.qml,
        abstract=layer.abstract,
        attribution=layer.attribution,
        shown=layer.shown,
        group=layer.group,
    )


def _key(at: int, table: str) -> str:
    return f"{at}_{hashlib.sha256(table.encode()).hexdigest()[:12]}"


def _write(
    path: Path,
    layers: Sequence[_MapLayer],
    *,
    title: str,
    extent: tuple[float, float, float, float],
    force: bool,
) -> None:
    path = Path(path)
    if path.suffix.lower() != ".qgz":
        raise InputError(
            "a QGIS project must end in .qgz",
            path.name,
            f"name it {path.stem}.qgz",
            code="output-wrong-ending",
        )
    if not layers:
        raise InputError(
            "there are no layers for the project",
            path.name,
            "save a layer first",
            code="project-without-layer",
        )
    document = _project_xml(layers, title=title, extent=extent)
    with files.atomic_path(path, force=force) as written, zipfile.ZipFile(written, "w") as archive:
        inside = zipfile.ZipInfo(f"{path.stem}.qgs", _LONG_AGO)
        inside.compress_type = zipfile.ZIP_DEFLATED
        inside.external_attr = 0o644 << 16
        archive.writestr(inside, document)


def _project_xml(
    layers: Sequence[_MapLayer], *, title: str, extent: tuple[float, float, float, float]
) -> str:
    """Return the project inside the archive, a `.qgs` document."""
    root = ET.Element("qgis", {"projectname": title, "version": VERSION})
    ET.SubElement(root, "homePath", {"path": ""})
    ET.SubElement(root, "title").text = title
    crs = working_crs(shapely.box(*extent))
    _spatial_reference(ET.SubElement(root, "projectCrs"), crs)
    tree = ET.SubElement(root, "layer-tree-group")
    _canvas(root, crs, extent)
    map_layers = ET.SubElement(root, "projectlayers")
    order = ET.SubElement(root, "layerorder")
    groups: dict[str, ET.Element] = {"": tree}
    for at, layer in enumerate(layers):
        if layer.group not in groups:
            groups[layer.group] = ET.SubElement(
                tree,
                "layer-tree-group",
                {"name": layer.group, "checked": "Qt::Checked", "expanded": "0"},
            )
        ET.SubElement(
            groups[layer.group],
            "layer-tree-layer",
            {
                "id": layer.id,
                "name": layer.title,
                "providerKey": layer.provider,
                "source": layer.source,
                "checked": "Qt::Checked" if layer.shown else "Qt::Unchecked",
                "expanded": "0" if at else "1",
            },
        )
        ET.SubElement(order, "layer", {"id": layer.id})
        _map_layer(map_layers, layer)
    properties = ET.SubElement(root, "properties")
    # QGIS reads the project's CRS only where this says so.
    reference = ET.SubElement(properties, "SpatialRefSys")
    ET.SubElement(reference, "ProjectionsEnabled", {"type": "int"}).text = "1"
    # Once saved by QGIS, the project still names files from where it lies.
    ET.SubElement(ET.SubElement(properties, "Paths"), "Absolute", {"type": "bool"}).text = "false"
    return document(root)


def data_source(layer: ProjectLayer, connection: Mapping[str, object]) -> str:
    """Return where QGIS's postgres provider finds a layer, without any password."""
    given = [
        f"{name}={_quoted(str(connection[name]), chr(39))}"
        for name in _CONNECTION
        if connection.get(name) not in (None, "")
    ]
    table = f"{_quoted(layer.schema, chr(34))}.{_quoted(layer.view, chr(34))}"
    return " ".join(
        [
            *given,
            f"key={_quoted(layer.key, chr(39))}",
            "estimatedmetadata=true",
            f"srid={layer.srid}",
            f"type={layer.geometry_type}",
            # Counting distinct keys of a large view takes QGIS minutes; ours are unique.
            "checkPrimaryKeyUnicity='0'",
            f"table={table}",
            f"({layer.geometry_column})",
        ]
    )


def _map_layer(parent: ET.Element, layer: _MapLayer) -> None:
    shape = "Line" if "Line" in layer.geometry_type else "Polygon"
    element = ET.SubElement(
        parent,
        "maplayer",
        {"type": "vector", "geometry": shape, "wkbType": layer.geometry_type},
    )
    for name, text in (
        ("id", layer.id),
        ("datasource", layer.source),
        ("layername", layer.title),
        ("abstract", layer.abstract),
        ("attribution", layer.attribution),
    ):
        ET.SubElement(element, name).text = text
    _spatial_reference(ET.SubElement(element, "srs"), f"EPSG:{layer.srid}")
    ET.SubElement(element, "provider", {"encoding": "UTF-8"}).text = layer.provider
    _metadata(element, layer)
    if layer.qml is not None:
        element.extend(ET.fromstring(layer.qml))  # noqa: S314 - our own style, made by qml.py


def _metadata(parent: ET.Element, layer: _MapLayer) -> None:
    """Add what QGIS shows as the layer's information."""
    metadata = ET.SubElement(parent, "resourceMetadata")
    for name, text in (
        ("type", "dataset"),
        ("title", layer.title),
        ("abstract", layer.abstract),
        ("rights", layer.attribution),
    ):
        ET.SubElement(metadata, name).text = text


def _canvas(root: ET.Element, crs: str, extent: tuple[float, float, float, float]) -> None:
    canvas = ET.SubElement(root, "mapcanvas", {"name": "theMapCanvas", "annotationsVisible": "1"})
    ET.SubElement(canvas, "units").text = "meters"
    box = ET.SubElement(canvas, "extent")
    bounds = Transformer.from_crs(WGS84, crs, always_xy=True).transform_bounds(*extent)
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), bounds, strict=True):
        ET.SubElement(box, name).text = repr(float(value))
    ET.SubElement(canvas, "rotation").text = "0"
    _spatial_reference(ET.SubElement(canvas, "destinationsrs"), crs)


def _spatial_reference(parent: ET.Element, name: str) -> None:
    crs = CRS(name)
    system = ET.SubElement(parent, "spatialrefsys")
    for key, text in (
        ("wkt", crs.to_wkt("WKT2_2019")),
        ("srid", name.partition(":")[2]),
        ("authid", name),
        ("description", crs.name),
        ("geographicflag", str(crs.is_geographic).lower()),
    ):
        ET.SubElement(system, key).text = text


def _quoted(text: str, quote: str) -> str:
    """Quote a value of a data source by QGIS's rule: a backslash before quotes and backslashes."""
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    return f"{quote}{escaped}{quote}"
