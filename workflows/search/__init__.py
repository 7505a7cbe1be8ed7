"""Asking a city in words or by example, also across years."""
