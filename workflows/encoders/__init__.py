"""Which text encoder reads a city, and the store's memory of what it read."""
