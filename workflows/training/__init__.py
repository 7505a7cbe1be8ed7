"""Training a city's model, its runs, and models as files."""
