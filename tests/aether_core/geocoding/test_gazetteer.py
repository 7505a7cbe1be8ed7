"""Cities by name without a network."""

import pytest
import shapely

from aether_core.errors import InputError
from aether_core.geocoding import AmbiguousPlaceError, default_side_km, find_city, names_of, one_of
from tests.errors import fault


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("HELSINKI", "Helsinki"),
        ("  malmo ", "Malmö"),
        ("東京", "Tokyo"),
        ("Helsingfors", "Helsinki"),
    ],
)
def test_a_name_is_found_in_any_case_accent_and_language(asked: str, found: str) -> None:
    assert find_city(asked)[0].name == found


def test_a_match_carries_its_centre_population_and_credit() -> None:
    (helsinki,) = find_city("Helsinki", "fi")
    assert helsinki.lon == pytest.approx(24.94, abs=0.02)
    assert helsinki.lat == pytest.approx(60.17, abs=0.02)
    assert helsinki.population > 500_000
    assert helsinki.country == "Finland"
    assert helsinki.boundary is None
    assert "GeoNames" in helsinki.attribution
    assert "CC-BY 4.0" in helsinki.attribution


@pytest.mark.parametrize("country", ["FR", "fra", "France"])
def test_a_country_narrows_the_matches(country: str) -> None:
    assert {place.country for place in find_city("Paris")} > {"France", "United States"}
    assert {place.country for place in find_city("Paris", country)} == {"France"}


@pytest.mark.parametrize(
    ("asked", "region"), [("Paris, Texas", "Texas"), ("Springfield, mo", "Missouri")]
)
def test_country_or_state_may_follow_a_comma(asked: str, region: str) -> None:
    (place,) = find_city(asked)
    assert place.region == region


def test_namesakes_are_told_apart_by_the_large_city_nearby() -> None:
    regions = [place.region for place in find_city("Bergen", "Germany")]
    assert "near Hannover" in regions
    assert len(set(regions)) == len(regions)


def test_a_city_of_that_name_comes_before_larger_ones_that_are_also_called_so() -> None:
    first, second, *_ = find_city("Porto")
    assert (first.name, first.country, second.name) == ("Porto", "Portugal", "Porto")
    assert "porto" in names_of(find_city("Bordeaux")[0])


def test_several_matches_are_listed_with_numbers_and_never_guessed() -> None:
    found = find_city("Springfield")
    assert len(found) >= 10
    listed = ["1. Springfield, Missouri, United States", len(found), len(found) - 10]
    with pytest.raises(AmbiguousPlaceError, check=fault("ambiguous-place", *listed)) as raised:
        one_of("Springfield", found)
    assert raised.value.candidates == tuple(found)
    assert one_of("Springfield", found, choose=2) is found[1]


@pytest.mark.parametrize("number", [0, -1, 999])
def test_a_number_that_is_not_listed_is_refused(number: int) -> None:
    with pytest.raises(InputError, check=fault("no-such-candidate", "Paris", number)):
        one_of("Paris", find_city("Paris"), choose=number)


def test_an_unknown_name_gets_the_nearest_spellings() -> None:
    with pytest.raises(
        InputError, check=fault("city-unknown-to-gazetteer", "Hellsinkki", "Helsinki")
    ):
        find_city("Hellsinkki")
    with pytest.raises(InputError, check=fault("city-unknown-to-gazetteer", "Zzqxw", "Finland")):
        find_city("Zzqxw", "Finland")


@pytest.mark.parametrize("name", ["", "   ", "\t"])
def test_no_name_is_no_match_for_everything(name: str) -> None:
    with pytest.raises(InputError, check=fault("place-name-empty")):
        find_city(name)


def test_a_tab_in_a_name_reaches_over_no_other_name() -> None:
    with pytest.raises(InputError, check=fault("city-unknown-to-gazetteer")):
        find_city("Helsinki\tHelsinki")


def test_an_unknown_country_is_named() -> None:
    with pytest.raises(InputError, check=fault("no-such-country", "Germny", "Germany")):
        find_city("Berlin", "Germny")


def test_the_box_grows_with_the_population_and_has_its_side() -> None:
    assert default_side_km(None) == default_side_km(0) == 10
    assert default_side_km(500) == 4
    assert default_side_km(8_961_989) == 60
    assert default_side_km(40_000_000) == 100
    (helsinki,) = find_city("Helsinki")
    west, south, east, north = helsinki.box(20.0)
    assert (north - south) * 111.195 == pytest.approx(20.0)
    assert (east - west) * 111.195 * 0.4975 == pytest.approx(20.0, rel=0.01)
    assert helsinki.area(20.0).bounds == (west, south, east, north)


def test_a_box_over_the_180th_meridian_has_two_parts() -> None:
    (town,) = find_city("Labasa")  # Fiji, 179.4° east
    area = town.area(200.0)
    assert len(area.geoms) == 2
    assert area.intersects(shapely.Point(-179.9, town.lat))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("sispony", "Sispony"),
        ("sedlec-prcice", "Sedlec-Prčice"),
        ("Weissenbrunn", "Weißenbrunn"),
        ("Weißenbrunn, Germany", "Weißenbrunn"),
    ],
)
def test_small_places_are_found_when_no_town_has_the_name(asked: str, found: str) -> None:
    (village,) = find_city(asked)
    assert village.name == found
    assert village.population < 5000
    assert village.name.casefold() in names_of(village) or not found.isascii()
