"""Layers: their values, their units, and the SQL views that show them."""
