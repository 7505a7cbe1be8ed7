"""Many cities from one table: checked row by row, queued together, each followed to its end."""

from pathlib import Path
from typing import Final

import streamlit as st

from aether_core.language import _, mark
from ui.fetch.cost import size
from ui.shell import errors, rights, state, uploads
from ui.shell.text import count, duration, plain, sentence, stage_in_words
from workflows.fetch.fetch import FetchSummary
from workflows.fetch.job_kind import FETCH
from workflows.fetch.many import (
    BatchSummary,
    batch_name,
    estimate_many,
    list_batches,
    retry_batch,
    show_batch,
    start_many,
)
from workflows.fetch.table import COLUMNS, FetchList, Problem, read_list

POLL_SECONDS: Final = 2.0
STATES: Final = {
    "queued": mark("waiting"),
    "running": mark("running"),
    "done": mark("there"),
    "failed": mark("failed"),
    "cancelled": mark("stopped"),
}
_READ: Final = "many-read"
_LISTED_WHOLE: Final = 5
_LIST_HEIGHT: Final = 230
_MOST_REASONS: Final = 10
_TURN: Final = "many-turn"
_EXAMPLE: Final = """slug,name,year,place,country,bbox
turku,Turku,2024,Turku,FI,
porto,Porto,2024 2018,Porto,PT,
harbour,Helsinki harbour,2024,,,"24.92,60.14,24.99,60.18"
"""


def ask_batch() -> None:
    """Draw the form for a table, and how the tables given before fare."""
    left, right = st.columns([1, 1.35], gap="large")
    with left, errors.boxed(state.reachable):
        _ask()
    with right, errors.boxed(state.reachable):
        _batches()


def _ask() -> None:
    given = uploads.choose(
        _("Table of cities"),
        key=f"many-table-{st.session_state.get(_TURN, 0)}",
        endings=["csv"],
        about=_(
            "One row per city: slug, name, year (separate several with spaces), and either "
            "place or bbox (west,south,east,north)."
        ),
        most_mb=2,
    )
    if not given:
        st.caption(_("A table like this one. Every row is checked before anything is queued."))
        st.code(_EXAMPLE, language=None, wrap_lines=True)
        with st.expander(_("All columns")):
            st.write(", ".join(f"`{name}`" for name in COLUMNS))
        return
    listed = _read(given[0])
    if listed.problems:
        _show_problems(listed.problems)
    if not listed.requests:
        return
    expected = estimate_many(state.store(), listed.requests)
    st.markdown(
        _(
            "**{cities}**: about {size}, {minutes} in sequence.",
            cities=count(len(listed.requests), "city", "cities"),
            size=size(expected.megabytes),
            minutes=duration(60 * expected.minutes),
        )
    )
    skip = not listed.problems or st.checkbox(
        _("Leave out {rows} that cannot be used", rows=count(len(listed.problems), "row")),
        key="many-skip",
    )
    agreed = not expected.asks or st.checkbox(
        _(
            "Download {size}: more than the {ask_megabytes:,} MB this installation allows "
            "without confirmation",
            size=size(expected.megabytes),
            ask_megabytes=expected.ask_megabytes,
        ),
        key="many-consent",
    )
    go = st.button(
        _("Fetch these cities"),
        type="primary",
        key="many-go",
        icon=":material/download:",
        width="stretch",
        **rights.needing(FETCH.role, disabled=not (skip and agreed)),
    )
    rights.note(FETCH.role)
    if not go:
        return
    with st.spinner(_("Starting")):
        started = start_many(
            state.store(),
            listed,
            batch_name(given[0]),
            expected=expected,
            skip_bad=skip,
            confirmed=agreed,
        )
    uploads.forget(given)
    st.session_state.pop(_READ, None)
    st.session_state["many-next"] = started.batch
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1  # an empty field again
    st.rerun()


def _read(path: Path) -> FetchList:
    """Read a table once; a rerun of the page finds it read.

    Raises:
        AetherError: It is no such table.
    """
    seen = (str(path), path.stat().st_mtime if path.exists() else 0.0)
    kept: tuple[object, FetchList] | None = st.session_state.get(_READ)
    if kept is not None and kept[0] == seen:
        return kept[1]
    with st.spinner(_("Checking the rows")):
        listed = read_list(state.store(), path, allow_files=not uploads.is_upload(path))
    st.session_state[_READ] = (seen, listed)
    return listed


def _show_problems(problems: tuple[Problem, ...]) -> None:
    st.warning(
        _("{rows} of the table cannot be used.", rows=count(len(problems), "row")),
        icon=":material/warning:",
    )
    with st.container(height=_LIST_HEIGHT if len(problems) > _LISTED_WHOLE else "content"):
        st.markdown(
            "\n".join(
                "- "
                + _(
                    "Line {line}, {name}: {reason}",
                    line=one.line,
                    name=plain(one.slug) or _("no short name"),
                    reason=plain(one.reason),
                )
                for one in problems
            )
        )


def _batches() -> None:
    """The table chosen, the newest at first."""
    names = list_batches(state.store())
    if not names:
        with st.container(border=True, key="empty-many"):
            st.header(_("No table has been given yet"), anchor=False)
            st.write(
                _(
                    "Each city in the table is fetched separately, one at a time. If one fails, "
                    "the "
                    "others continue. You can leave this page."
                )
            )
        return
    started = st.session_state.pop("many-next", None)
    if started in names:
        st.session_state["many-batch"] = started
    elif st.session_state.get("many-batch") not in names:
        st.session_state["many-batch"] = names[0]
    batch = names[0]
    if len(names) > 1:
        batch = st.selectbox(_("Table"), names, key="many-batch", format_func=plain)
    _follow(batch)


def _follow(batch: str) -> None:
    summary = show_batch(state.store(), batch)
    if summary.is_finished:
        _table(summary)
        _reasons(summary)
        _offer_retry(summary)
        return

    @st.fragment(run_every=POLL_SECONDS)
    def watch() -> None:
        with errors.boxed(state.reachable):
            now = show_batch(state.store(), batch)
            if now.is_finished:
                st.rerun()
            _table(now)
            _reasons(now)

    watch()
    st.caption(_("They continue when you leave this page."))


def _table(summary: BatchSummary) -> None:
    there = summary.counts.get("done", 0)
    st.markdown(
        _(
            "**{batch}**: {there} of {cities_are} ready",
            batch=plain(summary.batch),
            there=there,
            cities_are=count(len(summary.fetches), "city is", "cities are"),
        )
    )
    st.dataframe(
        [_row(one) for one in summary.fetches],
        hide_index=True,
        key=f"many-{summary.batch}",
        column_config={
            _("Progress"): st.column_config.ProgressColumn(
                format="percent", min_value=0.0, max_value=1.0
            )
        },
    )


def _row(fetch: FetchSummary) -> dict[str, object]:
    return {
        _("City"): fetch.name,
        _("State"): _(STATES[fetch.state]),
        _("Progress"): 1.0 if fetch.state.is_done else fetch.progress,
        _("Downloaded"): size(fetch.megabytes),
        _("Now"): "" if fetch.is_finished else sentence(stage_in_words(fetch.stage)),
    }


def _reasons(summary: BatchSummary) -> None:
    """Why cities of the table are not there, or are not trained."""
    reasons = [(one.name, one.error or one.not_trained) for one in summary.fetches]
    failures = [(name, reason) for name, reason in reasons if reason]
    for name, reason in failures[:_MOST_REASONS]:
        st.markdown(f"- **{plain(name)}**: {plain(reason.rstrip('.'))}.")
    if len(failures) > _MOST_REASONS:
        st.caption(_("And {most_reasons:,} more.", most_reasons=len(failures) - _MOST_REASONS))


def _offer_retry(summary: BatchSummary) -> None:
    again = sum(one.resumable for one in summary.fetches)
    if not again:
        return
    if st.button(
        _("Fetch {cities} again", cities=count(again, "city", "cities")),
        key="many-retry",
        icon=":material/refresh:",
        **rights.needing(
            FETCH.role, help=_("Those that failed or were stopped resume where they left off.")
        ),
    ):
        retry_batch(state.store(), summary.batch)
        st.rerun()
