"""Urban Atlas of the Copernicus Land Monitoring Service, by code and by name.

Source: European Environment Agency, "Urban Atlas 2012-2018 Product User Manual" (Mapping Guide
v6.3), nomenclature. The sealing levels in brackets that follow a name are not looked at.
"""

TITLE = "Urban Atlas"
SOURCE = "EEA, Urban Atlas Mapping Guide v6.3, nomenclature"

_CODES = {
    "dense residential": {
        "11100": "Continuous urban fabric",
        "11210": "Discontinuous dense urban fabric",
    },
    "open residential": {
        "11220": "Discontinuous medium density urban fabric",
        "11230": "Discontinuous low density urban fabric",
        "11240": "Discontinuous very low density urban fabric",
        "11300": "Isolated structures",
    },
    "industrial and commercial": {
        "12100": "Industrial, commercial, public, military and private units",
    },
    "transport": {
        "12210": "Fast transit roads and associated land",
        "12220": "Other roads and associated land",
        "12230": "Railways and associated land",
        "12300": "Port areas",
        "12400": "Airports",
    },
    "mines and building sites": {
        "13100": "Mineral extraction and dump sites",
        "13300": "Construction sites",
        "13400": "Land without current use",
    },
    "urban green": {"14100": "Green urban areas"},
    "sport and leisure": {"14200": "Sports and leisure facilities"},
    "farmland": {
        "21000": "Arable land",
        "22000": "Permanent crops",
        "23000": "Pastures",
        "24000": "Complex and mixed cultivation patterns",
        "25000": "Orchards at the fringe of urban classes",
    },
    "forest": {"31000": "Forests"},
    "herbs and bare land": {
        "32000": "Herbaceous vegetation associations",
        "33000": "Open spaces with little or no vegetation",
    },
    "wetland": {"40000": "Wetlands"},
    "water": {"50000": "Water"},
}

_OTHER_NAMES = {
    "Wetland": "wetland",
    "Water bodies": "water",
    "Orchards": "farmland",
    "Forest": "forest",
    "Open spaces with little or no vegetations": "herbs and bare land",
}
"""Spellings of earlier editions."""

MAPPING = {
    raw: group
    for group, codes in _CODES.items()
    for code, name in codes.items()
    for raw in (code, name)
} | _OTHER_NAMES
