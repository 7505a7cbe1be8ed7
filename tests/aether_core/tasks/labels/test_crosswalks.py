"""Crosswalks, a user's own mapping, and classes that are too small."""

import numpy as np
import pytest
import shapely

from aether_core.errors import InputError
from aether_core.tasks.labels.crosswalks import (
    CROSSWALKS,
    apply_mapping,
    check_class_number,
)
from aether_core.tasks.labels.read import Labels
from tests.errors import fault


def labelled(*values: str) -> Labels:
    return Labels(
        geometry=np.array(shapely.points(np.arange(len(values)), 0), dtype=object),
        value=np.array(values, dtype=object),
        source="a.geojson",
        sha256="0" * 64,
        field="zone",
        dropped={},
    )


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("osm", "village_green", "green space"),
        ("osm", "Residential", "residential"),
        ("uk", "Public houses and bars", "retail and food"),
        ("uk", "Mixed Use", "mixed use"),
        ("singapore", "BUSINESS 1 - WHITE", "business and industry"),
        ("singapore", "PORT/AIRPORT", "transport and utilities"),
        ("urban-atlas", "11210", "dense residential"),
        (
            "urban-atlas",
            "Discontinuous dense urban fabric (S.L. : 50% -  80%)",
            "dense residential",
        ),
        ("urban-atlas", "Pastures", "farmland"),
        ("dynamic-world", "6", "built"),
        ("dynamic-world", "shrub_and_scrub", "shrub and scrub"),
        ("dynamic-world", "8", "snow and ice"),
    ],
)
def test_published_values_find_their_class(name: str, raw: str, expected: str) -> None:
    mapped = apply_mapping(labelled(raw), CROSSWALKS[name].mapping, strict=True)
    assert mapped.value.tolist() == [expected]


def test_each_crosswalk_makes_a_map_one_can_read_and_names_its_source() -> None:
    assert set(CROSSWALKS) == {"osm", "uk", "singapore", "urban-atlas", "dynamic-world"}
    for scheme in CROSSWALKS.values():
        classes = set(scheme.mapping.values()) - {""}
        assert 5 <= len(classes) <= 15, scheme.name
        assert scheme.title
        assert scheme.source
    assert len(set(CROSSWALKS["urban-atlas"].mapping.values())) == 12
    assert {str(n) for n in range(9)} <= set(CROSSWALKS["dynamic-world"].mapping)


def test_a_crosswalk_drops_what_it_does_not_list() -> None:
    mapped = apply_mapping(
        labelled("PARK", "RESERVE SITE", "MOON BASE", "ROAD"),
        CROSSWALKS["singapore"].mapping,
        strict=True,
    )
    assert mapped.value.tolist() == ["green and recreation", "transport and utilities"]
    assert mapped.dropped == {"dropped by the mapping": 1, "not in the crosswalk": 1}


def test_a_users_mapping_keeps_what_it_does_not_list() -> None:
    labels = labelled("a", "A ", "b", "c", "A1")
    mapped = apply_mapping(labels, {"a": "x", "c": ""}, strict=False)
    assert mapped.value.tolist() == ["x", "x", "b", "A1"]
    assert mapped.dropped == {"dropped by the mapping": 1}


def test_a_users_mapping_of_a_value_that_is_not_there_is_refused() -> None:
    # "A1" is no "A-1": only case and spaces are forgiven to a user's own codes.
    with pytest.raises(InputError, check=fault("mapping-names-unknown-value", "A-1", "A1, b")):
        apply_mapping(labelled("b", "A1"), {"B": "x", "A-1": "y"}, strict=False)


def test_a_mapping_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(InputError, check=fault("mapping-leaves-no-label", "mars, moon")):
        apply_mapping(labelled("moon", "mars"), CROSSWALKS["uk"].mapping, strict=True)


def test_two_hundred_classes_are_refused_with_their_number() -> None:
    labels = labelled(*[f"owner {n}" for n in range(200)])
    with pytest.raises(InputError, check=fault("too-many-classes", "zone", 200)):
        check_class_number(labels)


def test_one_class_is_refused() -> None:
    with pytest.raises(InputError, check=fault("labels-of-one-class", "park", 3)):
        check_class_number(labelled("park", "park", "park"))
    check_class_number(labelled("park", "road"))
