"""Removing a city by its short name; commands and pages ask first, and remove what they showed."""

from workflows.cities.cities import remove_city_numbered, show_city
from workflows.home.store import Store


def remove_city(store: Store, slug: str) -> None:
    """Delete the city that has this short name now."""
    remove_city_numbered(store, show_city(store, slug).id)
