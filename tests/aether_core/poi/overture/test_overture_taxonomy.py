"""Overture's categories in the words that OpenStreetMap places have."""

import pytest

from aether_core.poi.osm.taxonomy import KEY_GROUPS, describe_tags, value_group
from aether_core.poi.overture.taxonomy import _CODE_GROUPS, _ENDINGS, describe_overture


@pytest.mark.parametrize(
    ("primary", "hierarchy", "described"),
    [
        ("pizza_restaurant", "food_and_drink restaurant", ("pizza restaurant", "food and drink")),
        ("pub", "food_and_drink alcoholic_beverage_venue bar", ("pub", "nightlife")),
        ("atm", "services_and_business financial_service", ("cash machine", "finance")),
        ("hair_salon", "lifestyle_services personal_or_beauty_service", ("hair salon", "shop")),
        ("art_museum", "arts_and_entertainment museum", ("art museum", "culture")),
        ("dog_park", "sports_and_recreation park", ("dog park", "green space")),
        ("castle", "cultural_and_historic historic_site", ("castle", "heritage")),
        ("pharmacy", "shopping specialty_store", ("pharmacy", "health care")),
        ("b2b_farm", "services_and_business b2b_service", ("business farm", "office")),
        ("bus_station", "travel_and_transportation transit", ("bus station", "transport")),
        ("lake", "geographic_entities water_feature", ("lake", "natural feature")),
    ],
)
def test_by_hierarchy(primary: str, hierarchy: str, described: tuple[str, str]) -> None:
    assert describe_overture(primary, (*hierarchy.split(), primary)) == described


@pytest.mark.parametrize(
    ("primary", "described"),
    [
        ("thai_restaurant", ("thai restaurant", "food and drink")),
        ("shoe_store", ("shoe store", "shop")),
        ("elementary_school", ("elementary school", "education")),
        ("hotel", ("hotel", "accommodation")),
        ("marina", ("marina", "sport")),  # known from OpenStreetMap alone
        ("quite_unknown", ("quite unknown", "")),
        ("", ("", "")),
    ],
)
def test_old_releases_have_no_hierarchy(primary: str, described: tuple[str, str]) -> None:
    assert describe_overture(primary) == described


def test_a_basic_category_stands_in() -> None:
    assert describe_overture("speakeasy", (), "bar") == ("speakeasy", "nightlife")
    assert describe_overture("", (), "bar") == ("bar", "nightlife")
    assert describe_overture("", ("lodging", "hotel")) == ("hotel", "accommodation")


@pytest.mark.parametrize(
    ("tags", "primary", "top"),
    [
        ({"amenity": "cafe"}, "cafe", "food_and_drink"),
        ({"amenity": "bar"}, "bar", "food_and_drink"),
        ({"amenity": "school"}, "school", "education"),
        ({"amenity": "library"}, "library", "community_and_government"),
        ({"tourism": "hotel"}, "hotel", "lodging"),
        ({"amenity": "place_of_worship"}, "place_of_worship", "cultural_and_historic"),
        ({"amenity": "parking"}, "parking", "travel_and_transportation"),
        ({"shop": "hairdresser"}, "hair_salon", "lifestyle_services"),
        ({"amenity": "police"}, "police_station", "community_and_government"),
    ],
)
def test_both_sources_tell_one_group(tags: dict[str, str], primary: str, top: str) -> None:
    assert describe_overture(primary, (top, primary))[1] == describe_tags(tags)[1]


def test_no_group_of_its_own_but_nature() -> None:
    known = {*KEY_GROUPS.values(), "natural feature", "structure"}
    values = ("cafe", "bar", "school", "hospital", "social_facility", "museum", "monastery", "bank",
              "police", "hotel", "park", "gym", "stadium")  # fmt: skip
    known |= {value_group(value) for value in values}
    assert {*_CODE_GROUPS.values(), *_ENDINGS.values()} <= known
