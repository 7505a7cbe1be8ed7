"""AlphaEarth embeddings: rasters and tables, read safely and pooled at points."""
