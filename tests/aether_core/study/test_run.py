"""Studies end to end on a small city."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from aether_core.eo.pooling.view import View
from aether_core.errors import CancelledError, InputError, NotFoundError
from aether_core.model.recipes import recipe
from aether_core.model.recipes.definition import Recipe
from aether_core.study.city import StudyCity
from aether_core.study.kinds import KINDS
from aether_core.study.result import StudyResult, StudyRow
from aether_core.study.run import run_study
from tests.aether_core.study.small_city import small_city
from tests.errors import fault

SHORT = recipe("aether").override({"epochs": 4, "batch_size": 64})
SEEDS = (42, 43)


@pytest.fixture(scope="module")
def city() -> StudyCity:
    return small_city()


@pytest.fixture(scope="module")
def ablated(city: StudyCity) -> StudyResult:
    return run_study("ablation", city, SHORT, seeds=SEEDS, device="cpu")


def mean(result: StudyResult, variant: str, metric: str) -> float:
    return next(
        one.mean for one in result.summaries if (one.variant, one.metric) == (variant, metric)
    )


def test_ablation_puts_the_full_model_above_the_floor(ablated: StudyResult) -> None:
    assert ablated.baseline == "full model"
    for metric, above in (("mean_log_rank", -1), ("text_to_map_auc", 1)):
        full, floor = (mean(ablated, name, metric) for name in ("full model", "shuffled texts"))
        assert above * (full - floor) > 0.1
    assert mean(ablated, "full model", "text_to_map_auc") > 0.8
    assert mean(ablated, "embedding alone", "macro_f1") > 0.9  # the districts look different
    reported = {row.metric for row in ablated.rows if row.variant == "embedding alone"}
    assert reported == {"macro_f1"}


def test_every_variant_and_seed_is_measured(ablated: StudyResult) -> None:
    assert ablated.metrics == (
        "mrr",
        "recall_at_10",
        "mean_log_rank",
        "macro_f1",
        "text_to_map_auc",
    )
    pairs = {(row.variant, row.seed) for row in ablated.rows}
    assert len(pairs) == 8 * len(SEEDS)
    assert len(ablated.rows) == len(SEEDS) * (7 * 5 + 1)
    assert all(np.isfinite(row.value) for row in ablated.rows)
    assert any("batch_size=64" in note for note in ablated.notes)


def test_equal_seeds_give_equal_figures_and_done_rows_are_not_run_again(
    city: StudyCity, ablated: StudyResult
) -> None:
    names = ["no shortcut"]
    again: list[StudyRow] = []
    done = [row for row in ablated.rows if row.seed == 42]
    resumed = run_study(
        "ablation",
        city,
        SHORT,
        seeds=SEEDS,
        device="cpu",
        variants=names,
        done=done,
        on_rows=again.extend,
    )
    wanted = [row for row in ablated.rows if row.variant in {"full model", "no shortcut"}]
    assert {row.seed for row in again} == {43}
    assert sorted(resumed.rows, key=repr) == sorted(wanted, key=repr)


@pytest.mark.parametrize("kind", ["noise", "sparsity", "buffer", "seeds"])
def test_the_other_kinds_run(city: StudyCity, kind: str) -> None:
    one_epoch = SHORT.override({"epochs": 1})
    result = run_study(kind, city, one_epoch, seeds=SEEDS, device="cpu")
    first = result.summaries[0]
    assert first.variant == result.baseline == KINDS[kind].baseline
    compared = [one for one in result.summaries if one.variant != result.baseline]
    assert all((one.difference is None) == (kind == "seeds") for one in compared)
    assert {one.n_seeds for one in result.summaries} == {2}


def test_seeds_keep_the_test_blocks_where_only_training_varies(city: StudyCity) -> None:
    result = run_study("seeds", city, SHORT, seeds=SEEDS, device="cpu")
    value = {
        (row.variant, row.seed): row.value for row in result.rows if row.metric == "mean_log_rank"
    }
    both, training = "test blocks and training", "training only"
    assert value[both, 42] == value[training, 42]
    assert value[both, 43] != value[training, 43]


def test_without_labels_there_is_retrieval_only(city: StudyCity) -> None:
    result = run_study("seeds", replace(city, labels=None), SHORT, seeds=(42,), device="cpu")
    assert result.metrics == ("mrr", "recall_at_10", "mean_log_rank")
    assert any("no labels" in note for note in result.notes)
    assert all(one.sd is None and one.ci95 is None for one in result.summaries)


def test_labels_that_cannot_be_tested_are_said(city: StudyCity) -> None:
    assert city.labels is not None
    one_class = replace(city.labels, label=np.zeros_like(city.labels.label))
    result = run_study("seeds", replace(city, labels=one_class), SHORT, seeds=(42,), device="cpu")
    assert "macro_f1" not in result.metrics
    assert any("a single class" in note for note in result.notes)


def test_progress_counts_trainings_and_can_stop(city: StudyCity) -> None:
    stages: list[tuple[str, int, int]] = []

    def stop(stage: str, done: int, total: int) -> None:
        stages.append((stage, done, total))
        if done == 1:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        run_study("ablation", city, SHORT, seeds=SEEDS, device="cpu", progress=stop)
    assert stages[0] == ("full model, seed 42", 0, 16)
    assert stages[1] == ("full model, seed 42, epoch 1", 0, 16)
    assert stages[-1][:2] == ("no multi-scale loss, seed 42", 1)


def test_what_cannot_be_studied_is_refused(city: StudyCity) -> None:
    with pytest.raises(NotFoundError, check=fault("no-such-study-kind", "noises", "noise")):
        run_study("noises", city, SHORT)
    with pytest.raises(NotFoundError, check=fault("no-such-variant", "no shortcuts")):
        run_study("ablation", city, SHORT, variants=["no shortcuts"])
    for seeds in ((), (1, 1)):
        with pytest.raises(InputError, check=fault("seeds-not-distinct", list(seeds))):
            run_study("seeds", city, SHORT, seeds=seeds)
    with pytest.raises(InputError, check=fault("study-with-too-few-places", 80)):
        run_study("seeds", small_city(places=80), SHORT)


def test_a_variant_that_cannot_be_trained_is_left_out_with_its_reason(city: StudyCity) -> None:
    far: Recipe = SHORT.override({"epochs": 1})

    def nowhere(lonlat: np.ndarray, views: Sequence[View]) -> np.ndarray:
        return np.full((len(views), len(lonlat), city.training.base.shape[1]), np.nan, np.float32)

    result = run_study("noise", replace(city, pool=nowhere), far, seeds=(42,), device="cpu")
    assert not any(row.variant.startswith("moved") for row in result.rows)
    assert sum("moved by" in note and "too few usable" in note for note in result.notes) == 3
