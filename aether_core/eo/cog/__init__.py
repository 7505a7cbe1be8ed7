"""Cloud-optimised GeoTIFFs: their blocks, their layout, and writing one."""
