"""The losses against sums written out by hand."""

import numpy as np
import pytest
import torch

from aether_core.model.losses import aether_loss, info_nce


def brute_force_info_nce(a: np.ndarray, b: np.ndarray, temperature: float) -> float:
    total = 0.0
    for first, second in ((a, b), (b, a)):
        for i in range(len(first)):
            logits = [float(first[i] @ other) / temperature for other in second]
            total += np.log(sum(np.exp(value) for value in logits)) - logits[i]
    return total / (2 * len(a))


def unit_rows(rng: np.random.Generator, rows: int) -> np.ndarray:
    values = rng.standard_normal((rows, 16))
    return values / np.linalg.norm(values, axis=1, keepdims=True)


@pytest.mark.parametrize("rows", [2, 7, 33])
@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_info_nce_is_the_sum_written_out(rows: int, temperature: float) -> None:
    rng = np.random.default_rng(rows)
    a, b = unit_rows(rng, rows), unit_rows(rng, rows)
    got = info_nce(torch.from_numpy(a), torch.from_numpy(b), temperature).item()
    assert got == pytest.approx(brute_force_info_nce(a, b, temperature), abs=1e-9)


def test_aether_loss_weighs_its_parts() -> None:
    rng = np.random.default_rng(0)
    base, wide, text = (unit_rows(rng, 12) for _ in range(3))
    loss = aether_loss(
        *(torch.from_numpy(rows) for rows in (base, wide, text)), temperature=0.1, lam=0.3
    )
    multiscale = brute_force_info_nce(base, wide, 0.1)
    cross_modal = brute_force_info_nce(base, text, 0.1)
    assert loss.multiscale.item() == pytest.approx(multiscale, abs=1e-9)
    assert loss.cross_modal.item() == pytest.approx(cross_modal, abs=1e-9)
    assert loss.total.item() == pytest.approx(0.3 * multiscale + 0.7 * cross_modal, abs=1e-9)
