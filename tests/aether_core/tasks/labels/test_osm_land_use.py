"""Land use out of OpenStreetMap extracts."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from aether_core.errors import InputError
from aether_core.simulate.osm_extract import BOX, packaged_extract
from aether_core.spatial.plane import Plane
from aether_core.tasks.labels.crosswalks import CROSSWALKS, apply_mapping
from aether_core.tasks.labels.osm_land_use import FIELD, read_osm_land_use
from aether_core.tasks.labels.read import read_labels
from tests.errors import fault


def test_helsinki_has_parks_and_its_land_use_is_the_same_every_time() -> None:
    frame = read_osm_land_use(packaged_extract(), shapely.box(*BOX))
    assert list(frame.columns) == [FIELD, "geometry"]
    assert {"park", "residential", "school"} <= set(frame[FIELD])
    assert not {"", "yes", "bench", "restaurant"} & set(frame[FIELD])
    assert frame.geometry.is_valid.all()
    assert frame.geom_type.isin(["Polygon", "MultiPolygon"]).all()
    again = read_osm_land_use(packaged_extract(), None)
    assert again.equals(read_osm_land_use(packaged_extract(), None))


def test_what_lies_in_another_use_is_cut_out_of_it() -> None:
    frame = read_osm_land_use(packaged_extract(), shapely.box(*BOX))
    shapes = Plane.of_shapes(frame.geometry.to_numpy()).shapes(frame.geometry.to_numpy())
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pair = (first < second) & (frame[FIELD].to_numpy()[first] != frame[FIELD].to_numpy()[second])
    first, second = first[pair], second[pair]
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    smaller = np.minimum(shapely.area(shapes[first]), shapely.area(shapes[second]))
    assert len(shared) > 20
    assert (shared / smaller).max() < 0.9


def test_the_crosswalk_knows_most_of_it() -> None:
    labels = read_labels(packaged_extract())
    mapped = apply_mapping(labels, CROSSWALKS["osm"].mapping, strict=True)
    assert len(mapped) > 0.8 * len(labels)
    assert {"residential", "green space", "institutional"} <= set(mapped.counts)


def test_an_extract_of_another_place_gives_nothing_and_is_refused_as_labels() -> None:
    elsewhere = shapely.box(0, 0, 0.01, 0.01)
    assert read_osm_land_use(packaged_extract(), elsewhere).empty
    with pytest.raises(
        InputError, check=fault("osm-extract-without-land-use", packaged_extract().name)
    ):
        read_labels(packaged_extract(), boundary=elsewhere)


def test_a_damaged_extract_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(packaged_extract().read_bytes()[:5000])
    with pytest.raises(InputError, check=fault("osm-extract-unreadable", "broken.osm.pbf")):
        read_labels(broken)
