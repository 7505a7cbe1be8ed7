"""Maps written as JSON: GeoJSON in its shapes, Overpass, Esri and TopoJSON, told apart by content.

Read here and not by GDAL, which follows links in a `crs` member and turns large codes into floats.
"""
