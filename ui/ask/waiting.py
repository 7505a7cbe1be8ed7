"""A sign that an answer is being computed, where answers took long enough lately to need one."""

import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Final

import streamlit as st

NOTICED_S: Final = 1.0
"""Whoever waits no longer than that needs no sign."""
_took: Final[dict[Hashable, float]] = {}


@contextmanager
def shown_if_slow(words: str, *, kind: Hashable) -> Iterator[None]:
    """Show what is being done, unless the last of its kind was quick.

    Streamlit's spinner starts a thread and sends messages even where it never shows: a ninth of
    the processor that an answer costs a server whom twenty ask at once.

    Args:
        words: What is being done.
        kind: What takes about as long each time, such as answers about one city with one model.
    """
    began = time.monotonic()
    quick = _took.get(kind, NOTICED_S) < NOTICED_S
    try:
        with nullcontext() if quick else st.spinner(words):
            yield
    finally:
        _took[kind] = time.monotonic() - began
