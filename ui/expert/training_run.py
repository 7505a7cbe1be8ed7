"""Follow a training run on a page: its bar, and its curves as they grow."""

import streamlit as st

from aether_core.language import _, mark
from ui.expert import charts
from ui.jobs import bar as job_bar
from ui.shell import errors, state
from workflows.jobs.job import JobSummary, show_job
from workflows.training.runs import RunSummary, show_run

_AFTER_EPOCH = mark("Stopping after this epoch")


def follow(run: RunSummary) -> None:
    """Draw a run while it works; the page runs again once it has finished."""

    @st.fragment(run_every=job_bar.POLL_SECONDS)
    def watch() -> None:
        with errors.boxed(state.reachable):
            job = show_job(state.store(), run.job)
            if job.is_finished:
                st.rerun()
            _working(show_run(state.store(), run.id), job)

    watch()


def _working(run: RunSummary, job: JobSummary) -> None:
    resumed = (
        _("Resumed from epoch {resumed_from}.", resumed_from=run.resumed_from)
        if run.resumed_from
        else ""
    )
    job_bar.show_progress(job, "train", titled=False, note=resumed, stopping=_AFTER_EPOCH)
    if not run.history:
        st.caption(_("The curve starts at the first epoch."))
        return
    validated = [entry for entry in run.history if entry.get("validation")]
    left, right = st.columns(2, gap="medium")
    with left:
        charts.losses(run.history, kept_epoch=None, key="live-losses")
    with right:
        if validated:
            charts.validation(validated, key="live-validation")
