"""Map socioeconomic shares: fit on areas, predict areas and cells, keep both as layers."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from aether_core.eo.file_kind import FILE_KINDS
from aether_core.errors import InputError
from aether_core.progress import Progress, silent
from aether_core.tasks.areas.pixels import pixel_means
from aether_core.tasks.findings import ComparisonFindings
from aether_core.tasks.kinds.shares import (
    SHARES,
    ShareFindings,
    SocioeconomicMap,
    map_socioeconomic,
    share_fields,
)
from aether_core.tasks.samples.representations import need_places, of_areas, representation
from db.cities import cities as city_rows
from db.layers import layers as layer_rows
from workflows.home.store import Store
from workflows.layers.layers import MAX_TITLE, LayerSummary, checked_title, free_slug, show_layer
from workflows.tasks.areas import AreaRequest, CoveredAreas, covered_areas, keep_areas
from workflows.tasks.arrays import TaskCity, task_city
from workflows.tasks.chosen import made_from, names_here, wanted_names
from workflows.tasks.commands import area_words, map_command
from workflows.tasks.districts import DistrictFile, read_districts
from workflows.tasks.fit_inputs import FitInputs, fit_inputs
from workflows.tasks.lineage import lineage_of, read_document, without_rows
from workflows.tasks.settings import FitSettings
from workflows.tasks.task import NO_CHOICES, TASKS, ComparedSamples, MapChoices, Task

KIND = SHARES.name
AREA_KIND = SHARES.layers[1].name


@dataclass(frozen=True)
class SocioeconomicRequest:
    """What a user asks for.

    Attributes:
        areas: The areas and their fields.
        fit: How the regression is fitted and tested.
        title: What the layer is called; default: from the name of the areas when None.
        districts: Districts to break errors down by.
        pixels: Take the areas' means over the raster's pixels instead of the cells.
    """

    areas: AreaRequest
    fit: FitSettings = field(default_factory=FitSettings)
    title: str | None = None
    districts: DistrictFile | None = None
    pixels: bool = False

    def __post_init__(self) -> None:
        if self.title:
            checked_title(self.title)


@dataclass(frozen=True)
class SocioeconomicResult:
    """The layers kept, and what a command reports.

    Attributes:
        layer: Predictions of cells.
        areas_layer: Predictions of the areas, each from a fit that had not seen it.
        areas_dropped: How many areas were left out, by reason.
        cross_validation: `{split: {metric: mean}}`.
    """

    layer: LayerSummary
    areas_layer: LayerSummary
    fields: list[str]
    areas_used: int
    areas_dropped: dict[str, int]
    cells: int
    cross_validation: dict[str, dict[str, float]]
    seconds: float


def socioeconomic(
    store: Store,
    slug: str,
    request: SocioeconomicRequest,
    progress: Progress = silent,
    *,
    within: Callable[[Session, str, str], None] | None = None,
    on_read: Callable[[dict[str, Any]], None] | None = None,
) -> SocioeconomicResult:
    """Fit on area shares or counts, predict areas and cells, keep both layers.

    Args:
        store: The store.
        slug: The city.
        request: What the user asks for.
        progress: Told what is done.
        within: Called with the names of the layer of cells and of that of areas, as the last in
            the transaction that keeps them.
        on_read: Told how each file was read, by what it was read for, once it was.

    Raises:
        NotFoundError: No such city, model or file.
        InputError: Areas or settings cannot be used.
        CancelledError: `progress` asked to stop; nothing is kept.
    """
    started = time.perf_counter()
    city = task_city(
        store,
        slug,
        model=request.fit.model,
        with_places=need_places(wanted_names(request.fit.representation)),
        progress=progress,
    )
    _check_names(request.areas.fields)
    covered = covered_areas(request.areas, city, progress)
    if on_read is not None:
        on_read(_read(covered))
    x = {
        name: area_vectors(city, covered, request, progress, name=name)
        for name in names_here(request.fit, city.arrays, of_pixels=request.pixels)
    }
    prepared = prepare_areas(city, covered, request, progress)
    made = made_from(request.fit, x, prepared.setup)
    request = replace(request, fit=made.fit)
    mapped = map_socioeconomic(
        prepared.setup,
        made.fit.representation,
        made.x,
        representation(made.fit.representation, city.arrays).of_cells(),
        level=request.fit.level,
        groups=prepared.groups,
        tested_as=made.tested_as,
        progress=progress,
    )
    progress("saving the layers", 0, 1)
    with store.session() as session:
        names = _keep(session, city, covered, request, prepared, mapped)
        if within is not None:
            within(session, *names)
    progress("saving the layers", 1, 1)
    return _result(store, slug, names, time.perf_counter() - started)


def _result(
    store: Store, slug: str, layers: tuple[str, str], seconds: float
) -> SocioeconomicResult:
    """What was reported when two layers of shares were made.

    Args:
        store: The store.
        slug: The city.
        layers: Names of the layer of cells and of that of areas.
        seconds: What making them took.

    Raises:
        NotFoundError: The city or a layer has been removed since.
    """
    layer, areas_layer = (show_layer(store, slug, name) for name in layers)
    found = layer.measured(ShareFindings)
    return SocioeconomicResult(
        layer=layer,
        areas_layer=areas_layer,
        fields=found.outcomes,
        areas_used=found.used,
        areas_dropped=found.dropped,
        cells=layer.features,
        cross_validation=found.test.means,
        seconds=seconds,
    )


def _check_names(fields: Sequence[str]) -> None:
    """Refuse fields whose columns in the layers would be called like others."""
    columns = [one["name"] for one in [*share_fields(fields, 0.9), *_observed_fields(fields)]]
    columns += ["cell", "area", "geometry"]
    if len(set(fields)) < len(fields):
        raise InputError(
            "a field was given twice",
            ", ".join(fields),
            "name each field once",
            code="field-given-twice",
        )
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            "a field name is reserved for the layer",
            twice,
            "rename that field in the file",
            code="field-name-taken",
        )


def area_vectors(
    city: TaskCity,
    covered: CoveredAreas,
    request: SocioeconomicRequest,
    progress: Progress = silent,
    *,
    name: str,
) -> NDArray[np.float32]:
    """A representation of each area: its exact area-weighted mean over cells, or over pixels.

    Args:
        name: Name of the representation.

    Returns:
        float32 `[a, d]`, finite.

    Raises:
        InputError: Pixels were asked for, and the embedding or the representation has none.
    """
    chosen = representation(name, city.arrays)
    if not request.pixels:
        return of_areas(chosen, covered.weights)
    if not (FILE_KINDS[city.embedding_kind].has_pixels and chosen.of_pixels):
        raise InputError(
            "averaging over pixels needs a raster, and alphaearth, aether or concat",
            f"{city.embedding_kind}, {chosen.name}",
            "average over cells",
            code="pixel-means-without-raster",
        )
    embedding, areas = city.opened(), covered.areas.geometry
    means = np.hstack(
        [pixel_means(embedding, areas, one, progress) for one in chosen.pixel_encoders]
    )
    there: NDArray[np.bool_] = np.asarray(np.isfinite(means).all(axis=1))
    return np.where(there[:, None], means, of_areas(chosen, covered.weights))


def prepare_areas(
    city: TaskCity,
    covered: CoveredAreas,
    request: SocioeconomicRequest,
    progress: Progress = silent,
) -> FitInputs:
    """Choose blocks and folds for a city's areas.

    Raises:
        InputError: Folds are impossible with these areas.
    """
    progress("choosing spatial blocks", 0, 1)
    districts = read_districts(request.districts) if request.districts else None
    return fit_inputs(
        SHARES,
        city,
        request.fit,
        lonlat=covered.lonlat,
        target=covered.areas.shares,
        names=covered.areas.fields,
        unit=np.arange(len(covered.lonlat)),
        weight=None,
        poi_lonlat=city.poi_lonlat,
        districts=districts,
    )


def _keep(
    session: Session,
    city: TaskCity,
    covered: CoveredAreas,
    request: SocioeconomicRequest,
    prepared: FitInputs,
    mapped: SocioeconomicMap,
) -> tuple[str, str]:
    areas, fit = covered.areas, request.fit
    city_rows.lock_city(session, city.city_id)  # or says so if it was removed meanwhile
    kept, area_ids = keep_areas(session, city.city_id, request.areas, areas)
    default = f"Shares from {Path(areas.source).name}"[:MAX_TITLE]
    title = checked_title(request.title or default)
    of_both: dict[str, Any] = {
        "model_id": city.model_id if fit.needs_model else None,
        "area_set_id": kept.id,
        "parameters": _parameters(request, covered),
        "lineage": {
            **lineage_of(city),
            "areas_sha256": areas.sha256,
            "areas": Path(areas.source).name,
            "read": without_rows(_read(covered)),
            "command": map_command(
                KIND,
                city.slug,
                area_words(request.areas, pixels=request.pixels),
                fit,
                request.districts,
            ),
        },
        "findings": _findings(covered, prepared, mapped).document(),
    }
    cells = layer_rows.add_layer(
        session,
        city.city_id,
        slug=free_slug(session, city.city_id, f"{KIND}-{title}"),
        title=title,
        kind=KIND,
        fields=share_fields(areas.fields, fit.level),
        cell_ids=city.cell_ids[mapped.cells.there],
        columns=mapped.cells.columns(areas.fields),
        **of_both,
    )
    observed = {f"{name}_observed": areas.shares[:, k] for k, name in enumerate(areas.fields)}
    by_area = layer_rows.add_area_layer(
        session,
        city.city_id,
        slug=free_slug(session, city.city_id, f"areas-{title}"),
        title=f"{title}, by area",
        kind=AREA_KIND,
        fields=[*share_fields(areas.fields, fit.level), *_observed_fields(areas.fields)],
        area_ids=area_ids,
        columns={**mapped.areas.columns(areas.fields), **observed},
        cells_layer_id=cells.id,
        **of_both,
    )
    return cells.slug, by_area.slug


def _read(covered: CoveredAreas) -> dict[str, Any]:
    return read_document(areas=covered.areas.report, geometry=covered.areas.shapes)


def _observed_fields(names: Sequence[str]) -> list[dict[str, str]]:
    return [
        {"name": f"{name}_observed", "type": "float", "unit": "share in the uploaded file, 0 to 1"}
        for name in names
    ]


def _parameters(request: SocioeconomicRequest, covered: CoveredAreas) -> dict[str, Any]:
    fit = request.fit
    return {
        "areas": Path(covered.areas.source).name,
        "fields": list(covered.areas.fields),
        "minimum_count": request.areas.minimum_count,
        "mean_over": "pixels" if request.pixels else "cells",
        "representation": fit.representation,
        "chosen_from": list(fit.chosen_from),
        "predictor": fit.predictor,
        "protocol": fit.protocol,
        "folds": fit.folds,
        "seeds": list(fit.all_seeds),
        "block_m": fit.block_m,
        "level": fit.level,
    }


def _findings(
    covered: CoveredAreas, prepared: FitInputs, mapped: SocioeconomicMap
) -> ShareFindings:
    areas = covered.areas
    return ShareFindings(
        outcomes=list(areas.fields),
        given=areas.given,
        used=len(covered.lonlat),
        dropped=covered.dropped,
        repaired=areas.repaired,
        mean_shares={name: float(areas.shares[:, k].mean()) for k, name in enumerate(areas.fields)},
        held_out=prepared.held_out,
        test=mapped.test,
    )


class Socioeconomic(Task[AreaRequest, SocioeconomicRequest, ShareFindings]):
    """Shares of areas."""

    kind = SHARES
    request = SocioeconomicRequest
    noun = "map of population and housing"
    mapped = "Shares"

    def request_for(
        self, samples: AreaRequest, fit: FitSettings, choices: MapChoices = NO_CHOICES
    ) -> SocioeconomicRequest:
        """The request for a fit on these areas."""
        return SocioeconomicRequest(samples, fit, choices.title, choices.districts, choices.pixels)

    def source(self, request: SocioeconomicRequest) -> str:
        """The name of the areas' file."""
        return request.areas.file.name

    def make(
        self,
        store: Store,
        slug: str,
        request: SocioeconomicRequest,
        progress: Progress,
        *,
        within: Callable[[Session, dict[str, str]], None],
        on_read: Callable[[dict[str, Any]], None],
    ) -> None:
        """Two layers, of cells and of areas."""

        def keep(session: Session, layer: str, areas_layer: str) -> None:
            within(session, {"layer": layer, "areas_layer": areas_layer})

        socioeconomic(store, slug, request, progress, within=keep, on_read=on_read)

    def also(self, found: ShareFindings) -> dict[str, Any]:
        """What such a map does not say."""
        return {"note": found.note}

    def remarks(self, found: ShareFindings, kept: str) -> tuple[str, ...]:
        """The layers, and what they do not say."""
        return (f"Saved as {kept}. {found.note}",)

    def compared(
        self,
        store: Store,
        slug: str,
        request: SocioeconomicRequest,
        representations: tuple[str, ...],
        progress: Progress,
    ) -> ComparedSamples:
        """All areas with cells in the city."""
        city = task_city(
            store,
            slug,
            model=request.fit.model,
            with_places=need_places(representations),
            progress=progress,
        )
        covered = covered_areas(request.areas, city, progress)
        inputs = prepare_areas(city, covered, request, progress)

        def describe(name: str, city: TaskCity) -> NDArray[np.float32]:
            return area_vectors(city, covered, request, progress, name=name)

        x = {name: describe(name, city) for name in representations}
        findings = ComparisonFindings(
            source=covered.areas.source,
            used=len(covered.lonlat),
            dropped=covered.dropped,
            outcomes=list(covered.areas.fields),
            held_out=inputs.held_out,
        )
        return ComparedSamples(city, inputs, x, findings, covered.lonlat, describe)


SOCIOECONOMIC = Socioeconomic()
TASKS[SHARES.name] = SOCIOECONOMIC
