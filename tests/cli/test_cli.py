"""The command line as the contract states it: exact JSON, exit codes, one line for an error."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest

from aether_core.city.cells import cell_at
from cli.__main__ import expand_many, run
from tests.app_fixtures import SLUG, CityFiles
from workflows.cities.cities import show_city
from workflows.home.store import Store
from workflows.training.models import list_models

pytestmark = pytest.mark.usefixtures("jobs_at_once")
ROOT = Path(__file__).resolve().parents[2]


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    """Run one command with --json: exit code, the one document, stderr."""
    code = run([*arguments, "--json"])
    captured = capsys.readouterr()
    return code, json.loads(captured.out), captured.err


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must be refused: exit 2, the same one line on stderr and in the JSON."""
    code, document, stderr = ask(capsys, *arguments)
    assert code == 2, document
    assert set(document) == {"error"}
    assert set(document["error"]) == {"type", "code", "message"}
    assert stderr.strip().splitlines()[-1] == f"error: {document['error']['message']}"
    assert "Traceback" not in stderr
    return str(document["error"]["message"])


def test_many_values_after_one_option() -> None:
    given = ["city", "add", "x", "--embedding", "a.tif", "b.tif", "--year", "2020", "--set", "a=1"]
    assert expand_many(given) == [
        *("city", "add", "x", "--embedding", "a.tif", "--embedding", "b.tif"),
        *("--year", "2020", "--set", "a=1"),
    ]


@pytest.mark.usefixtures("empty_environment")
def test_a_city_from_nothing_to_an_exported_answer(
    capsys: pytest.CaptureFixture[str], city_files: CityFiles, tmp_path: Path
) -> None:
    assert ask(capsys, "city", "list")[:2] == (0, [])
    added = (
        *("city", "add", "t-1", "--name", "T", "--embedding", str(city_files.embedding)),
        *("--year", "2024", "--pois", str(city_files.pois)),
        *("--boundary", str(city_files.boundary), "--simulated"),
    )
    assert ask(capsys, *added)[0] == 0
    code, city, _ = ask(capsys, "city", "show", "t-1")
    required = {"slug", "name", "year", "pois", "pois_dropped", "pixels", "cells", "crs", "bbox"}
    assert code == 0
    assert required <= set(city)
    code, trained, _ = ask(capsys, "train", "t-1", "--set", "epochs=4", "--seed", "7")
    assert code == 0
    keys = {"run", "model", "city", "recipe", "seed", "device", "epochs", "seconds", "losses"}
    assert keys | {"validation", "pois_used"} <= set(trained)
    assert (trained["city"], trained["recipe"], trained["seed"]) == ("t-1", "aether", 7)
    assert (trained["epochs"], trained["device"]) == (4, "cpu")
    assert trained["losses"]["last"] < trained["losses"]["first"]
    recall = {"recall_at_1", "recall_at_5", "recall_at_10", "mrr", "candidates"}
    assert recall <= set(trained["validation"])
    path = tmp_path / "park.geojson"
    code, found, _ = ask(capsys, "search", "t-1", "park", "--top", "3", "-o", str(path), "--keep")
    assert code == 0
    assert {"city", "model", "query", "cells", "seconds", "results"} <= set(found)
    assert {"level", "reason", "auc", "ci95"} <= set(found["support"])
    assert (found["extent"], found["left_out"]) == ("land", {})
    assert found["cells"] == city["cells"] == len(gpd.read_file(path))
    assert len(found["results"]) == 3
    assert set(found["results"][0]) == {"cell", "lon", "lat", "score", "percentile"}
    layers = ask(capsys, "layers", "t-1")[1]
    assert {"layer", "kind", "created", "features"} <= set(layers[0])
    csv = tmp_path / "park.csv"
    assert ask(capsys, "export", "t-1", layers[0]["layer"], "-o", str(csv))[0] == 0
    assert len(csv.read_text().splitlines()) == city["cells"] + 1
    assert ask(capsys, "runs", "t-1")[1][0]["run"] == trained["run"]
    assert ask(capsys, "run", "show", str(trained["run"]))[1]["state"] == "done"
    assert ask(capsys, "city", "remove", "t-1", "--yes")[0] == 0
    assert ask(capsys, "city", "list")[1] == []


def test_questions_about_a_trained_city(
    capsys: pytest.CaptureFixture[str], app_environment: Store
) -> None:
    code, found, _ = ask(capsys, "places", SLUG, "restaurant", "--top", "4")
    assert code == 0
    assert [
        set(hit) >= {"poi", "name", "category", "lon", "lat", "score"} for hit in found["results"]
    ] == [True] * 4
    lon, lat = found["results"][0]["lon"], found["results"][0]["lat"]
    city = show_city(app_environment, SLUG)
    code, alike, _ = ask(capsys, "similar", SLUG, "--at", f"{lon},{lat}", "--top", "1")
    assert code == 0
    assert alike["results"][0]["cell"] == f"{cell_at(lon, lat, city.cell_resolution):x}"
    assert alike["results"][0]["score"] == pytest.approx(1, abs=1e-5)
    near = ask(capsys, "places", SLUG, "park", "--near", f"{lon},{lat}", "--within", "100")[1]
    assert near["results"]
    models = ask(capsys, "models", SLUG)[1]
    assert [model["in_use"] for model in models] == [True]
    assert ask(capsys, "model", "use", SLUG, models[0]["name"])[1]["in_use"]
    recipes = ask(capsys, "recipes")[1]
    assert "aether" in [recipe["recipe"] for recipe in recipes]


def test_tables_for_people(capsys: pytest.CaptureFixture[str], app_environment: Store) -> None:  # noqa: ARG001
    for arguments in (
        ["city", "list"],
        ["city", "show", SLUG],
        ["runs", SLUG],
        ["run", "show", "1"],
        ["models", SLUG],
        ["layers", SLUG],
        ["recipes"],
        ["search", SLUG, "park", "--top", "2"],
        ["places", SLUG, "park", "--top", "2"],
    ):
        assert run(arguments) == 0, arguments
        shown = capsys.readouterr().out
        assert shown
        assert "Traceback" not in shown
        assert ("Support: " in shown) == (arguments[0] == "search")


def test_refusals_name_the_value(
    capsys: pytest.CaptureFixture[str], app_environment: Store, city_files: CityFiles
) -> None:
    add = ["city", "add", "x", "--name", "X", "--pois", str(city_files.pois), "--year", "2024"]
    assert "atlantis" in refused(capsys, "city", "show", "atlantis")
    assert "atlantis" in refused(capsys, "search", "atlantis", "park")
    assert "nemo" in refused(capsys, "search", SLUG, "park", "--model", "nemo")
    assert "nothing" in refused(capsys, "export", SLUG, "nothing", "-o", "x.csv")
    assert "query" in refused(capsys, "search", SLUG, "")
    both = refused(capsys, "search", SLUG, "park", "--everywhere", "--built-only")
    assert "--everywhere --built-only" in both
    assert "10,000" in refused(capsys, "search", SLUG, "x" * 10_000)
    assert "/vsicurl" in refused(capsys, *add, "--embedding", "/vsicurl/http://x.org/a.tif")
    assert "http" in refused(capsys, *add, "--embedding", "http://x.org/a.tif")
    assert "epoch" in refused(capsys, "train", SLUG, "--set", "epohcs=3")
    assert "key=value" in refused(capsys, "train", SLUG, "--set", "epochs")
    assert "batch" in refused(capsys, "train", SLUG, "--set", "batch_size=60000")
    assert "cuda" in refused(capsys, "train", SLUG, "--device", "cuda")
    assert "--yes" in refused(capsys, "city", "remove", SLUG)
    assert "LON,LAT" in refused(capsys, "similar", SLUG, "--at", "here")
    assert "x.xlsx" in refused(capsys, "search", SLUG, "park", "-o", "x.xlsx")
    assert "12345" in refused(capsys, "run", "show", "12345")
    assert "9223372036854775807" in refused(capsys, "run", "show", "9" * 20)
    assert "caf" in refused(capsys, "search", SLUG, "caf\udcff")
    assert refused(capsys, "fly")
    assert refused(capsys, "city", "add", "x")
    assert show_city(app_environment, SLUG).pois > 0


def test_names_that_lead_upwards_are_refused_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str],
    app_environment: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inside = tmp_path / "a" / "b" / "c"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    home, up = app_environment.settings.home, "../../x"
    before = files_in(home), files_in(tmp_path / "a")
    for words in (
        ("layer", "export", SLUG, up, "-o", "x.csv"),
        ("layer", "report", SLUG, up, "-o", "x.pdf"),
        ("layer", "remove", SLUG, up),
        ("layer", "qgis", up, "-o", "x.qgz"),
        ("model", "export", up, "-o", "x"),
        ("model", "export", f"{SLUG}-1", "-o", ".."),
        ("model", "use", SLUG, up),
        ("model", "import", ".", "--city", SLUG, "--name", up),
        ("search", SLUG, "park", "-o", ".."),
        ("search", SLUG, "park", "-o", "../no-such-folder/x.csv"),
        ("city", "show", up),
        ("city", "remove", up, "--yes"),
    ):
        refused(capsys, *words)
        assert (files_in(home), files_in(tmp_path / "a")) == before, words


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def test_a_home_that_cannot_be_made_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AETHER_HOME", str(tmp_path / "file" / "home"))
    assert "AETHER_HOME" in refused(capsys, "city", "list")


def test_an_unreachable_database_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AETHER_HOME", str(tmp_path))
    monkeypatch.setenv("AETHER_DATABASE_URL", f"postgresql://nobody@/none?host={tmp_path}")
    code, document, stderr = ask(capsys, "city", "list")
    assert code == 1
    assert document["error"]["type"] == "StoreUnavailableError"
    assert "Traceback" not in stderr


def test_the_core_on_plain_files(
    capsys: pytest.CaptureFixture[str],
    app_environment: Store,
    city_files: CityFiles,
    tmp_path: Path,
) -> None:
    heads = list_models(app_environment, SLUG)[0].folder
    rng = np.random.default_rng(0)
    eo, text = rng.standard_normal((5, 64)), rng.standard_normal((5, 384))
    for name, values in (("eo", eo), ("text", text)):
        np.save(tmp_path / f"{name}.npy", values.astype(np.float32))
        target = tmp_path / f"{name}-out.npy"
        vectors = ("--vectors", str(tmp_path / f"{name}.npy"))
        code, document, _ = ask(
            capsys, f"encode-{name}", "--heads", str(heads), *vectors, "-o", str(target)
        )
        assert (code, document["rows"], document["dim"]) == (0, 5, 128)
        np.testing.assert_allclose(np.linalg.norm(np.load(target), axis=1), 1, atol=1e-5)
    pooled = tmp_path / "pooled.npy"
    files = ("--embedding", str(city_files.embedding), "--points", str(city_files.pois))
    window = ("--shape", "square", "--radius-px", "4", "-o", str(pooled))
    code, document, _ = ask(capsys, "pool", *files, *window)
    assert code == 0
    assert set(document) == {"points", "pooled", "dropped", "seconds"}
    rows = np.load(pooled)
    assert rows.dtype == np.float32
    assert rows.shape == (document["points"], 64)
    assert np.isfinite(rows[:, 0]).sum() == document["pooled"]
    assert sum(document["dropped"].values()) == document["points"] - document["pooled"]
    assert "exists" in refused(capsys, "pool", *files, *window)
    np.save(tmp_path / "bad.npy", np.array([object()]), allow_pickle=True)
    bad = (
        "--heads",
        str(heads),
        "--vectors",
        str(tmp_path / "bad.npy"),
        "-o",
        str(tmp_path / "o.npy"),
    )
    assert "bad.npy" in refused(capsys, "encode-eo", *bad)


def test_pooling_and_heads_conform_to_the_published_code(
    capsys: pytest.CaptureFixture[str], shared: Path, tmp_path: Path
) -> None:
    reference = np.load(shared / "conformance" / "london_reference.npz")
    heads = tmp_path / "heads"
    heads.mkdir()
    (heads / "heads.safetensors").symlink_to(shared / "conformance" / "london_heads.safetensors")
    for name in ("eo", "text"):
        np.save(tmp_path / f"{name}.npy", reference[name])
        target = tmp_path / f"{name}-out.npy"
        vectors = ("--vectors", str(tmp_path / f"{name}.npy"), "-o", str(target))
        assert ask(capsys, f"encode-{name}", "--heads", str(heads), *vectors)[0] == 0
        np.testing.assert_allclose(np.load(target), reference[f"{name}_out"], atol=1e-5)
    pooling = np.load(shared / "conformance" / "london_pooling.npz")
    points = tmp_path / "points.csv"
    np.savetxt(points, pooling["lonlat"], delimiter=",", header="lon,lat", comments="", fmt="%.12f")
    for radius in (4, 9):
        target = tmp_path / f"pool{radius}.npy"
        files = (
            "--embedding",
            str(shared / "conformance" / "london_pooling.tif"),
            "--points",
            str(points),
        )
        window = ("--shape", "square", "--radius-px", str(radius), "-o", str(target))
        code, document, _ = ask(capsys, "pool", *files, *window)
        assert code == 0
        pooled = np.load(target)
        kept = np.isfinite(pooled[:, 0])
        assert kept.sum() == document["pooled"] > 150
        np.testing.assert_allclose(pooled[kept], pooling[f"window_r{radius}"][kept], atol=1e-5)


@pytest.mark.usefixtures("empty_environment")
def test_genuine_data_of_the_bay_area_goes_all_the_way(
    capsys: pytest.CaptureFixture[str], shared: Path, tmp_path: Path
) -> None:
    real = shared / "real"
    embedding = real / "alphaearth" / "sf_bay_urban_2024.csv"
    places = ("--pois", str(real / "sf_bay" / "pois.csv"), "--radius-m", "1000")
    added = ("city", "add", "bay", "--name", "Bay Area", "--embedding", str(embedding))
    code, city, _ = ask(capsys, *added, "--year", "2024", *places)
    assert code == 0
    assert city["pixels"] == 720
    assert city["pois"] > 1000
    assert sum(city["pois_dropped"].values()) + city["pois"] == 8062
    assert not city["simulated"]
    assert ask(capsys, "train", "bay")[1]["pois_used"] == city["pois"]
    path = tmp_path / "church.geojson"
    code, found, _ = ask(capsys, "search", "bay", "a quiet church", "-o", str(path))
    assert code == 0
    written = gpd.read_file(path)
    assert len(written) == found["cells"] == city["cells"]
    assert "Google DeepMind" in path.read_text()


def test_the_launched_command_prints_nothing_but_json(app_environment: Store) -> None:
    settings = app_environment.settings
    done = subprocess.run(
        [sys.executable, "-m", "cli", "search", SLUG, "park", "--top", "1", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "AETHER_HOME": str(settings.home),
            "AETHER_DATABASE_URL": str(settings.database_url),
        },
        cwd=settings.home,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["city"] == SLUG


@pytest.mark.usefixtures("app_environment")
def test_a_file_that_ends_early_is_no_word_of_the_user(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typer tells every `EOFError` as an interruption: exit code 130, "stopped by user"."""

    def cut(_store: Store) -> None:
        raise EOFError("no data left in file")

    monkeypatch.setattr("workflows.cities.cities.list_cities", cut)
    code, document, stderr = ask(capsys, "city", "list")
    assert code == 1
    assert document["error"]["type"] != "Interrupted"
    assert "EOFError" in stderr
