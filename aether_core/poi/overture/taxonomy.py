"""Overture categories in words, with the groups that OpenStreetMap places have here.

Two taxonomies of one city must agree, or a search would tell places by where they come from. So an
Overture place takes its group from the same words as an OSM place (`aether_core.poi.osm.taxonomy`):
the deepest entry of its hierarchy that has a group decides.
Codes: Overture Maps documentation, "Places taxonomy" (hierarchies of March 2026, in use since the
release of December 2025) and the 22 top categories of the releases before it.
"""

from collections.abc import Sequence

from aether_core.poi.osm.taxonomy import value_group, words

_GROUP_CODES: dict[str, str] = {
    "food and drink": "food_and_drink eat_and_drink restaurant casual_eatery cafe coffee_shop "
    "bakery food_court food_truck_stand food_service non_alcoholic_beverage_venue "
    "smoothie_juice_bar",
    "nightlife": "nightlife_venue bar pub brewery winery lounge dance_club casino "
    "alcoholic_beverage_venue gaming_venue karaoke_venue adult_entertainment_venue",
    "shop": "shopping retail lifestyle_services beauty_and_spa automotive automotive_service pets "
    "auto_dealer vehicle_dealer vehicle_service vehicle_parts_store personal_or_beauty_service "
    "animal_or_pet_service laundry_service rental_service wellness_service shopping_mall market",
    "education": "education place_of_learning college_university preschool campus_building",
    "health care": "health_care health_and_medical pharmacy pharmacy_and_drug_store drugstore "
    "hospital dental_clinic animal_hospital veterinarian",
    "social care": "social_or_community_service senior_living_facility retirement_home food_bank "
    "child_care_or_day_care day_care_preschool youth_organization community_services",
    "culture": "arts_and_entertainment museum art_gallery library movie_theater music_venue "
    "performing_arts_venue event_venue festival_venue cultural_center community_center "
    "arts_and_crafts_space planetarium theater",
    "heritage": "cultural_and_historic historic_site memorial_site "
    "landmark_and_historical_building",
    "worship": "place_of_worship religious_organization religious_landmark",
    "tourism": "attractions_and_activities amusement_attraction amusement_park animal_attraction "
    "aquarium zoo rural_attraction scenic_viewpoint travel_service visitor_center",
    "leisure": "playground recreation_vehicle_park arcade",
    "sport": "sports_and_recreation active_life sport_or_fitness_facility gym stadium_arena",
    "green space": "park garden nature_reserve forest recreational_trail_or_path dog_park",
    "accommodation": "lodging accommodation hotel hostel resort campground rv_park inn",
    "transport": "travel_and_transportation travel transportation airport parking gas_station "
    "ev_charging_station public_transit_facility_or_service taxi_or_ride_share_service",
    "finance": "financial_service bank_or_credit_union bank atm",
    "public service": "community_and_government public_service_and_government government_office "
    "police_station fire_department post_office embassy jail_or_prison public_utility courthouse "
    "town_hall public_facility",
    "club": "social_club sport_or_recreation_club labor_union political_organization",
    "office": "services_and_business professional_services professional_service real_estate "
    "business_to_business private_establishments_and_corporates mass_media media_service "
    "corporate_or_business_office attorney_or_law_firm real_estate_service",
    "craft": "home_service building_or_construction_service technical_service manufacturer",
    "natural feature": "geographic_entities structure_and_geography land_feature lake river beach "
    "island",
    "structure": "built_feature bridge canal public_plaza public_fountain",
}
_CODE_GROUPS = {code: group for group, text in _GROUP_CODES.items() for code in text.split()}

_ENDINGS = {
    "_restaurant": "food and drink",
    "_store": "shop",
    "_shop": "shop",
    "_dealer": "shop",
    "_school": "education",
    "_museum": "culture",
    "_hospital": "health care",
    "_clinic": "health care",
    "_church": "worship",
    "_temple": "worship",
    "_mosque": "worship",
    "_place_of_worship": "worship",
    "_park": "green space",
    "_office": "office",
    "_company": "office",
    "_lawyer": "office",
    "_club": "club",
    "_station": "transport",
    "_contractor": "craft",
    "_manufacturer": "craft",
}
"""For releases without hierarchies, whose category says what it is by its last word."""


def describe_overture(
    primary: str, hierarchy: Sequence[str] = (), basic: str = ""
) -> tuple[str, str]:
    """Return (category, group) of an Overture place in words.

    Args:
        primary: Code of its category, such as `coffee_shop`; "" when it has none.
        hierarchy: Codes from the top of the taxonomy to the category; empty in old releases.
        basic: Code of its basic category; "" in old releases.

    Returns:
        Words, "" for what is not known.

    >>> describe_overture("cantonese_restaurant", ("food_and_drink", "restaurant"))
    ('cantonese restaurant', 'food and drink')
    """
    code = primary or (hierarchy[-1] if hierarchy else basic)
    return _category(code), _group((code, *reversed(hierarchy), basic))


def _category(code: str) -> str:
    """Return a code as words; businesses that serve businesses keep no abbreviation."""
    spelled = words(code)
    return f"business {spelled[4:]}" if spelled.startswith("b2b ") else spelled


def _group(codes: Sequence[str]) -> str:
    """Return the group of the first code that has one, else what the ending of a code tells."""
    known = (_CODE_GROUPS[code] for code in codes if code in _CODE_GROUPS)
    by_ending = (group for code in codes for end, group in _ENDINGS.items() if code.endswith(end))
    return next(known, "") or next(by_ending, "") or value_group(codes[0])
