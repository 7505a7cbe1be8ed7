"""Why a cell scored: against what is computed beside it."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from pyproj import Geod

from aether_core.language import said_in
from aether_core.search.support import Level
from db.cities import cities as city_rows
from db.cities import pois as poi_rows
from tests.app_fixtures import SLUG
from workflows.home.store import Store
from workflows.search.ask import ask
from workflows.search.explain import explain_cell, row_called
from workflows.search.search import similar_cells
from workflows.search.sureness import familiar_ground

QUESTION = "parks near a school"


def test_a_card_says_what_is_nearest_and_where_it_ranks(city: Store) -> None:
    answer = ask(city, SLUG, QUESTION)
    row = int(np.argsort(-answer.score)[40])
    lon, lat = answer.lonlat[row]
    assert row_called(answer, answer.units.code(row)) == row
    assert row_called(answer, "not a cell") is None
    card = explain_cell(city, answer, row)
    assert card.rank == 1 + int((answer.score > answer.score[row]).sum())
    assert card.ranked == answer.ranked
    assert card.cell == answer.cell(row)["cell"]

    with city.session() as session:
        places = poi_rows.poi_frame(session, city_rows.city_by_slug(session, SLUG).id)
    ends = shapely.get_coordinates(places.geometry.to_numpy())
    start = np.broadcast_to([lon, lat], ends.shape)
    metres = np.asarray(Geod(ellps="WGS84").inv(*start.T, *ends.T)[2])
    named = (places["name"] != "").to_numpy()
    assert card.address.place is not None
    assert said_in(card.address.place.name, "fi") == f"{card.address.place.name} suomeksi"
    assert card.address.place.metres == pytest.approx(metres[named].min(), rel=0.005)
    like, near = card.parts
    assert near.nearest is not None
    assert near.nearest.metres == pytest.approx(
        metres[(places["category"] == "school").to_numpy()].min(), rel=0.005
    )
    assert like.part.support is not None
    alike = places["category"].isin(like.part.support.described) | places["group"].isin(
        like.part.support.described
    )
    assert [one.metres for one in like.similar_places] == pytest.approx(
        sorted(metres[alike.to_numpy()])[:3], rel=0.005
    )


def test_a_cell_without_a_score_has_no_rank_and_an_example_no_parts(city: Store) -> None:
    answer = ask(city, SLUG, QUESTION)
    score, percentile = answer.score.copy(), answer.percentile.copy()
    score[7] = percentile[7] = np.nan
    answer = replace(answer, score=score, percentile=percentile)
    card = explain_cell(city, answer, 7)
    assert (card.rank, card.score, card.ranked) == (None, None, answer.ranked)
    alike = similar_cells(city, SLUG, *answer.lonlat[3])
    first = explain_cell(city, alike, 3)
    assert first.rank == 1
    assert first.parts == ()


def test_the_ground_of_the_citys_places_is_familiar(city: Store) -> None:
    answer = ask(city, SLUG, QUESTION)
    ground = familiar_ground(city, SLUG)
    assert ground is not None
    assert familiar_ground(city, SLUG) is ground
    assert len(ground.dissimilarity) == len(answer.score)
    sure = ground.sureness([Level.STRONG])
    assert ((sure < 0.5) == ground.outside).all()
    with city.session() as session:
        places = poi_rows.poi_frame(session, city_rows.city_by_slug(session, SLUG).id)
    ends = shapely.get_coordinates(places.geometry.to_numpy())
    away = np.hypot(*((answer.lonlat[:, None] - ends[None]) * (0.5, 1)).transpose(2, 0, 1))
    nearest = np.argsort(away.min(axis=1))
    tenth = len(nearest) // 10
    assert sure[nearest[:tenth]].mean() > sure[nearest[-tenth:]].mean()
