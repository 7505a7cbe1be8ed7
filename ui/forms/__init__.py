"""Forms: files, labels, areas and settings on their way in."""
