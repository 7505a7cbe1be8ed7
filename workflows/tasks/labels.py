"""Labels on their way in: a file or the city's own OSM land use, mapped to classes and kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path

from sqlalchemy.orm import Session

from aether_core.errors import InputError
from aether_core.tasks.labels.count import LabelCount
from aether_core.tasks.labels.crosswalks import CROSSWALKS, apply_mapping
from aether_core.tasks.labels.read import Labels, read_labels
from aether_core.tasks.labels.values import says_nothing
from aether_core.tasks.samples.samples import Samples, samples_of
from aether_core.tasks.samples.small_classes import OTHER, TESTABLE, SmallRule, check_rule
from aether_core.vector import NO_OPTIONS, ReadOptions
from db.cities import cities as city_rows
from db.evidence import label_sets as label_rows
from db.schema import City, LabelSet
from workflows.cities.osm_labels import OSM_LABELS, osm_label_set
from workflows.cities.units import all_units
from workflows.home.store import Store


@dataclass(frozen=True)
class LabelRequest:
    """Which labels, and what they mean.

    Attributes:
        file: Points or polygons with a class each; None for the city's own OSM land use.
        field: The field that holds the class; found by its name when None.
        options: What the user says about the file.
        crosswalk: Name of a built-in mapping.
        mapping: A class for each value, the empty text to drop it; applied after the crosswalk.
        small: What becomes of classes with fewer than ten labels, one of `SMALL_RULES`.
        geometry: The file with the shapes of the labels' codes, where the first has none.
        code_field: The field of these codes; found when None.
        merge_into: The class that classes with few labels are merged into, where they are.
    """

    file: Path | None
    field: str | None = None
    options: ReadOptions = NO_OPTIONS
    crosswalk: str | None = None
    mapping: Mapping[str, str] = dataclass_field(default_factory=dict)
    small: SmallRule = TESTABLE
    geometry: Path | None = None
    code_field: str | None = None
    merge_into: str = OTHER

    def __post_init__(self) -> None:
        if self.crosswalk is not None and self.crosswalk not in CROSSWALKS:
            raise InputError(
                "the crosswalk is unknown",
                self.crosswalk,
                f"choose from {', '.join(CROSSWALKS)}",
                code="no-such-crosswalk",
            )
        check_rule(self.small, self.merge_into)


def raw_labels(store: Store, slug: str, request: LabelRequest) -> Labels:
    """The labels as their source has them.

    Raises:
        NotFoundError: No such city or file.
        InputError: The file cannot be used, or the city has no OSM land use.
    """
    if request.file is not None:
        return read_labels(
            request.file,
            field=request.field,
            meant=_meant(request),
            options=request.options,
            geometry=request.geometry,
            code_field=request.code_field,
        )
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        kept = osm_label_set(session, city.id)
        if kept is None:
            raise InputError(
                "the city has no OpenStreetMap land use",
                slug,
                "give a file of labels, or add the city from an .osm.pbf extract",
                code="city-without-osm-land-use",
            )
        frame = label_rows.label_frame(session, kept.id)
        return Labels(
            geometry=frame.geometry.to_numpy(),
            value=frame["value"].to_numpy(dtype=object),
            source=kept.source,
            sha256=kept.sha256,
            field=kept.field,
            dropped={},
            repaired=0,
        )


def _meant(request: LabelRequest) -> tuple[str, ...]:
    """Values the request has a class for, though they may say nothing by themselves."""
    known = CROSSWALKS[request.crosswalk].mapping if request.crosswalk else {}
    return (*request.mapping, *(value for value in known if says_nothing(value)))


def mapped_labels(store: Store, slug: str, request: LabelRequest) -> Labels:
    """The labels with their classes: crosswalk and mapping applied.

    Raises:
        NotFoundError: No such city or file.
        InputError: They cannot be used.
    """
    return classed_labels(raw_labels(store, slug, request), request)


def classed_labels(labels: Labels, request: LabelRequest) -> Labels:
    """Labels as read, with the request's crosswalk and mapping applied.

    Raises:
        InputError: No label is left.
    """
    crosswalk = request.crosswalk or (OSM_LABELS if request.file is None else None)
    if crosswalk is not None:
        labels = apply_mapping(labels, CROSSWALKS[crosswalk].mapping, strict=True)
    if request.mapping:
        labels = apply_mapping(labels, request.mapping, strict=False)
    return labels


def city_samples(session: Session, city: City, labels: Labels, *, seed: int) -> Samples:
    """The samples that labels give on a city's cells, whether they have data there or not.

    Args:
        session: Of the store.
        city: The city.
        labels: With their classes.
        seed: Decides which samples stay where there are too many.

    Raises:
        InputError: The labels give no two classes in the city.
    """
    _, units = all_units(session, city)
    return samples_of(
        labels,
        boundary=city_rows.boundary_of(city),
        units=units,
        seed=seed,
    )


def samples_in(store: Store, slug: str, labels: Labels, *, seed: int) -> Samples:
    """What `city_samples` gives, before any fit: forms count labels by it.

    Raises:
        NotFoundError: No such city.
        InputError: The labels give no two classes in the city.
    """
    with store.session() as session:
        return city_samples(session, city_rows.city_by_slug(session, slug), labels, seed=seed)


def keep_labels(
    session: Session, city_id: int, request: LabelRequest, labels: Labels, count: LabelCount
) -> LabelSet:
    """Store the labels of a fit with their count, so that its map can be explained and made again.

    Args:
        session: Of the store.
        city_id: The city.
        request: Where they come from.
        labels: Those in the city, with their classes.
        count: How many of them there are.
    """
    parameters = {
        "crs": request.options.crs,
        "crosswalk": request.crosswalk,
        "mapping": dict(request.mapping),
        "small": request.small,
        "merge_into": request.merge_into,
        "geometry_sha256": labels.shapes_sha256,
    }
    known = label_rows.find_label_set(
        session, city_id, sha256=labels.sha256, field=labels.field, parameters=parameters
    )
    if known is not None:
        return known
    return label_rows.add_label_set(
        session,
        city_id,
        name=Path(labels.source).name,
        source=labels.source,
        sha256=labels.sha256,
        field=labels.field,
        classes=sorted(labels.counts),
        parameters=parameters,
        dropped=count.left_out,
        counts=count.by_class,
        geometry=labels.geometry,
        value=labels.value,
        label_class=labels.value,
    )
