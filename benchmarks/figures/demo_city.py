"""What the demo city's model finds, and how much of it hangs on seeds.

The demo is built with each seed of its simulated embedding, read, pooled and trained the normal way
with the recipe `aether` and no setting touched. Ten queries score the cells of H3 resolution 12;
AUC holds them against the greenery and water that are drawn, or against the ground within 40 m of
a place of the kind. Its functions are written into the embedding from the same places, so the
figures are no accuracy (docs/demo.md).

Run: `python -m benchmarks.figures.demo_city [--embeddings 1 2 3] [--trainings 42 43]`. It prints
a Markdown table with a row for each training, and how the demo's own training ended.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from aether_core.city.cells import cells_of
from aether_core.eo.embedding import open_embedding
from aether_core.eo.file_kind import RASTER
from aether_core.model.heads.inference import encode_eo, encode_text
from aether_core.model.recipes import recipe
from aether_core.model.training.trainer import Trained, train
from aether_core.model.training.training_set import TrainingSet
from aether_core.poi.clean import clean_pois
from aether_core.poi.read import read_pois
from aether_core.poi.text import poi_texts, query_texts
from aether_core.search.scoring import cosine_scores, mean_direction, query_direction
from aether_core.simulate.helsinki import SEED, DemoFiles, build_helsinki
from aether_core.spatial.distances import nearest_shape
from aether_core.text.encoder import TextEncoder
from aether_core.text.minilm import MiniLMEncoder

OWN_TRAINING = 42
_RESOLUTION = 12
_NEAR_M = 40.0
DRAWN = {"park": "green", "water": "water"}
"""Queries answered by a kind of ground of the base map."""
PLACES = {
    "a night out": ("pub", "bar", "nightclub"),
    "museum": ("museum",),
    "church": ("place of worship",),
    "restaurant": ("restaurant",),
    "cafe": ("cafe",),
    "hotel": ("hotel",),
    "theatre": ("theatre",),
    "clothes shop": ("clothes",),
}
"""Queries answered by the ground near places of these categories."""


@dataclass(frozen=True)
class Demo:
    """The demo with one seed of its embedding, as arrays.

    Attributes:
        places: What a model is trained on.
        cells: Base view of the cells, unit rows float32 `[m, 64]`.
        truth: Which cells answer each query, bool `[m]`.
        queries: Vector of each query, float32 `[384]`.
    """

    places: TrainingSet
    cells: NDArray[np.float32]
    truth: dict[str, NDArray[np.bool_]]
    queries: dict[str, NDArray[np.float32]]


def prepare(files: DemoFiles, encoder: TextEncoder) -> Demo:
    """Read and pool the demo's files."""
    boundary = gpd.read_file(files.boundary)
    embedding = open_embedding([files.embedding])
    pois = clean_pois(read_pois(files.pois).frame, boundary.geometry.iloc[0]).pois
    views = RASTER.views(100.0)
    lonlat = np.stack([pois.geometry.x, pois.geometry.y], axis=1)
    base, wide = embedding.pool(lonlat, views).vectors
    centres = cells_of(boundary.geometry.iloc[0], _RESOLUTION).lonlat
    cells = embedding.pool(centres, views[:1]).vectors[0]
    there = np.isfinite(cells).all(axis=1)
    texts, text_index = np.unique(poi_texts(pois), return_inverse=True)
    ground = gpd.read_file(files.base_map).to_crs("EPSG:4326")
    shapes = {query: ground.geometry[ground["kind"] == kind] for query, kind in DRAWN.items()}
    shapes |= {
        query: pois.geometry[pois["category"].isin(kinds)] for query, kinds in PLACES.items()
    }
    truth = {
        query: nearest_shape(centres[there], of_query.to_numpy())[0]
        <= (0.0 if query in DRAWN else _NEAR_M)
        for query, of_query in shapes.items()
    }
    return Demo(
        TrainingSet(
            base, wide, encoder.encode(texts.tolist()), text_index.astype(np.int64), lonlat
        ),
        cells[there],
        truth,
        {query: mean_direction(encoder.encode(query_texts(query))) for query in truth},
    )


def aucs(trained: Trained, demo: Demo) -> dict[str, float]:
    """AUC of each query's cell scores against its truth."""
    z = encode_eo(trained.heads, demo.cells)
    return {
        query: float(
            roc_auc_score(
                found,
                cosine_scores(
                    z, query_direction(encode_text(trained.heads, demo.queries[query][None])[0])
                ),
            )
        )
        for query, found in demo.truth.items()
    }


def row(name: str, found: Sequence[float]) -> str:
    """A row of the table: the mean, then each query."""
    return f"| {name} | {np.mean(found):.2f} | {' | '.join(f'{one:.2f}' for one in found)} |"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--embeddings", type=int, nargs="+", default=[2, 1, 3, 4, 5, 6, 7, 8])
    parser.add_argument("--trainings", type=int, nargs="+", default=[42, 43, 44])
    chosen = parser.parse_args()
    encoder = MiniLMEncoder()
    print(f"| embedding, training | mean | {' | '.join([*DRAWN, *PLACES])} |")
    print(f"| --- | ---: |{' ---: |' * len([*DRAWN, *PLACES])}")
    for seed in chosen.embeddings:
        with tempfile.TemporaryDirectory() as folder:
            demo = prepare(build_helsinki(Path(folder), seed=seed), encoder)
        for training in chosen.trainings:
            trained = train(demo.places, recipe("aether"), seed=training)
            print(row(f"{seed}, {training}", list(aucs(trained, demo).values())), flush=True)
            if (seed, training) == (SEED, OWN_TRAINING) and trained.validation is not None:
                words = trained.validation.text_to_place
                print(
                    f"the demo's own: {len(demo.places)} places, epoch {trained.kept_epoch} of "
                    f"{len(trained.history)}, recall@10 {words.recall_at_10:.2f} "
                    f"(chance {words.chance_at_10:.2f}) among {trained.validation.candidates}",
                    file=sys.stderr,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
