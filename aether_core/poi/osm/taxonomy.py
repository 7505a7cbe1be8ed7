"""OpenStreetMap tags in words: a category (what it is) and a group (what kind of thing that is).

The value of a tag becomes the category, its key the group; where a key says little (`amenity`) or
a value belongs with another key's (a gallery under `tourism` is culture), the value decides.
Keys and values: OpenStreetMap wiki, "Map features". Geofabrik's four-digit codes: "OpenStreetMap
Data in Layered GIS Format", table of feature classes.
"""

from collections.abc import Mapping

KEY_GROUPS: dict[str, str] = {
    "amenity": "amenity",
    "shop": "shop",
    "tourism": "tourism",
    "leisure": "leisure",
    "healthcare": "health care",
    "office": "office",
    "craft": "craft",
    "historic": "heritage",
    "club": "club",
    "railway": "transport",
    "public_transport": "transport",
    "aeroway": "transport",
    "emergency": "emergency service",
}
"""OSM keys that make a place, most telling first: the first one present describes it."""

_GROUP_VALUES: dict[str, str] = {
    "food and drink": "restaurant cafe fast_food food_court ice_cream canteen biergarten",
    "nightlife": "bar pub nightclub casino gambling stripclub brothel love_hotel dance",
    "education": "school kindergarten childcare college university music_school language_school "
    "driving_school prep_school dancing_school training research_institute",
    "health care": "hospital clinic doctors dentist pharmacy veterinary nursing_home",
    "social care": "social_facility social_centre shelter_home",
    "culture": "theatre cinema arts_centre library community_centre exhibition_centre museum "
    "gallery planetarium music_venue events_venue conference_centre studio archive artwork",
    "worship": "place_of_worship monastery crematorium funeral_hall grave_yard",
    "finance": "bank atm bureau_de_change money_transfer payment_centre payment_terminal",
    "public service": "townhall courthouse police fire_station post_office prison embassy "
    "public_building ranger_station customs public_bath",
    "transport": "bus_station taxi ferry_terminal car_rental car_sharing bicycle_rental "
    "bicycle_parking parking parking_entrance parking_space motorcycle_parking fuel "
    "charging_station boat_rental car_wash vehicle_inspection kick-scooter_rental",
    "accommodation": "hotel hostel guest_house motel apartment chalet camp_site caravan_site "
    "alpine_hut wilderness_hut camp_pitch",
    "green space": "park garden nature_reserve common dog_park",
    "sport": "sports_centre sports_hall pitch stadium track fitness_centre fitness_station "
    "swimming_pool swimming_area golf_course miniature_golf ice_rink marina horse_riding",
    "street furniture": "bench waste_basket waste_disposal vending_machine recycling clock lounger "
    "drinking_water watering_place water_point fountain post_box letter_box telephone toilets "
    "shower shelter bbq grit_bin life_ring lifebuoy bicycle_repair_station compressed_air "
    "parcel_locker give_box public_bookcase information picnic_table picnic_site fire_hydrant "
    "hunting_stand smoking_area outdoor_seating fire_extinguisher defibrillator "
    "sanitary_dump_station photo_booth device_charging_station surveillance",
}
_VALUE_GROUPS = {value: group for group, text in _GROUP_VALUES.items() for value in text.split()}

_WORDS: dict[str, str] = {
    "atm": "cash machine",
    "bbq": "barbecue",
    "diy": "do-it-yourself store",
    "doityourself": "do-it-yourself store",
    "hifi": "hi-fi",
    "it": "information technology",
    "kick-scooter_rental": "kick scooter rental",
    "ngo": "non-governmental organisation",
    "pitch": "sports pitch",
    "quango": "public body",
    "townhall": "town hall",
    "tyres": "tyre shop",
    "vacant": "vacant shop",
}
"""Values that are codes or abbreviations."""

NOTHING = frozenset({"", "no", "none", "unknown", "undefined", "fixme", "nan", "null"})
"""Tag values that say nothing."""

_KEPT_RAILWAY = frozenset({"station", "halt", "tram_stop", "subway_entrance"})
_KEPT_TRANSPORT = frozenset({"station"})
_KEPT_AEROWAY = frozenset({"aerodrome", "terminal", "heliport"})

KEPT_VALUES: dict[str, frozenset[str]] = {
    "railway": _KEPT_RAILWAY,
    "public_transport": _KEPT_TRANSPORT,
    "aeroway": _KEPT_AEROWAY,
    "emergency": frozenset({"ambulance_station", "fire_hydrant", "life_ring", "defibrillator"}),
}
"""Keys of which only some values are places; the rest is track, platform or property."""

_GEOFABRIK_GROUPS = {
    "20": "public service",
    "21": "health care",
    "22": "leisure",
    "23": "food and drink",
    "24": "accommodation",
    "25": "shop",
    "26": "finance",
    "27": "tourism",
    "30": "worship",
    "31": "worship",
    "52": "transport",
    "53": "transport",
    "56": "transport",
}


def words(value: str) -> str:
    """Turn a tag value into words.

    The first of a semicolon list is taken; underscores become spaces; known codes are spelled out.

    >>> words("fast_food;cafe")
    'fast food'
    """
    first = value.split(";", maxsplit=1)[0].strip()
    spelled = _WORDS.get(first.lower(), first)
    return " ".join(spelled.replace("_", " ").split())


def value_group(value: str) -> str:
    """Return the group a tag value belongs to whatever its key, or "" when the key decides."""
    return _VALUE_GROUPS.get(value.split(";", maxsplit=1)[0].strip().lower(), "")


def geofabrik_group(code: str) -> str:
    """Return the group of a Geofabrik feature code such as `2301`, or ""."""
    return _GEOFABRIK_GROUPS.get(code.strip()[:2], "") if len(code.strip()) == 4 else ""


def describe_tags(tags: Mapping[str, str]) -> tuple[str, str]:
    """Return (category, group) of a place from its OSM tags.

    Args:
        tags: Key to value; keys that make no place are ignored.

    Returns:
        Words, or `("", "")` when no key in `KEY_GROUPS` has a usable value. `yes` names the place
        by its key. A place that is street furniture only counts as such when no other key says
        what it is.
    """
    found = [
        (key, value)
        for key in KEY_GROUPS
        if (value := tags.get(key, "").split(";", maxsplit=1)[0].strip()).lower() not in NOTHING
        and (key not in KEPT_VALUES or value in KEPT_VALUES[key])
    ]
    if not found:
        return "", ""
    key, value = min(found, key=lambda pair: value_group(pair[1]) == "street furniture")
    if value.lower() == "yes":
        return words(key), KEY_GROUPS[key]
    return words(value), value_group(value) or KEY_GROUPS[key]
