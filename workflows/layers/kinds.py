"""Every kind of layer that a city keeps: those of the kinds of task, and those of searches."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from aether_core.findings import LayerKind, StoredFindings
from aether_core.language import mark
from aether_core.search.change import ChangeFindings
from aether_core.tasks.kinds.registry import TASK_KINDS

LayerFindings = TypeVar("LayerFindings", bound=StoredFindings)

_SEARCHES: Final = (
    LayerKind("search", mark("search result"), mark("Search result"), "percentile"),
    LayerKind("similar", mark("similar places"), mark("Similar places"), "percentile"),
    LayerKind("ask", mark("answer to a question"), mark("Answer to a question"), "percentile"),
    LayerKind(
        "change",
        mark("change between two years"),
        mark("Change between two years"),
        "change",
        ChangeFindings,
    ),
)


def layer_kinds() -> list[LayerKind]:
    """Every kind there is."""
    return [*_SEARCHES, *(layer for task in TASK_KINDS.values() for layer in task.layers)]


def layer_kind(name: str) -> LayerKind:
    """The kind of that name; one that is not known, as from a newer version, goes by its name."""
    known = layer_kinds()
    return next((kind for kind in known if kind.name == name), LayerKind(name, name, name))


def read_findings(kind: str, document: Mapping[str, Any]) -> StoredFindings | None:
    """What a row of this kind of layer holds; None where nothing was measured.

    Raises:
        AetherError: It was written by a newer version, or is damaged.
    """
    findings = layer_kind(kind).findings
    return findings.read(document) if findings is not None and document else None
