"""The contrastive losses of the published recipe."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class AetherLoss:
    """The loss of one batch and its two parts, each a scalar tensor.

    Attributes:
        total: `lam * multiscale + (1 - lam) * cross_modal`.
        multiscale: InfoNCE of the base view against the wide view.
        cross_modal: InfoNCE of the base view against the text.
    """

    total: Tensor
    multiscale: Tensor
    cross_modal: Tensor


def info_nce(a: Tensor, b: Tensor, temperature: float) -> Tensor:
    """Symmetric InfoNCE: row i of `a` belongs to row i of `b`, every other row is a negative.

    Source: Oord et al. 2018 (arXiv 1807.03748), symmetric as in CLIP (arXiv 2103.00020).

    Args:
        a: Unit rows `[n, d]`.
        b: Unit rows `[n, d]`.
        temperature: Divides the cosines; greater than 0.

    Returns:
        The mean of both directions' cross entropies, a scalar in nats.
    """
    logits = a @ b.t() / temperature
    target = torch.arange(a.shape[0], device=a.device)
    return 0.5 * (
        functional.cross_entropy(logits, target) + functional.cross_entropy(logits.t(), target)
    )


def aether_loss(
    base: Tensor, wide: Tensor, text: Tensor, *, temperature: float, lam: float
) -> AetherLoss:
    """Compute the published objective on one batch of head outputs.

    Args:
        base: EO head of the base view, unit rows `[n, 128]`.
        wide: EO head of the wide view, unit rows `[n, 128]`.
        text: Text head of the places' texts, unit rows `[n, 128]`.
        temperature: InfoNCE temperature of both parts (published: 0.07).
        lam: Weight of the multiscale part, 0 to 1 (published: 0.2).
    """
    multiscale = info_nce(base, wide, temperature)
    cross_modal = info_nce(base, text, temperature)
    return AetherLoss(lam * multiscale + (1 - lam) * cross_modal, multiscale, cross_modal)
