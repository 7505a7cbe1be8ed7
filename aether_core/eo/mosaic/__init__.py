"""AlphaEarth as one Zarr mosaic over all years: which parts of it a city needs, and its rasters."""
