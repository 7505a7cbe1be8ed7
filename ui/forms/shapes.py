"""The second file that a table of codes needs: the shapes its codes stand for."""

from pathlib import Path
from typing import Final

import streamlit as st

from aether_core.language import _
from aether_core.vector import UPLOAD_SUFFIXES
from ui.shell import uploads

_ENDINGS: Final = tuple(sorted(ending.lstrip(".") for ending in UPLOAD_SUFFIXES))


def ask(key: str) -> Path | None:
    """Ask for the file of shapes; None until it is given, and why it is needed is said.

    Args:
        key: Start of the widgets' names.
    """
    st.info(
        _(
            "This table has no shapes: each row names its area by a code. Add the file with the "
            "shapes "
            "for these codes, such as boundaries with a GEOID."
        )
    )
    files = uploads.choose(
        _("Shapes of the codes"),
        key=f"{key}-shapes",
        endings=_ENDINGS,
        about=_("A vector file with a field that has the same codes. Leading zeros are kept."),
    )
    return files[0] if files else None
