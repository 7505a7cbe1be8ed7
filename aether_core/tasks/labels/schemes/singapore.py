"""Singapore: the zones of the Master Plan 2019 land use layer.

Source: Urban Redevelopment Authority, "Master Plan Written Statement 2019", Table 1 (zoning
interpretation), and the values of `LU_DESC` in the "Master Plan 2019 Land Use layer" on
data.gov.sg. `RESERVE SITE` says that the use is undecided, `WHITE` that it is left to the owner:
the first is no class.
"""

TITLE = "Singapore Master Plan 2019 zones"
SOURCE = "Urban Redevelopment Authority, Master Plan Written Statement 2019, Table 1"

_GROUPS = {
    "residential": "RESIDENTIAL; RESIDENTIAL / INSTITUTION",
    "residential with commerce": "RESIDENTIAL WITH COMMERCIAL AT 1ST STOREY; "
    "COMMERCIAL & RESIDENTIAL",
    "commercial": "COMMERCIAL; COMMERCIAL / INSTITUTION; HOTEL; WHITE",
    "business and industry": "BUSINESS 1; BUSINESS 1 - WHITE; BUSINESS 2; BUSINESS 2 - WHITE; "
    "BUSINESS PARK; BUSINESS PARK - WHITE",
    "institutional": "EDUCATIONAL INSTITUTION; CIVIC & COMMUNITY INSTITUTION; "
    "HEALTH & MEDICAL CARE; PLACE OF WORSHIP; SPECIAL USE; CEMETERY",
    "green and recreation": "PARK; OPEN SPACE; SPORTS & RECREATION; BEACH AREA",
    "agriculture": "AGRICULTURE",
    "transport and utilities": "ROAD; TRANSPORT FACILITIES; MASS RAPID TRANSIT; "
    "LIGHT RAPID TRANSIT; RAPID TRANSIT; PORT / AIRPORT; UTILITY",
    "water": "WATERBODY",
    "": "RESERVE SITE",
}

MAPPING = {value.strip(): group for group, values in _GROUPS.items() for value in values.split(";")}
