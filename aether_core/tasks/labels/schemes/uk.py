"""United Kingdom: the land-use groups of the National Land Use Database, and plain building uses.

Source: "National Land Use Database: Land Use and Land Cover Classification", version 4.4, Office of
the Deputy Prime Minister, February 2006: 13 orders, 41 groups. The London Building Stock Model
(UCL for the Greater London Authority) tells domestic, non-domestic and mixed buildings apart; its
uses and the everyday words other British layers hold are listed after the groups.
"""

TITLE = "UK land use (NLUD groups, LBSM-like building uses)"
SOURCE = (
    "National Land Use Database v4.4 (ODPM, 2006), orders and groups; building uses as in the"
    " London Building Stock Model (UCL, GLA)"
)

_GROUPS = {
    "residential": "dwellings; residential institutions; residential; domestic; dwelling; house; "
    "flat; flats; detached; semi-detached; terraced",
    "mixed use": "mixed; mixed use; mixed-use",
    "retail and food": "retail; shops; shop; financial and professional services; "
    "restaurants and cafes; public houses and bars; public houses, bars and nightclubs; "
    "hotels, boarding and guest houses; hotels; hotel; hospitality",
    "offices": "offices; office",
    "industry and storage": "industry and business; manufacturing; storage; "
    "wholesale distribution; industrial; industry; factory; warehouse; warehouses; "
    "mineral workings and quarries; minerals",
    "community services": "community services; community service; "
    "medical and health care services; medical and healthcare services; places of worship; "
    "education; health; school; defence; emergency services; arts, community and leisure; "
    "libraries, museums and galleries",
    "recreation and open space": "recreation and leisure; outdoor amenity and open spaces; "
    "outdoor amenity and open space; amusement and show places; sports facilities and grounds; "
    "holiday parks and camps; allotments and city farms; cemeteries and crematoria; "
    "open space; park; leisure",
    "transport and utilities": "transport; transport tracks and ways; transport tracks and places; "
    "transport terminals; transport terminals and interchanges; car parks; vehicle storage; "
    "goods and freight terminals; utilities and infrastructure; "
    "energy production and distribution; water storage and treatment; refuse disposal; "
    "post and telecommunications; utilities",
    "farmland and woodland": "agriculture and fisheries; agriculture; fisheries; forestry; "
    "managed forest; un-managed forest; unmanaged forest",
    "water": "waterways; water",
    "vacant": "vacant and derelict; vacant; derelict; unused land; vacant land",
}

MAPPING = {value.strip(): group for group, values in _GROUPS.items() for value in values.split(";")}
