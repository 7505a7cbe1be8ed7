"""Cities and what is measured in them: files, places, cells, vectors, texts."""
