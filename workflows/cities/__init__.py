"""Cities: add, list, remove, their files, years and arrays."""
