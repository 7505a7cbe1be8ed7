"""Commands of cities: add, years, fetch, find."""
