"""Label sets: labelled points and polygons, kept for the maps fitted on them."""

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from db.columns.copy import copy_in, driver, new_ids
from db.engine import allow_long
from db.schema import Label, LabelSet


def add_label_set(
    session: Session,
    city_id: int,
    *,
    name: str,
    source: str,
    sha256: str,
    field: str,
    classes: Sequence[str],
    parameters: Mapping[str, Any],
    dropped: Mapping[str, int],
    counts: Mapping[str, int],
    geometry: NDArray[np.object_],
    value: Sequence[str] | NDArray[np.object_],
    label_class: Sequence[str] | NDArray[np.object_],
) -> LabelSet:
    """Keep labels.

    Args:
        session: In a transaction.
        city_id: The city.
        name: Name for people.
        source: Name of the file, or what else they come from.
        sha256: Of the file's content.
        field: The file's column of labels.
        classes: What the labels are called after merging, in order.
        parameters: How the file was read: mapping, CRS, rules. With file, field and city this
            tells two sets apart, see `find_label_set`.
        dropped: Number of features left out by reason.
        counts: Number of labels by class.
        geometry: Points or polygons `[n]`, WGS84.
        value: Each label as the file has it `[n]`.
        label_class: The class it counts as `[n]`.

    Raises:
        ValueError: Shapes, values and classes differ in number.
    """
    found = LabelSet(
        city_id=city_id,
        name=name,
        source=source,
        sha256=sha256,
        field=field,
        classes=list(classes),
        parameters=dict(parameters),
        dropped=dict(dropped),
        counts=dict(counts),
    )
    session.add(found)
    session.flush()
    allow_long(session)
    rows = zip(
        new_ids(session, Label.__tablename__, len(geometry)).tolist(),
        [found.id] * len(geometry),
        shapely.to_wkb(shapely.force_2d(np.asarray(geometry, object)), include_srid=False),
        map(str, value),
        map(str, label_class),
        strict=True,
    )
    types = {"id": "int8", "label_set_id": "int8", "geom": "bytea"}
    copy_in(session, Label.__tablename__, types | {"value": "text", "class": "text"}, rows)
    session.refresh(found)
    return found


def label_sets(session: Session, city_id: int) -> list[LabelSet]:
    """A city's label sets, newest first."""
    asked = select(LabelSet).where(LabelSet.city_id == city_id).order_by(LabelSet.id.desc())
    return list(session.scalars(asked))


def find_label_set(
    session: Session, city_id: int, *, sha256: str, field: str, parameters: Mapping[str, Any]
) -> LabelSet | None:
    """The city's newest set of the same file, field and way of reading, if there is one."""
    return session.scalar(
        select(LabelSet)
        .where(
            LabelSet.city_id == city_id,
            LabelSet.sha256 == sha256,
            LabelSet.field == field,
            LabelSet.parameters == dict(parameters),
        )
        .order_by(LabelSet.id.desc())
        .limit(1)
    )


def label_set_by_id(session: Session, city_id: int, label_set_id: int) -> LabelSet:
    """One label set of a city.

    Raises:
        NotFoundError: The city has no such set.
    """
    asked = select(LabelSet).where(LabelSet.city_id == city_id, LabelSet.id == label_set_id)
    found = session.scalar(asked)
    if found is None:
        raise NotFoundError(
            "no such labels", label_set_id, "they may have been removed", code="no-such-labels"
        )
    return found


def label_frame(session: Session, label_set_id: int) -> gpd.GeoDataFrame:
    """The labels of a set in the order given: `value`, `class`, `geometry` (WGS84)."""
    with driver(session).cursor(binary=True) as cursor:
        rows = cursor.execute(
            "SELECT value, class, ST_AsBinary(geom) FROM label WHERE label_set_id = %s ORDER BY id",
            (label_set_id,),
        ).fetchall()
    values = list(zip(*rows, strict=True)) if rows else [()] * 3
    return gpd.GeoDataFrame(
        {"value": list(values[0]), "class": list(values[1])},
        geometry=shapely.from_wkb(list(values[2])),
        crs="EPSG:4326",
    )
