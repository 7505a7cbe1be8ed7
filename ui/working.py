"""Long work in this run of a page: a bar that tells how far it is, and a button that stops it."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from aether_core.progress import Progress
from ui.text import sentence


@contextmanager
def bar(key: str) -> Iterator[Progress]:
    """Show progress while the block works; Stop ends it at its next report of progress.

    Pressing Stop runs the page again, which Streamlit begins by ending the run at work; nothing is
    stored, since a workflow stores at its end and in one transaction.

    Args:
        key: Stable start of the widget's name.
    """
    shown = st.empty()
    with shown.container(horizontal=True, vertical_alignment="center"):
        line = st.progress(0.0, text="Starting")
        st.button(
            "Stop",
            key=f"{key}-stop",
            icon=":material/stop_circle:",
            on_click=_note_stopped,
            args=(key,),
        )

    def progress(stage: str, done: int, total: int) -> None:
        share = min(max(done / total, 0.0), 1.0) if total else 0.0
        counted = f", {done:,} of {total:,}" if total > 1 else ""
        line.progress(share, text=sentence(stage) + counted)

    try:
        yield progress
    finally:
        shown.empty()


def say_stopped(key: str) -> None:
    """Say once that the work was stopped."""
    if st.session_state.pop(f"{key}-stopped", False):
        st.info("Stopped. Nothing was changed.", icon=":material/info:")


def _note_stopped(key: str) -> None:
    st.session_state[f"{key}-stopped"] = True
