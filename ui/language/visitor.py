"""The visitor's language: the browser's, until another one is chosen or linked to."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from aether_core import language
from aether_core.language import LANGUAGES, _, matched, spoken
from ui.shell import notice

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

LANGUAGE: Final = "lang"
"""Its name in the page's address."""
_CHOSEN: Final = "chosen-language"
_MENU: Final = "language"


def of_visitor() -> str | None:
    """The visitor's locale; None where no page is being made for anybody."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    chosen: str | None = st.session_state.get(_CHOSEN)
    told = st.context.locale
    return told if chosen is None or matched(told) == chosen else chosen


language.is_told_by(of_visitor)


def apply() -> None:
    """Take over the language of a link, and tell the browser which one the page is in."""
    linked = st.query_params.get(LANGUAGE)
    if linked in LANGUAGES:
        st.session_state[_CHOSEN] = linked
    elif linked is not None:
        del st.query_params[LANGUAGE]
        notice.say(_("There is no translation into “{language}” here.", language=linked))
    language.speak(of_visitor())
    if _CHOSEN in st.session_state:
        st.query_params[LANGUAGE] = st.session_state[_CHOSEN]
    direction = "rtl" if language.runs_right_to_left(spoken()) else "ltr"
    with st.container(key="page-language"):
        _telling()(key="tell-language", data={"language": spoken(), "direction": direction})


def choose() -> None:
    """Draw the menu of languages, each by its own name, in the sidebar."""
    st.session_state[_MENU] = spoken()
    st.sidebar.selectbox(
        f":material/language: {_('Language')}",
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key=_MENU,
        on_change=_take,
    )


def _take() -> None:
    st.session_state[_CHOSEN] = st.query_params[LANGUAGE] = st.session_state[_MENU]


@cache
def _telling() -> "ComponentRenderer":
    """The component that draws nothing: a script within the page would not be run."""
    code = Path(__file__).with_name("visitor.js").read_text(encoding="utf-8")
    return st.components.v2.component("aether_language", js=code)
