"""Figures are those of an independent computation: plain pandas, torch and scikit-learn."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pandas as pd
import pytest
import rasterio
import torch
from numpy.typing import NDArray
from sklearn import metrics
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from aether_core.cityrep import head
from aether_core.cityrep.evaluate import SeedScores, evaluate, released
from aether_core.cityrep.protocols import PROTOCOLS
from aether_core.cityrep.release import Release, open_release
from aether_core.cityrep.results import as_csv, means, over_cities, read_scores
from aether_core.cityrep.samples import read_samples
from aether_core.cityrep.splits import read_split, split_path
from aether_core.cityrep.task_kinds import TASK_KINDS
from aether_core.errors import AetherError, InputError
from tests.cityrep_release import PROTOCOL, RESOLUTION, SEEDS, make_release
from tests.errors import fault

EPOCHS = 12
"""Enough to learn, and to show any difference."""
TESTED = (
    ("byid", "alpha.landuse.2026"),
    ("fine", "alpha.population.2024"),
    ("hexes", "beta.age_distribution.2024"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def release(folder: Path) -> Release:
    return open_release(folder)


@pytest.fixture(scope="module")
def short() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(head, "MOST_EPOCHS", EPOCHS)
        yield


@pytest.fixture(scope="module")
def found(release: Release, short: None) -> list[SeedScores]:  # noqa: ARG001 - few epochs
    rows = [one for key in TESTED for one in release.rows if (one.model, one.task_id) == key]
    scores: list[SeedScores] = []
    outcome = evaluate(
        release,
        [released(release, one) for one in rows],
        PROTOCOLS[PROTOCOL],
        device=torch.device("cpu"),
        on_scored=scores.extend,
    )
    assert (outcome.skipped, outcome.notes) == ([], [])
    return scores


def by_hand(folder: Path, model: str, task_id: str) -> tuple[NDArray[Any], NDArray[Any], list[str]]:
    """Vectors, targets and ids of a task, read without our code."""
    city, task, _ = task_id.split(".")
    samples = pd.read_parquet(folder / "data/tasks" / task_id / "samples.parquet")
    artifacts = folder / "baselines/artifacts" / model / city
    if model == "fine":
        with rasterio.open(artifacts / "all.tif") as file:
            cells = file.read().reshape(file.count, 12, 4, 14, 4).mean(axis=(2, 4))
        x = cells[:, samples["row"], samples["col"]].T
    elif model == "hexes":
        table = pd.read_parquet(artifacts / f"{task}.parquet").set_index("h3_id")
        pairs = zip(samples["y"], samples["x"], strict=True)
        cells = [h3.latlng_to_cell(lat, lon, RESOLUTION) for lat, lon in pairs]
        x = table.reindex(cells).fillna(0.0).to_numpy()
    else:
        table = pd.read_parquet(artifacts / f"{task}.parquet").set_index("sample_id")
        x = table.loc[samples["sample_id"], "e00":"e05"].to_numpy()
    x = (x / np.linalg.norm(x, axis=1, keepdims=True).clip(1e-6)).astype(np.float32)
    if task == "landuse":
        y: NDArray[Any] = samples["label_id"].to_numpy(np.int64)
    elif task == "population":
        logs = np.log1p(samples["label"].to_numpy())
        y = ((logs - logs.mean()) / logs.std()).astype(np.float32)[:, None]
    else:
        counts = samples[["young", "middle", "old"]].to_numpy()
        y = (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
    return x, y, samples["sample_id"].tolist()


def fit_by_hand(
    x: NDArray[Any], y: NDArray[Any], fold: dict[str, Any], ids: list[str], epochs: int
) -> tuple[NDArray[Any], NDArray[Any], int]:
    """The published head in plain torch: outputs and truth of the test part, epochs trained."""
    place = {name: row for row, name in enumerate(ids)}
    train, val, test = ([place[one] for one in fold[part]] for part in ("train", "val", "test"))
    torch.manual_seed(fold["seed"])
    outputs = int(y.max()) + 1 if y.ndim == 1 else y.shape[1]
    net = nn.Sequential(nn.Linear(x.shape[1], 1024), nn.ReLU(), nn.Linear(1024, outputs))
    losses: dict[bool, Callable[..., torch.Tensor]] = {True: nn.CrossEntropyLoss()}
    losses[False] = nn.MSELoss()
    loss_of = losses[y.ndim == 1]
    if y.ndim == 2 and y.shape[1] > 1:
        kl = nn.KLDivLoss(reduction="batchmean")

        def loss_of(given: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
            return kl(given.log_softmax(1), wanted)

    adam = torch.optim.Adam(net.parameters(), lr=0.001)
    rows, wanted = torch.tensor(x), torch.tensor(y)
    batches = DataLoader(TensorDataset(rows[train], wanted[train]), 512, shuffle=True)
    watched = DataLoader(TensorDataset(rows[val], wanted[val]), 512)
    best, state, since, done = np.inf, None, 0, 0
    while done < epochs:
        done += 1
        for given, truth in batches:
            adam.zero_grad()
            loss_of(net(given), truth).backward()
            adam.step()
        with torch.no_grad():
            value = float(np.mean([loss_of(net(given), truth).item() for given, truth in watched]))
        if value < best - 1e-8:
            best, since = value, 0
            state = {name: weight.clone() for name, weight in net.state_dict().items()}
        elif (since := since + 1) == 10:
            break
    assert state is not None
    net.load_state_dict(state)
    with torch.no_grad():
        return net(rows[test]).numpy(), y[test], done


def scores_by_hand(outputs: NDArray[Any], y: NDArray[Any]) -> dict[str, float]:
    if y.ndim == 1:
        return {"F1_macro": metrics.f1_score(y, outputs.argmax(axis=1), average="macro")}
    if y.shape[1] == 1:
        return {
            "R2": metrics.r2_score(y, outputs),
            "MAE": metrics.mean_absolute_error(y, outputs),
            "RMSE": metrics.root_mean_squared_error(y, outputs),
        }
    p = torch.tensor(outputs, dtype=torch.float64).softmax(1).numpy()
    return {
        "KL": float((y * np.log(y / p)).sum(axis=1).mean()),
        "L1": float(np.abs(y - p).sum(axis=1).mean()),
        "Chebyshev": float(np.abs(y - p).max(axis=1).mean()),
    }


def folds_of(folder: Path, task_id: str) -> list[dict[str, Any]]:
    folds: list[dict[str, Any]] = pd.read_json(folder / "splits" / PROTOCOL / f"{task_id}.json")[
        "folds"
    ].tolist()
    return folds


@pytest.mark.parametrize(("model", "task_id"), TESTED)
def test_figures_are_those_of_an_independent_computation(
    folder: Path, found: list[SeedScores], model: str, task_id: str
) -> None:
    ours = [one for one in found if (one.model, one.task_id) == (model, task_id)]
    assert [one.seed for one in ours] == list(SEEDS)
    x, y, ids = by_hand(folder, model, task_id)
    for one, fold in zip(ours, folds_of(folder, task_id), strict=True):
        outputs, truth, _ = fit_by_hand(x, y, fold, ids, EPOCHS)
        assert one.metrics == pytest.approx(scores_by_hand(outputs, truth), abs=1e-4)
        assert one.samples == len(ids)


def test_training_stops_early_and_keeps_the_best_epoch(folder: Path, release: Release) -> None:
    task_id = "alpha.population.2024"
    x, y, ids = by_hand(folder, "fine", task_id)
    y = np.random.default_rng(1).permutation(y)  # nothing to learn: the best epoch is an early one
    outputs, _, epochs = fit_by_hand(x, y, folds_of(folder, task_id)[0], ids, 100)
    assert 10 < epochs < 60
    samples = read_samples(folder, release.tasks[task_id])
    fold = read_split(split_path(folder, PROTOCOL, task_id), samples.ids)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(head, "MOST_EPOCHS", 100)
        told: list[int] = []
        ours = head.fit_and_predict(
            x, y, fold, loss_of=TASK_KINDS["regression"].loss, outputs=1,
            device=torch.device("cpu"),
            progress=lambda _stage, epoch, _epochs: told.append(epoch),
        )  # fmt: skip
    assert len(told) == epochs
    assert np.abs(ours.outputs - outputs).max() < 1e-4


def test_a_loss_that_is_no_number_is_told(folder: Path, release: Release) -> None:
    samples = read_samples(folder, release.tasks["alpha.population.2024"])
    fold = read_split(split_path(folder, PROTOCOL, samples.entry.task_id), samples.ids)[0]
    x = np.full((len(samples), 2), 3e38, dtype=np.float32)
    with pytest.raises(AetherError, check=fault("cityrep-loss-not-finite")):
        head.fit_and_predict(
            x,
            samples.target,
            fold,
            loss_of=TASK_KINDS["regression"].loss,
            outputs=1,
            device=torch.device("cpu"),
        )


def test_scores_go_to_a_file_and_come_back(found: list[SeedScores], tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text(as_csv(found))
    assert read_scores(tmp_path / "scores.csv") == found
    (tmp_path / "cut.csv").write_text(as_csv(found[:-1]))
    with pytest.raises(InputError, check=fault("cityrep-results-unreadable", "hexes", "42, 24")):
        read_scores(tmp_path / "cut.csv")
    (tmp_path / "other.csv").write_text("model,seed\na,1\n")
    with pytest.raises(InputError, check=fault("cityrep-results-unreadable", "other.csv")):
        read_scores(tmp_path / "other.csv")


def test_means_are_over_seeds_and_then_over_cities(found: list[SeedScores]) -> None:
    rows = means(found)
    assert [(one.model, one.metric) for one in rows] == [
        ("byid", "F1_macro"), ("fine", "R2"), ("fine", "MAE"), ("fine", "RMSE"),
        ("hexes", "KL"), ("hexes", "L1"), ("hexes", "Chebyshev"),
    ]  # fmt: skip
    f1 = [one.metrics["F1_macro"] for one in found if one.model == "byid"]
    assert (rows[0].mean, rows[0].sd) == pytest.approx((np.mean(f1), np.std(f1)))
    assert rows[0].seeds == list(SEEDS)
    moved = [one for row in rows for one in (row, _moved(row, "mumbai"))]
    cities = {(one.model, one.metric): one for one in over_cities(moved)}
    assert cities["byid", "F1_macro"].cities == ["alpha", "mumbai"]
    assert cities["byid", "F1_macro"].mean == pytest.approx(rows[0].mean + 0.1)
    assert cities["byid", "F1_macro"].sd == pytest.approx(0.1)
    assert cities["hexes", "KL"].cities == ["beta"]  # ages of Mumbai are not in published means


def _moved(row: Any, city: str) -> Any:
    from dataclasses import replace

    return replace(row, city=city, mean=row.mean + 0.2)
