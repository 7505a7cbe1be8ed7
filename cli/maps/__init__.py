"""Commands that ask and map: search, change, fits, layers, documents."""
