"""How sure Overture must be of a place, asked alike wherever its places come from."""

from typing import Final

import streamlit as st

from aether_core.language import _, mark
from aether_core.poi.overture.record import DEFAULT_CONFIDENCE

_CONFIDENCE: Final = mark("Below a confidence")
_SHARE: Final = mark("The least sure share")
_USUAL_SHARE: Final = 0.25


def ask_rule(key: str) -> tuple[float, float | None]:
    """Ask which of Overture's places are left out as unsure.

    Returns:
        The smallest confidence of those to be kept, and the share of the least sure to be left out
        instead; None where the confidence decides.
    """
    rule = st.segmented_control(
        _("Unsure places to leave out"),
        [_CONFIDENCE, _SHARE],
        default=_CONFIDENCE,
        required=True,
        key=f"{key}-rule",
        format_func=_,
    )
    if rule == _CONFIDENCE:
        return ask(key), None
    share: float = st.slider(
        _("Share of Overture places to leave out"),
        0.0,
        0.9,
        _USUAL_SHARE,
        0.05,
        key=f"{key}-share",
        help=_(
            "The least sure of the places there. What a confidence means changes from release to "
            "release; a share does not."
        ),
    )
    return DEFAULT_CONFIDENCE, share


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
