"""Comparisons of representations, and of queries with truth."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from aether_core.errors import InputError
from tests.app_fixtures import SLUG
from tests.errors import fault
from tests.task_fixtures import GROUPS, TaskFiles
from workflows.evaluation.compare import evaluate_task, latest_evaluation
from workflows.evaluation.retrieval import evaluate_retrieval, read_queries
from workflows.home.store import Store
from workflows.tasks.areas import AreaRequest
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest
from workflows.tasks.settings import FitSettings
from workflows.tasks.socioeconomic import SocioeconomicRequest
from workflows.training.model_files import export_model, import_model
from workflows.training.models import list_models

ALL = ("alphaearth", "aether", "poi", "concat")
QUICK = FitSettings(seeds=2, folds=3)


def by_labels(files: TaskFiles) -> LandUseRequest:
    return LandUseRequest(LabelRequest(files.points, "zone"), QUICK)


def test_all_representations_are_compared_and_kept(
    trained_store: Store, task_files: TaskFiles
) -> None:
    result = evaluate_task(trained_store, SLUG, by_labels(task_files), ALL, with_curve=True)
    assert {row["representation"] for row in result.rows} == set(ALL)
    assert {row["split"] for row in result.rows} == {"random", "spatial"}
    for row in result.rows:
        low, high = row["ci95"]
        assert low <= row["mean"] <= high
        assert row["n_seeds"] == 2
    assert {gain["representation"] for gain in result.gains} == set(ALL) - {"alphaearth"}
    for gain in result.gains:
        holds_zero = gain["ci95"][0] <= 0 <= gain["ci95"][1]
        assert (gain["better"] is None) == holds_zero
    assert "AETHER" in result.verdict
    assert {point["representation"] for point in result.learning_curve} == set(ALL)
    kept = latest_evaluation(trained_store, SLUG, "landuse")
    assert kept is not None
    assert kept.verdict == result.verdict
    assert latest_evaluation(trained_store, SLUG, "socioeconomic") is None


def test_shares_are_compared_too(trained_store: Store, task_files: TaskFiles) -> None:
    request = SocioeconomicRequest(AreaRequest(task_files.areas, tuple(GROUPS)), QUICK)
    result = evaluate_task(trained_store, SLUG, request, ("alphaearth", "aether"))
    assert {row["metric"] for row in result.rows} == {"kl", "chebyshev", "cosine", "l1"}
    assert all(gain["against"] == "alphaearth" for gain in result.gains)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ((), "representations-not-distinct"),
        (("aether", "aether"), "representations-not-distinct"),
        (("wrong",), "no-such-representation"),
        (("alphaearth", "best"), "best-without-candidates"),
    ],
)
def test_unknown_representations_are_refused(
    trained_store: Store, task_files: TaskFiles, names: tuple[str, ...], code: str
) -> None:
    with pytest.raises(InputError, check=fault(code, ", ".join(names))):
        evaluate_task(trained_store, SLUG, by_labels(task_files), names)


def test_queries_are_held_against_truth(trained_store: Store, task_files: TaskFiles) -> None:
    queries = read_queries(task_files.queries)
    result = evaluate_retrieval(
        trained_store, SLUG, queries, LabelRequest(task_files.zones, "zone")
    )
    offices = {query: names for query, names in queries.items() if names == ["offices"]}
    assert result.untested == offices  # at the city's edge, where the middle of no cell is
    with pytest.raises(InputError, check=fault("no-class-in-city", *offices)):
        evaluate_retrieval(trained_store, SLUG, offices, LabelRequest(task_files.zones, "zone"))
    assert {row["query"] for row in result.rows} == set(queries) - set(offices)
    auc = [row["value"] for row in result.rows if row["metric"] == "auc"]
    assert sum(auc) / len(auc) > 0.6  # 12 epochs on 600 places
    for row in result.rows:
        assert row["ci95"][0] is None or row["ci95"][0] <= row["value"] <= row["ci95"][1]


def test_a_cell_counts_once_however_many_labels_it_holds(
    trained_store: Store, task_files: TaskFiles, tmp_path: Path
) -> None:
    points = pd.read_csv(task_files.points)
    same = points.assign(lon=points["lon"] + 1e-9)
    doubled = tmp_path / "doubled.csv"
    pd.concat([points, same]).to_csv(doubled, index=False)
    queries = {"parks": ["park"]}
    once, twice = (
        evaluate_retrieval(trained_store, SLUG, queries, LabelRequest(file, "zone"))
        for file in (task_files.points, doubled)
    )
    assert twice.cells == once.cells
    beside = "outvoted by other labels in the cell"
    assert twice.labels_dropped[beside] > once.labels_dropped[beside] + once.cells // 2


def test_queries_are_read_from_json_and_csv(tmp_path: Path) -> None:
    table = tmp_path / "queries.csv"
    table.write_text("query,class\na night out,nightlife\na night out,culture\nparks,park\n")
    wanted = {"a night out": ["nightlife", "culture"], "parks": ["park"]}
    assert read_queries(table) == wanted
    document = tmp_path / "queries.json"
    document.write_text(json.dumps({**wanted, "parks": "park"}))
    assert read_queries(document) == wanted


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("q.json", "[1, 2]", "queries-unreadable"),
        ("q.json", "{}", "queries-wrong-count"),
        ("q.json", '{"parks": []}', "query-or-class-empty"),
        ("q.csv", "a,b\n1,2\n", "queries-unreadable"),
        ("q.json", "not json", "queries-unreadable"),
        ("q.csv", "query,class\nparks\n", "query-or-class-empty"),
    ],
)
def test_queries_of_another_form_are_refused(
    tmp_path: Path, name: str, content: str, code: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, check=fault(code, name)):
        read_queries(path)


def test_a_class_the_truth_lacks_is_named(trained_store: Store, task_files: TaskFiles) -> None:
    with pytest.raises(InputError, check=fault("no-such-class", "castle")):
        evaluate_retrieval(
            trained_store,
            SLUG,
            {"old walls": ["castle"]},
            LabelRequest(task_files.zones, "zone"),
        )


def test_blind_trains_without_the_tested_blocks(
    trained_store: Store, task_files: TaskFiles
) -> None:
    stages: list[str] = []
    names = ("alphaearth", "aether", "best")
    result = evaluate_task(
        trained_store,
        SLUG,
        by_labels(task_files),
        names,
        lambda stage, _done, _total: stages.append(stage.partition(",")[0]),
        blind=True,
    )
    by = {(row["representation"], row["split"], row["metric"]): row for row in result.rows}
    for name in names:
        assert by[name, "blind", "macro_f1"]["n_seeds"] == 1
    assert by["aether", "blind", "macro_f1"]["mean"] != by["aether", "spatial", "macro_f1"]["mean"]
    assert {gain["split"] for gain in result.gains} == {"random", "spatial", "blind"}
    assert "training without the tested blocks" in stages
    assert "not seen" in result.verdict
    kept = latest_evaluation(trained_store, SLUG, "landuse")
    assert kept is not None
    assert kept.request["blind"] is True


@pytest.mark.parametrize(
    ("splits", "names"), [(("random",), ("alphaearth", "aether")), (("spatial",), ("alphaearth",))]
)
def test_blind_needs_blocks_and_a_model(
    trained_store: Store, task_files: TaskFiles, splits: tuple[str, ...], names: tuple[str, ...]
) -> None:
    request = replace(by_labels(task_files), fit=replace(QUICK, splits=splits))
    with pytest.raises(InputError, check=fault("blind-without-blocks-or-model")):
        evaluate_task(trained_store, SLUG, request, names, blind=True)


def test_a_model_from_elsewhere_cannot_be_trained_without_some_places(
    trained_store: Store, task_files: TaskFiles, tmp_path: Path
) -> None:
    [own, *_] = list_models(trained_store, SLUG)
    export_model(trained_store, own.name, tmp_path / "taken.zip")
    taken = import_model(trained_store, tmp_path / "taken.zip", SLUG, name="taken")
    request = replace(by_labels(task_files), fit=replace(QUICK, model=taken.name))
    with pytest.raises(InputError, check=fault("blind-needs-own-model", taken.name)):
        evaluate_task(trained_store, SLUG, request, ("alphaearth", "aether"), blind=True)


def test_queries_are_scored_by_heads_that_saw_none_of_the_blocks(
    trained_store: Store, task_files: TaskFiles
) -> None:
    queries = read_queries(task_files.queries)
    truth = LabelRequest(task_files.zones, "zone")
    result = evaluate_retrieval(trained_store, SLUG, queries, truth, block_m=200.0, blind=True)
    seen, unseen = (
        {(row["query"], row["metric"]): row for row in rows} for rows in (result.rows, result.blind)
    )
    assert seen.keys() == unseen.keys()
    assert all(unseen[key]["positives"] == seen[key]["positives"] for key in seen)
    assert any(unseen[key]["value"] != seen[key]["value"] for key in seen)
    plain = evaluate_retrieval(trained_store, SLUG, queries, truth, block_m=200.0)
    assert plain.rows == result.rows
    assert plain.blind == []
