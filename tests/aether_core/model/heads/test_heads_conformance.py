"""The published model, number for number."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from aether_core.model.files.folder import load_heads
from aether_core.model.heads.heads import Heads
from aether_core.model.heads.inference import encode_eo, encode_text
from aether_core.model.training.losses import aether_loss


@pytest.fixture
def reference(shared: Path) -> dict[str, np.ndarray]:
    path = shared / "conformance" / "london_reference.npz"
    if not path.exists():
        pytest.skip("reference of the published model not present")
    with np.load(path) as file:
        return dict(file)


@pytest.fixture
def london(shared: Path, tmp_path: Path) -> Heads:
    weights = shared / "conformance" / "london_heads.safetensors"
    if not weights.exists():
        pytest.skip("published weights not present")
    (tmp_path / "heads.safetensors").write_bytes(weights.read_bytes())
    return load_heads(tmp_path)


def test_state_has_exactly_the_published_names_and_shapes(shared: Path) -> None:
    path = shared / "conformance" / "london_heads.safetensors"
    if not path.exists():
        pytest.skip("published weights not present")
    published = {key: value.shape for key, value in load_file(path).items()}
    assert {key: value.shape for key, value in Heads().state_dict().items()} == published


def test_forward_is_the_published_one(london: Heads, reference: dict[str, np.ndarray]) -> None:
    np.testing.assert_allclose(
        encode_eo(london, reference["eo"]), reference["eo_out"], atol=1e-5, rtol=0
    )
    np.testing.assert_allclose(
        encode_text(london, reference["text"]), reference["text_out"], atol=1e-5, rtol=0
    )


def test_losses_are_the_published_ones(london: Heads, reference: dict[str, np.ndarray]) -> None:
    base, wide, text = (
        torch.from_numpy(encode(london, reference[key]))
        for encode, key in ((encode_eo, "eo"), (encode_eo, "eo_wide"), (encode_text, "text"))
    )
    loss = aether_loss(base, wide, text, temperature=0.07, lam=0.2)
    assert loss.multiscale.item() == pytest.approx(float(reference["loss_multiscale"]), abs=1e-4)
    assert loss.cross_modal.item() == pytest.approx(float(reference["loss_cross_modal"]), abs=1e-4)
    assert loss.total.item() == pytest.approx(float(reference["loss"]), abs=1e-4)
