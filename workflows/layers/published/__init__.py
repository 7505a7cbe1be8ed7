"""Kept maps and places as other programs read them: features, vector tiles and pictures."""
