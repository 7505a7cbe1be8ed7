"""Places of Overture Maps, read from its releases without downloading them."""
