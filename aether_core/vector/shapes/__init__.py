"""Geometries: out of the cells of a table, and out of collections."""
