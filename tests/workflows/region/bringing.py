"""Rasters of two zones that overlap, and a model: what regions of the tests are made of."""

from pathlib import Path

import numpy as np
import torch
from pyproj import Transformer

from aether_core.model.files.card import EmbeddingCard, EncoderCard, ModelCard
from aether_core.model.files.folder import save_model
from aether_core.model.heads.heads import Heads
from tests.aether_core.eo.brute_force import Scene, unit_vectors, write_scene

WIDTH, HEIGHT = 3200, 64
"""Four pieces beside each other."""


def bring(made: Path) -> None:
    """Fill a folder: `rasters` and `model`."""
    random = np.random.default_rng(2)
    stored = unit_vectors(random, HEIGHT, WIDTH, "int8")
    stored[10:60, 300:420] = -128
    (made / "rasters").mkdir()
    write_scene(made / "rasters" / "a.tif", Scene("EPSG:32635", 640_000, 6_660_000, 10, stored))
    x, y = Transformer.from_crs("EPSG:32635", "EPSG:32636", always_xy=True).transform(
        670_000, 6_660_000
    )
    other = Scene("EPSG:32636", x // 10 * 10, y // 10 * 10, 10, stored[:, :300])
    write_scene(made / "rasters" / "b.tif", other, bottom_up=True)
    torch.manual_seed(1)
    card = ModelCard(
        name="test-1",
        city="test",
        recipe="aether",
        settings={},
        seed=1,
        device="cpu",
        encoder=EncoderCard(name="all-MiniLM-L6-v2", dim=384),
        embedding=EmbeddingCard(kind="raster", dim=64, year=2024, simulated=True),
        data_hashes={},
        pois_used=100,
        held_out=10,
        kept_epoch=2,
        losses={"first": 2.0},
        validation=None,
        versions={},
        created="2026-01-01T00:00:00+00:00",
    )
    save_model(made / "model", Heads(), card)
