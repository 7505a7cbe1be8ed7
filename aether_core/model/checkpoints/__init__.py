"""The state of an unfinished training run on disk."""
