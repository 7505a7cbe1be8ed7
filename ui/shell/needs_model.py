"""What a city without a model needs before it can be asked."""

import streamlit as st

from ui.shell import page, state
from workflows.cities.cities import CitySummary


def show_needs_model(city: CitySummary, purpose: str) -> None:
    """The next step: places, which a model learns from, or the training itself.

    Args:
        city: Has no model.
        purpose: What the model is for, as a sentence without a full stop.
    """
    if city.pois:
        page.empty(
            "This city has no model yet",
            f"{purpose}, so train one first. It takes a few minutes at most.",
            page.TRAIN,
            "Train its model",
            address={state.CITY: city.slug},
        )
        return
    page.empty(
        "This city has no places",
        f"{purpose}, and a model learns from places: shops, schools, parks. Add the city again, "
        "under another short name, with a file of its places.",
        page.CITY,
        "Add it with places",
        address={"do": "files"},
    )
    st.page_link(
        page.LAYERS,
        label="Or make a map, which needs no places",
        icon=":material/layers:",
        query_params={state.CITY: city.slug},
    )
