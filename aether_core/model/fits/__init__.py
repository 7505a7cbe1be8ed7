"""A training as files: handed to any process, carried out there, and its outcome read back."""
