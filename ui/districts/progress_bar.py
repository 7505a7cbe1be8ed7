"""How far the figures are, while somebody waits for them."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime.scriptrunner import RerunException, StopException

from aether_core.progress import Progress
from ui.shell.text import stage_in_words


@contextmanager
def progress_bar(words: str) -> Iterator[Progress]:
    """A bar that says where the work is; it goes when the work is done.

    What is there already, so that nothing is reported, draws none.

    Others may wait for the same result, so a reader who goes on meanwhile does not stop it: the
    page turns to what was pressed as soon as the work is done.

    Args:
        words: What is being done.
    """
    place = st.empty()
    gone: list[BaseException] = []

    def tell(stage: str, done: int, total: int) -> None:
        if gone:
            return
        try:
            place.progress(min(done / max(total, 1), 1.0), text=f"{words}: {stage_in_words(stage)}")
        except (RerunException, StopException) as leaving:
            gone.append(leaving)

    yield tell
    if gone:
        raise gone[0]
    place.empty()
