"""Every kind of embedding, by each of the names that the manifest calls it."""

from pathlib import Path
from typing import Final, Protocol

from aether_core.cityrep.embeddings.aligned import Found
from aether_core.cityrep.registry import EmbeddingConfig
from aether_core.cityrep.samples import TaskSamples
from aether_core.errors import InputError
from aether_core.registry import Registry


class EmbeddingSource(Protocol):
    """A kind of embedding.

    Attributes:
        name: What it is.
        reads_labels: Whether it looks at the task's raster, where the task has one.
    """

    name: str
    reads_labels: bool

    def vectors(self, samples: TaskSamples, config: EmbeddingConfig, path: Path) -> Found:
        """The vector of each sample, as the file has it.

        Raises:
            NotFoundError: The file is missing.
            InputError: It cannot be read, or samples of this kind cannot be found in it.
        """


SOURCES: Final[Registry[EmbeddingSource]] = Registry("aether_core.cityrep.embeddings")


def source_of(config: EmbeddingConfig, where: str) -> EmbeddingSource:
    """The kind of an embedding.

    Args:
        config: From the manifest.
        where: Which row, for the message.

    Raises:
        InputError: There is no such kind.
    """
    name = config.type.lower()
    if name not in SOURCES:
        raise InputError(
            "the manifest names a kind of embedding that CityRep does not have",
            f"{config.type or '(none)'}, {where}",
            f"it has {', '.join(SOURCES)}",
            code="cityrep-embedding-type-unknown",
        )
    return SOURCES[name]
