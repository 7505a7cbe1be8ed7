"""Embeddings in tables of sampled points."""
