"""Take a layer, a search or a change away as a file."""

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd

from aether_core.city.units import Units
from aether_core.export.formats import FORMATS, check_target, format_of, write_layer
from aether_core.export.qml import write_style
from aether_core.tasks.findings import Findings
from workflows.home.store import Store
from workflows.layers.kinds import layer_kind
from workflows.layers.layers import (
    LayerSummary,
    layer_shapes,
    layer_values,
    show_layer,
    with_names,
)
from workflows.layers.pictures import main_field
from workflows.layers.profile import AreaProfile
from workflows.layers.styles import classes_of, layer_style
from workflows.search.ask import Answer
from workflows.search.change import FIELDS as CHANGE_FIELDS
from workflows.search.change import CellChange
from workflows.search.search import CellScores

__all__ = [
    "FORMATS",
    "check_target",
    "export_answer",
    "export_change",
    "export_layer",
    "export_profile",
    "export_scores",
    "export_style",
    "format_of",
]


def export_layer(
    store: Store,
    slug: str,
    layer: str,
    path: Path,
    *,
    force: bool = False,
    only_field: str | None = None,
) -> None:
    """Write a kept layer to a file, its format chosen by the ending.

    Args:
        only_field: Write this field alone into a GeoTIFF; land use is written as classes otherwise.

    Raises:
        NotFoundError: No such city or layer, also when it is removed while it is read.
        InputError: The ending is unknown, the folder does not exist, or there is no such field.
        ConflictError: The file exists and `force` is not set.
    """
    check_target(path, force=force)
    summary = show_layer(store, slug, layer)
    shapes = with_names(store, slug, summary, layer_shapes(store, slug, layer))
    write_layer(
        shapes, path, metadata=layer_metadata(slug, summary), force=force, only_field=only_field
    )


def export_style(
    store: Store, slug: str, layer: str, path: Path, *, force: bool = False
) -> Path | None:
    """Write a layer's QGIS style beside a file of it; None where QGIS would not look for one.

    Raises:
        NotFoundError: No such city or layer.
        ConflictError: The style's file exists and `force` is not set.
    """
    if not format_of(path).takes_style:
        return None
    summary = show_layer(store, slug, layer)
    style = layer_style(summary, layer_values(store, slug, layer))
    return write_style(path, style, force=force)


def layer_metadata(slug: str, summary: LayerSummary) -> dict[str, object]:
    """What a file says about the layer in it."""
    metadata = {
        "title": summary.title,
        "kind": summary.kind,
        "city": slug,
        "model": summary.model,
        **summary.parameters,
        "simulated": summary.simulated,
        "attribution": " ".join(summary.attribution),
        "fields": summary.fields,
        "lineage": summary.lineage,
        "created": summary.created.isoformat(),
    }
    if layer_kind(summary.kind).of_classes:
        metadata["class_field"] = main_field(summary)
        metadata["classes"] = classes_of(summary)
    if isinstance(summary.findings, Findings):
        metadata["note"] = summary.findings.note
    return _stated(metadata)


def export_scores(scores: CellScores, path: Path, *, force: bool = False) -> None:
    """Write a search's cells to a file without keeping it as a layer.

    Raises:
        InputError: The ending is unknown or the folder does not exist.
        ConflictError: The file exists and `force` is not set.
    """
    check_target(path, force=force)
    frame = _with_polygons(scores.units, {"score": scores.score, "percentile": scores.percentile})
    metadata = {
        "kind": scores.kind,
        "city": scores.city,
        "model": scores.model,
        "query": scores.query,
        "minus": scores.minus,
        "at": scores.at,
        "simulated": scores.simulated,
        "attribution": " ".join(scores.attribution),
    }
    write_layer(frame, path, metadata=_stated(metadata), force=force)


def export_answer(answer: Answer, path: Path, *, force: bool = False) -> None:
    """Write every cell of an answer with every part to a file.

    Each criterion is one property of 0 to 1, named as in the answer; one measured by distance has
    its metres beside it, in `<name>_m`.

    Raises:
        InputError: The ending is unknown or the folder does not exist.
        ConflictError: The file exists and `force` is not set.
    """
    check_target(path, force=force)
    columns: dict[str, object] = {"score": answer.score, "percentile": answer.percentile}
    for part in answer.parts:
        columns[part.name] = part.value
        if part.metres is not None:
            columns[f"{part.name}_m"] = part.metres
    metadata = {
        "kind": "ask",
        "city": answer.city,
        "model": answer.model,
        "question": answer.question,
        "criteria": [part.facts() for part in answer.parts],
        "unmapped": [f"{one.words}: {one.reason}" for one in answer.unmapped],
        "notes": list(answer.notes),
        "mode": answer.mode,
        "year": answer.year,
        "simulated": answer.simulated,
        "attribution": " ".join(answer.attribution),
    }
    frame = _with_polygons(answer.units, columns)
    write_layer(frame, path, metadata=_stated(metadata), force=force)


def export_change(found: CellChange, path: Path, *, force: bool = False) -> None:
    """Write every cell of a change to a file without keeping it as a layer.

    Raises:
        InputError: The ending is unknown or the folder does not exist.
        ConflictError: The file exists and `force` is not set.
    """
    check_target(path, force=force)
    names = [str(field["name"]) for field in CHANGE_FIELDS]
    frame = _with_polygons(found.units, {name: getattr(found, name) for name in names})
    metadata = {
        "kind": "change",
        "city": found.city,
        "model": found.model,
        "query": found.query,
        "minus": found.minus,
        "from": found.year_from,
        "to": found.year_to,
        **found.findings.facts(),
        "fields": CHANGE_FIELDS,
        "simulated": found.simulated,
        "attribution": " ".join(found.attribution),
    }
    write_layer(frame, path, metadata=_stated(metadata), force=force)


def export_profile(found: AreaProfile, path: Path, *, force: bool = False) -> None:
    """Write areas with every figure to a file.

    Each figure is one property, named as in the profile; one with an interval has its ends beside
    it, in `<name>_lo` and `<name>_hi`. What the figures are, and the city's own, is metadata.

    Raises:
        InputError: The ending is unknown or the folder does not exist.
        ConflictError: The file exists and `force` is not set.
    """
    check_target(path, force=force)
    profile = found.profile
    ground = profile.ground
    columns: dict[str, object] = {
        "area": ground.name,
        "cells": ground.cells,
        "covered": ground.covered,
        "sentence": [profile.sentence(row) for row in range(len(ground))],
    }
    for figure in profile.figures:
        columns[figure.info.name] = figure.value[:-1]
        if figure.level is not None:
            columns[f"{figure.info.name}_lo"] = figure.low[:-1]
            columns[f"{figure.info.name}_hi"] = figure.high[:-1]
    metadata = {
        "kind": "profile",
        "city": found.city,
        "figures": profile.facts(),
        "layers": list(found.layers),
        "notes": list(found.notes),
        "simulated": found.simulated,
        "attribution": " ".join(found.attribution),
    }
    frame = gpd.GeoDataFrame(pd.DataFrame(columns), geometry=ground.geometry, crs="EPSG:4326")
    write_layer(frame, path, metadata=_stated(metadata), force=force)


def _with_polygons(units: Units, columns: Mapping[str, object]) -> gpd.GeoDataFrame:
    """Values of units as a table, what the units are called in front."""
    names = units.names()
    called: dict[str, object] = {units.kind.column: units.codes()}
    if names is not None and "name" not in columns:
        called["name"] = names
    frame = pd.DataFrame(called | dict(columns))
    return gpd.GeoDataFrame(frame, geometry=units.polygons(), crs="EPSG:4326")


def _stated(metadata: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in metadata.items() if value is not None}
