"""The published `.pth` layout: round trips, and files that are not to be trusted."""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aether_core.errors import InputError
from aether_core.model.files import published_layout
from aether_core.model.files.published_layout import published_bytes, read_published
from aether_core.model.heads.heads import Heads, HeadShape, Shortcut
from aether_core.model.heads.inference import encode_eo, encode_text
from tests.errors import fault


class Harmful:
    """Unpickling this writes a file: a stand-in for any command."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return open, (str(self.proof), "w")


def payload(heads: Heads) -> dict[str, Any]:
    """A checkpoint as the published training script saves it."""
    return {
        "ae_state_dict": heads.eo.state_dict(),
        "txt_state_dict": heads.text.state_dict(),
        "epoch": 100,
        "train_metrics": {"loss": 3.25, "ema_xt": None},
        "hyper_parameters": {
            "text": {
                "backend": "openai",
                "openai_model": "text-embedding-3-large",
                "hf_model": "sentence-transformers/all-MiniLM-L6-v2",
            }
        },
        "created_at": "2025-10-01T00:00:00Z",
    }


@pytest.fixture
def heads() -> Heads:
    torch.manual_seed(3)
    return Heads()


def same(one: Heads, other: Heads) -> bool:
    state = other.state_dict()
    return all(torch.equal(value, state[key]) for key, value in one.state_dict().items())


def test_a_checkpoint_of_the_published_script_is_read(tmp_path: Path, heads: Heads) -> None:
    path = tmp_path / "london_last.pth"
    torch.save(payload(heads), path)
    found = read_published(path)
    assert same(heads, found.heads)
    assert not found.heads.training
    assert (found.epoch, found.encoder) == (100, "text-embedding-3-large")


@pytest.mark.parametrize("text_dim", [384, 1024])
def test_round_trip_is_bit_equal(tmp_path: Path, text_dim: int) -> None:
    heads = Heads(HeadShape(text_dim=text_dim))
    (tmp_path / "m.pth").write_bytes(published_bytes(heads, "m"))
    found = read_published(tmp_path / "m.pth")
    assert same(heads, found.heads)
    assert (found.epoch, found.encoder) == (None, None)


def test_the_published_weights_keep_their_outputs(shared: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    state = load_file(shared / "conformance" / "london_heads.safetensors")
    parts: dict[str, Any] = {"ae_state_dict": OrderedDict(), "txt_state_dict": OrderedDict()}
    for key, value in state.items():
        head, _, name = key.partition(".")
        parts["ae_state_dict" if head == "eo" else "txt_state_dict"][name] = value
    torch.save(parts, tmp_path / "london.pth")
    found = read_published(tmp_path / "london.pth").heads
    reference = np.load(shared / "conformance" / "london_reference.npz")
    np.testing.assert_allclose(encode_eo(found, reference["eo"]), reference["eo_out"], atol=1e-5)
    text_out = encode_text(found, reference["text"])
    np.testing.assert_allclose(text_out, reference["text_out"], atol=1e-5)
    (tmp_path / "again.pth").write_bytes(published_bytes(found, "again"))
    written = torch.load(tmp_path / "again.pth", weights_only=True)
    assert set(written) == set(parts)
    for part, tensors in parts.items():
        assert set(written[part]) == set(tensors)
        assert all(torch.equal(value, written[part][name]) for name, value in tensors.items())


@pytest.mark.parametrize(
    ("shortcut", "post_mlp"), [("none", True), ("plain", True), ("gated", False)]
)
def test_what_the_layout_cannot_hold_is_not_written(shortcut: Shortcut, post_mlp: bool) -> None:
    heads = Heads(HeadShape(shortcut=shortcut, post_mlp=post_mlp))
    with pytest.raises(InputError, check=fault("layout-cannot-hold-model", shortcut)):
        published_bytes(heads, "m")


def test_an_object_that_could_run_is_named_and_does_not(tmp_path: Path, heads: Heads) -> None:
    proof, path = tmp_path / "proof", tmp_path / "bad.pth"
    torch.save({**payload(heads), "extra": Harmful(proof)}, path)
    proof.unlink(missing_ok=True)
    with pytest.raises(InputError, check=fault("weights-hold-objects", path.name, "open")):
        read_published(path)
    assert not proof.exists()


@pytest.mark.parametrize("save", ["pickle", "legacy"])
def test_files_that_are_no_archive_are_refused(tmp_path: Path, heads: Heads, save: str) -> None:
    proof, path = tmp_path / "proof", tmp_path / "bad.pth"
    if save == "pickle":
        path.write_bytes(pickle.dumps(Harmful(proof)))
    else:
        torch.save(payload(heads), path, _use_new_zipfile_serialization=False)
    with pytest.raises(InputError, check=fault("weights-damaged", path.name)):
        read_published(path)
    assert not proof.exists()


def _without(part: str, key: str) -> Callable[[dict[str, Any]], None]:
    return lambda saved: saved[part].pop(key)


def _with(part: str, key: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda saved: saved[part].update({key: value})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda saved: saved.pop("txt_state_dict"), ("weights-lack-head", "txt_state_dict")),
        (lambda saved: saved.update(ae_state_dict=[]), ("weights-lack-head", "ae_state_dict")),
        (_without("ae_state_dict", "gate"), ("weights-lack-tensor", "eo.gate")),
        (_without("ae_state_dict", "proj.0.weight"), ("weights-lack-tensor", "eo.proj.0.weight")),
        (_without("txt_state_dict", "proj.weight"), ("weights-lack-tensor", "text.proj.weight")),
        (_with("ae_state_dict", "more", torch.zeros(1)), ("tensor-of-no-head", "eo.more")),
        (_with("ae_state_dict", "gate", 0.5), ("weights-hold-other-values", "ae_state_dict gate")),
        (_with("ae_state_dict", "gate", torch.zeros(2)), ("tensor-wrong-shape", "eo.gate [2]")),
        (
            _with("txt_state_dict", "proj.weight", torch.zeros(64, 384)),
            ("tensor-wrong-shape", "text."),
        ),
        (
            _with("txt_state_dict", "proj.bias", torch.zeros(128, dtype=torch.int64)),
            ("tensor-not-floating", "text.proj.bias"),
        ),
        (
            _with("txt_state_dict", "proj.bias", torch.full((128,), torch.nan)),
            ("weights-not-finite", "text.proj.bias"),
        ),
        (
            _with("txt_state_dict", "proj.bias", torch.full((128,), 1e300, dtype=torch.float64)),
            ("weights-not-finite", "text.proj.bias"),
        ),
        (
            _with("txt_state_dict", "proj.bias", torch.zeros(128).to_sparse()),
            ("weights-hold-other-values", "txt_state_dict proj.bias"),
        ),
        (
            _with("txt_state_dict", 7, torch.zeros(128)),
            ("weights-hold-other-values", "txt_state_dict 7"),
        ),
    ],
)
def test_other_content_is_refused_by_name(
    tmp_path: Path, heads: Heads, change: Callable[[dict[str, Any]], None], said: tuple[str, ...]
) -> None:
    saved = payload(heads)
    change(saved)
    torch.save(saved, tmp_path / "bad.pth")
    with pytest.raises(InputError, check=fault(*said, "bad.pth")):
        read_published(tmp_path / "bad.pth")


def test_bare_tensors_are_no_model(tmp_path: Path) -> None:
    torch.save(torch.zeros(3), tmp_path / "bad.pth")
    with pytest.raises(InputError, check=fault("not-a-published-model", "bad.pth", "Tensor")):
        read_published(tmp_path / "bad.pth")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_truncated_files_are_refused(tmp_path: Path, heads: Heads, share: float) -> None:
    whole = published_bytes(heads, "m")
    (tmp_path / "cut.pth").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, check=fault("weights-damaged", "cut.pth")):
        read_published(tmp_path / "cut.pth")


def test_a_flipped_bit_is_noticed(tmp_path: Path, heads: Heads) -> None:
    whole = bytearray(published_bytes(heads, "m"))
    whole[len(whole) // 2] ^= 1
    (tmp_path / "bad.pth").write_bytes(whole)
    with pytest.raises(InputError, check=fault("weights-damaged", "bad.pth")):
        read_published(tmp_path / "bad.pth")


def _rewritten(path: Path, target: Path, cut: bool) -> None:
    """Pack the archive anew: with its first tensor cut short, or compressed."""
    how = zipfile.ZIP_STORED if cut else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w", how) as written:
        for member in source.infolist():
            content = source.read(member)
            short = cut and member.filename.endswith("data/0")
            written.writestr(member.filename, content[: len(content) // 2] if short else content)


@pytest.mark.parametrize(
    ("cut", "code"), [(True, "weights-damaged"), (False, "archive-compressed")]
)
def test_archives_made_to_mislead_are_refused(
    tmp_path: Path, heads: Heads, cut: bool, code: str
) -> None:
    (tmp_path / "m.pth").write_bytes(published_bytes(heads, "m"))
    _rewritten(tmp_path / "m.pth", tmp_path / "bad.pth", cut)
    with pytest.raises(InputError, check=fault(code, "bad.pth")):
        read_published(tmp_path / "bad.pth")


def test_a_file_too_large_is_not_read(
    tmp_path: Path, heads: Heads, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "big.pth"
    path.write_bytes(published_bytes(heads, "m"))
    with path.open("r+b") as file:
        file.truncate(65 * 1024**2)
    monkeypatch.setattr(published_layout, "_unpickled", lambda _path: pytest.fail("was read"))
    with pytest.raises(InputError, check=fault("weights-too-large", "big.pth", "67,108,864 bytes")):
        read_published(path)
