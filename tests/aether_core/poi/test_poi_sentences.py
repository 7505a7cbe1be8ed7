"""The text template."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from aether_core.errors import InputError
from aether_core.poi.frame import poi_frame
from aether_core.poi.text import MAX_QUERY_CHARACTERS, poi_text, poi_texts, query_texts
from tests.errors import fault


@pytest.mark.parametrize(
    ("name", "category", "group", "text"),
    [
        ("Kappeli", "cafe", "food", "A place of cafe, a type of food, named Kappeli."),
        ("", "cafe", "food", "A place of cafe, a type of food."),
        ("Kappeli", "cafe", "", "A place of cafe, named Kappeli."),
        ("", "cafe", "", "A place of cafe."),
        ("Kappeli", "", "", "A place, named Kappeli."),
    ],
)
def test_what_is_missing_is_left_out(name: str, category: str, group: str, text: str) -> None:
    assert poi_text(name, category, group) == text


def test_texts_keep_the_order_of_the_table() -> None:
    columns = {"name": ["b", "a"], "category": ["x", "y"], "group": ["", "g"]}
    pois: gpd.GeoDataFrame = poi_frame(columns, np.array([shapely.Point(0, 0)] * 2, dtype=object))
    assert poi_texts(pois) == ["A place of x, named b.", "A place of y, a type of g, named a."]


def test_a_query_is_asked_both_ways() -> None:
    assert query_texts("  a night \n out ") == ("A place of a night out.", "a night out")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "query-empty"),
        ("  \n", "query-empty"),
        ("x" * 10_000, "query-too-long"),
        ("x" * (MAX_QUERY_CHARACTERS + 1), "query-too-long"),
    ],
)
def test_empty_and_endless_queries_are_refused(query: str, code: str) -> None:
    with pytest.raises(InputError, check=fault(code)):
        query_texts(query)
