"""Finding rows of a table by their name."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.cityrep.files import VectorTable
from aether_core.cityrep.registry import EmbeddingConfig
from aether_core.errors import InputError


def rows_named(table: VectorTable, names: NDArray[np.object_], file: str) -> NDArray[np.float32]:
    """The vector of each name, float32 `[n, d]`, NaN where the table has none.

    Raises:
        InputError: The table has several vectors for one name.
    """
    if table.key is None:
        raise AssertionError("the table was read without its key")
    frame = pd.Series(np.arange(len(table.key)), index=pd.Index(table.key.astype(str)))
    twice = frame.index.duplicated(keep="first")
    if twice.any():
        first = frame[~twice].reindex(frame.index[twice]).to_numpy()
        again = frame[twice].to_numpy()
        differs = ~(
            (table.vectors[first] == table.vectors[again])
            | (np.isnan(table.vectors[first]) & np.isnan(table.vectors[again]))
        ).all(axis=1)
        if differs.any():
            raise InputError(
                "a table of vectors has several for one name",
                f"{file}: {', '.join(frame.index[twice][differs][:3])}",
                "export the embedding again",
                code="cityrep-embedding-id-repeated",
            )
        frame = frame[~twice]
    row = frame.index.get_indexer(pd.Index(names.astype(str)))
    found = np.full((len(names), table.vectors.shape[1]), np.nan, dtype=np.float32)
    found[row >= 0] = table.vectors[frame.to_numpy()[row[row >= 0]]]
    return found


def notes_of(table: VectorTable, config: EmbeddingConfig, file: str) -> tuple[str, ...]:
    """Says so where vectors are longer or shorter than the manifest has them."""
    length = table.vectors.shape[1]
    if config.embedding_dim in (None, length):
        return ()
    said = f"{file} has {length} columns of numbers where the manifest says {config.embedding_dim}"
    return (f"{said}; all were used, as the published evaluator uses them.",)


def task_column(
    columns: dict[str, NDArray[np.object_]], name: str, task: str
) -> NDArray[np.object_]:
    """The column of the samples that an embedding is looked up by.

    Raises:
        InputError: They have none of that name.
    """
    if name not in columns:
        raise InputError(
            "the samples lack the column that the embedding is looked up by",
            f"{name} of {task}",
            f"they have {', '.join(columns)}",
            code="cityrep-column-missing",
        )
    return columns[name].astype(str).astype(object)
