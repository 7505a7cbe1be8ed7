"""The page's few own style rules, with the theme's colours filled in."""

from functools import cache
from pathlib import Path
from typing import Final

import streamlit as st

from ui.shell import state
from ui.shell.palette import ground

_LINE: Final = {False: "#dce2e6", True: "#2c363e"}


@cache
def _rules() -> str:
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def apply() -> None:
    """Put the rules on the page."""
    dark = state.is_dark()
    red, green, blue = ground(dark=dark).land
    names = {"line": _LINE[dark], "land": f"rgb({red},{green},{blue})"}
    colours = ";".join(f"--aether-{name}:{colour}" for name, colour in names.items())
    st.html(f"<style>:root{{{colours}}}\n{_rules()}</style>")
