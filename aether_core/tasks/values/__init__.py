"""Measured numbers of places: read, brought to a scale, and laid over a city."""
