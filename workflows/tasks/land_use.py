"""Map land use: fit on labels, predict every cell, keep the layer with all that is known of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from aether_core.progress import Progress, silent
from aether_core.tasks.findings import ComparisonFindings
from aether_core.tasks.kinds.class_map import LandUseMap
from aether_core.tasks.kinds.class_verdict import verdict
from aether_core.tasks.kinds.classes import CLASSES, ClassFindings, map_land_use, sentences
from aether_core.tasks.labels.read import Labels, labels_inside
from aether_core.tasks.samples.observed import Observed, observed_cells
from aether_core.tasks.samples.representations import need_places, of_samples, representation
from aether_core.tasks.samples.samples import Samples, samples_of
from aether_core.tasks.samples.small_classes import RareClasses, treat_small
from aether_core.tasks.testing.experiment import usable_rows
from aether_core.tasks.testing.protocols import PROTOCOLS
from db.cities import cities as city_rows
from db.layers import layers as layer_rows
from workflows.home.store import Store
from workflows.layers.layers import MAX_TITLE, LayerSummary, checked_title, free_slug, show_layer
from workflows.tasks.arrays import TaskCity, task_city
from workflows.tasks.chosen import made_from, names_here, wanted_names
from workflows.tasks.commands import label_words, map_command
from workflows.tasks.districts import DistrictFile, read_districts
from workflows.tasks.fit_inputs import FitInputs, fit_inputs
from workflows.tasks.labels import LabelRequest, keep_labels, mapped_labels
from workflows.tasks.lineage import lineage_of, read_document, without_rows
from workflows.tasks.settings import FitSettings
from workflows.tasks.task import NO_CHOICES, TASKS, ComparedSamples, MapChoices, Task

KIND = CLASSES.name


@dataclass(frozen=True)
class LandUseRequest:
    """What a user asks for.

    Attributes:
        labels: Where the labels come from and what they mean.
        fit: How the probe is fitted and tested.
        title: What the layer is called; default: from the name of the labels when None.
        districts: Districts to break errors down by.
        predict_everywhere: Show predictions where land use is known, too.
    """

    labels: LabelRequest
    fit: FitSettings = field(default_factory=FitSettings)
    title: str | None = None
    districts: DistrictFile | None = None
    predict_everywhere: bool = False

    def __post_init__(self) -> None:
        if self.title:
            checked_title(self.title)


@dataclass(frozen=True)
class LandUseResult:
    """The layer kept, and what a command reports.

    Attributes:
        labels_used: How many labels there are, as `LabelCount` says.
        samples: Rows the probe was fitted on.
        labels_dropped: How many labels were left out, by reason.
        cross_validation: `{split: {metric: mean}}`.
    """

    layer: LayerSummary
    classes: list[str]
    labels_used: int
    samples: int
    labels_dropped: dict[str, int]
    cells: int
    cross_validation: dict[str, dict[str, float]]
    seconds: float


@dataclass(frozen=True)
class LabelledCity:
    """A city with labels at which a representation has data.

    Attributes:
        labels: Those in the city, with the classes that the mapping gives them.
        samples: Of all their classes, as long as nothing was done with rare ones.
        rare: What was done with rare classes; None before.
    """

    city: TaskCity
    labels: Labels
    samples: Samples
    rare: RareClasses | None = None

    def observed(self) -> Observed:
        """What the labels say of the city's cells, in the classes there are now."""
        value = self.labels.value
        if self.rare is not None:
            value = self.rare.renamed(value)
        return observed_cells(
            self.labels.geometry, value, self.samples.classes, self.city.arrays.units
        )


def land_use(
    store: Store,
    slug: str,
    request: LandUseRequest,
    progress: Progress = silent,
    *,
    within: Callable[[Session, str], None] | None = None,
    on_read: Callable[[dict[str, Any]], None] | None = None,
) -> LandUseResult:
    """Fit on labelled points or polygons, predict every cell, keep the layer.

    Args:
        store: The store.
        slug: The city.
        request: What the user asks for.
        progress: Told what is done.
        within: Called with the layer's name, as the last in the transaction that keeps it.
        on_read: Told how each file was read, by what it was read for, once it was.

    Raises:
        NotFoundError: No such city, model or file.
        InputError: Labels or settings cannot be used.
        CancelledError: `progress` asked to stop; nothing is kept.
    """
    started = time.perf_counter()
    labelled = labelled_city(store, slug, request.labels, request.fit, progress)
    if on_read is not None:
        on_read(_read(labelled.labels))
    arrays = labelled.city.arrays
    seen = {name: representation(name, arrays) for name in names_here(request.fit, arrays)}
    x = {name: of_samples(one, labelled.samples) for name, one in seen.items()}
    labelled, kept = usable_samples(labelled, usable_rows(x), request.labels)
    prepared = prepare_labels(labelled, request, progress)
    made = made_from(request.fit, {name: rows[kept] for name, rows in x.items()}, prepared.setup)
    request = replace(request, fit=made.fit)
    mapped = map_land_use(
        prepared.setup,
        made.fit.representation,
        made.x,
        seen[made.fit.representation].of_cells(),
        level=request.fit.level,
        groups=prepared.groups,
        tested_as=made.tested_as,
        observed=None if request.predict_everywhere else labelled.observed(),
        progress=progress,
    )
    progress("saving the layer", 0, 1)
    with store.session() as session:
        name = _keep(session, labelled, request, prepared, mapped)
        if within is not None:
            within(session, name)
    progress("saving the layer", 1, 1)
    return _result(store, slug, name, time.perf_counter() - started)


def _result(store: Store, slug: str, layer: str, seconds: float) -> LandUseResult:
    """What was reported when a layer of land use was made.

    Args:
        store: The store.
        slug: The city.
        layer: The layer's name.
        seconds: What making it took.

    Raises:
        NotFoundError: The city or the layer has been removed since.
    """
    kept = show_layer(store, slug, layer)
    found = kept.measured(ClassFindings)
    return LandUseResult(
        layer=kept,
        classes=found.outcomes,
        labels_used=found.used,
        samples=found.samples,
        labels_dropped=found.dropped,
        cells=kept.features,
        cross_validation=found.test.means,
        seconds=seconds,
    )


def labelled_city(
    store: Store,
    slug: str,
    labels: LabelRequest,
    fit: FitSettings,
    progress: Progress = silent,
    *,
    with_places: bool = False,
) -> LabelledCity:
    """Read a city and its labels, and find the samples the labels give.

    Raises:
        NotFoundError: No such city, model or file.
        InputError: The labels cannot be used.
    """
    city = task_city(
        store,
        slug,
        model=fit.model,
        published=PROTOCOLS[fit.protocol].pools_disks,
        with_places=with_places or need_places(wanted_names(fit.representation)),
        progress=progress,
    )
    progress("reading the labels", 0, 1)
    inside = labels_inside(mapped_labels(store, slug, labels), city.boundary)
    samples = samples_of(
        inside,
        boundary=city.boundary,
        units=city.arrays.units,
        seed=fit.seed,
    )
    return LabelledCity(city, inside, samples)


def usable_samples(
    labelled: LabelledCity, there: NDArray[np.bool_], request: LabelRequest
) -> tuple[LabelledCity, NDArray[np.bool_]]:
    """Leave out the samples where the embedding has no data, then treat rare classes as chosen.

    Args:
        labelled: With all its samples.
        there: Where there is data, bool `[n]`.
        request: What was chosen.

    Returns:
        The same with what is left, and which of the samples that is, bool `[n]`.

    Raises:
        InputError: Fewer than two classes are left.
    """
    treated = treat_small(
        labelled.samples.keep(there, "no embedding data"), request.small, request.merge_into
    )
    kept = there.copy()
    kept[there] = treated.kept
    return replace(labelled, samples=treated.samples, rare=treated.rare), kept


def prepare_labels(
    labelled: LabelledCity, request: LandUseRequest, progress: Progress = silent
) -> FitInputs:
    """Choose blocks and folds for a city's labels.

    Raises:
        InputError: Folds are impossible with these labels.
    """
    progress("choosing spatial blocks", 0, 1)
    samples = labelled.samples
    CLASSES.check(samples.label, samples.classes)
    districts = read_districts(request.districts) if request.districts else None
    return fit_inputs(
        CLASSES,
        labelled.city,
        request.fit,
        lonlat=samples.lonlat,
        target=samples.label,
        names=samples.classes,
        unit=samples.unit,
        weight=samples.weight,
        poi_lonlat=labelled.city.poi_lonlat,
        districts=districts,
    )


def _keep(
    session: Session,
    labelled: LabelledCity,
    request: LandUseRequest,
    prepared: FitInputs,
    mapped: LandUseMap,
) -> str:
    city, fit = labelled.city, request.fit
    city_rows.lock_city(session, city.city_id)  # or says so if it was removed meanwhile
    label_set = keep_labels(
        session, city.city_id, request.labels, labelled.labels, labelled.samples.count
    )
    default = f"Land use from {Path(labelled.labels.source).name}"[:MAX_TITLE]
    title = checked_title(request.title or default)
    everywhere = ["--predict-everywhere"] if request.predict_everywhere else []
    row = layer_rows.add_layer(
        session,
        city.city_id,
        slug=free_slug(session, city.city_id, f"{KIND}-{title}"),
        title=title,
        kind=KIND,
        model_id=city.model_id if fit.needs_model else None,
        label_set_id=label_set.id,
        fields=mapped.fields(fit.level),
        parameters=_parameters(request, labelled),
        lineage={
            **lineage_of(city),
            "labels_sha256": labelled.labels.sha256,
            "labels": Path(labelled.labels.source).name,
            "read": without_rows(_read(labelled.labels)),
            "command": map_command(
                KIND,
                city.slug,
                [*label_words(request.labels), *everywhere],
                fit,
                request.districts,
            ),
        },
        findings=_findings(labelled, prepared, mapped).document(),
        cell_ids=city.cell_ids[mapped.there],
        columns=mapped.columns(),
    )
    return row.slug


def _read(labels: Labels) -> dict[str, Any]:
    return read_document(labels=labels.report, geometry=labels.shapes)


def _parameters(request: LandUseRequest, labelled: LabelledCity) -> dict[str, Any]:
    fit = request.fit
    return {
        "labels": Path(labelled.labels.source).name,
        "field": labelled.labels.field,
        "crosswalk": request.labels.crosswalk,
        "mapping": dict(request.labels.mapping),
        "small_classes": request.labels.small,
        "merge_into": request.labels.merge_into,
        "predict_everywhere": request.predict_everywhere,
        "representation": fit.representation,
        "chosen_from": list(fit.chosen_from),
        "predictor": fit.predictor,
        "protocol": fit.protocol,
        "folds": fit.folds,
        "seeds": list(fit.all_seeds),
        "block_m": fit.block_m,
        "level": fit.level,
    }


def _findings(labelled: LabelledCity, prepared: FitInputs, mapped: LandUseMap) -> ClassFindings:
    samples, units = labelled.samples, labelled.city.arrays.units.kind
    count = samples.count
    return ClassFindings(
        outcomes=list(samples.classes),
        used=count.used,
        samples=len(samples),
        dropped=count.left_out,
        samples_dropped=samples.samples_left_out,
        repaired=labelled.labels.repaired,
        class_counts=samples.of_class,
        labels=count,
        rare=labelled.rare,
        cells=mapped.sources.model_copy(update={"one": units.one, "several": units.several}),
        held_out=prepared.held_out,
        test=mapped.test,
    )


class LandUse(Task[LabelRequest, LandUseRequest, ClassFindings]):
    """Classes of labelled points or polygons."""

    kind = CLASSES
    request = LandUseRequest
    noun = "land use map"
    mapped = "Land use"

    def request_for(
        self, samples: LabelRequest, fit: FitSettings, choices: MapChoices = NO_CHOICES
    ) -> LandUseRequest:
        """The request for a fit on these labels."""
        return LandUseRequest(
            samples, fit, choices.title, choices.districts, choices.predict_everywhere
        )

    def source(self, request: LandUseRequest) -> str:
        """The name of the labels' file."""
        return request.labels.file.name if request.labels.file else "OpenStreetMap"

    def make(
        self,
        store: Store,
        slug: str,
        request: LandUseRequest,
        progress: Progress,
        *,
        within: Callable[[Session, dict[str, str]], None],
        on_read: Callable[[dict[str, Any]], None],
    ) -> None:
        """One layer, of cells."""

        def keep(session: Session, layer: str) -> None:
            within(session, {"layer": layer})

        land_use(store, slug, request, progress, within=keep, on_read=on_read)

    def also(self, found: ClassFindings) -> dict[str, Any]:
        """The count of labels, what became of rare classes, where cells come from, what to do."""
        labels, rare, cells = found.labels, found.rare, found.cells
        return {
            "samples": found.samples,
            "labels": labels
            and {"used": labels.used, "given": labels.given, **labels.model_dump(mode="json")},
            "samples_dropped": found.samples_dropped,
            "small_classes": rare and rare.model_dump(mode="json"),
            "source": cells and cells.model_dump(mode="json"),
            "trusted": found.test.trusted,
            "usable": found.usable,
            "advice": verdict(found),
        }

    def size(self, found: ClassFindings) -> str:
        """A label may give several samples."""
        return f"{found.used:,} labels, {found.samples:,} samples"

    def remarks(self, found: ClassFindings, kept: str) -> tuple[str, ...]:
        """What the map rests on, and what to do where it cannot be relied on."""
        advice = verdict(found)
        said = [*sentences(found), *([advice] if advice else [])]
        return (*said, *super().remarks(found, kept))

    def compared(
        self,
        store: Store,
        slug: str,
        request: LandUseRequest,
        representations: tuple[str, ...],
        progress: Progress,
    ) -> ComparedSamples:
        """The labels where every representation has data: all are compared on the same ones."""
        labelled = labelled_city(
            store,
            slug,
            request.labels,
            request.fit,
            progress,
            with_places=need_places(representations),
        )
        x = {
            name: of_samples(representation(name, labelled.city.arrays), labelled.samples)
            for name in representations
        }
        labelled, kept = usable_samples(labelled, usable_rows(x), request.labels)
        inputs = prepare_labels(labelled, request, progress)
        count = labelled.samples.count
        findings = ComparisonFindings(
            source=labelled.labels.source,
            used=count.used,
            samples=len(labelled.samples),
            dropped=count.left_out,
            samples_dropped=labelled.samples.samples_left_out,
            outcomes=list(labelled.samples.classes),
            held_out=inputs.held_out,
        )
        by_name = {name: rows[kept] for name, rows in x.items()}
        samples = labelled.samples

        def describe(name: str, city: TaskCity) -> NDArray[np.float32]:
            return of_samples(representation(name, city.arrays), samples)

        return ComparedSamples(labelled.city, inputs, by_name, findings, samples.lonlat, describe)


LAND_USE = LandUse()
TASKS[CLASSES.name] = LAND_USE
