"""The private PostGIS cluster of a home: where it lies, who runs it, its processes."""
