"""What a new city is to be called: proposed from what was found, until somebody types."""

import re
from typing import Final

import streamlit as st

from aether_core.geocoding.folding import folded
from aether_core.language import _

_NAME: Final = "fetch-name"
_PROPOSED: Final = "fetch-name-proposed"
_KEPT: Final = "fetch-name-kept"
_NEXT: Final = "fetch-name-next"
_SLUG: Final = "fetch-slug"
_NEXT_SLUG: Final = "fetch-slug-next"


def proposed_slug(name: str) -> str:
    """A short name made of a name; empty where no letter of it can be used."""
    return re.sub(r"[^a-z0-9]+", "-", folded(name)).strip("-")[:40].rstrip("-")


def propose(name: str, slug: str = "") -> None:
    """Propose a name, and a short name where it is not made of the name; what was typed stays."""
    typed = st.session_state.get(_KEPT, "")
    if typed in ("", st.session_state.get(_PROPOSED, "")):
        st.session_state[_KEPT] = name
        st.session_state[_NEXT] = name
        st.session_state[_NEXT_SLUG] = slug
    st.session_state[_PROPOSED] = name


def forget() -> None:
    """Begin anew, for the next city."""
    for key in (_KEPT, _PROPOSED):
        st.session_state.pop(key, None)
    st.session_state[_NEXT] = st.session_state[_NEXT_SLUG] = ""


def ask_names() -> tuple[str, str]:
    """Ask for name and short name.

    Returns:
        Both, the short name made of the name where none was typed.
    """
    if _NEXT in st.session_state:
        st.session_state[_NAME] = st.session_state.pop(_NEXT)
        st.session_state[_SLUG] = st.session_state.pop(_NEXT_SLUG)
    elif _NAME not in st.session_state:
        st.session_state[_NAME] = st.session_state.get(_KEPT, "")
    left, right = st.columns(2, gap="small")
    with left:
        name = st.text_input(
            _("Name"), key=_NAME, placeholder=_("such as Greater London"), max_chars=200
        ).strip()
    st.session_state[_KEPT] = name
    with right:
        slug = st.text_input(
            _("Short name"),
            key=_SLUG,
            placeholder=proposed_slug(name) or _("letters, digits, hyphens"),
            help=_("Used in commands and web addresses."),
        ).strip()
    return name, slug or proposed_slug(name)
