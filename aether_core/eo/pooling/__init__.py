"""Pooling: the embedding around a point, summarised into one vector."""
