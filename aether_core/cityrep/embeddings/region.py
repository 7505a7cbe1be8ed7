"""Tables of regions: a vector for each H3 cell, or for regions that the samples name."""

from pathlib import Path

import h3
import numpy as np
from numpy.typing import NDArray

from aether_core.cityrep.embeddings.aligned import Found
from aether_core.cityrep.embeddings.lookup import notes_of, rows_named, task_column
from aether_core.cityrep.embeddings.registry import SOURCES
from aether_core.cityrep.files import read_vectors
from aether_core.cityrep.registry import EmbeddingConfig
from aether_core.cityrep.samples import TaskSamples
from aether_core.errors import InputError

NAMES = ("region_table", "region", "regions", "h3")


class Regions:
    """A sample has the vector of the region it lies in."""

    name = "region"
    reads_labels = False

    def vectors(self, samples: TaskSamples, config: EmbeddingConfig, path: Path) -> Found:
        """The vector of each sample.

        Raises:
            NotFoundError: The file is missing.
            InputError: It cannot be read, names a region twice, or nothing says how samples are
                found in it.
        """
        if config.region_id_col is None:
            raise self._undecided("region_id_col", samples, path)
        table = read_vectors(
            path,
            key=config.region_id_col,
            xy=None,
            columns=None if config.embedding_cols is None else list(config.embedding_cols),
            apart=[],
        )
        vectors = rows_named(table, self._regions(samples, config, path), path.name)
        return Found(vectors, notes_of(table, config, path.name))

    def _regions(
        self, samples: TaskSamples, config: EmbeddingConfig, path: Path
    ) -> NDArray[np.object_]:
        """The region of each sample, object `[n]` of str."""
        if config.task_region_id_col is not None:
            return task_column(samples.columns, config.task_region_id_col, samples.entry.task_id)
        if config.region_type.lower() != "h3" or config.h3_resolution is None:
            raise self._undecided("h3_resolution or task_region_id_col", samples, path)
        resolution = config.h3_resolution
        cells = [h3.latlng_to_cell(lat, lon, resolution) for lon, lat in samples.lonlat.tolist()]
        return np.array(cells, dtype=object)

    def _undecided(self, key: str, samples: TaskSamples, path: Path) -> InputError:
        return InputError(
            "the manifest does not say how samples are found in a table of regions",
            f"{key} of {path.name}, {samples.entry.task_id}",
            "complete embedding_config in the manifest",
            code="cityrep-embedding-config-incomplete",
        )


for _name in NAMES:
    SOURCES[_name] = Regions()
