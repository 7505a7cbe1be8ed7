"""Support and ground of a city in the store."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from aether_core.errors import InputError
from aether_core.search.ground import Extent
from aether_core.search.support import Level, MeasuredWith
from db.cities import cities as city_rows
from db.evidence import models as model_rows
from tests.app_fixtures import SLUG
from tests.errors import fault
from workflows.home.store import Store
from workflows.search.named_areas import area_called
from workflows.search.search import search_cells, similar_cells
from workflows.search.support import _city, support_of
from workflows.training.representation import model_for


def test_a_trained_city_knows_what_it_can_answer(trained_store: Store) -> None:
    model = model_for(trained_store, SLUG, None)
    city = _city(trained_store, model)
    assert city is not None
    counts = np.bincount(city.places.word_of[city.places.word_of >= 0])
    commonest = city.places.words[int(counts.argmax())]
    asked = {q: support_of(trained_store, model, q) for q in (commonest, "asdfghjkl", "quiet")}
    assert asked["asdfghjkl"].level == asked["quiet"].level == Level.NONE
    known = asked[commonest]
    assert known.described[0] == commonest
    assert known.likeness > 0.5
    assert known.auc is not None
    assert known.tested_on in set(MeasuredWith)
    assert support_of(trained_store, model, f"  {commonest} ") is known
    with pytest.raises(InputError, check=fault("query-empty")):
        support_of(trained_store, model, " ")


def test_the_held_out_places_are_those_of_the_run(trained_store: Store) -> None:
    model = model_for(trained_store, SLUG, None)
    city = _city(trained_store, model)
    assert city is not None
    with trained_store.session() as session:
        row = model_rows.model_by_name(session, model.name, model.city_id)
        expected = row.card["held_out"]
        row.card = row.card | {"held_out": expected + 1}
    assert city.places.held_out is not None
    assert city.places.held_out.sum() == expected > 0
    _city.cache_clear()
    changed = _city(trained_store, model)
    assert changed is not None
    assert changed.places.held_out is None


def test_water_of_the_base_map_is_left_out_of_the_ranking(trained_store: Store) -> None:
    plain = search_cells(trained_store, SLUG, "park")
    assert not plain.left_out
    assert np.isfinite(plain.percentile).all()
    west = np.median(plain.lonlat[:, 0])
    lake = gpd.GeoDataFrame(
        {"kind": "water", "name": ["Länsijärvi"], "other_names": ['{"sv": "Västra sjön"}']},
        geometry=[shapely.box(0, 0, west, 89)],
        crs="EPSG:4326",
    )
    with trained_store.session() as session:
        city_rows.add_base_features(session, city_rows.city_by_slug(session, SLUG).id, lake)
    _forget_ground()
    land = search_cells(trained_store, SLUG, "park")
    out = ~np.isfinite(land.percentile)
    ((reason, number),) = land.left_out.items()
    assert "base map" in reason
    assert number == out.sum() > 100
    assert (land.lonlat[out, 0] <= west).mean() > 0.9
    np.testing.assert_array_equal(land.score, plain.score)
    ranked = {hit["cell"] for hit in land.best(10_000)}
    assert len(ranked) == (~out).sum()
    assert np.nanmax(land.percentile) == 100
    every = search_cells(trained_store, SLUG, "park", extent=Extent.EVERYWHERE)
    np.testing.assert_array_equal(every.percentile, plain.percentile)
    model = model_for(trained_store, SLUG, None)
    for called in ("länsijärvi", "Västra sjön"):
        known = area_called(trained_store, model, called)
        assert known is not None
        assert known[0].bounds[2] == west
    like = similar_cells(trained_store, SLUG, *plain.lonlat[0])
    assert np.isfinite(like.percentile).all()


def _forget_ground() -> None:
    """A base map comes with the city; this one was drawn after the first question."""
    from workflows.search.ground import _ground

    _ground.cache_clear()
