"""What a reader sees when something goes wrong: plain words, never a traceback."""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import streamlit as st

from aether_core.errors import AetherError, CancelledError, StoreUnavailableError
from aether_core.language import _
from ui.shell.text import plain, sentence
from workflows.home.unforeseen import in_plain_words

log = logging.getLogger("aether.pages")
RETRY_SECONDS: Final = 3.0


def in_words(error: AetherError) -> str:
    """The error's one line as a sentence: a capital letter first, a full stop last."""
    return sentence(str(error).strip().rstrip(".")) + "."


def show(error: Exception) -> None:
    """Show one error as a box. What is not ours goes to the log under a short id."""
    error = in_plain_words(error) or error
    if isinstance(error, CancelledError):
        st.info(_("Stopped. Nothing was changed."), icon=":material/info:")
    elif isinstance(error, AetherError):
        st.error(plain(in_words(error)), icon=":material/error:")
    else:
        reference = secrets.token_hex(4)
        log.error("page error %s", reference, exc_info=error)
        st.error(
            _(
                "Internal error. Reload the page to continue. If it happens again, report the "
                "ID {reference}; the details are in the log.",
                reference=reference,
            ),
            icon=":material/error:",
        )


@contextmanager
def boxed(reachable: Callable[[], bool] | None = None) -> Iterator[None]:
    """Run a block; an error becomes a box in its place and the rest of the page goes on.

    Streamlit's own control flow (rerun, stop) is no `Exception` and passes through.

    Args:
        reachable: Says whether the database answers; with it, a box about a lost database watches
            and reloads the page by itself when it is back.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the page's last line: what is not ours is logged
        plain_error = in_plain_words(error) or error
        if isinstance(plain_error, StoreUnavailableError):
            _lost_database(plain_error, reachable)
        else:
            show(plain_error)


def _lost_database(error: StoreUnavailableError, reachable: Callable[[], bool] | None) -> None:
    log.warning("database unavailable: %s", error)
    st.warning(
        _(
            "The database cannot be reached. Stored data is safe, and this page continues by "
            "itself "
            "once the database responds."
        ),
        icon=":material/cloud_off:",
    )
    st.caption(plain(in_words(error)))
    if reachable is None:
        return
    attempts = 0

    @st.fragment(run_every=RETRY_SECONDS)
    def watch() -> None:
        nonlocal attempts
        attempts += 1
        if attempts > 1 and reachable():
            st.rerun()

    watch()
