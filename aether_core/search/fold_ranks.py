"""How cells rank for questions where each fold has heads of its own."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aether_core.model.heads.heads import Heads
from aether_core.model.heads.inference import encode_eo, encode_text
from aether_core.search.scoring import cosine_scores, percentiles, query_direction


def ranks_by_fold(
    heads_of: Callable[[NDArray[np.bool_]], Heads],
    fold: NDArray[np.int64],
    vectors: NDArray[np.float32],
    texts: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Rank the cells of each fold for each text, by the fold's own heads.

    Scores of different heads cannot be compared, so a cell is ranked among its fold alone.

    Args:
        heads_of: Gives the heads of a fold, by its cells, bool `[n]`.
        fold: Fold of each cell, int64 `[n]`; below 0 takes no part.
        vectors: The embedding at the cells, float32 `[n, dim]`.
        texts: Text vectors of the questions, unit rows float32 `[q, text_dim]`.

    Returns:
        Percentiles, float32 `[q, n]`; NaN outside all folds.
    """
    ranks = np.full((len(texts), len(fold)), np.nan, dtype=np.float32)
    for number in np.unique(fold[fold >= 0]):
        rows = fold == number
        heads = heads_of(rows)
        z = encode_eo(heads, vectors[rows])
        for which, text in enumerate(encode_text(heads, texts)):
            ranks[which, rows] = percentiles(cosine_scores(z, query_direction(text)))
    return ranks
