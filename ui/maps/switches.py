"""The switches above a layer's map: what it is coloured by, and what is greyed."""

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from aether_core.language import _, mark

GREY_OUT: Final = mark("Grey out unreliable")
EVERYWHERE: Final = mark("Show predictions everywhere")


def colour_by(
    options: Sequence[str], default: str, key: str, called: Callable[[str], str] = _
) -> str:
    """Ask what to colour by.

    Args:
        options: What can be chosen.
        default: What is chosen at first.
        key: Start of the switch's name.
        called: What the page calls an option; by default a word of ours in the reader's language.
    """
    return st.segmented_control(
        _("Colour by"),
        list(options),
        default=default,
        required=True,
        format_func=called,
        key=f"{key}-by",
        persist_state="session",
    )


def one_of(names: Sequence[str], label: str, key: str) -> str:
    """Ask for one class or field."""
    return st.selectbox(label, list(names), key=key, width=180)


def grey_out(key: str) -> bool:
    """Ask whether what is not to be trusted is drawn grey."""
    return st.toggle(
        _(GREY_OUT),
        value=True,
        key=f"{key}-grey",
        help=_("Grey: several classes are possible there, or it is unlike any of the labels."),
    )


def predict_everywhere(key: str) -> bool:
    """Ask whether predictions are shown where land use is known, too."""
    return st.toggle(
        _(EVERYWHERE),
        key=f"{key}-predictions",
        help=_(
            "Off: what a label covers keeps what it says. On: what the map would say of them "
            "without it."
        ),
    )
