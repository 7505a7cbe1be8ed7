"""Any sentence-transformers folder as a text encoder: a tiny real one, and what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from aether_core.errors import AetherError, CancelledError, InputError
from aether_core.text.folder import FolderEncoder
from tests.errors import fault
from tests.sentence_folder import TINY_DIM, write_tiny_encoder

TEXTS = ["a bar", "A place of pub, a type of nightlife.", "a bar", "", "école 日本 " * 40]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_encoder(tmp_path_factory.mktemp("encoders") / "tiny-bert")


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "tiny-bert"))


def test_vectors_are_those_of_sentence_transformers(folder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    encoder = FolderEncoder(folder)
    vectors = encoder.encode(TEXTS)
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    expected = model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    assert vectors.shape == (len(TEXTS), encoder.dim) == (5, TINY_DIM)
    assert vectors.dtype == np.float32
    assert np.abs(vectors - expected).max() < 1e-6
    assert np.array_equal(vectors[0], vectors[2])
    assert encoder.encode([]).shape == (0, TINY_DIM)


def test_progress_counts_distinct_texts_and_may_stop_it(folder: Path) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        raise CancelledError(f"{stage}: {done} of {total}")

    with pytest.raises(CancelledError, check=fault("cancelled", "64 of 100")):
        FolderEncoder(folder).encode([f"text {at % 100}" for at in range(300)], stop)


def test_the_name_follows_the_weights_and_stays_where_they_do(folder: Path, tmp_path: Path) -> None:
    name = FolderEncoder(folder).name
    assert name.startswith("tiny-bert:")
    (folder / "README.md").write_text("notes change nothing")
    moved = tmp_path / "elsewhere" / "tiny-bert"
    shutil.copytree(folder, moved)
    assert FolderEncoder(moved).name == name
    weights = load_file(moved / "model.safetensors")
    first = next(iter(weights))
    save_file({**weights, first: weights[first] + 1e-3}, moved / "model.safetensors")
    assert FolderEncoder(moved).name != name
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text(pooling.read_text().replace("true", "TRUE").replace("TRUE", "true") + "\n")
    assert FolderEncoder(folder).name != name


def test_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, check=fault("encoder-folder-without-model", "modules.json")):
        FolderEncoder(tmp_path)
    with pytest.raises(InputError, check=fault("encoder-folder-without-model")):
        FolderEncoder(tmp_path / "absent")


@pytest.mark.parametrize("text", ["{", "[1]", '[{"type": "x"}]', "null", "[" * 100_000])
def test_unreadable_modules(folder: Path, text: str) -> None:
    (folder / "modules.json").write_text(text)
    with pytest.raises(InputError, check=fault("encoder-modules-unreadable", "modules.json")):
        FolderEncoder(folder)


def test_pickled_weights_are_never_loaded(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(InputError, check=fault("encoder-weights-pickled")):
        FolderEncoder(folder)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "my_module.Transformer"}, "encoder-with-own-code"),
        ({"type": "os.system"}, "encoder-with-own-code"),
        ({"path": "../1_Pooling"}, "encoder-outside-its-folder"),
        ({"path": "/etc"}, "encoder-outside-its-folder"),
    ],
)
def test_foreign_code_and_paths_are_refused(
    folder: Path, change: dict[str, str], code: str
) -> None:
    modules = json.loads((folder / "modules.json").read_text())
    modules[1] |= change
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(InputError, check=fault(code)):
        FolderEncoder(folder)


def test_damaged_weights_are_refused_in_words(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(AetherError, check=fault("encoder-not-loadable", folder)):
        FolderEncoder(folder).encode(["a"])


def test_weights_that_give_no_direction_are_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    broken = {name: torch.full_like(value, torch.nan) for name, value in weights.items()}
    save_file(broken, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(AetherError, check=fault("encoder-vector-unusable", "tiny-bert")):
        FolderEncoder(folder).encode(["a"])
