"""`embed` as the contract states it, and what a kill leaves."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch

from aether_core.model.heads.heads import Heads
from cli.__main__ import run
from tests.aether_core.eo.brute_force import Scene, unit_vectors, write_scene
from tests.forks import Forked, be_command

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT = 700, 180
"""Three blocks beside each other: one that is whole before a kill, one in the making, one left."""


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a raster, and a model's weights without a card."""
    from safetensors.torch import save_file

    made = tmp_path_factory.mktemp("brought")
    torch.manual_seed(1)
    (made / "model").mkdir()
    save_file(Heads().state_dict(), made / "model" / "heads.safetensors")
    stored = unit_vectors(np.random.default_rng(2), HEIGHT, WIDTH, "int8")
    scene = Scene("EPSG:32635", 400_000, 6_680_000, 10, stored)
    write_scene(made / "a.tif", scene, interleave="pixel")
    return made


@pytest.fixture
def folder(brought: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what was brought, and a home of its own."""
    shutil.copytree(brought, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("AETHER_HOME", str(tmp_path / "home"))
    return tmp_path


def arguments(folder: Path, target: str = "z.tif", source: str = "a.tif") -> list[str]:
    return [
        *("embed", "--heads", str(folder / "model"), "--embedding", str(folder / source)),
        *("-o", str(folder / target), "--json"),
    ]


def test_the_document_and_the_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*arguments(folder), "--dtype", "float16"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"width", "height", "bands", "pixels", "seconds", "dtype"} <= set(document)
    assert (document["width"], document["height"], document["bands"]) == (WIDTH, HEIGHT, 128)
    assert (document["pixels"], document["dtype"]) == (WIDTH * HEIGHT, "float16")
    with rasterio.open(folder / "z.tif") as dataset:
        assert (dataset.count, dataset.width, dataset.height) == (128, WIDTH, HEIGHT)


def test_what_is_wrong_is_said_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = unit_vectors(np.random.default_rng(3), 20, 20, "int8")[..., :63]
    write_scene(folder / "few.tif", Scene("EPSG:32635", 4e5, 6.68e6, 10, few))
    (folder / "there.tif").touch()
    for given, words in (
        (arguments(folder, source="few.tif"), ("63 bands", "64")),
        (arguments(folder, source="none.tif"), ("no such file",)),
        (arguments(folder, target="there.tif"), ("file exists", "--force")),
        ([*arguments(folder), "--dtype", "int16"], ("int16", "int8, float16, float32")),
    ):
        assert run(given) == 2
        message = json.loads(capsys.readouterr().out)["error"]["message"]
        assert all(word in message for word in words), message
    assert not (folder / "z.tif").exists()


def test_a_killed_run_goes_on_to_the_same_bytes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # One thread, so that the blocks come one by one and the kill lands between two of them.
    process = Forked(
        be_command,
        *arguments(folder),
        environment={"OMP_NUM_THREADS": "1"},
        output=Path(os.devnull),
    )
    work = folder / "home" / "cache" / "embed"
    deadline = time.monotonic() + 120
    # More bytes than a block can take: at least one is whole.
    while not any(left.stat().st_size > 256 * HEIGHT * 137 for left in work.glob("*.blocks")):
        assert time.monotonic() < deadline
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (folder / "z.tif").exists()
    assert run(arguments(folder)) == 0
    document = json.loads(capsys.readouterr().out)
    assert 1 <= document["resumed"] < document["blocks"]
    assert list(work.iterdir()) == []
    assert run(arguments(folder, "whole.tif")) == 0
    assert (folder / "z.tif").read_bytes() == (folder / "whole.tif").read_bytes()
