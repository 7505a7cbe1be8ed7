"""Saved maps that a link names and that are not there, said until another one is chosen."""

from collections.abc import Iterable

import streamlit as st

from aether_core.language import _
from ui.shell.text import plain


def note(key: str, asked: Iterable[str], there: Iterable[str]) -> None:
    """Remember which of the maps that a link asks for are gone.

    Args:
        key: Of the page, or of its part.
        asked: Names in the link.
        there: Names of the city's saved maps.
    """
    known = set(there)
    if gone := [name for name in asked if name and name not in known]:
        st.session_state[_name(key)] = gone


def say(key: str, instead: str) -> None:
    """Say which maps are gone, where there are any.

    Args:
        key: As noted.
        instead: What is shown in their stead, as a sentence.
    """
    for name in st.session_state.get(_name(key), ()):
        st.warning(
            _(
                "There is no saved map “{name}” here: it was removed, or the link is wrong. "
                "{instead}",
                name=plain(name),
                instead=instead,
            ),
            icon=":material/layers_clear:",
        )


def forget(key: str) -> None:
    """Say it no more: another map was chosen."""
    st.session_state.pop(_name(key), None)


def _name(key: str) -> str:
    return f"{key}-gone"
