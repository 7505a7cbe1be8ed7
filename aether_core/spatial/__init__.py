"""Distances on the ground: metres, spatial blocks and the variogram."""
