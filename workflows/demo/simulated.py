"""The demo city: central Helsinki, real places on a simulated embedding."""

import tempfile
from pathlib import Path

from aether_core.errors import NotFoundError
from aether_core.progress import Progress, silent
from aether_core.simulate.helsinki import build_helsinki
from aether_core.simulate.osm_extract import packaged_extract
from aether_core.text.minilm import MiniLMEncoder
from db.cities import cities as city_rows
from workflows.cities.add import AddCity
from workflows.cities.cities import CitySummary, show_city
from workflows.cities.job_kinds import ADD_CITY
from workflows.cities.osm_labels import has_osm_labels, keep_osm_labels, read_osm_labels
from workflows.home.store import Store
from workflows.jobs.job import ended_well, follow_job, start_job
from workflows.training.runs import list_runs
from workflows.training.train import start_training

SLUG = "helsinki"
NAME = "Central Helsinki (demo)"


def load_demo(store: Store, progress: Progress = silent) -> CitySummary:
    """Make the demo city and train it, as far as that has not been done yet.

    Raises:
        JobEndedError: Adding or training it failed.
    """
    try:
        city = show_city(store, SLUG)
    except NotFoundError:
        city = _add(store, progress)
    if not has_osm_labels(store, SLUG):  # a demo of version 0.1 had none
        _add_land_use(store)
    if city.model is None:
        unfinished = [run for run in list_runs(store, SLUG) if not run.is_finished]
        run = (
            unfinished[0] if unfinished else start_training(store, SLUG, encoder=MiniLMEncoder.name)
        )
        ended_well(follow_job(store, run.job, progress))
    return show_city(store, SLUG)


def _add_land_use(store: Store) -> None:
    with store.session() as session:
        city = city_rows.city_by_slug(session, SLUG)
        labels = read_osm_labels(packaged_extract(), city_rows.boundary_of(city))
        if labels is not None:
            keep_osm_labels(session, city.id, labels)


def _add(store: Store, progress: Progress) -> CitySummary:
    with tempfile.TemporaryDirectory(prefix="aether-demo-") as folder:
        files = build_helsinki(Path(folder), progress)
        request = AddCity(
            slug=SLUG,
            name=NAME,
            embedding=[files.embedding],
            year=files.year,
            pois=files.pois,
            boundary=files.boundary,
            base_map=files.base_map,
            land_use=files.land_use,
            simulated=True,
            attribution=list(files.attribution),
            encoder=MiniLMEncoder.name,
        )
        job = start_job(store, ADD_CITY, SLUG, request, in_city=False)
    ended_well(follow_job(store, job.job, progress))
    return show_city(store, SLUG)
