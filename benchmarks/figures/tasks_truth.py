"""Maps, sets, shares and comparisons held against a simulated city whose truth is known everywhere.

A 3 x 3 km city is written as an AlphaEarth COG and read, pooled and trained the normal way. Labels
are random cells of a 50 m grid; everything else of the grid is truth that no fit sees. Printed for
each seed: macro-F1 of the map, coverage of the 90 % sets on random folds, on spatial blocks and on
the true map, KL of shares of areas, and what AETHER adds over AlphaEarth on the same folds.

With `--no-information` places draw their category from the whole city and names tell nothing: then
nothing that AETHER is called better for can be real.

Run: `python -m benchmarks.figures.tasks_truth [--seeds 20] [--labels 300] [--no-information]`.
With `--no-information` it ends with an error when more than 2 of 20 seeds call AETHER better.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from aether_core.eo.cog.write import write_embedding_cog
from aether_core.eo.embedding import open_embedding
from aether_core.eo.file_kind import RASTER
from aether_core.model.heads.inference import encode_eo
from aether_core.model.recipes import recipe
from aether_core.model.training.trainer import train
from aether_core.model.training.training_set import TrainingSet
from aether_core.poi.text import poi_texts
from aether_core.simulate.grid_city import ZONES, Noise, simulate_city
from aether_core.tasks.kinds.classes import CLASSES, map_land_use
from aether_core.tasks.kinds.metrics import macro_f1, share_scores
from aether_core.tasks.kinds.shares import SHARES, map_socioeconomic
from aether_core.tasks.testing.comparison import compare
from aether_core.tasks.testing.experiment import ExperimentSetup, run_experiment
from aether_core.tasks.testing.folds import choose_blocks
from aether_core.text.encoder import TextEncoder
from aether_core.text.minilm import MiniLMEncoder

NO_INFORMATION = Noise(stray=1.0, telling=0.0)
SEEDS = (42, 43, 44, 45, 46)
_CELL_PX = 5
_AREA_CELLS = 4
_WINDOW_M = 200.0
_VERDICTS = {True: "better", False: "worse", None: "none"}
_GROUPS = (("homes",), ("shopping", "offices", "industry", "nightlife"))


@dataclass(frozen=True)
class City:
    """A simulated city on a grid of cells."""

    alphaearth: NDArray[np.float32]
    aether: NDArray[np.float32]
    lonlat: NDArray[np.float64]
    truth: NDArray[np.int64]
    area: NDArray[np.int64]


def build(seed: int, places: int, noise: Noise, encoder: TextEncoder) -> City:
    """Simulate, write, read, pool and train one city."""
    city = simulate_city(seed, pois=places, noise=noise)
    with tempfile.TemporaryDirectory() as folder:
        raster = Path(folder) / "embedding.tif"
        write_embedding_cog(raster, city.vectors, city.transform, city.crs, bottom_up=True)
        embedding = open_embedding([raster])
        at = np.stack([city.pois.geometry.x, city.pois.geometry.y], axis=1)
        views = RASTER.views(100.0)
        base, wide = embedding.pool(at, views).vectors
        side = np.arange(_CELL_PX // 2, len(city.truth), _CELL_PX)
        rows, columns = (index.ravel() for index in np.meshgrid(side, side, indexing="ij"))
        to_wgs84 = Transformer.from_crs(city.crs, "EPSG:4326", always_xy=True)
        x, y = city.transform @ (columns + 0.5, rows + 0.5)
        lonlat = np.stack(to_wgs84.transform(x, y), axis=1)
        cells = embedding.pool(lonlat, views[:1]).vectors[0]
    texts, text_index = np.unique(poi_texts(city.pois), return_inverse=True)
    data = TrainingSet(base, wide, encoder.encode(texts.tolist()), text_index.astype(np.int64), at)
    heads = train(data, recipe("aether"), seed=seed).heads
    there = np.isfinite(cells).all(axis=1)
    step = _CELL_PX * _AREA_CELLS
    area = (rows // step) * 10_000 + columns // step
    return City(
        cells[there],
        encode_eo(heads, cells[there]),
        lonlat[there],
        city.truth[rows, columns][there],
        np.unique(area[there], return_inverse=True)[1],
    )


def labels_of(city: City, count: int, seed: int) -> tuple[NDArray[np.int64], ExperimentSetup]:
    """Random cells as labels, and the setup of a fit on them."""
    rng = np.random.default_rng(seed)
    picked = np.sort(rng.choice(len(city.truth), count, replace=False))
    sizes = np.bincount(city.truth[picked], minlength=len(ZONES))
    picked = picked[sizes[city.truth[picked]] >= 10]
    names, label = np.unique(city.truth[picked], return_inverse=True)
    blocks = choose_blocks(city.lonlat[picked], label, smallest_m=_WINDOW_M)
    setup = ExperimentSetup(
        task=CLASSES,
        target=label.astype(np.int64),
        names=tuple(list(ZONES)[k] for k in names),
        unit=np.arange(len(picked)),
        block=blocks.number,
        seeds=SEEDS,
    )
    return picked, setup


def measure(city: City, count: int, seed: int) -> dict[str, float | str]:
    """All figures of one city."""
    picked, setup = labels_of(city, count, seed)
    known = np.array([list(ZONES).index(name) for name in setup.names])
    mapped = map_land_use(setup, "aether", city.aether[picked], city.aether)
    unseen = np.setdiff1d(np.flatnonzero(np.isin(city.truth, known)), picked)
    truth = np.searchsorted(known, city.truth[unseen])
    covered = mapped.sets[unseen, truth]
    trusted = mapped.trusted[unseen]
    predicted = mapped.probability[unseen].argmax(axis=1)
    coverage = mapped.test.coverage
    both = np.hstack([city.alphaearth, city.aether])
    seen = {"alphaearth": city.alphaearth, "aether": city.aether, "concat": both}
    compared = compare(run_experiment(setup, {name: x[picked] for name, x in seen.items()}))
    verdicts = {
        f"{gain.representation}, {gain.split}": _VERDICTS[gain.better]
        for gain in compared.gains
        if gain.metric == "macro_f1"
    }
    return {
        "macro-F1": macro_f1(truth, predicted, len(known)),
        "trusted": float(trusted.mean()),
        "right there": float((predicted == truth)[trusted].mean()),
        "random": coverage["random"].share,
        "spatial": coverage["spatial"].share,
        "true map": float(covered.mean()),
        "KL": share_error(city),
        **verdicts,
    }


def share_error(city: City) -> float:
    """KL of the shares of 200 m squares, each predicted on blocks by a fit that had not seen it."""
    areas = np.unique(city.area)
    groups = [np.isin(city.truth, [list(ZONES).index(z) for z in group]) for group in _GROUPS]
    member = np.stack([*groups, ~np.logical_or.reduce(groups)], axis=1).astype(float)
    sizes = np.bincount(city.area)[:, None]
    shares = np.stack([np.bincount(city.area, weights=column) for column in member.T], 1) / sizes
    x = np.stack([np.bincount(city.area, weights=c) for c in city.aether.T], 1) / sizes
    lonlat = np.stack([np.bincount(city.area, weights=c) for c in city.lonlat.T], 1) / sizes
    blocks = choose_blocks(lonlat, shares, smallest_m=_WINDOW_M)
    setup = ExperimentSetup(
        task=SHARES,
        target=shares,
        names=("homes", "work", "other"),
        unit=areas,
        block=blocks.number,
        seeds=SEEDS[:1],
        splits=("spatial",),
    )
    found = map_socioeconomic(setup, "aether", x.astype(np.float32), city.aether)
    return share_scores(shares, found.areas.share)["kl"]


def main() -> int:
    """Print the table; 1 when AETHER wins where it cannot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--labels", type=int, default=300)
    parser.add_argument("--places", type=int, default=2000)
    parser.add_argument("--no-information", action="store_true")
    chosen = parser.parse_args()
    encoder = MiniLMEncoder()
    noise = NO_INFORMATION if chosen.no_information else Noise()
    found = []
    for seed in range(1, chosen.seeds + 1):
        city = build(seed, chosen.places, noise, encoder)
        found.append(measure(city, chosen.labels, seed))
        if seed == 1:
            print("seed " + " ".join(f"{name:>17}" for name in found[0]))
        values = (f"{v:>17.3f}" if isinstance(v, float) else f"{v:>17}" for v in found[-1].values())
        print(f"{seed:>4} " + " ".join(values), flush=True)
    for name, first in found[0].items():
        values = [row[name] for row in found]
        if isinstance(first, str):
            print(f"{name}: " + ", ".join(f"{k} {values.count(k)}" for k in sorted(set(values))))
        else:
            mean, sd = np.mean(values), np.std(values, ddof=1) if len(values) > 1 else 0.0
            half = 1.96 * sd / len(values) ** 0.5
            print(f"{name}: {mean:.3f} ({mean - half:.3f} to {mean + half:.3f})")
    wins = max([row[name] for row in found].count("better") for name in found[0])
    return int(chosen.no_information and wins > 0.1 * len(found))


if __name__ == "__main__":
    sys.exit(main())
