"""`cityrep` and `model export --format cityrep` as commands, with bad input."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import pytest

from aether_core.cityrep import head
from cli.__main__ import run
from tests.app_fixtures import SLUG, CityFiles
from tests.cityrep_release import PROTOCOL, SEEDS, make_release
from workflows.home.store import Store
from workflows.training.representation import cell_vectors, model_for

MODEL = f"{SLUG}-1"


@pytest.fixture(autouse=True)
def short() -> Iterator[None]:
    """Heads are trained for a few epochs: how well is tested with the core."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(head, "MOST_EPOCHS", 3)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, city_files: CityFiles) -> Path:
    """A release of two cities, one of which lies over Tinytown and reaches beyond it."""
    west, _, _, north = gpd.read_file(city_files.boundary).total_bounds
    corners = {"tiny": (west - 0.003, north + 0.001), "beta": (25.9, 60.4)}
    return make_release(tmp_path_factory.mktemp("release"), corners=corners)


def ask(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, Any]:
    """Run one command with --json: exit code and its one document."""
    code = run([*map(str, arguments), "--json"])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, json.loads(captured.out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[str, str]:
    """Run a command that must be refused: exit 2, code and message."""
    code, document = ask(capsys, *arguments)
    assert code == 2, document
    return document["error"]["code"], document["error"]["message"]


def test_models_cities_and_tasks_are_chosen_and_written(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "scores.csv"
    code, found = ask(
        capsys, "cityrep", "--data", folder, "--models", "byid", "nobody", "--cities", "tiny,beta",
        "--tasks", "landuse", "-o", target,
    )  # fmt: skip
    assert code == 0
    rows = [(one["model"], one["city"], one["task"], one["metric"]) for one in found["rows"]]
    assert rows == [(("byid"), city, "landuse", "F1_macro") for city in ("tiny", "beta")]
    assert found["rows"][0]["seeds"] == list(SEEDS)
    assert found["rows"][0]["protocol"] == PROTOCOL
    assert {(one["model"], one["reason"]) for one in found["skipped"]} == {
        ("nobody", "Not released.")
    }
    assert found["means"][0]["mean"] == pytest.approx(np.mean([r["mean"] for r in found["rows"]]))
    table = pd.read_csv(target)
    assert table["seed"].tolist() == [*SEEDS, *SEEDS]
    assert table["F1_macro"][:5].mean() == pytest.approx(found["rows"][0]["mean"])
    assert table["R2"].isna().all()
    again = ("cityrep", "--data", folder, "--models", "byid", "--tasks", "landuse", "-o", target)
    assert refused(capsys, *again)[0] == "file-exists"
    code, more = ask(capsys, *again, "--models", "byid,hexes", "--resume")
    assert (code, more["resumed"], len(more["rows"])) == (0, 2, 4)
    assert more["rows"][0] == found["rows"][0]
    assert len(pd.read_csv(target)) == 20
    assert run(["cityrep", "--data", str(folder), "--models", "byid", "--tasks", "landuse"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "F1_macro" in printed
    assert "mean over cities" in printed


@pytest.mark.usefixtures("app_environment")
def test_a_city_of_ours_takes_part(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "scores.csv"
    code, found = ask(
        capsys, "cityrep", "--data", folder, "--own-only", "--city", SLUG, "--as",
        "concat", "mix", MODEL, "best", "--tasks", "population", "-o", target,
    )  # fmt: skip
    assert code == 0, found
    names = [f"{SLUG}/{one}" for one in ("concat", "mix", MODEL, "best")]
    table = pd.read_csv(target).set_index(["seed", "model"])["R2"].unstack()
    best = table.pop(names[-1])
    assert table.eq(best, axis=0).any(axis=1).all()
    [note] = [one for one in found["notes"] if one.startswith(names[-1])]
    for seed, score in best.items():
        [taken] = table.columns[table.loc[seed] == score]
        assert taken in note
    assert {one["model"] for one in found["rows"]} == set(names)
    assert {one["city"] for one in found["rows"]} == {"tiny"}
    assert all(0 < one["without_vector"] < one["samples"] for one in found["rows"])
    assert {one["city"] for one in found["skipped"]} == {"beta"}
    assert {one["model"] for one in found["skipped"]} == set(names)
    default = ("cityrep", "--data", folder, "--city", SLUG, "--models", "byid", "--cities", "tiny")
    code, found = ask(capsys, *default, "--tasks", "landuse")
    names = [f"{SLUG}/{one}" for one in ("alphaearth", "aether", "concat")]
    assert [one["model"] for one in found["rows"]] == ["byid", *names]


def test_our_embedding_comes_to_cells_and_points_as_it_is(
    app_environment: Store, folder: Path
) -> None:
    """A fine embedding is averaged over cells; points take what a labelled point takes."""
    from aether_core.cityrep.release import open_release
    from aether_core.cityrep.samples import read_samples
    from aether_core.tasks.samples.representations import representation
    from workflows.evaluation.cityrep_city import cell_shapes, described
    from workflows.tasks.arrays import task_city

    city = task_city(app_environment, SLUG)
    release = open_release(folder)
    points = read_samples(folder, release.tasks["tiny.landuse.2026"])
    seen = representation("alphaearth", city.arrays)
    found = described(city, seen, points)
    there = np.isfinite(found).all(axis=1)
    assert np.allclose(found[there], seen.at_points(points.lonlat[there]))
    cells = read_samples(folder, release.tasks["tiny.population.2024"])
    shapes = cell_shapes(cells)
    middle = np.array([[one.centroid.x, one.centroid.y] for one in shapes])
    assert np.abs(middle - cells.lonlat).max() < 1e-6
    found = described(city, representation("concat", city.arrays), cells)
    there = np.isfinite(found).all(axis=1)
    # A cell is some 110 x 220 m: nearly what a window of 90 m at its middle sees.
    around = seen.at_points(cells.lonlat[there])
    alike = (found[there, :64] * around).sum(axis=1)
    assert np.nanmedian(alike) > 0.9
    assert np.abs(np.linalg.norm(found[there, 64:], axis=1) - 1).max() < 1e-5


def test_an_exported_embedding_is_what_the_benchmark_reads(
    capsys: pytest.CaptureFixture[str], app_environment: Store, folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "ours"
    code, written = ask(capsys, "model", "export", MODEL, "--format", "cityrep", "-o", target)
    assert (code, written["files"]) == (0, ["embedding.json", f"{SLUG}.parquet"])
    vectors = cell_vectors(app_environment, model_for(app_environment, SLUG, MODEL))
    table = pd.read_parquet(target / f"{SLUG}.parquet")
    assert table["h3_id"].tolist() == [h3.int_to_str(key) for key in vectors.keys.tolist()]
    assert np.array_equal(table.drop(columns="h3_id").to_numpy(np.float32), vectors.vectors)
    assert refused(capsys, "model", "export", MODEL, "-o", tmp_path / "a.pth", "--format",
                   "cityrep")[0] == "layout-not-for-output"  # fmt: skip
    # As a row of the manifest it is a model like the others.
    place = tmp_path / "release"
    place.mkdir()
    for name in ("data", "splits"):
        (place / name).symlink_to(folder / name)
    described = json.loads((target / "embedding.json").read_text())
    path = place / described["embedding_config"]["path"]
    path.parent.mkdir(parents=True)
    path.write_bytes((target / f"{SLUG}.parquet").read_bytes())
    row = described | {"city": "tiny", "task": "landuse", "task_id": "tiny.landuse.2026"}
    row["embedding_config"] = json.dumps(described["embedding_config"])
    registry = place / "baselines" / "registry"
    registry.mkdir()
    pd.DataFrame([row]).to_csv(registry / "embedding_manifest.csv", index=False)
    code, found = ask(capsys, "cityrep", "--data", place)
    assert (code, [one["model"] for one in found["rows"]]) == (0, [MODEL])
    assert 0 < found["rows"][0]["without_vector"] < found["rows"][0]["samples"]


def test_an_incomplete_folder_names_what_is_missing_and_runs_the_rest(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = make_release(tmp_path / "release")
    gone = [
        "baselines/artifacts/byid/alpha/landuse.parquet",
        f"splits/{PROTOCOL}/beta.landuse.2026.json",
    ]
    for name in gone:
        (folder / name).unlink()
    damaged = folder / "baselines/artifacts/hexes/alpha/landuse.parquet"
    damaged.write_bytes(damaged.read_bytes()[:200])
    line = ("cityrep", "--data", folder, "--tasks", "landuse", "--models", "byid,hexes,nearest")
    code, message = refused(capsys, *line)
    assert code == "cityrep-incomplete"
    assert all(name in message for name in gone)
    code, found = ask(capsys, *line, "--skip-missing")
    assert code == 0
    assert [(one["model"], one["city"]) for one in found["rows"]] == [("nearest", "alpha")]
    reasons = {(one["model"], one["city"]): one["reason"] for one in found["skipped"]}
    assert len(reasons) == 5
    assert gone[0] in reasons["byid", "alpha"]
    assert gone[1] in reasons["nearest", "beta"]
    assert "landuse.parquet" in reasons["hexes", "alpha"]
    (folder / gone[1]).write_text(json.dumps({"folds": []}))
    code, _ = refused(capsys, *line, "--cities", "beta")
    assert code == "cityrep-split-seeds"
    (tmp_path / "empty").mkdir()
    assert refused(capsys, "cityrep", "--data", tmp_path / "empty")[0] == "cityrep-incomplete"
    assert refused(capsys, "cityrep", "--data", tmp_path / "none")[0] == "no-such-file"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--models", "gpt"), "cityrep-no-such-model"),
        (("--cities", "paris"), "cityrep-no-such-city"),
        (("--tasks", "rents"), "cityrep-no-such-task"),
        (("--protocol", "holdout"), "cityrep-no-such-protocol"),
        (("--models", "nobody"), "cityrep-nothing-to-evaluate"),
        (("--as", "aether"), "cityrep-own-without-city"),
        (("--own-only",), "cityrep-own-without-city"),
        (("--resume",), "cityrep-resume-without-file"),
        (("-o", "scores.txt"), "output-wrong-ending"),
        (("-o", "nowhere/scores.csv"), "no-such-output-folder"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    capsys: pytest.CaptureFixture[str], folder: Path, options: tuple[str, ...], code: str
) -> None:
    assert refused(capsys, "cityrep", "--data", folder, *options)[0] == code


@pytest.mark.usefixtures("app_environment")
def test_a_city_that_cannot_take_part_is_refused(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    line = ("cityrep", "--data", folder, "--own-only", "--tasks", "landuse", "--city")
    assert refused(capsys, *line, "nowhere")[0] == "no-such-city"
    code, message = refused(capsys, *line, SLUG, "--as", "gpt")
    assert code == "cityrep-no-such-own-model"
    assert MODEL in message
    assert refused(capsys, *line, SLUG, "--as", "best", "aether")[0] == "best-without-candidates"
    assert refused(capsys, *line, SLUG, "--as", "aether", "--model", "gone")[0] == "no-such-model"
    code, message = refused(capsys, *line, SLUG, "--cities", "beta")
    assert code == "cityrep-city-elsewhere"


def test_an_interrupted_run_keeps_what_is_done(
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = tmp_path / "scores.csv"
    fitted = head.fit_and_predict

    def interrupted_at_the_second(*args: Any, **kwargs: Any) -> Any:
        if target.exists():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        return fitted(*args, **kwargs)

    monkeypatch.setattr(head, "fit_and_predict", interrupted_at_the_second)
    line = ["cityrep", "--data", str(folder), "--models", "byid,hexes", "--tasks", "landuse"]
    assert run([*line, "--cities", "tiny", "-o", str(target)]) == 130
    assert "--resume" in capsys.readouterr().err
    assert pd.read_csv(target)["model"].tolist() == ["byid"] * 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scores.csv"]
