"""Places that come after their city: as if they had come with it, in every year, never twice."""

from dataclasses import replace

import numpy as np
import pytest

from aether_core.errors import ConflictError, InputError
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from db.cities import pois as poi_rows
from tests.app_fixtures import SLUG, CityFiles
from tests.errors import fault
from tests.year_fixtures import OTHER, OtherYear
from workflows.cities.add import add_city
from workflows.cities.add_places import AddPlaces, add_places
from workflows.cities.cities import show_city
from workflows.cities.years import add_year, list_years
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.search.search import search_places
from workflows.training.train import add_run

COLUMNS = ["source", "source_id", "name", "category", "group", "text_hash", "geometry"]


def held(store: Store, slug: str) -> tuple[object, dict[tuple[str, int], np.ndarray]]:
    """The places of a city as a table, and their vectors by view and year."""
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        frame = poi_rows.poi_frame(session, city.id)
        first = int(frame["id"].iloc[0])
        views = {(row.name, row.year) for row in feature_rows.views(session, city.id)}
        vectors = {}
        for name, year in views:
            ids, found = feature_rows.poi_features(session, city.id, name, year)
            vectors[name, year] = np.column_stack([ids - first, found])
    return frame[COLUMNS], vectors


def named(store: Store) -> set[str]:
    """The places that the model in use ranks."""
    return {hit.name for hit in search_places(store, SLUG, "a park", top=1000)}


def test_places_that_come_later(store: Store, city_files: CityFiles, other_year: OtherYear) -> None:
    whole = add_city(store, city_files.request("whole"))
    add_city(store, city_files.request(pois=None))
    for slug in ("whole", SLUG):
        add_year(store, slug, OTHER, [other_year.file])
    before = show_city(store, SLUG)
    assert before.pois == 0

    added = add_places(store, SLUG, AddPlaces(city_files.pois, attribution=["© a town"]))
    assert (added.added, added.models, added.city.pois_dropped) == (
        whole.pois,
        0,
        whole.pois_dropped,
    )
    assert added.city.attribution == [*before.attribution, "© a town"]
    assert added.city.created > before.created
    frame, vectors = held(store, SLUG)
    expected, of_whole = held(store, "whole")
    assert frame.equals(expected)  # type: ignore[attr-defined]
    assert vectors.keys() == of_whole.keys()
    assert all(np.array_equal(vectors[view], of_whole[view]) for view in vectors)
    assert [one.places for one in list_years(store, SLUG)] == [
        one.places for one in list_years(store, "whole")
    ]

    carry_out(store, add_run(store, SLUG, settings={"epochs": "1"}).job_id)
    names = named(store)
    with pytest.raises(ConflictError, check=fault("city-has-places", SLUG, f"{whole.pois:,}")):
        add_places(store, SLUG, AddPlaces(city_files.more_pois))
    extend = AddPlaces(city_files.more_pois, extend=True)
    more = add_places(store, SLUG, extend)
    assert (more.added, more.models, more.city.pois) == (2, 1, whole.pois + 2)
    assert more.city.pois_dropped["duplicate"] == whole.pois_dropped.get("duplicate", 0) + 1
    again = named(store)
    assert again - names == {"A further park", "A further school"}
    with pytest.raises(InputError, check=fault("no-new-place", "more.geojson")):
        add_places(store, SLUG, extend)
    with pytest.raises(InputError, check=fault("confidence-out-of-range", 2.0)):
        add_places(store, SLUG, replace(extend, min_confidence=2.0))
    assert show_city(store, SLUG).pois == whole.pois + 2
