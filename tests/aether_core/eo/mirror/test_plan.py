"""What a fetch costs, guessed by the grid and known from the files."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from aether_core.eo.alphaearth import quantise
from aether_core.eo.mirror.blocks import Run, runs
from aether_core.eo.mirror.place import unpack_place
from aether_core.eo.mirror.plan import TYPICAL_BLOCK_BYTES, offline_estimate
from aether_core.eo.mirror.tile_header import TileLayout
from aether_core.eo.mirror.zones import zone_parts
from aether_core.errors import InputError
from tests.aether_core.eo.brute_force import transformer
from tests.aether_core.eo.mirror.conftest import CITY, HALO_M, Mirror
from tests.errors import fault

LONDON = shapely.Polygon(
    [
        *[(-0.51, 51.47), (-0.50, 51.60), (-0.37, 51.62), (-0.19, 51.67), (-0.01, 51.69)],
        *[(0.12, 51.63), (0.27, 51.62), (0.33, 51.55), (0.22, 51.48), (0.16, 51.40)],
        *[(0.15, 51.31), (0.00, 51.29), (-0.13, 51.29), (-0.33, 51.33), (-0.45, 51.43)],
    ]
)
"""Greater London, drawn coarsely and a little too large."""


def test_greater_london_needs_less_than_two_gigabytes() -> None:
    estimate = offline_estimate(LONDON)
    assert estimate.zones == ("30N", "31N")
    assert estimate.tiles == 2
    assert estimate.places == pytest.approx(34, abs=3)
    assert estimate.bytes == estimate.places * 64 * TYPICAL_BLOCK_BYTES
    assert 1.1e9 < estimate.bytes < 1.5e9
    assert estimate.disk_bytes < 3.5e9


def test_londons_own_boundary_takes_33_places_of_two_files(shared: Path) -> None:
    areas = shared / "real" / "london" / "lsoa_ns_sec.gpkg"
    if not areas.exists():
        pytest.skip("London's areas are not on this machine")
    boundary = gpd.read_file(areas).to_crs("EPSG:4326").geometry.union_all()
    estimate = offline_estimate(boundary)
    assert (estimate.zones, estimate.tiles, estimate.places) == (("30N", "31N"), 2, 33)
    assert estimate.bytes == 33 * 64 * 600_000


def test_a_plan_knows_the_bytes_of_exactly_the_blocks_that_touch(mirror: Mirror) -> None:
    plan = mirror.plan()
    assert (plan.year, plan.mirror) == (2024, "127.0.0.1/annual")
    places = total = 0
    for zone in plan.zones:
        for tile in zone.tiles:
            size = tile.layout.block * 10
            for place in range(tile.layout.columns**2):
                row, column = divmod(place, tile.layout.columns)
                west, south = tile.tile.west + column * size, tile.tile.south + row * size
                touches = zone.part.outline.intersects(
                    shapely.box(west, south, west + size, south + size)
                )
                assert touches == (place in tile.places)
                places += touches
                total += int(tile.layout.counts[:, place].sum()) * touches
    assert (plan.places, plan.bytes, plan.missing) == (places, total, total)
    assert plan.tiles == sum(len(zone.tiles) for zone in plan.zones) > 2
    assert plan.disk_bytes > plan.missing


def test_headers_are_read_once(mirror: Mirror) -> None:
    mirror.plan()
    received = mirror.web.received
    mirror.plan()
    assert mirror.web.received == received


def test_parts_of_an_area_reach_over_the_edge_of_their_zone_by_the_halo() -> None:
    west, east = zone_parts(CITY, HALO_M)
    assert (west.zone, west.epsg, east.zone, east.epsg) == ("34N", 32634, "35N", 32635)
    edge = np.array([[24.0, 60.15]])
    for part, inwards in ((west, -1), (east, 1)):
        x, y = transformer("EPSG:4326", f"EPSG:{part.epsg}").transform(*edge.T)
        assert part.outline.contains(shapely.Point(x[0] - inwards * (HALO_M - 1), y[0]))
        assert not part.outline.contains(shapely.Point(x[0] - inwards * (HALO_M + 60), y[0]))


@pytest.mark.parametrize(
    ("box", "zones"),
    [
        ((32.55, -0.05, 32.65, 0.05), ("36N", "36S")),
        ((5.0, 60.3, 5.4, 60.5), ("31N",)),
        ((179.5, -17, 180, -16.5), ("60S",)),
        ((-180, -17, -179.5, -16.5), ("1S",)),
        ((-74.1, 40.6, -73.9, 40.8), ("18N",)),
    ],
)
def test_zones_are_the_plain_six_degrees(
    box: tuple[float, float, float, float], zones: tuple[str, ...]
) -> None:
    assert offline_estimate(shapely.box(*box)).zones == zones


def test_an_empty_area_is_refused() -> None:
    with pytest.raises(InputError, check=fault("boundary-empty", "Polygon")):
        offline_estimate(shapely.Polygon())


def layout(counts: np.ndarray, gap: int = 8) -> TileLayout:
    """A file whose blocks lie band by band, as in the real mirror."""
    flat = counts.ravel()
    offsets = 1000 + np.concatenate([[0], np.cumsum(flat + gap)[:-1]])
    return TileLayout(
        size=10**9,
        epsg=32634,
        west=0,
        north=0,
        pixel=10,
        side=512,
        block=256,
        bottom_up=True,
        packing="none",
        differenced=False,
        offsets=offsets.reshape(counts.shape),
        counts=counts,
    )


def test_neighbours_come_together_up_to_a_bound() -> None:
    plain = layout(np.full((2, 4), 100))
    assert runs(plain, [(0, 0), (0, 1), (1, 2)]) == [
        Run(1000, 208, ((0, 0), (0, 1))),
        Run(1648, 100, ((1, 2),)),
    ]
    every = [(band, place) for band in range(2) for place in range(4)]
    assert [run.length for run in runs(plain, every)] == [8 * 108 - 8]
    bounded = runs(plain, every, longest=320)
    assert [len(run.keys) for run in bounded] == [3, 3, 2]
    assert [key for run in bounded for key in run.keys] == every
    apart = layout(np.full((2, 4), 100), gap=65)
    assert len(runs(apart, every)) == 8


def test_a_place_counts_pixels_that_no_embedding_has() -> None:
    rng = np.random.default_rng(5)
    unit = rng.normal(size=(256, 256, 64)).astype(np.float32)
    unit[0, 0] = 0
    unit[0, 0, 0] = 1  # the farthest that rounding moves a length is within bounds
    stored = quantise(unit / np.linalg.norm(unit, axis=2, keepdims=True)).transpose(2, 0, 1)
    stored[:, 10, 10] = -128
    plain = layout(np.full((64, 4), 256**2))
    blocks: list[bytes | None] = [band.tobytes() for band in stored]
    place = unpack_place(plain, blocks)
    assert (place.odd, place.valid) == (0, 256**2 - 1)
    assert np.array_equal(place.values, stored[:, ::-1])  # bottom-up
    stored[5, 20, 20] = -128
    stored[:, 30, 30] = 60
    blocks = [band.tobytes() for band in stored]
    assert unpack_place(plain, blocks).odd == 2
    assert unpack_place(plain, [None, *blocks[1:]]).valid == 0
    assert unpack_place(plain, [None] * 64).odd == 0
