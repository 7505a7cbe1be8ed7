"""Map a number: fit on places where it is known, predict every cell, keep the layer."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from aether_core.errors import InputError
from aether_core.progress import Progress, silent
from aether_core.spatial.plane import Plane
from aether_core.tasks.findings import ComparisonFindings
from aether_core.tasks.kinds.numbers import (
    NUMBERS,
    NumberFindings,
    NumberMap,
    NumbersKind,
    advice,
    map_numbers,
    number_fields,
)
from aether_core.tasks.samples.representations import Representation, need_places, representation
from aether_core.tasks.testing.experiment import usable_rows
from aether_core.tasks.testing.protocols import PROTOCOLS
from aether_core.tasks.values.raster import is_raster, read_raster_values
from aether_core.tasks.values.read import Values, read_values
from aether_core.tasks.values.samples import NO_DATA, NumberSamples, number_samples
from aether_core.tasks.values.transform import AUTO, Transform, check_transform, choose_transform
from aether_core.vector import NO_OPTIONS, ReadOptions
from db.cities import cities as city_rows
from db.layers import layers as layer_rows
from workflows.home.store import Store
from workflows.layers.layers import MAX_TITLE, LayerSummary, checked_title, free_slug, show_layer
from workflows.tasks.arrays import TaskCity, task_city
from workflows.tasks.chosen import made_from, names_here, wanted_names
from workflows.tasks.commands import keyed_words, map_command, reading_words
from workflows.tasks.districts import DistrictFile, read_districts
from workflows.tasks.fit_inputs import FitInputs, fit_inputs
from workflows.tasks.lineage import lineage_of, read_document, without_rows
from workflows.tasks.settings import FitSettings
from workflows.tasks.task import NO_CHOICES, TASKS, ComparedSamples, MapChoices, Task

KIND = NUMBERS.name
_RESERVED = frozenset({"cell", "area", "geometry", "applicable"})


@dataclass(frozen=True)
class ValueRequest:
    """Which number, and of which places.

    Attributes:
        file: Points, polygons or a raster with the number.
        field: The field that holds it, or the band.
        transform: Scale it is fitted on: `auto`, or a name in `TRANSFORMS`.
        per_km2: The number counts something in each area: map it a square kilometre.
        options: What the user says about the file.
        code_field: The field of the areas' codes; found when None.
        geometry: The file with the shapes of these codes, where the first has none.
    """

    file: Path
    field: str
    transform: str = AUTO
    per_km2: bool = False
    options: ReadOptions = NO_OPTIONS
    code_field: str | None = None
    geometry: Path | None = None

    def __post_init__(self) -> None:
        check_transform(self.transform)


@dataclass(frozen=True)
class NumberRequest:
    """What a user asks for.

    Attributes:
        values: The number and its places.
        fit: How the regression is fitted and tested.
        title: What the layer is called; default: from the field and the file when None.
        districts: Districts to break errors down by.
    """

    values: ValueRequest
    fit: FitSettings = field(default_factory=FitSettings)
    title: str | None = None
    districts: DistrictFile | None = None

    def __post_init__(self) -> None:
        if self.title:
            checked_title(self.title)


@dataclass(frozen=True)
class NumberResult:
    """The layer kept, and what a command reports.

    Attributes:
        samples_dropped: How many samples were left out, by reason.
        cross_validation: `{split: {metric: mean}}`.
    """

    layer: LayerSummary
    field: str
    samples_used: int
    samples_dropped: dict[str, int]
    cells: int
    cross_validation: dict[str, dict[str, float]]
    seconds: float


@dataclass(frozen=True)
class MeasuredCity:
    """A city with places where a number is known.

    Attributes:
        values: As read, of any place.
        samples: Those in the city.
        transform: The scale they are fitted on.
    """

    city: TaskCity
    values: Values
    samples: NumberSamples
    transform: Transform


def estimate(
    store: Store,
    slug: str,
    request: NumberRequest,
    progress: Progress = silent,
    *,
    within: Callable[[Session, str], None] | None = None,
    on_read: Callable[[dict[str, Any]], None] | None = None,
) -> NumberResult:
    """Fit on places where a number is known, predict every cell, keep the layer.

    Args:
        store: The store.
        slug: The city.
        request: What the user asks for.
        progress: Told what is done.
        within: Called with the layer's name, as the last in the transaction that keeps it.
        on_read: Told how each file was read, by what it was read for, once it was.

    Raises:
        NotFoundError: No such city, model or file.
        InputError: Numbers or settings cannot be used.
        CancelledError: `progress` asked to stop; nothing is kept.
    """
    started = time.perf_counter()
    measured = measured_city(
        store, slug, request, wanted_names(request.fit.representation), progress
    )
    if on_read is not None:
        on_read(_read(measured.values))
    arrays = measured.city.arrays
    seen = {name: representation(name, arrays) for name in names_here(request.fit, arrays)}
    samples, x = described_samples(measured.samples, seen)
    prepared = prepare_numbers(measured, samples, request, progress)
    made = made_from(request.fit, x, prepared.setup)
    request = replace(request, fit=made.fit)
    mapped = map_numbers(
        prepared.setup,
        made.fit.representation,
        made.x,
        seen[made.fit.representation].of_cells(),
        level=request.fit.level,
        groups=prepared.groups,
        tested_as=made.tested_as,
        progress=progress,
    )
    progress("saving the layer", 0, 1)
    with store.session() as session:
        name = _keep(session, measured, samples, request, prepared, mapped)
        if within is not None:
            within(session, name)
    progress("saving the layer", 1, 1)
    return _result(store, slug, name, time.perf_counter() - started)


def _result(store: Store, slug: str, layer: str, seconds: float) -> NumberResult:
    """What was reported when a map of a number was made.

    Raises:
        NotFoundError: The city or the layer has been removed since.
    """
    kept = show_layer(store, slug, layer)
    found = kept.measured(NumberFindings)
    return NumberResult(
        layer=kept,
        field=found.field,
        samples_used=found.used,
        samples_dropped=found.dropped,
        cells=kept.features,
        cross_validation=found.test.means,
        seconds=seconds,
    )


def measured_city(
    store: Store,
    slug: str,
    request: NumberRequest,
    representations: Sequence[str],
    progress: Progress = silent,
) -> MeasuredCity:
    """Read a city and the places with numbers in it.

    Args:
        store: The store.
        slug: The city.
        request: What the user asks for.
        representations: Names of those that are needed.
        progress: Told what is done.

    Raises:
        NotFoundError: No such city, model or file.
        InputError: The numbers cannot be used.
    """
    asked, fit = request.values, request.fit
    city = task_city(
        store,
        slug,
        model=fit.model,
        published=PROTOCOLS[fit.protocol].pools_disks,
        with_places=need_places(representations),
        progress=progress,
    )
    progress("reading the numbers", 0, 1)
    values = values_of(asked, city.boundary, cells=len(city.cell_ids))
    _check_name(values.field)
    progress("overlaying areas on cells", 0, 1)
    samples = number_samples(
        values,
        boundary=city.boundary,
        units=city.arrays.units,
        seed=fit.seed,
        progress=progress,
    )
    NUMBERS.check(samples.value, (values.field,))
    return MeasuredCity(city, values, samples, choose_transform(asked.transform, samples.value))


def values_of(asked: ValueRequest, boundary: shapely.Geometry, *, cells: int) -> Values:
    """Read the numbers of a vector file, a table or a raster.

    Args:
        asked: Which numbers.
        boundary: The city, WGS84.
        cells: How many cells it has: a raster's squares are about as large as one.

    Raises:
        NotFoundError: There is no such file.
        InputError: The numbers cannot be used.
    """
    if is_raster(asked.file):
        size = float(shapely.area(Plane.of_shapes(np.array([boundary])).shapes(boundary)))
        return read_raster_values(
            asked.file,
            field=asked.field,
            boundary=boundary,
            least_m=math.sqrt(size / cells),
            options=asked.options,
            per_km2=asked.per_km2,
        )
    return read_values(
        asked.file,
        field=asked.field,
        options=asked.options,
        geometry=asked.geometry,
        code_field=asked.code_field,
        per_km2=asked.per_km2,
    )


def described_samples(
    samples: NumberSamples, seen: dict[str, Representation]
) -> tuple[NumberSamples, dict[str, NDArray[np.float32]]]:
    """Describe samples by representations, and keep those that every one has data for.

    Raises:
        InputError: None is left.
    """
    x = {name: samples.described(one) for name, one in seen.items()}
    there = usable_rows(x)
    return samples.keep(there, NO_DATA), {name: rows[there] for name, rows in x.items()}


def prepare_numbers(
    measured: MeasuredCity,
    samples: NumberSamples,
    request: NumberRequest,
    progress: Progress = silent,
) -> FitInputs:
    """Choose blocks and folds for a city's samples.

    Raises:
        InputError: Folds are impossible with these samples, or all have one value.
    """
    progress("choosing spatial blocks", 0, 1)
    kind = NumbersKind(measured.transform)
    kind.check(samples.value, (measured.values.field,))
    districts = read_districts(request.districts) if request.districts else None
    return fit_inputs(
        kind,
        measured.city,
        request.fit,
        lonlat=samples.lonlat,
        target=samples.value[:, None],
        names=(measured.values.field,),
        unit=samples.unit,
        weight=None,
        poi_lonlat=measured.city.poi_lonlat,
        districts=districts,
    )


def value_words(values: ValueRequest) -> Iterator[str]:
    """The options that ask for these numbers."""
    yield from ("--values", values.file.name, "--field", values.field)
    yield from reading_words(values.options)
    yield from keyed_words(values.geometry, values.code_field)
    if values.transform != AUTO:
        yield from ("--transform", values.transform)
    if values.per_km2:
        yield "--per-km2"


def _check_name(name: str) -> None:
    """Refuse a field whose columns in the layer would be called like others."""
    if name in _RESERVED:
        raise InputError(
            "a field name is reserved for the layer",
            name,
            "rename that field in the file",
            code="field-name-taken",
        )


def _keep(
    session: Session,
    measured: MeasuredCity,
    samples: NumberSamples,
    request: NumberRequest,
    prepared: FitInputs,
    mapped: NumberMap,
) -> str:
    city, values, fit = measured.city, measured.values, request.fit
    city_rows.lock_city(session, city.city_id)  # or says so if it was removed meanwhile
    default = f"{values.field} from {Path(values.source).name}"[:MAX_TITLE]
    title = checked_title(request.title or default)
    row = layer_rows.add_layer(
        session,
        city.city_id,
        slug=free_slug(session, city.city_id, f"{KIND}-{title}"),
        title=title,
        kind=KIND,
        model_id=city.model_id if fit.needs_model else None,
        fields=number_fields(values.field, values.unit, fit.level),
        parameters=_parameters(measured, request),
        lineage={
            **lineage_of(city),
            "samples_sha256": values.sha256,
            "samples": Path(values.source).name,
            "read": without_rows(_read(values)),
            "command": map_command(
                NUMBERS.command, city.slug, value_words(request.values), fit, request.districts
            ),
        },
        findings=_findings(measured, samples, prepared, mapped).document(),
        cell_ids=city.cell_ids[mapped.there],
        columns=mapped.columns(values.field),
    )
    return row.slug


def _read(values: Values) -> dict[str, Any]:
    return read_document(values=values.report, geometry=values.shapes)


def _parameters(measured: MeasuredCity, request: NumberRequest) -> dict[str, Any]:
    fit = request.fit
    return {
        "samples": Path(measured.values.source).name,
        "field": measured.values.field,
        "transform": measured.transform.name,
        "per_km2": request.values.per_km2,
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
    measured: MeasuredCity, samples: NumberSamples, prepared: FitInputs, mapped: NumberMap
) -> NumberFindings:
    return NumberFindings(
        outcomes=[measured.values.field],
        used=len(samples),
        dropped=samples.dropped,
        repaired=measured.values.repaired,
        transform=measured.transform.name,
        unit=measured.values.unit,
        least=float(samples.value.min()),
        most=float(samples.value.max()),
        mean=float(samples.value.mean()),
        held_out=prepared.held_out,
        test=mapped.test,
    )


class Numbers(Task[ValueRequest, NumberRequest, NumberFindings]):
    """A number of points or areas."""

    kind = NUMBERS
    request = NumberRequest
    noun = "map of a number"
    mapped = "Estimates"

    def request_for(
        self, samples: ValueRequest, fit: FitSettings, choices: MapChoices = NO_CHOICES
    ) -> NumberRequest:
        """The request for a fit on these numbers."""
        return NumberRequest(samples, fit, choices.title, choices.districts)

    def source(self, request: NumberRequest) -> str:
        """The field, and the name of its file."""
        return f"{request.values.field} of {request.values.file.name}"

    def make(
        self,
        store: Store,
        slug: str,
        request: NumberRequest,
        progress: Progress,
        *,
        within: Callable[[Session, dict[str, str]], None],
        on_read: Callable[[dict[str, Any]], None],
    ) -> None:
        """One layer, of cells."""

        def keep(session: Session, layer: str) -> None:
            within(session, {"layer": layer})

        estimate(store, slug, request, progress, within=keep, on_read=on_read)

    def also(self, found: NumberFindings) -> dict[str, Any]:
        """The field and its scale; coverage as one number a split, and in full beside."""
        coverage = found.test.coverage
        return {
            "field": found.field,
            "transform": found.transform,
            "advice": advice(found),
            "unit": found.unit,
            "observed": {"min": found.least, "mean": found.mean, "max": found.most},
            "coverage": {split: figures.share for split, figures in coverage.items()},
            "intervals": {split: figures.model_dump() for split, figures in coverage.items()},
        }

    def remarks(self, found: NumberFindings, kept: str) -> tuple[str, ...]:
        """What to do where the map cannot be relied on comes first."""
        said = advice(found)
        return (*([said] if said else []), *super().remarks(found, kept))

    def compared(
        self,
        store: Store,
        slug: str,
        request: NumberRequest,
        representations: tuple[str, ...],
        progress: Progress,
    ) -> ComparedSamples:
        """The samples where every representation has data: all are compared on the same ones."""
        measured = measured_city(store, slug, request, representations, progress)
        seen = {name: representation(name, measured.city.arrays) for name in representations}
        samples, x = described_samples(measured.samples, seen)
        inputs = prepare_numbers(measured, samples, request, progress)
        findings = ComparisonFindings(
            source=measured.values.source,
            used=len(samples),
            dropped=samples.dropped,
            outcomes=[measured.values.field],
            held_out=inputs.held_out,
        )

        def describe(name: str, city: TaskCity) -> NDArray[np.float32]:
            return samples.described(representation(name, city.arrays))

        return ComparedSamples(measured.city, inputs, x, findings, samples.lonlat, describe)


TASKS[NUMBERS.name] = Numbers()
