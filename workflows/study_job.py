"""What the worker does with a queued study: every figure is kept as soon as it is there."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial

from aether_core.errors import CancelledError, NotFoundError
from aether_core.model.recipes import recipe
from aether_core.progress import Progress
from aether_core.study.result import StudyResult, StudyRow
from aether_core.study.run import run_study
from aether_core.study.transfer import run_transfer
from db import cities as city_rows
from db import studies as study_rows
from workflows.job_outcome import Mark, outcome_written
from workflows.json_values import json_values
from workflows.store import Store
from workflows.study_city import study_city
from workflows.training import MAX_ATTEMPTS

_REPORT_SECONDS = 0.5
"""Progress is written down this often at most."""


def run_study_job(store: Store, study_id: int) -> None:
    """Carry out one queued study. Its outcome is written to it.

    A study that is found running was left by a worker that died: it goes on after the last
    figures it kept, and is given up after `MAX_ATTEMPTS` starts.
    """
    if not _taken_up(store, study_id):
        return
    with outcome_written(
        partial(_conclude, store, study_id),
        cancelled=study_rows.STATES.mark_cancelled,
        failed=study_rows.mark_failed,
    ):
        _study_and_keep(store, study_id)


def _taken_up(store: Store, study_id: int) -> bool:
    """Whether there is something to do; where there is not, the study says how it ended."""
    with suppress(NotFoundError), store.session() as session:
        study = study_rows.STATES.by_id(session, study_id)
        if study.state not in {"queued", "running"}:
            return False
        if study.cancel_requested:
            study_rows.STATES.mark_cancelled(session, study_id)
            return False
        if study.attempts >= MAX_ATTEMPTS:
            reason = f"its worker died {study.attempts} times; see logs/worker.log"
            study_rows.mark_failed(session, study_id, reason)
            return False
        study_rows.STATES.mark_running(session, study_id)
        return True
    return False  # it was removed, with its city


def _conclude(store: Store, study_id: int, mark: Mark) -> None:
    """Write down how a study ended; nobody waits for one whose city was removed meanwhile."""
    with suppress(NotFoundError), store.session() as session:
        mark(session, study_id)


def _study_and_keep(store: Store, study_id: int) -> None:
    with store.session() as session:
        study = study_rows.STATES.by_id(session, study_id)
        seeds, done = list(study.seeds), [StudyRow(**row) for row in study.rows]
    report = _reporter(store, study_id)
    run = _prepared(store, study_id, lambda stage, _done, _total: report(stage, 0, 1))
    since = time.monotonic()

    def keep(rows: list[StudyRow]) -> None:
        nonlocal since
        seconds, since = time.monotonic() - since, time.monotonic()
        plain = [json_values(asdict(row)) for row in rows]
        with store.session() as session:
            study_rows.add_rows(session, study_id, plain, seconds=seconds)

    found = run(seeds=seeds, done=done, on_rows=keep, progress=report)
    with store.session() as session:
        study_rows.mark_done(session, study_id, json_values(found.to_document()))


def _prepared(store: Store, study_id: int, report: Progress) -> Callable[..., StudyResult]:
    """The study as a function of its seeds, with cities and labels read."""
    with store.session() as session:
        study = study_rows.STATES.by_id(session, study_id)
        chosen = recipe(study.recipe).override(study.settings)
        kind, device = study.kind, study.device
        label_set = study.request.get("label_set")
        slug = city_rows.city_by_id(session, study.city_id).slug
        other_id = study.other_city_id
        other = city_rows.city_by_id(session, other_id).slug if other_id else None
    if other is None:
        city = study_city(store, slug, chosen, label_set=label_set, progress=report)
        return partial(run_study, kind, city, chosen, device=device)
    a = study_city(store, slug, chosen, progress=report)
    b = study_city(store, other, chosen, label_set=label_set, progress=report)
    return partial(run_transfer, a, b, chosen, device=device)


def _reporter(store: Store, study_id: int) -> Progress:
    """Progress that is written to the study, and that stops the work when the user asks."""
    last = -_REPORT_SECONDS

    def report(stage: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _REPORT_SECONDS:
            return
        last = now
        share = min(max(done / total, 0.0), 1.0) if total else 0.0
        with store.session() as session:
            stop = study_rows.report_progress(session, study_id, stage=stage, progress=share)
        if stop:
            raise CancelledError(f"study {study_id} was stopped")

    return report
