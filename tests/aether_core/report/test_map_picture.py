"""Maps for a document: right place, right colour, right scale."""

import io

import geopandas as gpd
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from PIL import Image
from pyproj import Geod

from aether_core.city.cells import cells_of
from aether_core.errors import InputError
from aether_core.report.map_picture import MapOutline, MapPicture, draw_map
from aether_core.spatial.hexagons import cell_polygons
from tests.errors import fault

CITY = shapely.box(24.93, 60.16, 24.95, 60.17)
WEST, EAST = shapely.box(24.93, 60.16, 24.94, 60.17), shapely.box(24.94, 60.16, 24.95, 60.17)
RED, BLUE = (200, 30, 30), (30, 30, 200)


def shapes(*given: shapely.Geometry | None) -> NDArray[np.object_]:
    return np.array(given, dtype=object)


def colours(*given: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.array(given, dtype=np.uint8)


def pixels(picture: MapPicture) -> NDArray[np.int64]:
    image = Image.open(io.BytesIO(picture.png)).convert("RGB")
    assert image.size == (picture.width, picture.height)
    return np.asarray(image).astype(np.int64)


def at(picture: MapPicture, across: float, down: float) -> NDArray[np.int64]:
    return pixels(picture)[int(down * picture.height), int(across * picture.width)]


def test_shapes_lie_where_they_should_in_their_colours() -> None:
    picture = draw_map(shapes(WEST, EAST), colours(RED, BLUE), boundary=CITY, width_px=400)
    left, right = at(picture, 0.25, 0.5), at(picture, 0.75, 0.5)
    assert left[0] > left[2] + 100
    assert right[2] > right[0] + 100
    assert (at(picture, 0.002, 0.5) == 255).all()  # beyond the boundary is paper


def test_north_is_up() -> None:
    north = shapely.box(24.93, 60.165, 24.95, 60.17)
    picture = draw_map(shapes(north), colours(RED), boundary=CITY, width_px=400)
    assert at(picture, 0.5, 0.25)[0] > at(picture, 0.5, 0.25)[2] + 100
    assert np.ptp(at(picture, 0.5, 0.75)) < 10


def test_a_pixel_is_as_many_metres_as_it_says() -> None:
    picture = draw_map(shapes(CITY), colours(RED), width_px=800)
    red = pixels(picture)[picture.height // 2]
    wide = np.flatnonzero(red[:, 0] > red[:, 2] + 60)
    metres = Geod(ellps="WGS84").inv(24.93, 60.165, 24.95, 60.165)[2]
    # In its UTM zone the box leans, so that its middle row is a little off its parallel.
    assert (wide[-1] - wide[0]) * picture.metres_per_px == pytest.approx(metres, rel=0.01)
    assert picture.scale_m == pytest.approx(picture.scale_px * picture.metres_per_px)
    assert picture.scale_m == 200
    assert picture.scale_px < picture.width / 4


def test_what_is_not_to_be_trusted_is_grey_and_hatched() -> None:
    given = shapes(WEST, EAST), colours(RED, BLUE)
    picture = draw_map(*given, boundary=CITY, trusted=np.array([True, False]), width_px=800)
    right = pixels(picture)[
        int(0.3 * picture.height) : int(0.6 * picture.height),
        int(0.6 * picture.width) : int(0.9 * picture.width),
    ]
    assert np.ptp(right, axis=2).max() < 16  # no hue is left
    share = (right.mean(axis=2) < 200).mean()
    assert 0.1 < share < 0.5
    assert at(picture, 0.25, 0.5)[0] > at(picture, 0.25, 0.5)[2] + 100


def test_nothing_is_drawn_beyond_the_boundary_and_ground_shows_where_there_is_no_data() -> None:
    wide = shapely.box(24.90, 60.15, 24.94, 60.18)
    pond = gpd.GeoDataFrame(
        {"kind": ["water", "road"]},
        geometry=[EAST.buffer(-0.002), shapely.LineString([(24.93, 60.165), (24.94, 60.165)])],
        crs="EPSG:4326",
    )
    picture = draw_map(shapes(wide), colours(RED), boundary=CITY, base_map=pond, width_px=800)
    assert at(picture, 0.75, 0.5).tolist() == [201, 221, 232]
    assert (pixels(picture)[:4] == 255).all()
    column = pixels(picture)[:, picture.width // 4].sum(axis=1)[picture.height // 3 :][:270]
    assert column.max() > np.median(column) + 60  # the road, over the data


def test_holes_stay_open_and_missing_shapes_are_left_out() -> None:
    ring = CITY.difference(CITY.centroid.buffer(0.003))
    picture = draw_map(
        shapes(None, ring, shapely.Polygon()), colours(BLUE, RED, BLUE), width_px=400
    )
    assert (at(picture, 0.5, 0.5) == 255).all()
    assert at(picture, 0.1, 0.5)[0] > at(picture, 0.1, 0.5)[2] + 100


def test_cells_leave_no_gaps_and_outlined_areas_do() -> None:
    cells = cell_polygons(cells_of(CITY, 10).h3)
    reds = np.tile(colours(RED), (len(cells), 1))
    centre = (slice(150, 250), slice(150, 250))
    whole = pixels(draw_map(cells, reds, width_px=400))[centre]
    assert (whole == whole[0, 0]).all()
    edged = pixels(draw_map(cells, reds, width_px=400, outlined=True))[centre]
    assert (edged[..., 1] > whole[0, 0, 1] + 40).any()


def test_opacity_lets_the_ground_through() -> None:
    solid = draw_map(shapes(CITY), colours((*RED, 255)), boundary=CITY, width_px=200)
    faint = draw_map(shapes(CITY), colours((*RED, 30)), boundary=CITY, width_px=200)
    assert at(faint, 0.5, 0.5)[1] > at(solid, 0.5, 0.5)[1] + 100


@pytest.mark.parametrize("side", [(0.002, 0.2), (0.2, 0.002)])
def test_narrow_cities_make_pictures_of_a_sensible_size(side: tuple[float, float]) -> None:
    city = shapely.box(24.9, 60.1, 24.9 + side[0], 60.1 + side[1])
    picture = draw_map(shapes(city), colours(RED), boundary=city, width_px=800, tallest=1.3)
    assert 1 <= picture.width <= 800
    assert 1 <= picture.height <= 1.3 * 800 + 2


@pytest.mark.parametrize("given", [(), (None,), (shapely.Polygon(),)])
def test_nothing_to_draw_is_refused(given: tuple[shapely.Geometry | None, ...]) -> None:
    with pytest.raises(InputError, check=fault("map-without-shapes")):
        draw_map(shapes(*given), colours(*[RED] * len(given)).reshape(-1, 3))


def test_a_city_without_data_still_has_its_ground() -> None:
    picture = draw_map(shapes(), np.empty((0, 3), np.uint8), boundary=CITY, width_px=200)
    assert at(picture, 0.5, 0.5).tolist() == [243, 242, 238]


def test_a_view_shows_its_part_alone() -> None:
    view = (24.93, 60.16, 24.938, 60.17)
    picture = draw_map(shapes(WEST, EAST), colours(RED, BLUE), boundary=CITY, view=view)
    seen = pixels(picture)
    assert not (seen[..., 2] > seen[..., 0] + 100).any()
    assert picture.height > picture.width


def test_an_area_is_marked_by_its_edge() -> None:
    marked = MapOutline(shapely.box(24.935, 60.162, 24.945, 60.168), "#0072b2")
    plain = draw_map(shapes(CITY), colours(RED), boundary=CITY, width_px=400)
    picture = draw_map(shapes(CITY), colours(RED), boundary=CITY, width_px=400, outlines=[marked])
    assert (at(picture, 0.5, 0.5) == at(plain, 0.5, 0.5)).all()
    column = pixels(picture)[:, picture.width // 2]
    assert np.abs(column - (0, 114, 178)).sum(axis=1).min() < 30
