"""What pages show of a map of one kind of task: how it is coloured, and how far to trust it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

import pandas as pd
import streamlit as st

from aether_core.language import _
from aether_core.registry import Registry
from aether_core.tasks.findings import Findings
from aether_core.tasks.kinds.metrics import Metric
from aether_core.tasks.kinds.registry import TASK_KINDS, task_of_layer
from ui.maps import views
from ui.maps.layer_names import field_title
from ui.maps.switches import colour_by, grey_out
from ui.maps.tested import accuracy_table
from ui.maps.views import LayerView, Look
from workflows.layers.layers import LayerSummary

F = TypeVar("F", bound=Findings)


@dataclass(frozen=True)
class Headline:
    """The measure that stands for a map.

    Attributes:
        metric: Its name in the findings.
        label: What it is called.
        known: What the map was made from, such as `labels`.
        about: What it means, as help.
        write: A figure of it as it is shown.
    """

    metric: str
    label: str
    known: str
    about: str
    write: Callable[[float], str] = "{:.3f}".format


class TaskPage(Generic[F]):
    """The pages of one kind of task; a kind with more to show has an object of its own.

    Its file, in `ui/maps/kinds`, adds that to `TASK_PAGES`. `F` is what was measured.

    Attributes:
        key: Start of the widgets' names; the kind's name where None.
        note: What is said before a map is made.
    """

    key: ClassVar[str | None] = None
    note: ClassVar[str | None] = None

    def headline(self, found: F) -> Headline:
        """The measure that stands beside its maps: the kind's main one."""
        kind = TASK_KINDS[found.task]
        metric = kind.main_metric
        return Headline(
            metric.name, _(metric.heading), known=_(kind.samples), about=measure_help(metric)
        )

    def caption(self, found: F) -> str | None:
        """What must be said under its maps."""
        return _(found.note) if found.note else None

    def figures(self, found: F) -> None:
        """Draw what else is worth a glance beside its maps."""

    def view(self, layer: LayerSummary, frame: pd.DataFrame, key: str, look: Look) -> LayerView:
        """The switches of such a layer, and the view they ask for: any of its numbers."""
        view = any_number(layer, frame, key, look)
        if "applicable" not in frame:
            return view
        outside = ~frame["applicable"].to_numpy(dtype=bool)
        return view.greyed(outside, look) if outside.any() and grey_out(key) else view

    def accuracy(self, found: F, frame: pd.DataFrame, key: str) -> None:
        """How good it is on samples that were held out.

        Args:
            found: What was measured.
            frame: The layer's values, of areas where there are some.
            key: Start of the widgets' names.
        """
        del frame
        accuracy_table(found.test.accuracy, key)

    def confidence(self, found: F, key: str) -> None:
        """Whether what it says of its own uncertainty holds."""
        del found, key
        st.caption(_("No uncertainty was calibrated for this kind of map."))

    def limits(self, found: F) -> str:
        """What is said of the area of applicability beside its size."""
        del found
        return ""


def measure_help(metric: Metric) -> str:
    """What a metric's figure means."""
    way = _("lower") if metric.lower_is_better else _("higher")
    return _(
        "{heading} ({unit}) on what was held out; {way} is better.",
        heading=_(metric.heading),
        unit=_(metric.unit),
        way=way,
    )


TASK_PAGES: Final[Registry[TaskPage[Any]]] = Registry("ui.maps.kinds")


def page_of(layer: LayerSummary) -> TaskPage[Any] | None:
    """How layers of this kind are shown; None where they were not made by a task."""
    task = task_of_layer(layer.kind)
    return None if task is None else TASK_PAGES.get(task.name, TaskPage())


def any_number(layer: LayerSummary, frame: pd.DataFrame, key: str, look: Look) -> LayerView:
    """Any field of numbers."""
    named = {
        field["name"]: field.get("unit", "")
        for field in layer.fields
        if pd.api.types.is_numeric_dtype(frame[field["name"]])
    }
    first = "percentile" if "percentile" in named else next(iter(named))
    chosen = first
    if len(named) > 1:
        chosen = colour_by(list(named), first, f"{key}-{layer.layer}", field_title)
    return views.numbers(frame, chosen, named[chosen], layer.title, look)
