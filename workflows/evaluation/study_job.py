"""What the worker does with a queued study: every figure is kept as soon as it is there."""

import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

from aether_core.model.recipes import recipe
from aether_core.progress import Progress
from aether_core.study.result import StudyResult, StudyRow
from aether_core.study.run import run_study
from aether_core.study.transfer import run_transfer
from db.cities import cities as city_rows
from db.jobs import jobs as job_rows
from db.jobs import studies as study_rows
from workflows.evaluation.study_city import study_city
from workflows.home.documents import from_document, to_document
from workflows.home.json_values import json_values
from workflows.home.store import Store
from workflows.jobs.work import Work


def run_study_job(work: Work, study_id: int) -> None:
    """Carry out one study.

    A study that was left by a worker that died goes on after the last figures it kept.
    """
    store = work.store
    with store.session() as session:
        study = study_rows.study_by_id(session, study_id)
        seeds, done = list(study.seeds), from_document(list[StudyRow], study.rows)
    run = _prepared(store, study_id, lambda stage, _done, _total: work.tell(stage, 0.0))
    since = time.monotonic()

    def keep(rows: list[StudyRow]) -> None:
        nonlocal since
        seconds, since = time.monotonic() - since, time.monotonic()
        plain = [json_values(asdict(row)) for row in rows]
        with store.session() as session:
            job_rows.check_lease(session, work.lease)
            study_rows.add_rows(session, study_id, plain, seconds=seconds)

    found = run(seeds=seeds, done=done, on_rows=keep, progress=work.part(0.0, 1.0))
    with store.session() as session:
        study_rows.keep_result(session, study_id, json_values(to_document(found)))
        work.finish(session, {"study": study_id})


def _prepared(store: Store, study_id: int, report: Progress) -> Callable[..., StudyResult]:
    """The study as a function of its seeds, with cities and labels read."""
    with store.session() as session:
        study = study_rows.study_by_id(session, study_id)
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
