"""Tables of entities: a vector for each sample by its id, or for points, of which the nearest."""

from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from aether_core.cityrep.embeddings.aligned import CoversNothingError, Found
from aether_core.cityrep.embeddings.lookup import notes_of, rows_named, task_column
from aether_core.cityrep.embeddings.registry import SOURCES
from aether_core.cityrep.files import read_vectors
from aether_core.cityrep.registry import EmbeddingConfig
from aether_core.cityrep.samples import TaskSamples

NAMES = ("entity", "entities", "entity_table", "point", "points", "point_table")


class Entities:
    """Looked up by id where the manifest names a column of them, else the nearest point."""

    name = "entity"
    reads_labels = False

    def vectors(self, samples: TaskSamples, config: EmbeddingConfig, path: Path) -> Found:
        """The vector of each sample.

        Raises:
            NotFoundError: The file is missing.
            InputError: It cannot be read, lacks a column, or names an entity twice.
        """
        columns = None if config.embedding_cols is None else list(config.embedding_cols)
        if config.entity_id_col is None:
            return self._nearest(samples, config, path, columns)
        table = read_vectors(
            path,
            key=config.entity_id_col,
            xy=None,
            columns=columns,
            apart=[config.x_col, config.y_col],
        )
        wanted = task_column(
            samples.columns, config.task_entity_id_col or "sample_id", samples.entry.task_id
        )
        vectors = rows_named(table, wanted, path.name)
        names = np.empty(0, dtype=object) if table.key is None else table.key
        strangers = len(set(names.tolist()) - set(wanted.tolist()))
        notes = [*notes_of(table, config, path.name)]
        if strangers:
            notes.append(f"{strangers:,} rows of {path.name} belong to no sample of the task.")
        return Found(vectors, tuple(notes))

    def _nearest(
        self,
        samples: TaskSamples,
        config: EmbeddingConfig,
        path: Path,
        columns: list[str] | None,
    ) -> Found:
        table = read_vectors(
            path, key=None, xy=(config.x_col, config.y_col), columns=columns, apart=[]
        )
        there = np.zeros(0, dtype=bool) if table.xy is None else np.isfinite(table.xy).all(axis=1)
        if table.xy is None or not there.any():
            raise CoversNothingError(
                "a table of points has none with coordinates",
                path.name,
                "export the embedding again",
            )
        vectors = table.vectors[there]
        most = np.inf if config.max_distance is None else config.max_distance
        # Straight in the table's own CRS, degrees included: that is the published rule.
        distance, row = cKDTree(table.xy[there]).query(
            samples.xy_in(config.crs), distance_upper_bound=most
        )
        found = np.full((len(samples), vectors.shape[1]), np.nan, dtype=np.float32)
        near = np.isfinite(distance)
        found[near] = vectors[row[near]]
        return Found(found, notes_of(table, config, path.name))


for _name in NAMES:
    SOURCES[_name] = Entities()
