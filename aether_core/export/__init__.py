"""Layers as files: GeoJSON, GeoPackage, GeoParquet, CSV and GeoTIFF, by the file's ending."""

from aether_core.export.formats import FORMATS, Format, write_layer

__all__ = ["FORMATS", "Format", "write_layer"]
