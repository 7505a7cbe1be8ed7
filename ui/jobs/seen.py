"""What this visitor has seen end, kept in the browser: a reload or a closed tab forgets nothing."""

import re
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st

from workflows.jobs.job import JobSummary

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

_COOKIE: Final = "aether-jobs-seen"
_SEEN: Final = "jobs-seen"
_A_YEAR_SECONDS: Final = 365 * 24 * 3600
_MOST_NOTED: Final = 60
_MARK: Final = "-"
_KEPT: Final = re.compile(r"[0-9]{1,15}(-[0-9]{1,15})*")


def is_new(job: JobSummary) -> bool:
    """Whether a finished job ended after this visitor looked last."""
    ended = _ended_ms(job)
    seen = _seen()
    return ended > seen[0] and ended not in seen[1:]


def note(job: JobSummary) -> None:
    """Note that this visitor has seen how a job ended."""
    if is_new(job):
        st.session_state[_SEEN] = [*_seen(), _ended_ms(job)][: _MOST_NOTED + 1]


def note_all() -> None:
    """Note that this visitor has seen all that has ended until now."""
    st.session_state[_SEEN] = [round(1000 * time.time())]


def remember() -> None:
    """Put what was seen into the browser; nothing is drawn."""
    value = _MARK.join(map(str, _seen()))
    cookie = f"{_COOKIE}={value}; path=/; max-age={_A_YEAR_SECONDS}; SameSite=Lax"
    with st.container(key="jobs-seen"):
        _keeping()(key="keep-jobs-seen", data={"cookie": cookie})


@cache
def _keeping() -> "ComponentRenderer":
    """The component that draws nothing: a script within the page would not be run."""
    code = Path(__file__).with_name("seen.js").read_text(encoding="utf-8")
    return st.components.v2.component("aether_jobs_seen", js=code)


def _seen() -> list[int]:
    """When this visitor looked last, and when what he saw since ended; in milliseconds."""
    if _SEEN not in st.session_state:
        kept = str(st.context.cookies.get(_COOKIE, ""))
        st.session_state[_SEEN] = (
            [int(part) for part in kept.split(_MARK)]
            if _KEPT.fullmatch(kept)
            else [round(1000 * time.time())]
        )
    found: list[int] = st.session_state[_SEEN]
    if found[0] > (now := round(1000 * time.time())):  # the clock was set back meanwhile
        found = st.session_state[_SEEN] = [now]
    return found


def _ended_ms(job: JobSummary) -> int:
    return 0 if job.finished is None else round(1000 * job.finished.timestamp())
