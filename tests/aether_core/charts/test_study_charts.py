"""Charts of studies: every variant is named, and no difference is claimed that was not shown."""

import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from aether_core.charts import study_chart, to_png, to_svg
from aether_core.study.kinds import KINDS, TRANSFER
from aether_core.study.result import StudyResult, StudyRow, summarise

MEANS = {"base": 0.5, "gone down": 0.3, "gone up": 0.7, "much the same": 0.505}
STEPS = {"base": 100.0, "gone down": 50.0, "gone up": 10.0, "much the same": 1.0}


def study(kind: str, *, seeds: int = 5) -> StudyResult:
    rng = np.random.default_rng(1)
    rows = [
        StudyRow(name, STEPS[name], seed, "mrr", mean + 0.02 * float(rng.standard_normal()))
        for name, mean in MEANS.items()
        for seed in range(seeds)
    ]
    return StudyResult(kind, "base", ("mrr",), rows, summarise(rows, "base"), [])


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter() if "text" in node.tag]  # noqa: S314 - drawn here


@pytest.mark.parametrize("kind", [*KINDS, "transfer"])
def test_a_study_says_what_it_shows_and_fits(kind: str) -> None:
    chart = study_chart(study(kind), "mrr", heading="Simulated data")
    reported = texts(to_svg(chart, height=None if kind != "sparsity" else 280))
    assert f"{KINDS.get(kind, TRANSFER).title}: Reciprocal rank" in reported
    assert any("Simulated data" in text for text in reported)
    assert any("5 seeds" in text for text in reported)
    assert "Reciprocal rank, higher is better" in reported
    named = {"1", "10", "50", "100", KINDS[kind].x_label} if kind == "sparsity" else set(MEANS)
    assert named <= set(reported)
    pixels = np.asarray(Image.open(io.BytesIO(to_png(chart, scale=1))).convert("L"))
    assert pixels.shape == (280, 620)
    assert (pixels[:, -1] == 255).all()  # nothing runs over the right edge


def test_verdicts_are_those_of_the_paired_difference() -> None:
    frame = study_chart(study("ablation"), "mrr").to_dict()
    records = [one for data in frame["datasets"].values() for one in data if "verdict" in one]
    assert {one["what"]: one["verdict"] for one in records} == {
        "base": "baseline",
        "gone down": "worse",
        "gone up": "better",
        "much the same": "no difference shown",
    }


def test_nothing_is_called_a_baseline_where_nothing_is_paired() -> None:
    rows = study("seeds").rows
    apart = StudyResult("seeds", "base", ("mrr",), rows, summarise(rows, "base", paired=False), [])
    reported = texts(to_svg(study_chart(apart, "mrr")))
    assert not {"baseline", "better", "worse", "no difference shown"} & set(reported)


def test_an_interval_is_drawn_no_further_than_values_can_go() -> None:
    rows = [StudyRow("base", None, seed, "mrr", value) for seed, value in ((1, 0.9), (2, 0.99))]
    result = StudyResult("seeds", "base", ("mrr",), rows, summarise(rows, "base"), [])
    assert result.summaries[0].ci95 is not None
    assert result.summaries[0].ci95[1] > 1
    frame = study_chart(result, "mrr").to_dict()
    records = [one for data in frame["datasets"].values() for one in data if "verdict" in one]
    assert records[0]["hi"] == 1


def test_one_seed_has_no_interval_and_an_unknown_figure_no_marks() -> None:
    frame = study_chart(study("noise", seeds=1), "mrr").to_dict()
    records = [one for data in frame["datasets"].values() for one in data if "verdict" in one]
    assert all(one["lo"] == one["mean"] == one["hi"] for one in records)
    reported = texts(to_svg(study_chart(study("noise", seeds=1), "mrr")))
    assert any("one seed" in text for text in reported)
    reported = texts(to_svg(study_chart(study("noise"), "macro_f1")))
    assert any("no results" in text for text in reported)
