"""What has just happened, said in a corner for a while and read out to who cannot see it.

Streamlit's own toasts are dialogs without a name (axe-core: `aria-dialog-name`), which a screen
reader announces as nothing.
"""

import time
from html import escape
from typing import Final

import streamlit as st

_NOTICES: Final = "notices"
_SECONDS: Final = 8.0
"""As long as the animation in `style.css` takes; what is said stands on the page, too."""


def say(text: str) -> None:
    """Say something at the end of this run of the page, also where it is run again before.

    Args:
        text: One sentence, shown as it is.
    """
    st.session_state.setdefault(_NOTICES, []).append((time.monotonic(), text))


def show() -> None:
    """Draw what is to be said: the router's, once at the end of a run.

    The region is there before it says something, or screen readers would not notice.
    """
    now = time.monotonic()
    fresh = [one for one in st.session_state.get(_NOTICES, []) if now - one[0] < _SECONDS]
    st.session_state[_NOTICES] = fresh
    lines = "".join(f"<p>{escape(text)}</p>" for _, text in fresh)
    with st.container(key="notices"):
        st.html(f'<div class="notices" role="status">{lines}</div>')
