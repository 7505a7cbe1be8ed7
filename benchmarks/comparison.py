"""Time of the whole comparison: four representations, two splits, five seeds, five folds.

5,000 labels of 9 classes (or shares of 9 fields) in a simulated 20 x 20 km city whose labels depend
on distance, from representations as wide as the real ones (64, 128, 384, 192).

Run: `.venv/bin/python -m benchmarks.comparison [--labels 5000] [--predictors linear mlp]`.
It ends with an error when a linear comparison takes three minutes or more.
"""

import argparse
import sys
import time

import numpy as np
from numpy.typing import NDArray

from aether_core.tasks.kinds.classes import CLASSES
from aether_core.tasks.kinds.shares import SHARES
from aether_core.tasks.predictors.softmax import softmax
from aether_core.tasks.testing.comparison import compare, in_words
from aether_core.tasks.testing.experiment import ExperimentSetup, run_experiment
from aether_core.tasks.testing.folds import choose_blocks

LIMIT_S = 180.0
CLASS_COUNT = 9
EXTENT_DEG = 0.18


def city(labels: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places and the strength of each class there: smooth over about 2 km, and noise."""
    rng = np.random.default_rng(seed)
    lonlat = rng.uniform(0, EXTENT_DEG, (labels, 2))
    wave = rng.normal(size=(2, 60)) * 220
    smooth = np.cos(lonlat @ wave + rng.uniform(0, 2 * np.pi, 60)) @ rng.normal(
        size=(60, CLASS_COUNT)
    )
    return lonlat, smooth / 4 + rng.normal(size=(labels, CLASS_COUNT)) / 2


def representations(strength: NDArray[np.float64], seed: int) -> dict[str, NDArray[np.float32]]:
    """Unit rows: embeddings of what is there with noise, places that tell little, both joined."""
    rng = np.random.default_rng(seed)

    def unit(width: int, noise: float) -> NDArray[np.float32]:
        seen = np.tanh(strength @ rng.normal(size=(CLASS_COUNT, width)) / 2)
        rows = seen + noise * rng.normal(size=seen.shape)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    alphaearth, aether = unit(64, 1.5), unit(128, 2.0)
    both = np.hstack([alphaearth, aether])
    return {"alphaearth": alphaearth, "aether": aether, "poi": unit(384, 8.0), "concat": both}


def main() -> int:
    """Print the times; 1 when a linear comparison is too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=int, default=5000)
    parser.add_argument("--predictors", nargs="+", choices=("linear", "mlp"), default=["linear"])
    chosen = parser.parse_args()
    lonlat, strength = city(chosen.labels, 0)
    given = representations(strength, 1)
    shares = softmax(2 * strength).astype(np.float64)
    number, slow = np.arange(chosen.labels), False
    for task, target in ((CLASSES, strength.argmax(axis=1)), (SHARES, shares)):
        blocks = choose_blocks(lonlat, target, smallest_m=200)
        print(f"{task.name}: range {blocks.range_m:.0f} m, {blocks.number.max() + 1} blocks")
        for predictor in chosen.predictors:
            setup = ExperimentSetup(
                task, target, tuple("abcdefghi"), number, blocks.number, predictor=predictor
            )
            began = time.perf_counter()
            done = run_experiment(setup, given)
            fitted = time.perf_counter()
            found = compare(done)
            ended = time.perf_counter()
            slow |= predictor == "linear" and ended - began >= LIMIT_S
            print(
                f"  {predictor}: {fitted - began:.1f} s of fits, {ended - fitted:.1f} s of"
                f" bootstrap over {found.n_resampled} {found.resampled}",
                flush=True,
            )
            metric = task.main_metric
            for row in found.rows:
                if row.metric == metric.name:
                    interval = f"{row.lo:.3f} to {row.hi:.3f}"
                    print(f"    {row.representation:10} {row.split:8} {row.mean:.3f} ({interval})")
            by_split = {
                gain.split: gain
                for gain in found.gains
                if gain.metric == metric.name and gain.representation == "aether"
            }
            print("    " + in_words(by_split["random"], by_split["spatial"], metric))
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
