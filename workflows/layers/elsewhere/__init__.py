"""Kept maps and places for maps elsewhere: as features, vector tiles and pictures."""
