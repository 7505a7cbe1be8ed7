"""Symmetric InfoNCE in one pass over the logits.

Written as two cross entropies, over rows and over columns, the loss reads and writes the `[n, n]`
logits some twelve times forward and backward, half of them against the grain of the memory. Both
need only the exponentials and their sums over rows and columns, so here they are taken once.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

SMALLEST_TEMPERATURE = 0.025
"""Below this, exponentials of unit rows' cosines leave the range of float32."""


def symmetric_info_nce(
    a: Tensor, b: Tensor, temperature: float, others: Tensor | None = None
) -> Tensor:
    """Symmetric InfoNCE: row i of `a` belongs to row i of `b`.

    Args:
        a: Unit rows `[n, d]`.
        b: Unit rows `[n, d]`.
        temperature: Divides the cosines; at least `SMALLEST_TEMPERATURE`.
        others: True where a row is neither the answer nor a negative, symmetric, bool `[n, n]`.

    Returns:
        The mean of both directions' cross entropies, a scalar in nats. It has no second derivative.
    """
    loss: Tensor = _SymmetricInfoNCE.apply(a, b, temperature, others)  # type: ignore[no-untyped-call]
    return loss


class _SymmetricInfoNCE(Function):
    """Cosines of unit rows are at most 1: that bound takes the place of the usual maximum."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - torch's own
        a: Tensor,
        b: Tensor,
        temperature: float,
        others: Tensor | None,
    ) -> Tensor:
        """The loss."""
        logits = torch.mm(a, b.t()).sub_(1).div_(temperature)
        answers = logits.diagonal().mean()
        odds = logits.exp_()
        if others is not None:
            odds.masked_fill_(others, 0)
        by_row, by_column = odds.sum(1, keepdim=True), odds.sum(0, keepdim=True)
        ctx.save_for_backward(a, b, odds, by_row, by_column)
        ctx.temperature = temperature
        return 0.5 * (by_row.log().mean() + by_column.log().mean()) - answers

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:  # noqa: ANN401
        """Softmax over rows plus softmax over columns, less the answers twice."""
        a, b, odds, by_row, by_column = ctx.saved_tensors
        weights = (by_row.reciprocal() + by_column.reciprocal()).mul_(odds)
        weights.diagonal().sub_(2)
        weights.mul_(gradient * (0.5 / (ctx.temperature * len(a))))
        return weights @ b, weights.t() @ a, None, None
