"""OGC API Features and Tiles: layers and places for QGIS, ArcGIS, GDAL and maps in browsers."""
