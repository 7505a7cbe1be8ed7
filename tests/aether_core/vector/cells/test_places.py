"""Coordinates under the headings people use, and both in one column."""

from pathlib import Path

import pytest

from aether_core.errors import InputError
from aether_core.vector import ReadOptions, VectorFile, read_vector
from tests.errors import fault


def read(folder: Path, text: str, **options: str) -> VectorFile:
    (folder / "a.csv").write_text(text, encoding="utf-8")
    return read_vector(folder / "a.csv", ReadOptions(**options))


@pytest.mark.parametrize(
    "headings",
    [
        "Longitude (WGS84),Latitude (WGS84)",
        "经度,纬度",
        "經度,緯度",
        "경도,위도",
        "Долгота,Широта",
        "geo_lon,geo_lat",
        "Längengrad,Breitengrad",
        "longitud,latitud",
        "LONGITUDE_DD,LATITUDE_DD",
        "x_coord,y_coord",
        "boylam,enlem",
    ],
)
def test_headings_of_large_languages(tmp_path: Path, headings: str) -> None:
    found = read(tmp_path, f"{headings},n\n24.94,60.17,1\n")
    assert (found.frame.geometry[0].x, found.frame.geometry[0].y) == (24.94, 60.17)
    assert tuple(found.report.columns.values()) == tuple(headings.split(","))


@pytest.mark.parametrize(
    ("heading", "cell"),
    [
        ("Location", "(60.17, 24.94)"),
        ("coordinates", "60.17 24.94"),
        ("geo_point_2d", "60.17, 24.94"),
        ("latlng", "60.17;24.94"),
        ("LonLat", "24.94, 60.17"),
        ("Location", "1 Main Street\nTown\n(60.17, 24.94)"),
        ("坐标", "60,17; 24,94"),
    ],
)
def test_both_in_one_column(tmp_path: Path, heading: str, cell: str) -> None:
    found = read(tmp_path, f'n,{heading}\n1,"{cell}"\n2,\n')
    assert (found.frame.geometry[0].x, found.frame.geometry[0].y) == (24.94, 60.17)
    assert found.frame.geometry[1] is None
    assert found.report.columns == {"coordinates": heading}
    assert heading in found.report.notes[0]


def test_a_value_beyond_the_pole_tells_the_order(tmp_path: Path) -> None:
    found = read(tmp_path, 'n,location\n1,"-122.4, 37.7"\n')
    assert found.frame.geometry[0].x == -122.4
    with pytest.raises(InputError, check=fault("point-order-unclear", "latlon", "lonlat")):
        read(tmp_path, 'n,location\n1,"[24.94, 60.17]"\n')


def test_coordinates_with_three_decimals_are_degrees(tmp_path: Path) -> None:
    found = read(tmp_path, 'lon,lat\n"24,941","60,172"\n')
    assert (found.frame.geometry[0].x, found.frame.geometry[0].y) == (24.941, 60.172)
    metres = 'x,y\n"385.123","6.672.456"\n'
    assert read(tmp_path, metres, crs="EPSG:3067").frame.geometry[0].y == pytest.approx(60.2, 0.01)
    with pytest.raises(InputError, check=fault("numbers-of-two-readings", "385.123")):
        read(tmp_path, 'x,y\n"385.123","672.456"\n', crs="EPSG:3067")


def test_trials(shared: Path) -> None:
    for file in ("p_chinese.csv", "p_latwgs.csv", "p_loc.csv"):
        point = read_vector(shared / "trials" / file).frame.geometry[0]
        assert (point.x, point.y) == pytest.approx((15.002, 40.648), abs=0.005)
