"""Recipes that look through another window than the city was stored with."""

import threading

import numpy as np
import pytest
from sqlalchemy import func, select, text

from aether_core.errors import CancelledError, InputError, NotFoundError
from aether_core.model.recipes import recipe
from aether_core.tasks.samples.representations import representation
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from db.schema import CellFeature, EOFeature
from tests.app_fixtures import SLUG
from tests.side_by_side import start
from tests.year_fixtures import OTHER, OtherYear
from workflows.cities.views import DISK, ensure_view
from workflows.cities.years import add_year, remove_year
from workflows.encoders.encoders import default_encoder
from workflows.home.settings import Settings
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.search.search import search_cells, similar_cells
from workflows.tasks.arrays import task_city
from workflows.training.data import training_set
from workflows.training.train import add_run

V1 = recipe("aether-v1")
MINILM = default_encoder(Settings())


def city_id(store: Store) -> int:
    with store.session() as session:
        return city_rows.city_by_slug(session, SLUG).id


def rows_of_disk(store: Store) -> tuple[int, int]:
    with store.session() as session:
        view = feature_rows.view_named(session, city_id(store), DISK).id
        places, cells = (
            session.scalar(select(func.count()).select_from(table).where(table.view_id == view))
            for table in (EOFeature, CellFeature)
        )
        return int(places or 0), int(cells or 0)


def test_a_disk_is_pooled_once_for_places_and_cells(trained_store: Store) -> None:
    number = city_id(trained_store)
    assert ensure_view(trained_store, number, {}) == "base"
    assert ensure_view(trained_store, number, V1.settings) == DISK
    before = rows_of_disk(trained_store)
    assert min(before) > 0
    assert ensure_view(trained_store, number, V1.settings) == DISK
    assert rows_of_disk(trained_store) == before
    published = training_set(trained_store, number, recipe("aether"), MINILM)
    disk = training_set(trained_store, number, V1, MINILM)
    assert published.wide is not None
    assert disk.wide is None
    there = np.isfinite(disk.base).all(axis=1)
    cosine = np.einsum("nd,nd->n", published.base[there], disk.base[there])
    assert 0.9 < cosine.mean() < 0.9999  # the same places through another window
    assert disk.category is not None
    assert len(np.unique(disk.category)) > 10


def test_what_is_stopped_while_it_pools_leaves_no_view(trained_store: Store) -> None:
    def stop(_stage: str, _done: int, _total: int) -> None:
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        ensure_view(trained_store, city_id(trained_store), V1.settings, stop)
    with trained_store.session() as session:
        names = {view.name for view in feature_rows.views(session, city_id(trained_store))}
    assert names == {"base", "wide"}


def test_a_model_of_the_first_preprint_looks_through_its_own_window(trained_store: Store) -> None:
    added = add_run(trained_store, SLUG, "aether-v1", {"epochs": "2"}, device="cpu")
    carry_out(trained_store, added.job_id)
    model = f"{SLUG}-{added.id}"
    found = search_cells(trained_store, SLUG, "a park", model=model)
    assert np.isfinite(found.score).all()
    lon, lat = found.lonlat[0]
    best = similar_cells(trained_store, SLUG, lon, lat, model=model).best(1)[0]
    assert best["score"] == pytest.approx(1, abs=1e-5)
    city = task_city(trained_store, SLUG, model=model)
    seen = representation("aether", city.arrays)
    # A point in the middle of a cell is pooled the way the cell was.
    at_cell = seen.at_points(city.arrays.units.lonlat[:5])
    assert np.allclose(at_cell, seen.of_cells()[:5], atol=1e-5)


def test_nobody_waits_while_a_view_is_pooled(trained_store: Store) -> None:
    """Pooling a large city takes minutes; what needs its row goes on meanwhile."""
    number = city_id(trained_store)
    changed = []

    def change(_stage: str, _done: int, _total: int) -> None:
        if not changed:
            with trained_store.session() as session:
                session.execute(text("SET LOCAL lock_timeout = '2s'"))
                changed.append(city_rows.lock_city(session, number).id)

    assert ensure_view(trained_store, number, V1.settings, change) == DISK
    assert changed == [number]


def test_two_who_need_a_view_at_once_store_one(trained_store: Store) -> None:
    number = city_id(trained_store)
    both = threading.Barrier(2, timeout=60)
    met = threading.local()

    def meet(_stage: str, _done: int, _total: int) -> None:
        if not hasattr(met, "once"):
            met.once = True
            both.wait()

    begun = [start(lambda: ensure_view(trained_store, number, V1.settings, meet)) for _ in range(2)]
    assert [one.result().value for one in begun] == [DISK, DISK]
    with trained_store.session() as session:
        names = [view.name for view in feature_rows.views(session, number)]
    assert sorted(names) == ["base", DISK, "wide"]
    places, cells = rows_of_disk(trained_store)
    assert min(places, cells) > 0


def test_a_year_replaced_while_it_is_pooled_is_not_stored_under_the_new_one(
    two_years: Store, other_year: OtherYear
) -> None:
    number = city_id(two_years)
    done = []

    def replace(_stage: str, _done: int, _total: int) -> None:
        if not done:
            done.append(True)
            remove_year(two_years, SLUG, OTHER)
            add_year(two_years, SLUG, OTHER, [other_year.file])

    # The first sign comes before the files are looked at: they are gone, and that is said.
    with pytest.raises(InputError):
        ensure_view(two_years, number, V1.settings, replace, year=OTHER)
    with two_years.session() as session:
        names = {(view.name, view.year) for view in feature_rows.views(session, number)}
    assert (DISK, OTHER) not in names
    assert ensure_view(two_years, number, V1.settings, year=OTHER) == DISK


def test_a_year_that_is_not_held_has_no_view(trained_store: Store) -> None:
    with pytest.raises(NotFoundError):
        ensure_view(trained_store, city_id(trained_store), V1.settings, year=OTHER)
