"""The two heads that bring embedding vectors and text vectors into one space.

Source: the published AETHER model (64 -> 128 EO head with a gated linear shortcut and a small MLP
after it, one linear text head). Parameter names follow the published checkpoints, so their weights
load here unchanged. What a recipe may leave out of the EO head is for ablation studies.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

EO_DIM = 64
"""Length of an AlphaEarth vector."""
TEXT_DIM = 384
"""Length of a text vector of the default encoder (all-MiniLM-L6-v2)."""
JOINT_DIM = 128
"""Length of a vector in the space both heads map to."""
HIDDEN_DIM = 256

_GATE_START = -4.0

Shortcut = Literal["gated", "plain", "none"]


@dataclass(frozen=True)
class HeadShape:
    """What the heads are built like; the default is the published model.

    Attributes:
        text_dim: Length of the text encoder's vectors.
        eo_dim: Length of the embedding's vectors.
        shortcut: The linear way around the EO head's first layers: "gated" by one learned number,
            "plain" (added in full) or "none".
        post_mlp: Whether the small MLP after the first unit length is there.
    """

    text_dim: int = TEXT_DIM
    eo_dim: int = EO_DIM
    shortcut: Shortcut = "gated"
    post_mlp: bool = True


class EOHead(nn.Module):
    """Maps embedding vectors to the joint space.

    `z = normalise(W2 relu(W1 x) + sigmoid(g) S x)`, then `normalise(V2 gelu(V1 z))`; every layer
    has a bias and `g` is one learned number that starts at -4, so the shortcut opens slowly.

    Args:
        shape: Length of the vectors, and which parts there are.
    """

    def __init__(self, shape: HeadShape) -> None:
        super().__init__()
        self.proj = nn.Sequential(
            nn.Linear(shape.eo_dim, HIDDEN_DIM), nn.ReLU(), nn.Linear(HIDDEN_DIM, JOINT_DIM)
        )
        self.shortcut = nn.Linear(shape.eo_dim, JOINT_DIM) if shape.shortcut != "none" else None
        self.gate = nn.Parameter(torch.tensor([_GATE_START])) if shape.shortcut == "gated" else None
        # The identity keeps the place of the published code's dropout, which is switched off
        # there: the last layer is called post_mlp.3 in every published checkpoint.
        self.post_mlp = (
            nn.Sequential(
                nn.Linear(JOINT_DIM, HIDDEN_DIM),
                nn.GELU(),
                nn.Identity(),
                nn.Linear(HIDDEN_DIM, JOINT_DIM),
            )
            if shape.post_mlp
            else None
        )

    def forward(self, vectors: Tensor) -> Tensor:
        """Map float32 `[n, eo_dim]` to unit rows float32 `[n, 128]`."""
        mixed: Tensor = self.proj(vectors)
        if self.shortcut is not None:
            direct: Tensor = self.shortcut(vectors)
            mixed = mixed + (direct if self.gate is None else torch.sigmoid(self.gate) * direct)
        first = functional.normalize(mixed, dim=-1)
        return (
            first if self.post_mlp is None else functional.normalize(self.post_mlp(first), dim=-1)
        )


class TextHead(nn.Module):
    """Maps text vectors to the joint space: one linear layer, then unit length.

    Args:
        text_dim: Length of the text encoder's vectors.
    """

    def __init__(self, text_dim: int = TEXT_DIM) -> None:
        super().__init__()
        self.proj = nn.Linear(text_dim, JOINT_DIM)

    def forward(self, vectors: Tensor) -> Tensor:
        """Map float32 `[n, text_dim]` to unit rows float32 `[n, 128]`."""
        projected: Tensor = self.proj(vectors)
        return functional.normalize(projected, dim=-1)


class Heads(nn.Module):
    """Both heads of one city's model; its state is what `heads.safetensors` holds.

    Args:
        shape: What they are built like.
    """

    def __init__(self, shape: HeadShape | None = None) -> None:
        super().__init__()
        self.shape = shape or HeadShape()
        self.eo = EOHead(self.shape)
        self.text = TextHead(self.shape.text_dim)

    @property
    def text_dim(self) -> int:
        """Length of the text vectors this model takes."""
        return self.shape.text_dim

    @property
    def eo_dim(self) -> int:
        """Length of the embedding vectors this model takes."""
        return self.shape.eo_dim

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.text.proj.weight.device
