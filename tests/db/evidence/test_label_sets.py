"""Labels: kept, read back as they were, found again, taken away."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from db.engine import session_scope
from db.evidence import label_sets
from db.layers import layers
from tests.db.city_data import add_labels, add_plain_city, add_small_city

ODD = "a \"b\" 'c'; DROP TABLE city;-- %s %(x)s {} \\ ÄÖ 東京"


def test_labels_round_trip(session: Session) -> None:
    city = add_plain_city(session)
    shapes = np.array(
        [
            shapely.Point(24.9400000001, 60.17, 5.0),
            shapely.box(24.95, 60.17, 24.955, 60.175),
            shapely.MultiPolygon([shapely.box(24.93, 60.16, 24.94, 60.17)]),
        ],
        object,
    )
    found = add_labels(
        session,
        city.id,
        geometry=shapes,
        value=[ODD, "", "6"],
        label_class=np.array(["park", ODD, "park"], object),
        counts={"park": 2, ODD: 1},
    )
    read = label_sets.label_frame(session, found.id)
    assert list(read.columns) == ["value", "class", "geometry"]
    assert read["value"].tolist() == [ODD, "", "6"]
    assert read["class"].tolist() == ["park", ODD, "park"]
    expected = gpd.GeoSeries(shapely.force_2d(shapes), crs="EPSG:4326")
    assert read.crs == expected.crs
    assert read.geometry.geom_equals_exact(expected, 0).all()
    assert found.counts == {"park": 2, ODD: 1}
    assert found.dropped == {"no label": 3}
    assert found.created_at is not None


def test_a_set_without_labels(session: Session) -> None:
    city = add_plain_city(session)
    found = add_labels(
        session, city.id, geometry=np.array([], object), value=[], label_class=[], counts={}
    )
    read = label_sets.label_frame(session, found.id)
    assert read.empty
    assert list(read.columns) == ["value", "class", "geometry"]


def test_the_same_file_read_the_same_way_is_found_again(session: Session) -> None:
    made = add_small_city(session)
    other = add_small_city(session, "espoo")
    kept = made.labels
    same = {"sha256": kept.sha256, "field": kept.field, "parameters": dict(kept.parameters)}
    assert label_sets.find_label_set(session, made.city.id, **same).id == kept.id
    assert label_sets.find_label_set(session, other.city.id, **same).id == other.labels.id
    reordered = dict(reversed(same["parameters"].items()))
    again = label_sets.find_label_set(session, made.city.id, **(same | {"parameters": reordered}))
    assert again.id == kept.id
    for changed in (
        {"sha256": "9" * 64},
        {"field": "zone"},
        {"parameters": {**kept.parameters, "radius": 2}},
        {"parameters": {}},
    ):
        assert label_sets.find_label_set(session, made.city.id, **(same | changed)) is None


def test_layers_outlive_their_labels(session: Session) -> None:
    made = add_small_city(session)
    layer = layers.add_layer(
        session,
        made.city.id,
        slug="land-use",
        title="t",
        kind="landuse",
        model_id=None,
        fields=[{"name": "landuse", "type": "text", "unit": ""}],
        parameters={},
        lineage={},
        cell_ids=made.cell_ids[:3],
        columns={"landuse": ["park", "homes", None]},
        label_set_id=made.labels.id,
        findings={"cross_validation": {"random": {"macro_f1": 0.7}}},
    )
    assert layer.label_set_id == made.labels.id
    assert [found.id for found in label_sets.label_sets(session, made.city.id)] == [made.labels.id]
    session.delete(made.labels)
    session.flush()
    session.expire_all()
    kept = layers.layer_by_slug(session, made.city.id, "land-use")
    assert kept.label_set_id is None
    assert kept.findings == {"cross_validation": {"random": {"macro_f1": 0.7}}}
    assert layers.layer_frame(session, kept)["landuse"].tolist() == ["park", "homes", None]
    assert label_sets.label_sets(session, made.city.id) == []
    assert session.scalar(text("SELECT count(*) FROM label")) == 0


@pytest.mark.parametrize("column", ["value", "label_class"])
def test_nothing_is_half_stored(engine: Engine, column: str) -> None:
    """A column that is too short is noticed when some rows are already on their way."""
    with session_scope(engine) as session:
        city = add_plain_city(session)

    def add() -> None:
        with session_scope(engine) as session:
            add_labels(session, city.id, **{column: ["only one"]})

    with pytest.raises(ValueError, match="zip"):
        add()
    with session_scope(engine) as session:
        assert label_sets.label_sets(session, city.id) == []
        assert session.scalar(text("SELECT count(*) FROM label")) == 0
