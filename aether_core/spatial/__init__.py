"""On the ground: metres, spatial blocks, the variogram, and longitudes on a circle."""
