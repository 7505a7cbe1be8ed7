"""Layers: results that are kept, found again, and read straight from PostGIS."""

import importlib.metadata
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from aether_core.charts.own_classes import OwnClasses
from aether_core.city.units import AREAS, H3_CELLS, UnitKind
from aether_core.findings import StoredFindings
from db.cities import cities as city_rows
from db.evidence import models as model_rows
from db.layers import layers as layer_rows
from db.layers.units import SPATIAL_UNITS
from db.schema import City, Layer
from workflows.accounts.acting import KEEP_MAP, REMOVE_MAP, RENAME_MAP, allow
from workflows.cities.cities import credits_of
from workflows.cities.names import checked_line
from workflows.cities.units import all_units
from workflows.home.documents import from_document
from workflows.home.store import Store
from workflows.layers.kinds import LayerFindings, read_findings
from workflows.search.ask import Answer
from workflows.search.search import CellScores
from workflows.training.representation import cell_vectors, model_for

MAX_TITLE = 200
"""Characters a layer's title may have."""
SCORE_FIELDS = [
    {"name": "score", "type": "float", "unit": "match (cosine), -1 to 1"},
    {"name": "percentile", "type": "float", "unit": "% of the city's cells that score lower"},
]


@dataclass(frozen=True)
class LayerSummary:
    """One kept layer.

    Attributes:
        layer: Short name, unique in its city.
        kind: search, similar, ask, change, landuse, socioeconomic or socioeconomic areas.
        features: Number of cells or areas.
        unit: What a feature is, and what its column is called: cell or area.
        spatial_unit: What the values are kept for: `cell`, `city_area` or `area` of a set.
        model: Name of the model it was made with.
        parameters: What was asked.
        lineage: What it was made from, to make it again.
        findings_document: What was measured while it was made, as it is stored.
        fields: Name, type and unit of each value.
        embedding: Name of the city's embedding, e.g. `alphaearth`.
        attribution: Credits of the city and of what the model was trained on.
        view: Name of the PostGIS view that shows it.
        number: Id of its row.
        cells_layer: For a layer of areas, the number of the layer of cells made together with it,
            while that is there.
        own_classes: Colours and classes that somebody chose, by the field they were chosen for.
        changed: When its values, title or colours last became other ones: what was made of it
            before shows something else.
    """

    layer: str
    title: str
    kind: str
    created: datetime
    features: int
    unit: str
    spatial_unit: str
    model: str | None
    parameters: dict[str, Any]
    lineage: dict[str, Any]
    findings_document: dict[str, Any]
    fields: list[dict[str, str]]
    simulated: bool
    embedding: str
    attribution: list[str]
    view: str
    number: int
    cells_layer: int | None
    own_classes: dict[str, OwnClasses]
    changed: datetime

    @property
    def by_area(self) -> bool:
        """Whether its features are the areas of a set; they are the city's units otherwise."""
        return SPATIAL_UNITS[self.spatial_unit].of_set

    @property
    def has_shapes(self) -> bool:
        """Whether its features have shapes of their own; cells of H3 are known by their index."""
        return SPATIAL_UNITS[self.spatial_unit].has_shapes

    @property
    def units(self) -> UnitKind:
        """What people call its features."""
        return AREAS if self.has_shapes else H3_CELLS

    @property
    def years(self) -> str:
        """The embedding's year or years in words."""
        return " and ".join(map(str, self.lineage.get("years") or [self.lineage["year"]]))

    @cached_property
    def findings(self) -> StoredFindings | None:
        """What was measured while it was made: accuracy, coverage, folds; None of a search.

        Raises:
            AetherError: They were written by a newer version, or are damaged.
        """
        return read_findings(self.kind, self.findings_document)

    def measured(self, kind: type[LayerFindings]) -> LayerFindings:
        """The findings of a layer whose kind of findings is known.

        Raises:
            TypeError: They are of another kind: a mistake of the caller.
        """
        if not isinstance(self.findings, kind):
            msg = f"layer {self.layer} ({self.kind}) has no {kind.__name__}"
            raise TypeError(msg)
        return self.findings


def keep_layer(store: Store, scores: CellScores, title: str | None = None) -> LayerSummary:
    """Keep a search as a layer.

    Args:
        title: What people call it; the query when left out.

    Raises:
        NotFoundError: The city or the model has been removed since.
        InputError: The title is empty or too long.
    """
    return _keep(
        store,
        scores,
        scores.kind,
        title if title is not None else default_title(scores),
        SCORE_FIELDS,
        {"query": scores.query, "minus": scores.minus, "at": scores.at},
        {"score": scores.score, "percentile": scores.percentile},
    )


def keep_answer(store: Store, answer: Answer, title: str | None = None) -> LayerSummary:
    """Keep the answer to a question as a layer, with every part and the metres of each distance.

    Args:
        title: What people call it; the question when left out.

    Raises:
        NotFoundError: The city or the model has been removed since.
        InputError: The title is empty or too long.
    """
    fields = [
        {"name": "score", "type": "float", "unit": "0 to 1, of all criteria"},
        SCORE_FIELDS[1],
    ]
    columns = {"score": answer.score, "percentile": answer.percentile}
    for part in answer.parts:
        fields.append({"name": part.name, "type": "float", "unit": "0 to 1"})
        columns[part.name] = part.value
        if part.metres is not None:
            fields.append({"name": f"{part.name}_m", "type": "float", "unit": "m"})
            columns[f"{part.name}_m"] = part.metres
    asked = {
        "question": answer.question or None,
        "criteria": [part.facts() for part in answer.parts],
        "mode": answer.mode,
        "extent": str(answer.extent),
        "notes": list(answer.notes),
        "unmapped": [{"words": one.words, "reason": one.reason} for one in answer.unmapped],
    }
    given = title if title is not None else answer.title[:MAX_TITLE]
    return _keep(store, answer, "ask", given, fields, asked, columns)


def _keep(
    store: Store,
    result: CellScores | Answer,
    kind: str,
    title: str,
    fields: Sequence[Mapping[str, str]],
    parameters: Mapping[str, Any],
    columns: Mapping[str, NDArray[np.float32]],
) -> LayerSummary:
    """Keep values of the cells that a model scored in one year."""
    title = checked_title(title)
    model = model_for(store, result.city, result.model)
    ids = cell_vectors(store, model, result.year).ids
    with store.session() as session:
        # The lock: two who keep a search of the same name at once get two names.
        city = city_rows.lock_city(session, model.city_id)
        allow(session, *KEEP_MAP, f"{city.slug}, {title}")
        row = layer_rows.add_layer(
            session,
            city.id,
            slug=free_slug(session, city.id, f"{kind}-{title}"),
            title=title,
            kind=kind,
            model_id=model_rows.model_by_name(session, result.model).id,
            fields=fields,
            parameters=parameters,
            lineage=layer_lineage(session, city, result.model, [result.year]),
            cell_ids=ids,
            columns=columns,
        )
        return summarise(session, city, row)


def checked_title(title: str) -> str:
    """A layer's title with single spaces.

    Raises:
        InputError: It is empty, longer than 200 characters, or holds a control character.
    """
    return checked_line(
        "a layer's title", title, MAX_TITLE, "give a short title", code="title-wrong-length"
    )


def default_title(scores: CellScores) -> str:
    """What a layer is called when nobody gives it a title."""
    title = f"{scores.query} without {scores.minus}" if scores.minus else scores.query
    return title[:200]


def layer_document(layer: LayerSummary) -> dict[str, Any]:
    """A layer as commands and the API tell it.

    Without what was measured, which the report and pages show, and the store's ids.
    """
    facts = asdict(layer)
    for name in ("findings_document", "number", "cells_layer"):
        del facts[name]
    return facts


def list_layers(store: Store, slug: str) -> list[LayerSummary]:
    """A city's layers, newest first.

    Raises:
        NotFoundError: No city has this slug.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        rows = layer_rows.list_layers(session, city.id)
        return [summarise(session, city, row) for row in rows]


def show_layer(store: Store, slug: str, layer: str) -> LayerSummary:
    """One layer.

    Raises:
        NotFoundError: No such city or layer.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        row = layer_rows.layer_by_slug(session, city.id, layer)
        return summarise(session, city, row)


def layer_values(store: Store, slug: str, layer: str) -> pd.DataFrame:
    """A layer's values: cell (H3, hexadecimal) or area (code), then one column a field.

    Raises:
        NotFoundError: No such city or layer.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        return layer_rows.layer_frame(session, layer_rows.layer_by_slug(session, city.id, layer))


def layer_shapes(store: Store, slug: str, layer: str) -> gpd.GeoDataFrame:
    """A layer's values with their polygons, WGS84.

    Raises:
        NotFoundError: No such city or layer.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        row = layer_rows.layer_by_slug(session, city.id, layer)
        return layer_rows.layer_geo_frame(session, row)


def with_names(
    store: Store, slug: str, layer: LayerSummary, shapes: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """A layer's values with the names of the city's areas behind their codes, where they have any.

    Raises:
        NotFoundError: No such city.
    """
    if not SPATIAL_UNITS[layer.spatial_unit].may_have_names or "name" in shapes.columns:
        return shapes
    with store.session() as session:
        units = all_units(session, city_rows.city_by_slug(session, slug))[1]
    names = units.names()
    if names is None:
        return shapes
    named = dict(zip(units.codes(), names, strict=True))
    whole = shapes.copy()
    whole.insert(1, "name", [named.get(code, "") for code in shapes[layer.unit]])
    return whole


def rename_layer(store: Store, slug: str, layer: str, title: str) -> LayerSummary:
    """Give a layer another title; its short name, and so its address, stays.

    Raises:
        NotFoundError: No such city or layer.
        InputError: The title is empty or too long.
    """
    title = checked_title(title)
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        row = layer_rows.layer_by_slug(session, city.id, layer)
        allow(session, *RENAME_MAP, f"{slug}, {layer}")
        layer_rows.change_layer(session, row, title=title)
        return summarise(session, city, row)


def remove_layer(store: Store, slug: str, layer: str) -> None:
    """Delete a layer and its view.

    Raises:
        NotFoundError: No such city or layer.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        allow(session, *REMOVE_MAP, f"{slug}, {layer}")
        layer_rows.remove_layer(session, city.id, layer)


def free_slug(session: Session, city_id: int, title: str) -> str:
    """A short name made from a title that no layer of the city has; the city must be locked."""
    base = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].rstrip("-")
    taken = {row.slug for row in layer_rows.list_layers(session, city_id)}
    candidates = (base if n == 1 else f"{base}-{n}" for n in range(1, len(taken) + 2))
    return next(candidate for candidate in candidates if candidate not in taken)


def layer_lineage(
    session: Session, city: City, model: str, years: Sequence[int]
) -> dict[str, object]:
    """What a layer of scores was made from, as JSON values.

    Args:
        session: In a transaction.
        city: The city.
        model: Name of the model.
        years: Of the embedding, one or more, ascending; files are listed in their order.
    """
    files = [raster for year in years for raster in city_rows.rasters(session, city.id, year)]
    return {
        "city": city.slug,
        "year": years[-1],
        "years": list(years),
        "model": model,
        "embedding": city.embedding,
        "sources": list(city.sources),
        "simulated": city.simulated,
        "embedding_sha256": [raster.sha256 for raster in files],
        "software": {name: importlib.metadata.version(name) for name in ("torch", "numpy", "h3")},
    }


def summarise(session: Session, city: City, row: Layer) -> LayerSummary:
    """A row of a layer as it is told.

    Args:
        session: In a transaction.
        city: Its city.
        row: The layer.
    """
    model = model_rows.model_by_id(session, row.model_id) if row.model_id else None
    return LayerSummary(
        layer=row.slug,
        title=row.title,
        kind=row.kind,
        created=row.created_at,
        features=row.features,
        unit=SPATIAL_UNITS[row.spatial_unit].column,
        spatial_unit=row.spatial_unit,
        model=model.name if model else None,
        parameters=dict(row.parameters),
        lineage=dict(row.lineage),
        findings_document=dict(row.findings),
        fields=list(row.fields),
        simulated=city.simulated,
        embedding=city.embedding,
        attribution=list(credits_of(city, model)),
        view=row.view_name,
        number=row.id,
        cells_layer=row.cells_layer_id,
        own_classes={name: from_document(OwnClasses, one) for name, one in row.own_classes.items()},
        changed=row.changed_at or row.created_at,
    )
