"""A city as a study wants it, and the labels a study may judge by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from aether_core.eo.embedding import Embedding
from aether_core.eo.file_kind import FILE_KINDS
from aether_core.eo.pooling.view import View
from aether_core.eo.table.area_embedding import AreaVectors
from aether_core.model.recipes.definition import Recipe
from aether_core.progress import Progress, silent
from aether_core.study.city import POI_COLUMNS, StudyCity, StudyLabels
from aether_core.tasks.labels.read import Labels
from aether_core.tasks.samples.small_classes import OTHER, TESTABLE, treat_small
from db.cities import cities as city_rows
from db.cities import pois as poi_rows
from db.evidence import label_sets as label_rows
from db.schema import City, LabelSet
from workflows.cities.area_vectors import area_vectors
from workflows.cities.files import open_city_embedding
from workflows.cities.osm_labels import OSM_LABELS
from workflows.cities.units import unit_kind
from workflows.cities.views import ensure_view, model_view
from workflows.encoders.choice import asked_encoder
from workflows.encoders.of_city import city_encoder
from workflows.home.store import Store
from workflows.tasks.labels import LabelRequest, city_samples, keep_labels, mapped_labels
from workflows.training.data import training_set

Floats = NDArray[np.float32]
Pool = Callable[[NDArray[np.float64], Sequence[View]], Floats]
_SAMPLE_SEED = 42
"""Decides which labels stay where there are too many: the same ones in every study."""


@dataclass(frozen=True)
class LabelChoice:
    """A set of labels that was kept with a city.

    Attributes:
        id: Its number.
        name: What people call it: its file's name.
        classes: Number of classes.
        labels: Number of labels.
    """

    id: int
    name: str
    classes: int
    labels: int


def label_choices(store: Store, slug: str) -> list[LabelChoice]:
    """The label sets of a city that maps were fitted on, newest first.

    Raises:
        NotFoundError: No city has this slug.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        return [
            LabelChoice(one.id, one.name, len(one.classes), sum(one.counts.values()))
            for one in label_rows.label_sets(session, city.id)
            if _mapped(one) and len(one.classes) > 1
        ]


def _mapped(labels: LabelSet) -> bool:
    """Whether its values are classes; a city's own OSM land use needs its crosswalk first."""
    return labels.parameters.get("origin") != OSM_LABELS


def kept_label_set(store: Store, slug: str, asked: LabelRequest | int | None) -> int | None:
    """The number of the label set a study is to judge by, kept now where it comes from a file.

    Raises:
        NotFoundError: No such city, file or set.
        InputError: The labels cannot be used.
    """
    if asked is None:
        return None
    with store.session() as session:
        city_id = city_rows.city_by_slug(session, slug).id
        if isinstance(asked, int):
            return label_rows.label_set_by_id(session, city_id, asked).id
    labels = mapped_labels(store, slug, asked)
    with store.session() as session:
        city = city_rows.lock_city(session, city_id)
        # Refused now rather than by the worker.
        found = city_samples(session, city, labels, seed=_SAMPLE_SEED)
        used = treat_small(found, asked.small, asked.merge_into).samples
        return keep_labels(session, city_id, asked, labels, used.count).id


def study_city(
    store: Store,
    slug: str,
    recipe: Recipe,
    *,
    label_set: int | None = None,
    progress: Progress = silent,
) -> StudyCity:
    """Read a city for a study.

    Args:
        recipe: The city is pooled the way it asks for.
        label_set: Number of the labels to judge by; None for none.

    Raises:
        NotFoundError: No such city or labels.
        InputError: Its files or labels cannot be used.
    """
    progress("reading the city", 0, 1)
    with store.session() as session:
        city_id = city_rows.city_by_slug(session, slug).id
    ensure_view(store, city_id, recipe.settings, progress)
    encoder = asked_encoder(store.settings, city_encoder(store, city_id).name)
    training = training_set(store, city_id, recipe, encoder, progress)
    with store.session() as session:
        city = city_rows.city_by_id(session, city_id)
        base, wide = FILE_KINDS[city.embedding_kind].views(city.radius_m)
        base = model_view(city, recipe.settings) or base
        source: Embedding | AreaVectors
        if unit_kind(city).of_embedding:
            source = area_vectors(session, city)
        else:
            rasters = city_rows.rasters(session, city_id)
            source = open_city_embedding(store.settings, city.embedding, rasters, progress)
        pool = partial(_pooled, source)
        return StudyCity(
            slug=slug,
            training=training,
            pois=poi_rows.poi_frame(session, city_id)[list(POI_COLUMNS)],
            encode=encoder.encode,
            pool=pool,
            views=(base, wide),
            labels=None if label_set is None else _labels(session, city, label_set, pool, base),
        )


def _pooled(
    source: Embedding | AreaVectors, lonlat: NDArray[np.float64], views: Sequence[View]
) -> Floats:
    return source.pool(lonlat, views).vectors


def _labels(session: Session, city: City, label_set: int, pool: Pool, base: View) -> StudyLabels:
    """Points and cells of a kept label set with the base view of each."""
    kept = label_rows.label_set_by_id(session, city.id, label_set)
    frame = label_rows.label_frame(session, kept.id)
    labels = Labels(
        geometry=frame.geometry.to_numpy(),
        value=frame["class"].to_numpy(dtype=object),
        source=kept.source,
        sha256=kept.sha256,
        field=kept.field,
        dropped={},
    )
    found = treat_small(
        city_samples(session, city, labels, seed=_SAMPLE_SEED),
        kept.parameters.get("small", TESTABLE),
        kept.parameters.get("merge_into", OTHER),
    ).samples
    return StudyLabels(
        lonlat=found.lonlat,
        vectors=pool(found.lonlat, [base])[0],
        label=found.label,
        names=found.classes,
        unit=found.unit,
    )
