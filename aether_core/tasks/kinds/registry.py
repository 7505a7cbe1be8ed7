"""Every kind of task there is, by name. A new kind is one file here and one line below."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aether_core.tasks.kinds.classes import CLASSES
from aether_core.tasks.kinds.kind import TaskKind
from aether_core.tasks.kinds.shares import SHARES

TASK_KINDS: Final[Mapping[str, TaskKind]] = MappingProxyType(
    {kind.name: kind for kind in (CLASSES, SHARES)}
)
