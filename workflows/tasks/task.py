"""What can be asked of each kind of task in a city: its request, and what it is tested on."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from aether_core.progress import Progress
from aether_core.registry import Registry
from aether_core.tasks.findings import ComparisonFindings, Findings
from aether_core.tasks.kinds.kind import TaskKind
from workflows.home.store import Store
from workflows.layers.layers import show_layer
from workflows.tasks.arrays import TaskCity
from workflows.tasks.districts import DistrictFile
from workflows.tasks.fit_inputs import FitInputs
from workflows.tasks.settings import FitSettings

S = TypeVar("S")
R = TypeVar("R")
F = TypeVar("F", bound=Findings)


@dataclass(frozen=True)
class ComparedSamples:
    """What representations are compared on.

    Attributes:
        inputs: Target, folds and groups.
        x: Each representation of the samples by its name, finite float32 `[n, d]`.
        findings: What is known of the samples.
        lonlat: Where the samples are, WGS84, float64 `[n, 2]`.
        describe: One representation of the same samples in a city of other heads.
    """

    city: TaskCity
    inputs: FitInputs
    x: Mapping[str, NDArray[np.float32]]
    findings: ComparisonFindings
    lonlat: NDArray[np.float64]
    describe: Callable[[str, TaskCity], NDArray[np.float32]]


@dataclass(frozen=True)
class MapChoices:
    """What a user may choose about a map beside its samples and its fit.

    Attributes:
        title: What it is called; from the samples' source when None.
        districts: Districts to break errors down by.
        pixels: Take the means of areas over the raster's pixels; labels have none.
        predict_everywhere: Show predictions where labels say what is there, too; areas say it of
            no cell.
    """

    title: str | None = None
    districts: DistrictFile | None = None
    pixels: bool = False
    predict_everywhere: bool = False


NO_CHOICES: Final = MapChoices()


@dataclass(frozen=True)
class MapReport:
    """What a command tells of a map that has been made.

    Attributes:
        layer: Name of the layer of cells.
        document: All of it, as `--json` shows it.
        scores: `{split: {metric: mean}}`.
        size: How many samples and cells it rests on, in words.
        dropped: How many samples were left out, by reason.
        remarks: What is said last, a sentence a line.
    """

    layer: str
    document: dict[str, Any]
    scores: Mapping[str, Mapping[str, float]]
    size: str
    dropped: Mapping[str, int]
    remarks: tuple[str, ...]


_JUDGED = {"accuracy", "coverage", "applicability"}
"""What is told in full of how a map was tested."""


class Task(ABC, Generic[S, R, F]):
    """One kind of task in a city; each has one instance, which its file adds to `TASKS`.

    `S` asks for its samples, `LabelRequest` or `AreaRequest`; `R` for the whole fit;
    `F` is what is measured of a map.

    Attributes:
        kind: What it predicts, and what that is judged by.
        request: The dataclass `R`; it has a `title`, what the map is called where not None.
        noun: What messages call the job that makes a map, with a small letter.
        mapped: What a map without a title is called, before the name of its samples' source.
    """

    kind: ClassVar[TaskKind]
    request: ClassVar[Any]
    noun: ClassVar[str]
    mapped: ClassVar[str]

    @abstractmethod
    def request_for(self, samples: S, fit: FitSettings, choices: MapChoices = NO_CHOICES) -> R:
        """The request for a fit on these samples.

        Args:
            samples: Which labels or areas.
            fit: How it is fitted and tested.
            choices: What else was chosen.
        """

    @abstractmethod
    def source(self, request: R) -> str:
        """What a request's samples come from, as titles of jobs name it."""

    @abstractmethod
    def make(
        self,
        store: Store,
        slug: str,
        request: R,
        progress: Progress,
        *,
        within: Callable[[Session, dict[str, str]], None],
        on_read: Callable[[dict[str, Any]], None],
    ) -> None:
        """Fit on all samples, predict every cell, keep the map.

        Args:
            store: The store.
            slug: The city.
            request: What the user asks for.
            progress: Told what is done.
            within: Called with the names of the layers, that of cells as `layer`, as the last in
                the transaction that keeps them.
            on_read: Told how each file was read, by what it was read for, once it was.

        Raises:
            NotFoundError: No such city, model or file.
            InputError: Samples or settings cannot be used.
            CancelledError: `progress` asked to stop; nothing is kept.
        """

    def report(
        self,
        store: Store,
        slug: str,
        layers: Mapping[str, str],
        read: Mapping[str, Any],
        seconds: float,
    ) -> MapReport:
        """What is told of a map that `make` has kept.

        Args:
            store: The store.
            slug: The city.
            layers: Names of the layers, as `make` gave them.
            read: How each file was read, as `make` told it.
            seconds: What making it took.

        Raises:
            NotFoundError: The city or a layer has been removed since.
        """
        layer = show_layer(store, slug, layers["layer"])
        found: Any = layer.measured(Findings)
        samples, outcomes = self.kind.samples, self.kind.outcomes
        document = {
            **layers,
            "city": slug,
            outcomes: found.outcomes,
            f"{samples}_used": found.used,
            f"{samples}_dropped": found.dropped,
            "cells": layer.features,
            "cross_validation": found.test.means,
            "seconds": seconds,
            "simulated": layer.simulated,
            "attribution": layer.attribution,
            **found.test.model_dump(mode="json", include=_JUDGED),
            **found.held_out.model_dump(mode="json", include={"blocks"}),
            **self.also(found),
            "read": dict(read),
        }
        kept = f"layer{'s' if len(layers) > 1 else ''} {' and '.join(layers.values())}"
        return MapReport(
            layer=layer.layer,
            document=document,
            scores=found.test.means,
            size=f"{self.size(found)}, {layer.units.counted(layer.features)}",
            dropped=found.dropped,
            remarks=self.remarks(found, kept),
        )

    def also(self, found: F) -> dict[str, Any]:
        """What a map's document says that only maps of this kind say.

        Args:
            found: What was measured of it.
        """
        del found
        return {}

    def size(self, found: F) -> str:
        """How many samples a map rests on, in words."""
        return f"{found.used:,} {self.kind.samples}"

    def remarks(self, found: F, kept: str) -> tuple[str, ...]:
        """What a command says last of a map.

        Args:
            found: What was measured of it.
            kept: The layers it is kept as, in words.
        """
        outside = found.test.applicability.outside
        said = f"{outside:.0%} of cells lie outside the area of applicability. Saved as {kept}"
        return (said, *([found.note] if found.note else []))

    def title(self, request: R) -> str:
        """What a map is called, and the job that makes it."""
        own: str | None = getattr(request, "title", None)
        return own or f"{self.mapped} from {self.source(request)}"

    @abstractmethod
    def compared(
        self,
        store: Store,
        slug: str,
        request: R,
        representations: tuple[str, ...],
        progress: Progress,
    ) -> ComparedSamples:
        """Read the samples, and describe them by each representation.

        Raises:
            NotFoundError: No such city, model or file.
            InputError: Samples or settings cannot be used.
            CancelledError: `progress` asked to stop.
        """


TASKS: Final[Registry[Task[Any, Any, Any]]] = Registry("workflows.tasks")


def task_of(request: object) -> Task[Any, Any, Any]:
    """The kind of task that a request asks for.

    Raises:
        TypeError: No kind of task has such requests: a mistake of the caller.
    """
    found = next((task for task in TASKS.values() if type(request) is task.request), None)
    if found is None:
        msg = f"no kind of task is asked for by a {type(request).__name__}"
        raise TypeError(msg)
    return found
