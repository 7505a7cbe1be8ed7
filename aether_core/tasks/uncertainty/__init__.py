"""How sure a prediction is, and where it must not be believed."""
