"""Fetching a city from public data: where, what it costs, how far it is."""
