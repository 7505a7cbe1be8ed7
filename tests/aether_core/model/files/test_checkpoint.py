"""Model folders: round trip, and files that are not to be trusted."""

import json
import resource
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from aether_core.errors import ConflictError, DiskFullError, InputError, NotFoundError
from aether_core.model.files.folder import (
    CARD_FILE,
    WEIGHTS_FILE,
    EmbeddingCard,
    EncoderCard,
    ModelCard,
    load_card,
    load_heads,
    save_model,
)
from aether_core.model.heads.heads import Heads, HeadShape
from tests.errors import fault


@pytest.fixture
def card() -> ModelCard:
    return ModelCard(
        name="helsinki-1",
        city="helsinki",
        recipe="aether",
        settings={"epochs": 20, "keep": "best"},
        seed=42,
        device="cpu",
        encoder=EncoderCard(name="all-MiniLM-L6-v2", dim=384),
        embedding=EmbeddingCard(kind="raster", dim=64, year=2024, simulated=True),
        data_hashes={"pois.geojson": "0" * 64},
        pois_used=500,
        held_out=50,
        kept_epoch=9,
        losses={"first": 5.0, "last": 4.0},
        validation={
            "candidates": 50,
            "text_to_place": {"recall_at_10": 0.4, "chance_at_10": 0.2, "mrr": 0.2},
        },
        versions={"torch": torch.__version__},
        attribution=["OpenStreetMap contributors, ODbL"],
        created="2026-01-01T00:00:00+00:00",
    )


@pytest.fixture
def folder(tmp_path: Path, card: ModelCard) -> Path:
    save_model(tmp_path / "model", Heads(), card)
    return tmp_path / "model"


@pytest.fixture
def bare(folder: Path) -> Path:
    """Weights without a card, whose checksum would be the first thing that does not fit."""
    (folder / CARD_FILE).unlink()
    return folder


@pytest.mark.parametrize("text_dim", [384, 256])
def test_round_trip(tmp_path: Path, card: ModelCard, text_dim: int) -> None:
    heads = Heads(HeadShape(text_dim=text_dim))
    written = save_model(tmp_path / "model", heads, card)
    loaded = load_heads(tmp_path / "model")
    assert loaded.text_dim == text_dim
    assert not loaded.training
    for key, value in heads.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[key])
    assert load_card(tmp_path / "model") == written
    assert written == card.model_copy(update={"weights_sha256": written.weights_sha256})
    assert sorted(p.name for p in (tmp_path / "model").iterdir()) == [WEIGHTS_FILE, CARD_FILE]
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_weights_are_enough_to_load_heads(folder: Path) -> None:
    (folder / CARD_FILE).unlink()
    load_heads(folder)
    with pytest.raises(NotFoundError, check=fault("no-such-card", folder, CARD_FILE)):
        load_card(folder)


def test_existing_folder_is_left_alone(folder: Path, card: ModelCard) -> None:
    before = (folder / WEIGHTS_FILE).read_bytes()
    with pytest.raises(ConflictError):
        save_model(folder, Heads(), card)
    assert (folder / WEIGHTS_FILE).read_bytes() == before


def test_missing_parent_is_named(tmp_path: Path, card: ModelCard) -> None:
    with pytest.raises(InputError, check=fault("no-such-output-folder", tmp_path / "gone")):
        save_model(tmp_path / "gone" / "model", Heads(), card)


def test_failed_write_leaves_nothing_behind(tmp_path: Path, card: ModelCard) -> None:
    disk = tmp_path / "model"
    too_large = card.model_copy(update={"attribution": ["x" * 1_000_000]})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, before[1]))  # the weights fit, not the card
    try:
        with pytest.raises(DiskFullError, check=fault("disk-full")):
            save_model(disk, Heads(), too_large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_not_finite_are_neither_written_nor_read(
    tmp_path: Path, card: ModelCard, bare: Path
) -> None:
    heads = Heads()
    with torch.no_grad():
        heads.eo.shortcut.weight[3, 4] = float("nan")
    with pytest.raises(InputError, check=fault("weights-not-finite", "eo.shortcut.weight")):
        save_model(tmp_path / "bad", heads, card)
    assert not (tmp_path / "bad").exists()
    save_file(heads.state_dict(), bare / WEIGHTS_FILE)
    with pytest.raises(InputError, check=fault("weights-not-finite", "eo.shortcut.weight")):
        load_heads(bare)


@pytest.mark.parametrize("keep", [0, 1, 7, 100, 5000, -1])
def test_truncated_weights_are_refused(folder: Path, keep: int) -> None:
    whole = (folder / WEIGHTS_FILE).read_bytes()
    (folder / WEIGHTS_FILE).write_bytes(whole[:keep])
    with pytest.raises(InputError, check=fault("damaged-file", WEIGHTS_FILE)):
        load_heads(folder)
    (folder / CARD_FILE).unlink()
    with pytest.raises(InputError, check=fault("weights-damaged", WEIGHTS_FILE)):
        load_heads(folder)


def test_pickled_weights_are_refused(bare: Path) -> None:
    torch.save(Heads().state_dict(), bare / WEIGHTS_FILE)
    with pytest.raises(InputError, check=fault("weights-damaged", WEIGHTS_FILE)):
        load_heads(bare)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (
            "eo.proj.0.weight",
            torch.zeros(256, 63),
            ("tensor-wrong-shape", "eo.shortcut.weight [128, 64]"),
        ),
        ("eo.proj.0.weight", None, ("weights-lack-tensor", "eo.proj.0.weight")),
        ("text.proj.weight", None, ("weights-lack-tensor", "text.proj.weight")),
        ("text.proj.weight", torch.zeros(64, 384), ("tensor-wrong-shape", "text.", "[64, 384]")),
        ("extra", torch.zeros(1), ("tensor-of-no-head", "extra")),
        ("eo.gate", torch.zeros(1, dtype=torch.int64), ("tensor-not-floating", "eo.gate")),
    ],
)
def test_other_tensors_are_refused_by_name(
    bare: Path, key: str, value: torch.Tensor | None, said: tuple[str, ...]
) -> None:
    state = dict(Heads().state_dict())
    state.pop(key, None)
    if value is not None:
        state[key] = value
    save_file(state, bare / WEIGHTS_FILE)
    with pytest.raises(InputError, check=fault(*said, WEIGHTS_FILE)):
        load_heads(bare)


def test_half_precision_weights_load_as_float32(bare: Path) -> None:
    save_file({k: v.half() for k, v in Heads().state_dict().items()}, bare / WEIGHTS_FILE)
    assert {value.dtype for value in load_heads(bare).state_dict().values()} == {torch.float32}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", ("card-not-json",)),
        (b"\xff\xfe", ("card-not-json",)),
        (b"{}", ("card-field-unusable", "name")),
        (b"[]", ("card-field-unusable",)),
    ],
)
def test_cards_that_are_none_are_refused(
    folder: Path, content: bytes, said: tuple[str, ...]
) -> None:
    (folder / CARD_FILE).write_bytes(content)
    with pytest.raises(InputError, check=fault(*said, CARD_FILE)):
        load_card(folder)


def test_card_of_a_newer_version_is_refused(folder: Path) -> None:
    card = json.loads((folder / CARD_FILE).read_text())
    (folder / CARD_FILE).write_text(json.dumps({**card, "format_version": 2}))
    with pytest.raises(InputError, check=fault("card-of-newer-version", 2)):
        load_card(folder)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, check=fault("no-such-weights", tmp_path / "nowhere")):
        load_heads(tmp_path / "nowhere")
