"""The contrastive losses of the recipes."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from aether_core.model.training.info_nce import SMALLEST_TEMPERATURE, symmetric_info_nce


@dataclass(frozen=True)
class AetherLoss:
    """The loss of one batch and its two parts, each a scalar tensor.

    Attributes:
        total: `lam * multiscale + (1 - lam) * cross_modal`.
        multiscale: InfoNCE of the base view against the wide view; 0 where there is no wide view.
        cross_modal: InfoNCE of the base view against the text.
    """

    total: Tensor
    multiscale: Tensor
    cross_modal: Tensor


def info_nce(a: Tensor, b: Tensor, temperature: float, *, alike: Tensor | None = None) -> Tensor:
    """Symmetric InfoNCE: row i of `a` belongs to row i of `b`, every other row is a negative.

    Source: Oord et al. 2018 (arXiv 1807.03748), symmetric as in CLIP (arXiv 2103.00020).

    Args:
        a: Unit rows `[n, d]`.
        b: Unit rows `[n, d]`.
        temperature: Divides the cosines; greater than 0.
        alike: Group of each row, int64 `[n]`: rows of one group are no negatives of each other.
            None: every other row is one.

    Returns:
        The mean of both directions' cross entropies, a scalar in nats.
    """
    others = None if alike is None else _others_of_the_group(alike)
    if temperature >= SMALLEST_TEMPERATURE:
        return symmetric_info_nce(a, b, temperature, others)
    logits = a @ b.t() / temperature
    if others is not None:
        logits = logits.masked_fill(others, -torch.inf)
    target = torch.arange(a.shape[0], device=a.device)
    return 0.5 * (
        functional.cross_entropy(logits, target) + functional.cross_entropy(logits.t(), target)
    )


def aether_loss(
    base: Tensor,
    wide: Tensor | None,
    text: Tensor,
    *,
    temperature: float,
    lam: float,
    alike: Tensor | None = None,
) -> AetherLoss:
    """Compute the published objective on one batch of head outputs.

    Args:
        base: EO head of the base view, unit rows `[n, 128]`.
        wide: EO head of the wide view, unit rows `[n, 128]`; None where `lam` is 0.
        text: Text head of the places' texts, unit rows `[n, 128]`.
        temperature: InfoNCE temperature of both parts (published: 0.07).
        lam: Weight of the multiscale part, 0 to 1 (published: 0.2).
        alike: Group of each place, int64 `[n]`; places of one group are no negatives of each other
            in the cross-modal part. In the multiscale part they are: two places called the same
            still have two surroundings.
    """
    cross_modal = info_nce(base, text, temperature, alike=alike)
    if wide is None:
        return AetherLoss(cross_modal, torch.zeros_like(cross_modal), cross_modal)
    multiscale = info_nce(base, wide, temperature)
    return AetherLoss(lam * multiscale + (1 - lam) * cross_modal, multiscale, cross_modal)


def _others_of_the_group(group: Tensor) -> Tensor:
    """True for two different rows of one group, bool `[n, n]`."""
    return (group[:, None] == group[None, :]).fill_diagonal_(False)
