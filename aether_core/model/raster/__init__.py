"""A model's EO head applied to every pixel of a raster."""
