"""Follow a training run on a page, and stop it."""

from typing import Final

import streamlit as st

from aether_core.errors import AetherError
from ui import charts, errors, state
from ui.text import duration, plain, sentence
from workflows.runs import RunSummary, cancel_run, show_run

POLL_SECONDS: Final = 1.0


def follow(run_id: int) -> None:
    """Draw a run while it works; the page runs again once it has finished."""

    @st.fragment(run_every=POLL_SECONDS)
    def watch() -> None:
        with errors.boxed(state.reachable):
            run = show_run(state.store(), run_id)
            if run.is_finished:
                st.rerun()
            _working(run)

    watch()


def _working(run: RunSummary) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(max(run.progress, 0.0), 1.0), text=_now(run))
        st.button(
            "Stop",
            key=f"stop-{run.id}",
            icon=":material/stop_circle:",
            on_click=_stop,
            args=(run.id,),
        )
    problem = st.session_state.pop("stop-problem", None)
    if problem is not None:
        errors.show(problem)
    if run.history and run.stage:
        st.caption(plain(sentence(run.stage)))
    validated = [entry for entry in run.history if entry.get("validation")]
    if run.history:
        left, right = st.columns(2, gap="medium")
        with left:
            charts.losses(run.history, kept_epoch=None, key="live-losses")
        with right:
            if validated:
                charts.validation(validated, key="live-validation")
    else:
        st.caption("The curve begins with the first epoch.")


def _stop(run_id: int) -> None:
    try:
        cancel_run(state.store(), run_id)
    except AetherError as error:
        st.session_state["stop-problem"] = error
    else:
        st.session_state["stopping"] = run_id


def _now(run: RunSummary) -> str:
    if st.session_state.get("stopping") == run.id:
        return "Stopping after this epoch"
    if run.state == "queued":
        return "Waiting for the worker"
    epoch = (
        f"Epoch {run.epoch} of {run.epochs}" if run.epochs else sentence(run.stage or "starting")
    )
    resumed = f", resumed from epoch {run.resumed_from}" if run.resumed_from else ""
    left = f", about {duration(run.seconds_left)} left" if run.seconds_left is not None else ""
    return f"{epoch}{resumed}{left}"
