"""Ranks of cells where each fold has heads of its own."""

import numpy as np
import torch

from aether_core.model.heads.heads import Heads, HeadShape
from aether_core.model.heads.inference import encode_eo, encode_text
from aether_core.search.fold_ranks import ranks_by_fold
from aether_core.search.scoring import percentiles


def heads(seed: int) -> Heads:
    torch.manual_seed(seed)
    return Heads(HeadShape(text_dim=6, eo_dim=5)).eval()


def test_a_cell_is_ranked_by_its_folds_heads_among_its_fold() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(30, 5)).astype("f4")
    texts = rng.normal(size=(2, 6)).astype("f4")
    fold = np.repeat([0, 1, -1], 10)
    own = {0: heads(1), 1: heads(2)}
    ranks = ranks_by_fold(lambda rows: own[int(fold[rows][0])], fold, vectors, texts)
    assert np.isnan(ranks[:, fold < 0]).all()
    for number, one in own.items():
        rows = fold == number
        scores = encode_eo(one, vectors[rows]) @ encode_text(one, texts).T
        for which in range(2):
            np.testing.assert_array_equal(ranks[which, rows], percentiles(scores[:, which]))
