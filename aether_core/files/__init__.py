"""Files and folders written whole or not at all, and known by their content."""
