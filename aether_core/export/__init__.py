"""Layers as files: GeoJSON, GeoPackage, GeoParquet, CSV, GeoTIFF; styles and projects of QGIS."""

from aether_core.export.formats import FORMATS, Format, write_layer
from aether_core.export.qgz import ProjectLayer, write_project
from aether_core.export.qml import (
    qml_classes,
    qml_graduated,
    qml_raster_classes,
    qml_raster_graduated,
    write_style,
)

__all__ = [
    "FORMATS",
    "Format",
    "ProjectLayer",
    "qml_classes",
    "qml_graduated",
    "qml_raster_classes",
    "qml_raster_graduated",
    "write_layer",
    "write_project",
    "write_style",
]
