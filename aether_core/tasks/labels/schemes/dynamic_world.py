"""Dynamic World: nine kinds of land cover, by number and by name.

Source: Google and World Resources Institute, Earth Engine catalogue `GOOGLE/DYNAMICWORLD/V1`, class
table of the band `label`; Brown et al. 2022, Scientific Data 9:251.
"""

TITLE = "Dynamic World land cover"
SOURCE = "Earth Engine catalogue, GOOGLE/DYNAMICWORLD/V1, class table of the band label"

_CLASSES = (
    "water",
    "trees",
    "grass",
    "flooded vegetation",
    "crops",
    "shrub and scrub",
    "built",
    "bare",
    "snow and ice",
)

MAPPING = {str(number): name for number, name in enumerate(_CLASSES)} | {
    raw: name
    for name in _CLASSES
    for raw in (name, name.replace(" ", "_"), name.replace(" and ", " & "))
}
