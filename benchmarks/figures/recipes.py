"""Recipes compared with `aether` on simulated cities, on blocks that nothing of a training saw.

Before anything is trained a fifth of the city's places goes away in whole blocks of 300 m; each
recipe then trains on the rest with no setting touched, its own held-out tenth and choice of epoch
included. Measured on the blocks that went away: mean log rank and mean reciprocal rank of texts and
places among one another. Measured on a 50 m grid of cells, all of them and those of the unseen
blocks: the mean AUC of eight queries, each against its own zone. City and training share a seed;
differences are paired by it, with the 95 % interval of the t distribution.

Run: `python -m benchmarks.figures.recipes [--recipes aether-plus] [--cities dense sparse noisy
nameless] [--seeds 5] [--cases FOLDER]`. It prints a Markdown table, and ends with an error when
`aether-plus` is there and does not beat `aether` in AUC and mean log rank on the first three.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.stats import t as student
from sklearn.metrics import roc_auc_score

from aether_core.eo.cog.write import write_embedding_cog
from aether_core.eo.embedding import open_embedding
from aether_core.eo.file_kind import RASTER
from aether_core.eo.pooling.view import View
from aether_core.model.heads.heads import Heads
from aether_core.model.heads.inference import encode_eo, encode_text
from aether_core.model.recipes import recipe, recipes
from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.retrieval import candidate_rows, measure_retrieval
from aether_core.model.training.trainer import train
from aether_core.model.training.training_set import TrainingSet
from aether_core.poi.text import poi_texts, query_texts
from aether_core.search.scoring import cosine_scores, mean_direction, query_direction
from aether_core.simulate.grid_city import Noise, SimulatedCity, simulate_city
from aether_core.spatial.blocks import held_out_blocks, spatial_blocks
from aether_core.text.encoder import TextEncoder
from aether_core.text.minilm import MiniLMEncoder

CITIES = {
    "dense": (5000, Noise()),
    "sparse": (600, Noise()),
    "noisy": (5000, Noise(stray=0.5, telling=0.1, signature=0.7, fast=0.6)),
    "nameless": (5000, Noise(nameless=0.7)),
}
"""Kinds of city: number of places, and how loosely form, use and words hang together."""
MUST_WIN = ("dense", "sparse", "noisy")
METRICS = {
    "AUC": "text-to-map AUC, all cells",
    "AUC unseen": "text-to-map AUC, cells of the unseen blocks",
    "log rank": "mean log rank on the unseen blocks (lower is better)",
    "MRR": "mean reciprocal rank on the unseen blocks",
}
LOWER_IS_BETTER = {"log rank"}
UNSEEN = 0.2
_BLOCK_M = 300.0
_CELL_PX = 5


@dataclass(frozen=True)
class Case:
    """A simulated city as arrays: places and cells in three views, texts, queries and the truth.

    Attributes:
        places: Base, wide and disk view of the places, unit rows float32 `[3, n, 64]`.
        cells: Base and disk view of the cells, unit rows float32 `[2, m, 64]`.
        lonlat: Of the places, float64 `[n, 2]`.
        cell_lonlat: Of the cells, float64 `[m, 2]`.
        text: Distinct text vectors, float32 `[t, 384]`.
        text_index: Text of each place, int64 `[n]`.
        category: Category of each place, int64 `[n]`.
        truth: Zone of each cell, int64 `[m]`.
        queries: Query vectors, float32 `[q, 384]`.
        zones: Zone that answers each query, int64 `[q]`.
    """

    places: NDArray[np.float32]
    cells: NDArray[np.float32]
    lonlat: NDArray[np.float64]
    cell_lonlat: NDArray[np.float64]
    text: NDArray[np.float32]
    text_index: NDArray[np.int64]
    category: NDArray[np.int64]
    truth: NDArray[np.int64]
    queries: NDArray[np.float32]
    zones: NDArray[np.int64]

    def training_set(self, chosen: Recipe) -> TrainingSet:
        """The places as the recipe sees them."""
        base, wide, disk = self.places
        seen = (disk, None) if not chosen.has_wide_view else (base, wide)
        return TrainingSet(*seen, self.text, self.text_index, self.lonlat, self.category)


def prepare(city: SimulatedCity, encoder: TextEncoder) -> Case:
    """Write the city's embedding, read it back, pool it and encode its texts."""
    base, wide = RASTER.views(100.0)
    disk = View("disk", "disk", radius_m=100.0)
    lonlat = np.stack([city.pois.geometry.x, city.pois.geometry.y], axis=1)
    side = np.arange(_CELL_PX // 2, len(city.truth), _CELL_PX)
    rows, columns = (index.ravel() for index in np.meshgrid(side, side, indexing="ij"))
    to_wgs84 = Transformer.from_crs(city.crs, "EPSG:4326", always_xy=True)
    x, y = city.transform @ (columns + 0.5, rows + 0.5)
    cell_lonlat = np.stack(to_wgs84.transform(x, y), axis=1)
    with tempfile.TemporaryDirectory() as folder:
        raster = Path(folder) / "embedding.tif"
        write_embedding_cog(raster, city.vectors, city.transform, city.crs, bottom_up=True)
        embedding = open_embedding([raster])
        places = embedding.pool(lonlat, [base, wide, disk]).vectors
        cells = embedding.pool(cell_lonlat, [base, disk]).vectors
    there = np.isfinite(places).all(axis=(0, 2))
    cell_there = np.isfinite(cells).all(axis=(0, 2))
    texts, text_index = np.unique(np.array(poi_texts(city.pois))[there], return_inverse=True)
    names = city.pois["category"].to_numpy(dtype=str)[there]
    return Case(
        places=places[:, there],
        cells=cells[:, cell_there],
        lonlat=lonlat[there],
        cell_lonlat=cell_lonlat[cell_there],
        text=encoder.encode(texts.tolist()),
        text_index=text_index.astype(np.int64),
        category=np.unique(names, return_inverse=True)[1].astype(np.int64),
        truth=city.truth[rows, columns][cell_there],
        queries=np.stack([mean_direction(encoder.encode(query_texts(q))) for q in city.queries]),
        zones=np.array([zones[0] for zones in city.queries.values()]),
    )


def kept_case(name: str, seed: int, encoder: TextEncoder, folder: Path | None) -> Case:
    """A case, from the folder where it is there and into it where it is not."""
    file = folder / f"{name}-{seed}.npz" if folder else None
    if file and file.exists():
        with np.load(file) as kept:
            return Case(**kept)
    pois, noise = CITIES[name]
    case = prepare(simulate_city(seed, pois=pois, noise=noise), encoder)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, **{field.name: getattr(case, field.name) for field in fields(Case)})
    return case


def unseen_places(case: Case, seed: int) -> NDArray[np.bool_]:
    """The places that go away before any training, bool `[n]`."""
    return held_out_blocks(case.lonlat, fraction=UNSEEN, seed=1000 + seed, block_m=_BLOCK_M)


def measure(case: Case, chosen: Recipe, seed: int) -> dict[str, float]:
    """Train a recipe on what it may see and measure it on the rest, by metric; and the seconds."""
    unseen = unseen_places(case, seed)
    data = case.training_set(chosen)
    began = time.perf_counter()
    heads = train(data.part(~unseen), chosen, seed=seed, device="cpu").heads
    seconds = time.perf_counter() - began
    every, among_unseen = map_auc(heads, case, chosen, unseen)
    rows = np.flatnonzero(unseen)
    rows = rows[candidate_rows(len(rows), seed=seed)]
    texts, text_index = np.unique(case.text_index[rows], return_inverse=True)
    found = measure_retrieval(
        encode_eo(heads, data.base[rows]), encode_text(heads, case.text[texts]), text_index
    )
    return {
        "AUC": every,
        "AUC unseen": among_unseen,
        "log rank": found.mean_log_rank,
        "MRR": found.mrr,
        "seconds": seconds,
    }


def map_auc(
    heads: Heads, case: Case, chosen: Recipe, unseen: NDArray[np.bool_]
) -> tuple[float, float]:
    """Mean AUC of the queries over all cells, and over those of the unseen blocks."""
    z = encode_eo(heads, case.cells[0 if chosen.has_wide_view else 1])
    blocks = spatial_blocks(np.concatenate([case.lonlat, case.cell_lonlat]), block_m=_BLOCK_M)
    of_places, of_cells = np.split(blocks, [len(case.lonlat)])
    away = np.isin(of_cells, of_places[unseen])
    every, among_unseen = [], []
    for vector, zone in zip(encode_text(heads, case.queries), case.zones, strict=True):
        scores = cosine_scores(z, query_direction(vector))
        right = case.truth == zone
        every.append(roc_auc_score(right, scores))
        if 0 < right[away].sum() < away.sum():
            among_unseen.append(roc_auc_score(right[away], scores[away]))
    return float(np.mean(every)), float(np.mean(among_unseen))


def paired(
    values: NDArray[np.float64], reference: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Mean difference and its 95 % interval over seeds (t distribution)."""
    difference = values - reference
    mean = float(difference.mean())
    if len(difference) < 2:
        return mean, float("nan"), float("nan")
    error = float(difference.std(ddof=1)) / np.sqrt(len(difference))
    half = float(student.ppf(0.975, len(difference) - 1)) * error
    return mean, mean - half, mean + half


def verdict(metric: str, low: float, high: float) -> str:
    """Whether an interval of a difference lies on one side of zero."""
    if low > 0 or high < 0:
        return "better" if (low > 0) != (metric in LOWER_IS_BETTER) else "worse"
    return "open"


def compare(
    city: str,
    chosen: Sequence[str],
    seeds: Sequence[int],
    encoder: TextEncoder,
    folder: Path | None,
) -> dict[str, list[dict[str, float]]]:
    """Figures of every recipe on one kind of city, a dictionary a seed."""
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in chosen}
    for seed in seeds:
        case = kept_case(city, seed, encoder, folder)
        for name in chosen:
            rows[name].append(measure(case, recipe(name), seed))
            figures = " ".join(f"{key}={value:.4f}" for key, value in rows[name][-1].items())
            print(f"{city} {seed} {name}: {figures}", file=sys.stderr, flush=True)
    return rows


def print_table(city: str, rows: dict[str, list[dict[str, float]]]) -> list[str]:
    """Print a city's rows of the table; names of the metrics in which aether-plus does not win."""
    lost = []
    for name, figures in rows.items():
        seconds = np.mean([row["seconds"] for row in figures])
        for metric in METRICS:
            values = np.array([row[metric] for row in figures])
            line = f"| {city} | {metric} | {name} | {values.mean():.4f} |"
            if name == "aether":
                print(f"{line} | | {seconds:.1f} |")
                continue
            mean, low, high = paired(values, np.array([row[metric] for row in rows["aether"]]))
            reported = verdict(metric, low, high)
            print(f"{line} {mean:+.4f} ({low:+.4f} to {high:+.4f}) | {reported} | {seconds:.1f} |")
            if name == "aether-plus" and metric in {"AUC", "log rank"} and reported != "better":
                lost.append(metric)
    return lost


def main() -> int:
    """Print the table; 1 when aether-plus is compared and does not win where it must."""
    names = [entry.name for entry in recipes()]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", nargs="+", choices=names[1:], default=names[1:])
    parser.add_argument("--cities", nargs="+", choices=CITIES, default=list(CITIES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cases", type=Path, help="keep prepared cities in this folder")
    asked = parser.parse_args()
    encoder = MiniLMEncoder()
    lost = []
    print("| city | metric | recipe | mean | difference to aether (95 %) | | seconds |")
    print("| --- | --- | --- | ---: | ---: | --- | ---: |")
    for city in asked.cities:
        seeds = range(1, asked.seeds + 1)
        missed = print_table(
            city, compare(city, ["aether", *asked.recipes], seeds, encoder, asked.cases)
        )
        lost += missed if city in MUST_WIN else []
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(main())
