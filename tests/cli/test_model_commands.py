"""`model export`, `model import`, `encode-*` and `pool` as commands, with bad input."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from aether_core.model.files.card import WEIGHTS_FILE
from aether_core.model.files.folder import load_heads, weights_bytes
from aether_core.model.heads.heads import Heads
from aether_core.model.heads.inference import encode_eo
from cli.__main__ import run
from tests.app_fixtures import SLUG, CityFiles
from workflows.home.store import Store
from workflows.training.models import list_models

NAME = f"{SLUG}-1"


def ask(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, Any]:
    """Run one command with --json: exit code and its one document."""
    code = run([*map(str, arguments), "--json"])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, json.loads(captured.out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must be refused: exit 2 and the one line that says why."""
    code, document = ask(capsys, *arguments)
    assert code == 2, document
    return str(document["error"]["message"])


def test_a_model_goes_out_and_comes_back(
    capsys: pytest.CaptureFixture[str], app_environment: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    code, written = ask(capsys, "model", "export", NAME, "-o", folder)
    assert (code, written["files"]) == (0, ["heads.safetensors", "model.json"])
    assert "add --force" in refused(capsys, "model", "export", NAME, "-o", folder)
    code, model = ask(capsys, "model", "import", folder, "--city", SLUG, "--name", "back")
    assert code == 0
    assert (model["name"], model["in_use"]) == ("back", False)
    there = load_file(list_models(app_environment, SLUG)[0].folder / WEIGHTS_FILE)
    original = load_file(folder / WEIGHTS_FILE)
    assert all(torch.equal(value, there[key]) for key, value in original.items())
    names = {model["name"]: model["origin"] for model in ask(capsys, "models", SLUG)[1]}
    assert names == {"back": "imported from mine", NAME: "trained here"}
    assert ask(capsys, "model", "use", SLUG, "back")[1]["in_use"]
    assert ask(capsys, "search", SLUG, "park", "--top", 1)[1]["model"] == "back"
    code, written = ask(
        capsys, "model", "export", "back", "-o", tmp_path / "theirs", "--format", "published"
    )
    assert (code, written["files"]) == (0, ["back.pth", "model.json"])
    saved = torch.load(tmp_path / "theirs" / "back.pth", weights_only=True)
    assert list(saved) == ["ae_state_dict", "txt_state_dict"]
    assert torch.equal(saved["txt_state_dict"]["proj.weight"], original["text.proj.weight"])
    pth = tmp_path / "theirs" / "back.pth"
    assert ask(capsys, "model", "import", pth, "--city", SLUG, "--name", "pth")[0] == 0
    assert "text search is not available" in refused(
        capsys, "search", SLUG, "park", "--model", "pth"
    )
    assert run(["models", SLUG]) == 0
    assert "imported from back.pth" in " ".join(capsys.readouterr().out.split())


def test_imports_that_cannot_be_used_leave_the_store_alone(
    capsys: pytest.CaptureFixture[str], app_environment: Store, tmp_path: Path
) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    whole = weights_bytes(Heads(), "m")
    torch.save({"ae_state_dict": {}}, bad / "missing.pth")
    torch.save({"extra": Path("x")}, bad / "object.pth")
    (bad / "cut.safetensors").write_bytes(whole[:1000])
    before = sorted(app_environment.settings.models.rglob("*"))
    (tmp_path / "nothing").mkdir()
    for source, said in (
        (bad / "missing.pth", "txt_state_dict"),
        (bad / "object.pth", "pathlib"),
        (bad / "cut.safetensors", "damaged"),
        (bad / "gone.pth", "no such file"),
        (tmp_path / "nothing", "no model found"),
    ):
        assert said in refused(capsys, "model", "import", source, "--city", SLUG)
    assert sorted(app_environment.settings.models.rglob("*")) == before
    assert [model.name for model in list_models(app_environment, SLUG)] == [NAME]
    assert "nemo" in refused(capsys, "model", "export", "nemo", "-o", tmp_path / "x")


def test_large_and_odd_arrays_are_encoded_row_by_row(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    heads, target = tmp_path / "heads", tmp_path / "out.npy"
    heads.mkdir()
    (heads / WEIGHTS_FILE).write_bytes(weights_bytes(Heads(), "m"))
    vectors = np.random.default_rng(0).standard_normal((20_000, 64))
    vectors[5, 7] = np.nan
    np.save(tmp_path / "in.npy", np.asfortranarray(vectors))
    given = ("--heads", heads, "--vectors", tmp_path / "in.npy", "-o", target)
    code, document = ask(capsys, "encode-eo", *given)
    assert (code, document["rows"], document["without_data"]) == (0, 20_000, 1)
    out = np.load(target)
    assert (out.dtype, out.shape) == (np.float32, (20_000, 128))
    np.testing.assert_array_equal(out, encode_eo(load_heads(heads), vectors.astype(np.float32)))
    np.save(tmp_path / "in.npy", np.empty((0, 64), np.float32))
    assert ask(capsys, "encode-eo", *given, "--force")[1]["rows"] == 0
    assert np.load(target).shape == (0, 128)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((3, 63), np.float32), "float32 [3, 63]"),
        (np.zeros(64, np.float32), "float32 [64]"),
        (np.zeros((3, 64), np.int8), "int8 [3, 64]"),
    ],
)
def test_vectors_that_cannot_be_encoded_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, array: np.ndarray, said: str
) -> None:
    (tmp_path / WEIGHTS_FILE).write_bytes(weights_bytes(Heads(), "m"))
    np.save(tmp_path / "in.npy", array)
    given = ("--heads", tmp_path, "--vectors", tmp_path / "in.npy", "-o", tmp_path / "out.npy")
    assert said in refused(capsys, "encode-eo", *given)
    assert not (tmp_path / "out.npy").exists()


def test_points_pooled_the_wrong_way_are_refused(
    capsys: pytest.CaptureFixture[str], city_files: CityFiles, tmp_path: Path
) -> None:
    places = gpd.read_file(city_files.pois)
    swapped = tmp_path / "swapped.csv"
    np.savetxt(
        swapped,
        np.column_stack([places.geometry.y, places.geometry.x]),
        delimiter=",",
        header="lon,lat",
        comments="",
    )
    given = ("pool", "--embedding", city_files.embedding, "-o", tmp_path / "o.npy")
    mine = (*given, "--points", city_files.pois)
    assert "probably swapped" in refused(capsys, *given, "--points", swapped)
    assert "--radius-px" in refused(capsys, *mine, "--shape", "square")
    assert "metres" in refused(capsys, *mine, "--radius-px", 4)
    assert "use disk or square" in refused(capsys, *mine, "--shape", "hexagon")
    assert "radius" in refused(capsys, *mine, "--radius-m", -5)
    assert not (tmp_path / "o.npy").exists()
