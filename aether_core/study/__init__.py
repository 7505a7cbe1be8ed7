"""Studies of a city's model: what each part of it, of its data and of its settings is worth."""
