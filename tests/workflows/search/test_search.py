"""Questions and answers: cells, places, likeness."""

import h3
import numpy as np
import pytest
import shapely

from aether_core.errors import InputError, NotFoundError
from aether_core.model.files.folder import load_heads
from aether_core.model.heads.inference import encode_eo
from aether_core.poi.text import MAX_QUERY_CHARACTERS
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from tests.app_fixtures import SLUG, CityFiles
from tests.errors import fault
from workflows.cities.add import add_city
from workflows.cities.cities import show_city
from workflows.home.store import Store
from workflows.search.search import search_cells, search_places, similar_cells
from workflows.training.models import list_models


def test_every_cell_gets_score_and_percentile(trained_store: Store) -> None:
    found = search_cells(trained_store, SLUG, "restaurant")
    assert len(found.score) == len(found.units) == show_city(trained_store, SLUG).cells
    assert np.abs(found.score).max() <= 1
    order = np.argsort(found.score)
    assert (np.diff(found.percentile[order]) >= 0).all()
    assert 99 < found.percentile.max() <= 100
    best = found.best(5)
    assert [hit["score"] for hit in best] == sorted(found.score, reverse=True)[:5]
    lat, lon = h3.cell_to_latlng(best[0]["cell"])
    assert (round(lon, 7), round(lat, 7)) == (best[0]["lon"], best[0]["lat"])
    assert found.simulated


def test_a_list_of_many_cells_is_that_of_their_map(
    trained_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_map = search_cells(trained_store, SLUG, "school")
    expected = by_map.best(40)
    monkeypatch.setattr("workflows.search.search._MANY_CELLS", 1)
    by_scan = search_cells(trained_store, SLUG, "school")
    found = by_scan.best(40)
    assert "score" not in vars(by_scan)
    assert [hit["cell"] for hit in found] == [hit["cell"] for hit in expected]
    for values in ("score", "percentile"):
        np.testing.assert_allclose(
            [hit[values] for hit in found], [hit[values] for hit in expected], atol=1e-5
        )


def test_the_score_is_the_cosine_of_the_models_vectors(trained_store: Store) -> None:
    found = similar_cells(
        trained_store, SLUG, *search_cells(trained_store, SLUG, "park").lonlat[10]
    )
    with trained_store.session() as session:
        city = city_rows.city_by_slug(session, SLUG)
        _, indexes, pooled = feature_rows.cell_features(session, city.id, "base")
    z = encode_eo(load_heads(list_models(trained_store, SLUG)[0].folder), pooled)
    assert (indexes == found.units.keys).all()
    np.testing.assert_allclose(found.score, z @ z[10], atol=1e-5)
    assert found.score[10] == pytest.approx(1.0, abs=1e-5)


def test_answers_do_not_change_with_the_cache(trained_store: Store) -> None:
    first = search_cells(trained_store, SLUG, "school")
    again = search_cells(trained_store, SLUG, "school")
    np.testing.assert_array_equal(first.score, again.score)


def test_minus_looks_away(trained_store: Store) -> None:
    plain = search_cells(trained_store, SLUG, "restaurant")
    away = search_cells(trained_store, SLUG, "restaurant", minus="park")
    parks = search_cells(trained_store, SLUG, "park").score
    assert np.corrcoef(away.score, parks)[0, 1] < np.corrcoef(plain.score, parks)[0, 1]


def test_places_of_the_kind_come_first(trained_store: Store) -> None:
    hits = search_places(trained_store, SLUG, "restaurant", top=10)
    assert len(hits) == 10
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert sum("restaurant" in hit.category for hit in hits) >= 5


def test_places_near_a_point_are_near(trained_store: Store) -> None:
    city = shapely.geometry.shape(show_city(trained_store, SLUG).boundary)
    centre = (city.centroid.x, city.centroid.y)
    everywhere = search_places(trained_store, SLUG, "restaurant", top=1000)
    near = search_places(trained_store, SLUG, "restaurant", centre, 250, top=1000)
    assert 0 < len(near) < len(everywhere)
    for hit in near:
        assert h3.great_circle_distance((hit.lat, hit.lon), centre[::-1], unit="m") < 252
    assert {hit.poi for hit in near} <= {hit.poi for hit in everywhere}


@pytest.mark.parametrize(
    ("query", "reported"),
    [
        ("", ("query-empty",)),
        ("   \n", ("query-empty",)),
        ("x" * 10_000, ("query-too-long", "10,000", MAX_QUERY_CHARACTERS)),
    ],
)
def test_unusable_queries_are_refused(
    trained_store: Store, query: str, reported: tuple[object, ...]
) -> None:
    for ask in (search_cells, search_places):
        with pytest.raises(InputError, check=fault(*reported)):
            ask(trained_store, SLUG, query)
    with pytest.raises(InputError, check=fault(*reported)):
        search_cells(trained_store, SLUG, "park", minus=query)


def test_points_outside_are_told_the_nearest_cell(trained_store: Store) -> None:
    with pytest.raises(InputError, check=fault("point-outside-city", "0.0,0.0")):
        similar_cells(trained_store, SLUG, 0.0, 0.0)
    with pytest.raises(InputError, check=fault("coordinates-not-degrees", 181.0)):
        similar_cells(trained_store, SLUG, 181.0, 0.0)


def test_half_a_neighbourhood_is_refused(trained_store: Store) -> None:
    with pytest.raises(InputError, check=fault("near-or-within-missing")):
        search_places(trained_store, SLUG, "park", near=(1.0, 2.0))
    with pytest.raises(InputError, check=fault("distance-not-positive", -5)):
        search_places(trained_store, SLUG, "park", near=(1.0, 2.0), within_m=-5)


def test_missing_cities_and_models_are_named(
    trained_store: Store, store: Store, city_files: CityFiles
) -> None:
    with pytest.raises(NotFoundError, check=fault("no-such-city", "atlantis")):
        search_cells(trained_store, "atlantis", "park")
    with pytest.raises(NotFoundError, check=fault("no-such-model", "nemo")):
        search_cells(trained_store, SLUG, "park", model="nemo")
    add_city(store, city_files.request())
    with pytest.raises(NotFoundError, check=fault("city-without-model", SLUG, "./aether train")):
        search_cells(store, SLUG, "park")
