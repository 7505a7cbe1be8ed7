"""Take results away as files, written only when someone asks for one."""

import logging
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from workflows.layers.export import FORMATS

log = logging.getLogger("aether.pages")


def buttons(name: str, write: Callable[[Path], None], *, key: str) -> None:
    """A format picker and one download button.

    Args:
        name: File name without its ending; unsafe signs are replaced.
        write: Writes the result to a path; the format follows the path's ending.
        key: Stable name of the two widgets.
    """
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "aether"
    suffix = st.selectbox(
        "Format",
        list(FORMATS),
        format_func=lambda ending: FORMATS[ending].label,
        key=f"{key}-format",
        label_visibility="collapsed",
    )
    st.download_button(
        "Download",
        data=lambda: written(stem + suffix, write),
        file_name=stem + suffix,
        mime=FORMATS[suffix].mime,
        key=f"{key}-download",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )


def written(file_name: str, write: Callable[[Path], object]) -> bytes:
    """What `write` writes to a file of this name."""
    with tempfile.TemporaryDirectory(prefix="aether-download-") as folder:
        path = Path(folder) / file_name
        write(path)
        return path.read_bytes()
