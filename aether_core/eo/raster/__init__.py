"""Embeddings in rasters: files, grids of files, and reading parts of them."""
