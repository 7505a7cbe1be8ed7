"""Every study on simulated cities whose truth is known: charts and tables for the documentation.

The city is written as an AlphaEarth COG and read, pooled and trained the normal way; labels are the
true zones of random points. Every seed is another city, so that intervals hold the chance of the
city as well; `seeds` alone stays in one. `transfer` takes the model of a city whose zones look
different: each draws signatures of its own.

Run: `python -m benchmarks.figures.studies [KIND ...] [--seeds 5] [--city dense] [--set KEY=VALUE]
[--charts FOLDER] [--results FOLDER]`. Tables go to standard output, as Markdown.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from aether_core.charts import study_chart
from aether_core.charts.static import to_svg
from aether_core.eo.cog.write import write_embedding_cog
from aether_core.eo.embedding import open_embedding
from aether_core.eo.file_kind import RASTER
from aether_core.eo.pooling.view import View
from aether_core.model.recipes import recipe
from aether_core.model.training.training_set import TrainingSet
from aether_core.poi.text import poi_texts
from aether_core.simulate.grid_city import ZONES, SimulatedCity, simulate_city
from aether_core.study.city import StudyCity, StudyLabels
from aether_core.study.kinds import KINDS, TRANSFER
from aether_core.study.result import METRICS, StudyResult, StudySummary, summarise
from aether_core.study.run import run_study
from aether_core.study.transfer import run_transfer
from aether_core.text.minilm import MiniLMEncoder
from benchmarks.figures.text_to_map_auc import CITIES

LABELS = 2000
CHARTS = {
    "ablation": ("mean_log_rank", "text_to_map_auc", "macro_f1"),
    "noise": ("mean_log_rank", "text_to_map_auc"),
    "sparsity": ("mean_log_rank", "text_to_map_auc"),
    "buffer": ("mean_log_rank", "text_to_map_auc", "macro_f1"),
    "seeds": ("mean_log_rank", "text_to_map_auc"),
    "transfer": ("mean_log_rank", "text_to_map_auc", "macro_f1"),
}
"""Figures drawn of each study."""
TABLED = ("mean_log_rank", "text_to_map_auc", "macro_f1")
"""Figures in the tables; the results hold all."""


class Encodes(Protocol):
    """Anything that turns texts into unit rows."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows of the texts, float32 `[n, d]`."""


class _Remembered:
    """An encoder that keeps what it has encoded: cities and studies ask for many texts again."""

    def __init__(self, encoder: Encodes) -> None:
        self._encoder = encoder
        self._kept: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows of the texts, float32 `[n, d]`."""
        unseen = [text for text in dict.fromkeys(texts) if text not in self._kept]
        if unseen:
            self._kept.update(zip(unseen, self._encoder.encode(unseen), strict=True))
        return np.stack([self._kept[text] for text in texts])


def study_city(
    city: SimulatedCity, slug: str, encoder: Encodes, folder: Path, *, labels: int = LABELS
) -> StudyCity:
    """Write a simulated city's embedding, read it back and pool it; labels are true zones."""
    raster = folder / f"{slug}.tif"
    write_embedding_cog(raster, city.vectors, city.transform, city.crs, bottom_up=True)
    embedding = open_embedding([raster])

    def pool(lonlat: NDArray[np.float64], views: Sequence[View]) -> NDArray[np.float32]:
        return embedding.pool(lonlat, views).vectors

    views = RASTER.views(100.0)
    places = np.stack([city.pois.geometry.x, city.pois.geometry.y], axis=1)
    base, wide = pool(places, views)
    texts, text_index = np.unique(poi_texts(city.pois), return_inverse=True)
    category = np.unique(city.pois["category"], return_inverse=True)[1].astype(np.int64)
    marked = _labels(city, pool, views[0], labels)
    return StudyCity(
        slug=slug,
        training=TrainingSet(
            base,
            wide,
            encoder.encode(texts.tolist()),
            text_index.astype(np.int64),
            places,
            category,
        ),
        pois=city.pois[["name", "category", "group"]],
        encode=encoder.encode,
        pool=pool,
        views=views,
        labels=marked,
    )


def _labels(
    city: SimulatedCity,
    pool: Callable[[NDArray[np.float64], Sequence[View]], NDArray[np.float32]],
    view: View,
    count: int,
) -> StudyLabels:
    """Random pixels with their true zone, called what a planner would ask for."""
    asked = tuple(zone.query or name for name, zone in ZONES.items())
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, len(city.truth), size=(2, count))
    x, y = city.transform @ (columns + 0.5, rows + 0.5)
    to_wgs84 = Transformer.from_crs(city.crs, "EPSG:4326", always_xy=True)
    lonlat = np.stack(to_wgs84.transform(x, y), axis=1)
    return StudyLabels(lonlat, pool(lonlat, [view])[0], city.truth[rows, columns], asked)


def table(result: StudyResult) -> str:
    """The study as a Markdown table: mean with its interval, and the paired difference."""
    metrics = [key for key in TABLED if key in result.metrics]
    heads = [f"{METRICS[key].title} | against baseline" for key in metrics]
    lines = [f"| {' | '.join(['variant', *heads])} |", "| --- |" + " ---: |" * 2 * len(heads)]
    for name in dict.fromkeys(one.variant for one in result.summaries):
        found = {one.metric: one for one in result.summaries if one.variant == name}
        cells = [_cells(found.get(key)) for key in metrics]
        lines.append(f"| {' | '.join([name, *cells])} |")
    return "\n".join(lines)


def _cells(one: StudySummary | None) -> str:
    if one is None:
        return "- | -"
    reach = "" if one.ci95 is None else f" ± {one.ci95[1] - one.mean:.3f}"
    if one.difference is None or one.difference_ci95 is None:
        return f"{one.mean:.3f}{reach} | "
    mark = {True: " better", False: " worse", None: ""}[one.better]
    return (
        f"{one.mean:.3f}{reach} | {one.difference:+.3f} ± "
        f"{one.difference_ci95[1] - one.difference:.3f}{mark}"
    )


def over_cities(results: Sequence[StudyResult]) -> StudyResult:
    """One study out of many of one seed, each on a city of its own."""
    first = results[0]
    order = {row.variant: n for n, row in enumerate(first.rows)}
    rows = sorted(
        (row for result in results for row in result.rows),
        key=lambda row: order.get(row.variant, len(order)),
    )
    paired = any(one.difference is not None for one in first.summaries)
    return replace(
        first,
        rows=rows,
        summaries=summarise(rows, first.baseline, paired=paired),
        notes=[*first.notes, *["Every seed is another simulated city."][: len(results) - 1]],
    )


def main() -> None:
    """Run the studies asked for; write charts, results and tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(CHARTS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--city", choices=CITIES, default="dense")
    parser.add_argument("--recipe", default="aether")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--charts", type=Path)
    parser.add_argument("--results", type=Path)
    chosen = parser.parse_args()
    used = recipe(chosen.recipe).override(dict(one.split("=", 1) for one in chosen.set))
    seeds = range(42, 42 + chosen.seeds)
    found: dict[str, list[StudyResult]] = {kind: [] for kind in chosen.kinds or CHARTS}
    encoder = _Remembered(MiniLMEncoder())
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            city = _simulated(seed, "here", chosen.city, encoder, Path(folder))
            for kind, results in found.items():
                began = time.perf_counter()
                if kind == "transfer":
                    other = _simulated(seed + 100, "there", chosen.city, encoder, Path(folder))
                    results.append(run_transfer(other, city, used, seeds=[seed]))
                elif kind != "seeds":
                    results.append(run_study(kind, city, used, seeds=[seed]))
                elif seed == seeds[0]:
                    results.append(run_study(kind, city, used, seeds=seeds))
                seconds = time.perf_counter() - began
                print(f"{kind}, seed {seed}: {seconds:.0f} s", file=sys.stderr, flush=True)
        for results in filter(None, found.values()):
            _keep(over_cities(results), chosen.charts, chosen.results)
    for kind, results in found.items():
        result = over_cities(results)
        print(f"### {KINDS.get(kind, TRANSFER).title} ({chosen.city})\n")
        print(table(result), *result.notes, sep="\n\n", end="\n\n")


def _simulated(seed: int, slug: str, kind: str, encoder: "_Remembered", folder: Path) -> StudyCity:
    places, noise = CITIES[kind]
    return study_city(simulate_city(seed, pois=places, noise=noise), slug, encoder, folder)


def _keep(result: StudyResult, charts: Path | None, results: Path | None) -> None:
    """Write the result as JSON and its charts as SVG."""
    if results is not None:
        results.mkdir(parents=True, exist_ok=True)
        document = json.dumps(asdict(result), indent=1)
        (results / f"{result.kind}.json").write_text(document, encoding="utf-8")
    if charts is not None:
        charts.mkdir(parents=True, exist_ok=True)
        for metric in CHARTS[result.kind]:
            if metric in result.metrics:
                chart = study_chart(result, metric, heading="Simulated data")
                height = 280 if result.kind == "sparsity" else None
                path = charts / f"{result.kind}_{metric}.svg"
                path.write_text(to_svg(chart, height=height), encoding="utf-8")


if __name__ == "__main__":
    main()
