"""Land-use labels of a city out of its own OpenStreetMap extract: read and kept."""

from pathlib import Path

from shapely import MultiPolygon
from sqlalchemy.orm import Session

from aether_core.files.whole import sha256_of
from aether_core.tasks.labels.osm_land_use import FIELD as OSM_FIELD
from aether_core.tasks.labels.osm_land_use import read_osm_land_use
from aether_core.tasks.labels.read import Labels
from db.cities import cities as city_rows
from db.evidence import label_sets as label_rows
from db.schema import LabelSet
from workflows.home.store import Store

OSM_LABELS = "osm"
"""What stands for them where a file of labels is asked for, and in the label set's parameters."""


def read_osm_labels(path: Path, boundary: MultiPolygon) -> Labels | None:
    """A city's land use out of an OpenStreetMap extract; None where the extract has none.

    Raises:
        NotFoundError: There is no such file.
        InputError: It is no OSM pbf file.
    """
    frame = read_osm_land_use(path, boundary)
    inside = frame[frame.intersects(boundary)]
    if inside.empty:
        return None
    return Labels(
        geometry=inside.geometry.to_numpy(),
        value=inside[OSM_FIELD].to_numpy(dtype=object),
        source=path.name,
        sha256=sha256_of(path),
        field=OSM_FIELD,
        dropped={},
    )


def keep_osm_labels(session: Session, city_id: int, labels: Labels) -> None:
    """Store a city's own OpenStreetMap land use, to be taken as labels later."""
    label_rows.add_label_set(
        session,
        city_id,
        name="OpenStreetMap land use",
        source=labels.source,
        sha256=labels.sha256,
        field=labels.field,
        classes=sorted(labels.counts),
        parameters={"origin": OSM_LABELS},
        dropped=labels.dropped,
        counts=labels.counts,
        geometry=labels.geometry,
        value=labels.value,
        label_class=labels.value,
    )


def has_osm_labels(store: Store, slug: str) -> bool:
    """Whether labels can be taken from the city's own OSM land use."""
    with store.session() as session:
        return osm_label_set(session, city_rows.city_by_slug(session, slug).id) is not None


def osm_label_set(session: Session, city_id: int) -> LabelSet | None:
    """The label set that `keep_osm_labels` stored; None where there is none."""
    sets = label_rows.label_sets(session, city_id)
    return next((one for one in sets if one.parameters.get("origin") == OSM_LABELS), None)
