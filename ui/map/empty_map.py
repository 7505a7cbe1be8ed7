"""A map with nothing on it yet, and what to do first."""

import streamlit as st

from aether_core.language import _
from ui.map import map as city_map
from workflows.cities.cities import CitySummary


def draw_empty_map(city: CitySummary, key: str, words: str) -> None:
    """Say what to do first, over the city as it lies there."""
    st.info(words, icon=":material/lightbulb:")
    city_map.draw_map(
        city, key=key, height=420, alt=_("Map of {name}, nothing on it yet", name=city.name)
    )
