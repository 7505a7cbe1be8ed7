"""Cities from public data: find, estimate, fetch, many at once."""
