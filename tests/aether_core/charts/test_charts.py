"""Every chart draws what it was given, says its unit and n, and stays within its picture."""

import io
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from aether_core import charts
from aether_core.charts.words import Chart
from aether_core.language import speaking
from aether_core.spatial.variogram import Variogram
from aether_core.tasks.testing.fairness import GroupFigures
from aether_core.tasks.uncertainty.calibration import Reliability
from aether_core.tasks.uncertainty.conformal import Coverage

NAMES = [
    "Residential",
    "Donaudampfschifffahrtsgesellschaftskapitän" * 2,
    "Κατοικία",
    "Жилая",
    "東京",
]
RNG = np.random.default_rng(3)

VARIOGRAM = Variogram(
    distance_m=(100.0, 500.0, 1000.0, 2000.0),
    semivariance=(0.2, 0.5, 0.7, 0.72),
    pairs=(10, 200, 300, 250),
    range_m=1100.0,
    sill=0.72,
    nugget=0.1,
)


def row(representation: str, split: str, mean: float, **more: Any) -> dict[str, Any]:
    scores = {"metric": "macro_f1", "mean": mean, "sd": 0.01, "lo": mean - 0.02, "hi": mean + 0.02}
    return {"representation": representation, "split": split, "n_seeds": 5, **scores, **more}


def gain(representation: str, relative: float, better: bool | None) -> dict[str, Any]:
    interval = {"lo": relative - 0.03, "hi": relative + 0.03, "better": better}
    named = {"representation": representation, "against": "alphaearth", "metric": "macro_f1"}
    return {**named, "split": "spatial", "relative": relative, **interval}


ROWS = [
    row(one, split, mean)
    for one, mean in (("alphaearth", 0.71), ("aether", 0.74), ("poi", 0.5))
    for split in ("random", "spatial")
]
GAINS = [gain("aether", 0.05, better=True), gain("poi", -0.3, better=False), gain("x", 0.0, None)]
POINTS = [{"n": n, "mean": 0.5 + n / 9000, "lo": 0.45, "hi": 0.6 + n / 9000} for n in (50, 500)]
BINS = [
    {"low": low, "high": low + 0.1, "confidence": low + 0.05, "accuracy": low, "n": 90}
    for low in (0.5, 0.7, 0.9)
]
RELIABILITY = {"random": Reliability(ece=0.03, n=270, bins=BINS)}
COVERAGE = {
    split: Coverage(
        level=0.9,
        share=share,
        lo=share - 0.02,
        hi=share + 0.02,
        mean_size=1.8,
        empty_share=0.0,
        n=1234,
        by_class={name: {"share": share, "n": 50} for name in NAMES},
    )
    for split, share in (("random", 0.91), ("spatial", 0.83))
}
MATRIX = [[40 if a == b else a for b in range(5)] for a in range(5)]
GROUPS = [
    GroupFigures("dense", 1240, error=0.2, lo=0.18, hi=0.22),
    GroupFigures("tiny " * 20, 6),
]

CHARTS: dict[str, Callable[[], Chart]] = {
    "variogram": lambda: charts.variogram(VARIOGRAM, block_m=1200.0),
    "forest": lambda: charts.forest(ROWS, "macro_f1", n=4980),
    "gains": lambda: charts.gains_forest(GAINS, "macro_f1", n=4980),
    "learning curve": lambda: charts.learning_curve(POINTS, "macro_f1"),
    "learning curves": lambda: charts.learning_curve(
        [
            {**point, "representation": name}
            for name in ("alphaearth", "aether")
            for point in POINTS
        ],
        "macro_f1",
    ),
    "reliability": lambda: charts.reliability(RELIABILITY),
    "coverage": lambda: charts.coverage(COVERAGE),
    "class counts": lambda: charts.class_counts(
        dict(zip(NAMES, (900, 30, 20, 11, 3), strict=True))
    ),
    "confusion": lambda: charts.confusion(MATRIX, NAMES),
    "scatter": lambda: charts.shares_scatter(RNG.random(4994), RNG.random(4994), "owned outright"),
    "shares": lambda: charts.shares_bars(
        dict(zip(NAMES, (0.4, 0.3, 0.2, 0.1, 0.0), strict=True)), intervals={NAMES[0]: (0.3, 0.5)}
    ),
    "fairness": lambda: charts.fairness(GROUPS, "error", overall=0.21),
}
EMPTY: dict[str, Callable[[], Chart]] = {
    "variogram": lambda: charts.variogram(
        replace(VARIOGRAM, distance_m=(), semivariance=(), pairs=())
    ),
    "forest": lambda: charts.forest([], "macro_f1"),
    "gains": lambda: charts.gains_forest([], "macro_f1"),
    "learning curve": lambda: charts.learning_curve([], "macro_f1"),
    "reliability": lambda: charts.reliability({}),
    "coverage": lambda: charts.coverage({}),
    "class counts": lambda: charts.class_counts({}),
    "confusion": lambda: charts.confusion([], []),
    "scatter": lambda: charts.shares_scatter([], [], "owned outright"),
    "shares": lambda: charts.shares_bars({}),
    "fairness": lambda: charts.fairness([], "error"),
}


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter() if "text" in node.tag]  # noqa: S314 - drawn here


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_says_its_n_and_its_axes_and_fits(name: str) -> None:
    chart = CHARTS[name]()
    reported = " ".join(texts(charts.to_svg(chart)))
    if name != "shares":
        assert "n\N{NO-BREAK SPACE}=" in reported
    axis = ("(m)", "0 to 1", "number", "probability", "%", "Predicted", "Change", "lower is better")
    assert any(part in reported for part in axis)
    picture = Image.open(io.BytesIO(charts.to_png(chart, scale=1))).convert("L")
    assert picture.size == (620, 280)
    pixels = np.asarray(picture)
    assert (pixels[:, -1] == 255).all()  # nothing runs over the right edge
    assert (pixels < 200).sum() > 300


@pytest.mark.parametrize("name", EMPTY)
def test_a_chart_of_nothing_is_still_a_chart(name: str) -> None:
    assert texts(charts.to_svg(EMPTY[name]()))


def test_names_and_figures_reach_the_picture() -> None:
    counted = texts(charts.to_svg(CHARTS["class counts"](), height=None))
    assert {"Residential", "900", "Κατοικία", "Жилая"} <= set(counted)
    assert {"40", "1"} <= set(texts(charts.to_svg(CHARTS["confusion"](), height=400)))


def test_axes_are_written_as_the_readers_language_has_numbers() -> None:
    chart = CHARTS["reliability"]()
    assert "80 %" in texts(charts.to_svg(chart))
    with speaking("fi"):
        assert "80\N{NO-BREAK SPACE}%" in texts(charts.to_svg(chart))


def test_no_winner_is_named_where_the_interval_holds_zero() -> None:
    frame = charts.gains_forest(GAINS, "macro_f1").to_dict()
    records = [one for data in frame["datasets"].values() for one in data if "verdict" in one]
    verdicts = {one["what"].split(",")[0]: one["verdict"] for one in records}
    assert verdicts == {
        "AETHER": "better",
        "places only": "worse",
        "x": "no difference can be shown",
    }


def test_only_the_metric_asked_for_is_drawn() -> None:
    rows = [*ROWS, row("aether", "random", 9.0, metric="kl")]
    reported = texts(charts.to_svg(charts.forest(rows, "macro_f1")))
    assert "9" not in {text.split(".")[0] for text in reported}


def test_a_confusion_row_sums_to_one_and_an_empty_row_to_nothing() -> None:
    frame = charts.confusion([[3, 1], [0, 0]], ["a", "b"]).to_dict()
    (records,) = frame["datasets"].values()
    shares = {(one["true"], one["predicted"]): one["share"] for one in records}
    assert shares == {("a", "a"): 0.75, ("a", "b"): 0.25, ("b", "a"): 0, ("b", "b"): 0}


def test_a_scatter_draws_a_part_and_says_so() -> None:
    chart = CHARTS["scatter"]()
    dots = next(data for data in chart.to_dict()["datasets"].values() if len(data) > 2)
    assert len(dots) == 2000
    assert "2,000 of them shown" in " ".join(texts(charts.to_svg(chart)))


def test_a_group_too_small_gets_no_figure() -> None:
    reported = texts(charts.to_svg(CHARTS["fairness"]()))
    assert "too few to tell" in reported


def test_text_in_names_is_never_markup() -> None:
    name = '<script>alert("x")</script> & co'
    svg = charts.to_svg(charts.class_counts({name: 3, "b": 1}))
    assert "<script" not in svg
    assert any("<script>" in text for text in texts(svg))
