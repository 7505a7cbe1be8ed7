"""Simulated embeddings: the demo city on real OpenStreetMap ground, and a city of known truth."""
