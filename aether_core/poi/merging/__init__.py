"""Places of two sources as one table, each place once."""
