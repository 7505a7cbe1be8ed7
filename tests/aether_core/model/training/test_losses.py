"""The losses against sums written out by hand."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from aether_core.model.training.losses import aether_loss, info_nce


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


def masked_by_hand(a: np.ndarray, b: np.ndarray, temperature: float, group: list[int]) -> float:
    total = 0.0
    for first, second in ((a, b), (b, a)):
        for i in range(len(first)):
            compared = [j for j in range(len(second)) if j == i or group[j] != group[i]]
            logits = {j: float(first[i] @ second[j]) / temperature for j in compared}
            total += np.log(sum(np.exp(value) for value in logits.values())) - logits[i]
    return total / (2 * len(a))


def test_rows_of_a_group_are_left_out_of_each_others_sums() -> None:
    rng = np.random.default_rng(4)
    a, b = unit_rows(rng, 9), unit_rows(rng, 9)
    group = [0, 1, 0, 2, 2, 2, 3, 4, 0]
    got = info_nce(torch.from_numpy(a), torch.from_numpy(b), 0.1, alike=torch.tensor(group))
    assert got.item() == pytest.approx(masked_by_hand(a, b, 0.1, group), abs=1e-9)
    assert got.item() < brute_force_info_nce(a, b, 0.1)


def test_groups_of_one_leave_the_published_loss() -> None:
    rng = np.random.default_rng(5)
    a, b = (torch.from_numpy(unit_rows(rng, 8)) for _ in range(2))
    got = info_nce(a, b, 0.07, alike=torch.arange(8))
    assert got.item() == info_nce(a, b, 0.07).item()


def test_one_group_of_all_rows_gives_finite_gradients() -> None:
    a = torch.eye(4, requires_grad=True)
    info_nce(a, torch.eye(4), 0.07, alike=torch.zeros(4).long()).backward()
    assert a.grad is not None
    assert torch.isfinite(a.grad).all()


def test_a_target_shared_among_equal_texts_has_the_published_gradient() -> None:
    """Why the recipe without false negatives leaves equal texts out instead (docs/method.md)."""
    rng = np.random.default_rng(8)
    group = torch.tensor([0, 1, 0, 2, 2, 3, 0])
    base = torch.from_numpy(unit_rows(rng, 7)).requires_grad_()
    text = torch.from_numpy(unit_rows(rng, 4)).requires_grad_()
    shared = (group[:, None] == group[None, :]).double()
    shared /= shared.sum(dim=1, keepdim=True)
    logits = base @ text[group].t() / 0.07
    soft = (
        functional.cross_entropy(logits, shared) + functional.cross_entropy(logits.t(), shared)
    ) / 2
    published = info_nce(base, text[group], 0.07)
    assert soft.item() == pytest.approx(published.item(), abs=1e-9)
    soft_gradients = torch.autograd.grad(soft, (base, text))
    for got, wanted in zip(
        soft_gradients, torch.autograd.grad(published, (base, text)), strict=True
    ):
        torch.testing.assert_close(got, wanted, atol=1e-9, rtol=0)


def test_multiscale_part_tells_places_of_a_group_apart() -> None:
    rng = np.random.default_rng(6)
    base, wide, text = (torch.from_numpy(unit_rows(rng, 6)) for _ in range(3))
    group = torch.tensor([0, 0, 0, 1, 1, 2])
    loss = aether_loss(base, wide, text, temperature=0.1, lam=0.5, alike=group)
    assert loss.multiscale.item() == info_nce(base, wide, 0.1).item()
    assert loss.cross_modal.item() == info_nce(base, text, 0.1, alike=group).item()


def test_without_a_wide_view_the_cross_modal_part_is_all() -> None:
    rng = np.random.default_rng(7)
    base, text = (torch.from_numpy(unit_rows(rng, 6)) for _ in range(2))
    loss = aether_loss(base, None, text, temperature=0.1, lam=0.0)
    assert loss.total.item() == loss.cross_modal.item()
    assert loss.multiscale.item() == 0
