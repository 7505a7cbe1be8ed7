"""Every kind of task there is, by name: each is one file of this folder, which registers itself."""

from typing import Final

from aether_core.registry import Registry
from aether_core.tasks.kinds.kind import TaskKind
from aether_core.tasks.kinds.metrics import Metric

TASK_KINDS: Final[Registry[TaskKind]] = Registry("aether_core.tasks.kinds")


def task_of_layer(kind: str) -> TaskKind | None:
    """The kind of task that makes layers of this kind; None where no task does."""
    return next(
        (task for task in TASK_KINDS.values() if kind in [layer.name for layer in task.layers]),
        None,
    )


def metric_named(name: str) -> Metric:
    """The metric of that name, of any kind of task; one that none has goes by its own name."""
    known = (metric for task in TASK_KINDS.values() for metric in task.metrics)
    found = (metric for metric in known if metric.name == name)
    return next(found, Metric(name, name.replace("_", " ")))
