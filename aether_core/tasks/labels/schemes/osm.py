"""OpenStreetMap: values of `landuse`, `leisure`, `natural` and some of `amenity`.

Source: OpenStreetMap wiki, "Map features" and the pages of the four keys. Geofabrik's `fclass`
column of its land-use and natural layers holds the same words.
"""

TITLE = "OpenStreetMap land use"
SOURCE = "OpenStreetMap wiki, Map features (landuse, leisure, natural, amenity)"

_GROUPS = {
    "residential": "residential",
    "commercial": "commercial office offices",
    "retail": "retail marketplace",
    "industrial": "industrial port quarry landfill depot works",
    "institutional": "education institutional religious civic_admin school kindergarten college "
    "university hospital place_of_worship prison military",
    "transport": "railway highway parking garages bus_station",
    "green space": "park garden grass village_green recreation_ground cemetery grave_yard "
    "nature_reserve common dog_park allotments flowerbed greenery",
    "sport": "pitch sports_centre stadium track golf_course playground horse_riding ice_rink "
    "sports_hall water_park",
    "wood and scrub": "forest wood scrub heath grassland wetland tree_row shrubbery",
    "farmland": "farmland farmyard meadow orchard vineyard plant_nursery greenhouse_horticulture "
    "animal_keeping aquaculture",
    "water": "water basin reservoir pond bay marina strait swimming_pool salt_pond",
    "bare and building sites": "brownfield greenfield construction beach sand bare_rock scree "
    "shingle mud",
}

MAPPING = {value: group for group, values in _GROUPS.items() for value in values.split()}
