"""The two heads that bring AlphaEarth vectors and text vectors into one space.

Source: the published AETHER model (64 -> 128 EO head with a gated linear shortcut and a small MLP
after it, one linear text head). Parameter names follow the published checkpoints, so their weights
load here unchanged.
"""

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


class EOHead(nn.Module):
    """Maps AlphaEarth vectors to the joint space.

    `z = normalise(W2 relu(W1 x) + sigmoid(g) S x)`, then `normalise(V2 gelu(V1 z))`; every layer
    has a bias and `g` is one learned number that starts at -4, so the shortcut opens slowly.
    """

    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Sequential(
            nn.Linear(EO_DIM, HIDDEN_DIM), nn.ReLU(), nn.Linear(HIDDEN_DIM, JOINT_DIM)
        )
        self.shortcut = nn.Linear(EO_DIM, JOINT_DIM)
        self.gate = nn.Parameter(torch.tensor([_GATE_START]))
        # The identity keeps the place of the published code's dropout, which is switched off
        # there: the last layer is called post_mlp.3 in every published checkpoint.
        self.post_mlp = nn.Sequential(
            nn.Linear(JOINT_DIM, HIDDEN_DIM),
            nn.GELU(),
            nn.Identity(),
            nn.Linear(HIDDEN_DIM, JOINT_DIM),
        )

    def forward(self, vectors: Tensor) -> Tensor:
        """Map float32 `[n, 64]` to unit rows float32 `[n, 128]`."""
        mixed = self.proj(vectors) + torch.sigmoid(self.gate) * self.shortcut(vectors)
        refined: Tensor = self.post_mlp(functional.normalize(mixed, dim=-1))
        return functional.normalize(refined, dim=-1)


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
        text_dim: Length of the text encoder's vectors.
    """

    def __init__(self, text_dim: int = TEXT_DIM) -> None:
        super().__init__()
        self.eo = EOHead()
        self.text = TextHead(text_dim)

    @property
    def text_dim(self) -> int:
        """Length of the text vectors this model takes."""
        return self.text.proj.in_features
