"""What was measured while a layer was made, by kind of layer."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

from aether_core.findings import StoredFindings
from aether_core.search.change import ChangeFindings
from aether_core.tasks.findings import ClassFindings, ShareFindings

LayerFindings = TypeVar("LayerFindings", bound=StoredFindings)

_KINDS: Final[Mapping[str, type[StoredFindings]]] = MappingProxyType(
    {
        "change": ChangeFindings,
        "landuse": ClassFindings,
        "socioeconomic": ShareFindings,
        "socioeconomic areas": ShareFindings,
    }
)
"""Of a kind that is not here, such as a search, nothing is measured."""


def read_findings(kind: str, document: Mapping[str, Any]) -> StoredFindings | None:
    """What a row of this kind of layer holds; None where nothing was measured.

    Raises:
        AetherError: It was written by a newer version, or is damaged.
    """
    known = _KINDS.get(kind)
    return known.read(document) if known is not None and document else None
