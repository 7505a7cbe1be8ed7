"""Which columns of a table say where: longitude and latitude in many languages, or both in one."""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.vector.headings import find_column, first_column, heading_key

_LONGITUDE = (
    *("lon", "longitude", "lng", "long", "longitud", "longitudine", "lon x", "x lon"),
    *("längengrad", "laengengrad", "geographische länge", "geogr länge", "lengtegraad"),
    *("længdegrad", "lengdegrad", "längdgrad", "pituusaste", "długość geograficzna"),
    *("dlugosc geograficzna", "zeměpisná délka", "zemepisna delka", "zemepisná dĺžka"),
    *("földrajzi hosszúság", "долгота", "довгота", "географска дължина", "γεωγραφικό μήκος"),
    *("boylam", "经度", "經度", "経度", "경도", "خط الطول", "קו אורך", "देशांतर", "bujur", "kinh độ"),
    *("ลองจิจูด", "longitudinea", "geografska dužina"),
)
_LATITUDE = (
    *("lat", "latitude", "latitud", "latitudine", "lat y", "y lat"),
    *("breitengrad", "geographische breite", "geogr breite", "breedtegraad"),
    *("breddegrad", "breddgrad", "leveysaste", "szerokość geograficzna"),
    *("szerokosc geograficzna", "zeměpisná šířka", "zemepisna sirka", "zemepisná šírka"),
    *("földrajzi szélesség", "широта", "географска ширина", "γεωγραφικό πλάτος"),
    *("enlem", "纬度", "緯度", "위도", "خط العرض", "קו רוחב", "अक्षांश", "lintang", "vĩ độ"),
    *("ละติจูด", "latitudinea", "geografska širina"),
)
_EASTING = (
    *("x", "easting", "eastings", "x coord", "coord x", "xcoord", "point x", "x coordinate"),
    *("rechtswert", "ostwert", "utm x", "utm e", "x utm", "coordenada x", "x koordinate"),
)
_NORTHING = (
    *("y", "northing", "northings", "y coord", "coord y", "ycoord", "point y", "y coordinate"),
    *("hochwert", "nordwert", "utm y", "utm n", "y utm", "coordenada y", "y koordinate"),
)
_LATITUDE_FIRST = ("latlon", "latlng", "latlong", "lat lon", "lat lng", "lat long", "point 2d")
_LONGITUDE_FIRST = ("lonlat", "lnglat", "longlat", "lon lat", "lng lat", "long lat")
_TOGETHER = (
    *("location", "coordinates", "coordinate", "coords", "coord", "geo point", "geopoint"),
    *("geolocation", "georeference", "point", "position", "gps", "gps coordinates", "geocode"),
    *("坐标", "座標", "经纬度", "經緯度", "緯度経度", "좌표", "координаты", "koordinaten"),
    *("coordenadas", "coordonnées", "coordinate geografiche", "koordinat", "współrzędne"),
)
WORDS_OF_PLACES = frozenset(
    heading_key(word)
    for word in (
        *(*_LONGITUDE, *_LATITUDE, *_TOGETHER),
        *(
            "名称",
            "名稱",
            "名字",
            "名前",
            "名",
            "店名",
            "地名",
            "施設名",
            "이름",
            "명칭",
            "상호",
            "상호명",
        ),
        *(
            "类别",
            "类型",
            "分类",
            "類別",
            "類型",
            "分類",
            "種別",
            "種類",
            "業種",
            "カテゴリ",
            "분류",
            "업종",
        ),
        *("название", "наименование", "категория", "тип", "адрес", "地址", "住所", "주소"),
    )
)
"""Words that head columns of places: whoever reads them in a file reads its letters rightly."""
_SAYS_NOTHING = frozenset(
    {"wgs84", "wgs", "84", "4326", "epsg", "deg", "degree", "degrees", "dd", "decimal", "dec"}
    | {"geo", "location", "coordinate", "coord", "address", "grad"}
)
_NUMBER = r"[+-]?\d{1,3}(?:\.\d+)?"
_WITH_COMMA = r"[+-]?\d{1,3},\d+"
_OPEN, _END = r"(?:^|[(\[\n])\s*", r"\s*[)\]]?\s*$"
_PAIRS = (
    rf"{_OPEN}({_NUMBER})°?\s*(?:[,;/|]\s*|\s+)({_NUMBER})°?{_END}",
    rf"{_OPEN}({_WITH_COMMA})\s*(?:[;/|]\s*|\s+)({_WITH_COMMA}){_END}",
)
_HALF = 0.5


def coordinate_columns(
    columns: Sequence[str], *, lon_field: str | None, lat_field: str | None, file: str
) -> tuple[str, str] | None:
    """Find the columns of longitudes (or eastings) and latitudes (or northings).

    Args:
        columns: The table's headings.
        lon_field: The user's name of the first, else the usual ones.
        lat_field: The user's name of the second.
        file: The file's name, for messages.

    Raises:
        InputError: A named column is not there, or several have a usual name.
    """
    lon, lat = (
        None
        if name is None
        else find_column(columns, name, file=file, what="column", code="no-such-column")
        for name in (lon_field, lat_field)
    )
    lon = lon or _called(columns, _LONGITUDE, file)
    lat = lat or _called(columns, _LATITUDE, file)
    if lon and lat:
        return lon, lat
    x, y = _called(columns, _EASTING, file), _called(columns, _NORTHING, file)
    return (x, y) if x and y else None


def says_degrees(columns: Sequence[str]) -> bool:
    """Whether the columns are called longitude and latitude, not only x and y."""
    return not any(_phrase(name) in {*_EASTING, *_NORTHING} for name in columns)


def point_column(frame: pd.DataFrame, file: str) -> str | None:
    """Find the column that holds both coordinates, such as `52.1, 4.3`."""
    names = [str(name) for name in frame.columns]
    for usual in (*_LATITUDE_FIRST, *_LONGITUDE_FIRST, *_TOGETHER):
        found = _called(names, (usual,), file)
        cells = [] if found is None else frame[found].dropna().head(200)
        if len(cells) and _pairs(cells).notna().mean().min() > _HALF:
            return found
    return None


def read_points(
    column: pd.Series, file: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Read both coordinates out of one column.

    Which comes first is what its heading says, or a value beyond 90; else latitude, as maps on the
    web and open data portals write it.

    Returns:
        Longitudes and latitudes, float64 `[n]`, NaN where there are none; and what was decided.

    Raises:
        InputError: The order is open: a pair in square brackets is written in both.
    """
    first, second = (part.to_numpy(np.float64) for _, part in _pairs(column).items())
    phrase = _phrase(str(column.name))
    beyond_first, beyond_second = (bool((np.abs(v) > 90).any()) for v in (first, second))
    longitude_first = phrase in _LONGITUDE_FIRST or (beyond_first and not beyond_second)
    latitude_first = phrase in _LATITUDE_FIRST or beyond_second
    if not (longitude_first or latitude_first):
        filled = column.dropna().astype(str)
        if filled.str.strip().str.startswith("[").mean() > _HALF:
            raise InputError(
                f"the column {column.name} of {file} does not say which coordinate comes first",
                filled.iloc[0],
                "call it latlon or lonlat",
                code="point-order-unclear",
            )
    order = "longitude, latitude" if longitude_first else "latitude, longitude"
    note = f"The column {column.name} was read as {order}."
    return (first, second, note) if longitude_first else (second, first, note)


def _pairs(column: pd.Series) -> pd.DataFrame:
    """Return two columns of float64, NaN where a cell is no pair."""
    text = column.astype("str")
    found = text.str.extract(_PAIRS[0])
    with_comma = text.str.extract(_PAIRS[1]).apply(lambda part: part.str.replace(",", "."))
    return found.where(found.notna(), with_comma).astype(np.float64)


def _called(columns: Sequence[str], usual: Sequence[str], file: str) -> str | None:
    """Return the first column that is called so, units and systems beside the name aside."""
    phrases = [_phrase(name) for name in columns]
    for one in usual:
        alike = [name for name, phrase in zip(columns, phrases, strict=True) if phrase == one]
        if alike:
            # `lat` and `lat (WGS84)` may stand side by side; the plain one is meant then.
            return first_column(alike, (one, one.replace(" ", "_"), alike[0]), file=file)
    return None


def _phrase(heading: str) -> str:
    """The words of a heading that tell."""
    text = unicodedata.normalize("NFKC", heading_key(heading))
    words = [word for word in re.split(r"[^\w]+|_", text) if word]
    telling = [word for word in words if word not in _SAYS_NOTHING]
    return " ".join(telling or words)
