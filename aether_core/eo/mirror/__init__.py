"""The public mirror of the AlphaEarth embedding: index, byte ranges, one local raster a zone."""
