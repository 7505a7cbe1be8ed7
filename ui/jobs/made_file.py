"""A file that a job makes: the button that makes it, what works on it, and the download."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import streamlit as st

from aether_core.language import _, moment
from ui.jobs import panel as job_panel
from ui.shell import downloads, rights, state
from workflows.jobs.job import JobSummary, list_jobs, remove_job
from workflows.jobs.kind import JobKind
from workflows.jobs.outputs import output_file
from workflows.layers.export import FORMATS
from workflows.layers.file_kinds import takes_long

_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
_LOOKED_AT: Final = 50


@dataclass(frozen=True)
class Offer:
    """How a file is offered.

    Attributes:
        make: On the button that makes it.
        take: On the button that downloads it.
        icon: Beside the former.
        name: What the file is called once it is downloaded; as in the job's folder when None.
        mime: Its media type.
    """

    make: str
    take: str
    icon: str
    mime: str
    name: str | None = None


def show_file(
    key: str,
    slug: str,
    kind: JobKind[Any],
    request: object,
    offer: Offer,
    *,
    since: datetime = _ALWAYS,
) -> None:
    """Offer the file that a job has made of a request, or the button that makes it.

    Whoever opens the page finds it: after a reload, in another tab, until it is removed.

    Args:
        key: Start of the widgets' names.
        slug: The city.
        kind: What makes the file.
        request: Of what.
        offer: How it is offered.
        since: Older files are of something else that had the same name.
    """
    asked = kind.asked(kind.to_document(request))

    def concerns(job: JobSummary) -> bool:
        return kind.asked(job.request) == asked and job.created >= since

    panel = job_panel.look(key, slug, [kind], concerns)
    done = panel.newest_done()
    path = None if done is None else output_file(state.store(), done)
    if done is None or path is None or not path.is_file():
        go = job_panel.button(
            panel, offer.make, key=f"{key}-make", icon=offer.icon, request=request
        )
        if go:
            job_panel.start(panel, kind, request)
        return
    st.download_button(
        offer.take,
        path.read_bytes,
        file_name=offer.name or path.name,
        mime=offer.mime,
        key=f"{key}-download",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )
    st.caption(_("Created {created}{kept}.", created=moment(done.created), kept=_kept(done)))
    again = rights.needing(kind.role)
    if st.button(_("Create it again"), key=f"{key}-again", type="tertiary", **again):
        remove_job(state.store(), done.job)
        job_panel.start(panel, kind, request)
    job_panel.show_jobs(panel)


def in_a_format(
    name: str,
    slug: str,
    kind: JobKind[Any],
    request: Callable[[str], object],
    write: downloads.Write,
    *,
    key: str,
    features: int,
    unit: str = "cell",
    since: datetime = _ALWAYS,
) -> None:
    """A format picker and the download: at once where the file is small, else made by a job.

    Args:
        name: File name without its ending; unsafe signs are replaced.
        slug: The city.
        kind: What makes a large file.
        request: What it is asked, by the file's ending.
        write: Writes a small one to a path; the format follows the path's ending.
        key: Start of the widgets' names.
        features: How many cells or areas are written.
        unit: What one is: cell or area.
        since: Older files are of something else that had the same name.
    """
    if not takes_long(features, unit):
        downloads.buttons(name, write, key=key)
        return
    suffix = downloads.choose_format(key, lambda: _asked_last(slug, kind, request, since))
    label = FORMATS[suffix].label
    offer = Offer(
        make=_("Prepare {label}", label=label),
        take=_("Download {label}", label=label),
        icon=":material/draft:",
        mime=FORMATS[suffix].mime,
        name=downloads.file_name(name, suffix),
    )
    show_file(f"{key}-file", slug, kind, request(suffix), offer, since=since)


def _asked_last(
    slug: str, kind: JobKind[Any], request: Callable[[str], object], since: datetime
) -> str | None:
    """The format that was asked for last: after a reload that one is shown, made or on its way."""
    asked = {suffix: kind.asked(kind.to_document(request(suffix))) for suffix in FORMATS}
    for job in list_jobs(state.store(), slug, kinds=[kind.name], limit=_LOOKED_AT):
        for suffix, document in asked.items():
            if kind.asked(job.request) == document and job.created >= since:
                return suffix
    return None


def _kept(job: JobSummary) -> str:
    until = job.result.get("kept_until")
    return (
        ""
        if until is None
        else _(", kept until {until} UTC", until=moment(datetime.fromisoformat(until), year=False))
    )
