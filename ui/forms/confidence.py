"""How sure Overture must be of a place, asked alike wherever its places come from."""

import streamlit as st

from aether_core.language import _
from aether_core.poi.overture.record import DEFAULT_CONFIDENCE


def ask(key: str) -> float:
    """Ask for the smallest confidence of the places to be kept, 0 to 1."""
    chosen: float = st.slider(
        _("Minimum confidence of Overture places"),
        0.0,
        1.0,
        DEFAULT_CONFIDENCE,
        0.05,
        key=key,
        help=_(
            "How confident Overture is that a place exists. Higher values leave out more places."
        ),
    )
    return chosen
