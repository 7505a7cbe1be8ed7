"""What can be asked of each kind of task in a city: its request, and what it is tested on."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from aether_core.progress import Progress
from aether_core.registry import Registry
from aether_core.tasks.findings import ComparisonFindings
from aether_core.tasks.kinds.kind import TaskKind
from workflows.home.store import Store
from workflows.tasks.arrays import TaskCity
from workflows.tasks.districts import DistrictFile
from workflows.tasks.fit_inputs import FitInputs
from workflows.tasks.settings import FitSettings

S = TypeVar("S")
R = TypeVar("R")


@dataclass(frozen=True)
class ComparedSamples:
    """What representations are compared on.

    Attributes:
        inputs: Target, folds and groups.
        x: Each representation of the samples by its name, finite float32 `[n, d]`.
        findings: What is known of the samples.
    """

    city: TaskCity
    inputs: FitInputs
    x: Mapping[str, NDArray[np.float32]]
    findings: ComparisonFindings


class Task(ABC, Generic[S, R]):
    """One kind of task in a city; each has one instance, which its file adds to `TASKS`.

    `S` asks for its samples, `LabelRequest` or `AreaRequest`; `R` for the whole fit.

    Attributes:
        kind: What it predicts, and what that is judged by.
        request: The dataclass `R`.
    """

    kind: ClassVar[TaskKind]
    request: ClassVar[Any]

    @abstractmethod
    def request_for(
        self,
        samples: S,
        fit: FitSettings,
        *,
        districts: DistrictFile | None = None,
        pixels: bool = False,
    ) -> R:
        """The request for a fit on these samples.

        Args:
            samples: Which labels or areas.
            fit: How it is fitted and tested.
            districts: Districts to break errors down by.
            pixels: Take the means of areas over the raster's pixels; labels have none.
        """

    @abstractmethod
    def source(self, request: R) -> str:
        """What a request's samples come from, as titles of jobs name it."""

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


TASKS: Final[Registry[Task[Any, Any]]] = Registry("workflows.tasks")


def task_of(request: object) -> Task[Any, Any]:
    """The kind of task that a request asks for.

    Raises:
        TypeError: No kind of task has such requests: a mistake of the caller.
    """
    found = next((task for task in TASKS.values() if type(request) is task.request), None)
    if found is None:
        msg = f"no kind of task is asked for by a {type(request).__name__}"
        raise TypeError(msg)
    return found
