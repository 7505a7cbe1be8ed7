"""Take results away as files, written only when someone asks for one."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from aether_core.language import _
from workflows.layers.export import FORMATS

Write = Callable[[Path], object]


def buttons(name: str, write: Write, *, key: str) -> None:
    """A format picker and one download button.

    Args:
        name: File name without its ending; unsafe signs are replaced.
        write: Writes the result to a path; the format follows the path's ending.
        key: Stable name of the two widgets.
    """
    suffix = choose_format(key)
    called = file_name(name, suffix)
    st.download_button(
        _("Download"),
        data=lambda: written(called, write),
        file_name=called,
        mime=FORMATS[suffix].mime,
        key=f"{key}-download",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )


def choose_format(key: str, first: Callable[[], str | None] = lambda: None) -> str:
    """The format picker; returns the chosen ending.

    Args:
        key: Start of the widget's name.
        first: The ending a visit begins with; that of the first format when None.
    """
    name = f"{key}-format"
    if name not in st.session_state and (ending := first()) is not None:
        st.session_state[name] = ending
    return st.selectbox(
        _("Format"),
        list(FORMATS),
        format_func=lambda ending: FORMATS[ending].label,
        key=name,
        label_visibility="collapsed",
    )


def file_name(name: str, suffix: str) -> str:
    """A file's name: unsafe signs of `name` are replaced."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "aether"
    return stem + suffix


def written(called: str, write: Write) -> bytes:
    """What `write` writes to a file of this name."""
    with tempfile.TemporaryDirectory(prefix="aether-download-") as folder:
        path = Path(folder) / called
        write(path)
        return path.read_bytes()
