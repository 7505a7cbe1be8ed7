"""The loss in one pass is the loss as it is written in the papers."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from aether_core.model.training.info_nce import SMALLEST_TEMPERATURE, symmetric_info_nce
from aether_core.model.training.losses import info_nce


def unit(*shape: int, seed: int) -> Tensor:
    drawn = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return functional.normalize(drawn, dim=-1)


def as_written(a: Tensor, b: Tensor, temperature: float, others: Tensor | None) -> Tensor:
    logits = a @ b.t() / temperature
    if others is not None:
        logits = logits.masked_fill(others, -torch.inf)
    target = torch.arange(len(a))
    rows, columns = (functional.cross_entropy(one, target) for one in (logits, logits.t()))
    return 0.5 * (rows + columns)


def some_others(n: int) -> Tensor:
    group = torch.arange(n) % 3
    return (group[:, None] == group[None, :]).fill_diagonal_(False)


@pytest.mark.parametrize("temperature", [SMALLEST_TEMPERATURE, 0.07, 1.0])
@pytest.mark.parametrize("masked", [False, True])
def test_value_and_gradients_are_those_of_two_cross_entropies(
    temperature: float, masked: bool
) -> None:
    others = some_others(40) if masked else None
    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 2e-5)):
        a, b = (unit(40, 16, seed=seed).to(dtype).requires_grad_() for seed in (1, 2))
        wanted = torch.autograd.grad(as_written(a, b, temperature, others), (a, b))
        loss = symmetric_info_nce(a, b, temperature, others)
        found = torch.autograd.grad(loss * 3, (a, b))
        torch.testing.assert_close(
            loss, as_written(a, b, temperature, others), atol=tolerance, rtol=tolerance
        )
        for one, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(one, 3 * other, atol=tolerance, rtol=tolerance)


def test_the_gradient_is_that_of_finite_differences() -> None:
    a, b = (unit(6, 4, seed=seed).requires_grad_() for seed in (1, 2))
    assert torch.autograd.gradcheck(lambda x, y: symmetric_info_nce(x, y, 0.3), (a, b))


@pytest.mark.parametrize("temperature", [0.01, SMALLEST_TEMPERATURE])
def test_opposite_rows_stay_finite_at_every_temperature(temperature: float) -> None:
    a = torch.tensor([[1.0, 0.0], [-1.0, 0.0]]).requires_grad_()
    loss = info_nce(a, -a.detach(), temperature)
    (gradient,) = torch.autograd.grad(loss, a)
    assert loss.item() == pytest.approx(2 / temperature, rel=1e-5)
    assert torch.isfinite(gradient).all()
