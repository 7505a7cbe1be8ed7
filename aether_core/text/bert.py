"""The forward pass of a small BERT as a sentence encoder, without padding.

The word pieces of a batch stand in one long row, which all products share; only attention goes
from one group of equally long sentences to the next. So there is no padding to compute and no
mask to apply. Layer norms, sums and the final mean are float32; matrix products and attention
are bfloat16 on a processor that multiplies in it, which halves the time and keeps the cosine to
float32 above 0.9999 (measured over 15,000 place texts).

Source: Devlin et al. 2019 (arXiv 1810.04805), weights in the layout of `transformers.BertModel`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from safetensors.torch import load_file

Precision = Literal["auto", "float32"]

_EPSILON = 1e-12  # of the layer norms, `layer_norm_eps`


@dataclass(frozen=True)
class _Affine:
    """Weight `[out, in]` (or `[width]` of a layer norm) and bias."""

    weight: torch.Tensor
    bias: torch.Tensor

    def to(self, dtype: torch.dtype) -> "_Affine":
        return _Affine(self.weight.to(dtype), self.bias.to(dtype))

    def linear(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight, self.bias)

    def norm(self, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, self.bias.shape, self.weight, self.bias, _EPSILON)


@dataclass(frozen=True)
class _FeedForward:
    """The two maps after attention, a slice of the inner values at a time, added in float32.

    Products of some 500 inputs and more are summed in another order for few rows than for many on
    a processor with AMX: a sentence's vector would depend on those beside it (by up to 0.0006 with
    torch 2.13). Slices as wide as a word piece's vector take up to a tenth longer than all at once.
    """

    slices: tuple[tuple[_Affine, torch.Tensor], ...]
    bias: torch.Tensor

    @staticmethod
    def of(up: _Affine, down: _Affine) -> "_FeedForward":
        width = len(down.bias)
        ups = map(_Affine, torch.split(up.weight, width), torch.split(up.bias, width))
        downs = (part.contiguous() for part in torch.split(down.weight, width, dim=1))
        return _FeedForward(tuple(zip(ups, downs, strict=True)), down.bias.float())

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        total = self.bias.expand(len(x), -1).clone()
        for up, down in self.slices:
            total += F.linear(F.gelu(up.linear(x)), down)
        return total


@dataclass(frozen=True)
class _Layer:
    """One transformer layer; the three projections of attention are one product."""

    qkv: _Affine
    attended: _Affine
    attended_norm: _Affine
    forward: _FeedForward
    forward_norm: _Affine


class Bert:
    """A BERT whose last hidden states are averaged over the word pieces and scaled to unit length.

    Args:
        weights: A `model.safetensors` in the layout of `transformers.BertModel`.
        layers: Number of transformer layers.
        heads: Number of attention heads.
        precision: `auto` multiplies in bfloat16 where the processor has instructions for it and
            in float32 elsewhere; `float32` always in float32.

    Attributes:
        width: Length of a vector.
        dtype: What matrix products are computed in.

    Raises:
        OSError: The file cannot be read.
        KeyError: The file is no such BERT.
    """

    def __init__(self, weights: Path, *, layers: int, heads: int, precision: Precision) -> None:
        self.dtype = product_dtype(precision)
        self._heads = heads
        tensors = load_file(weights)
        kinds = tensors["embeddings.token_type_embeddings.weight"]
        self._words = tensors["embeddings.word_embeddings.weight"]
        # A single sentence is all of kind 0, whose vector is added to every position.
        self._positions = tensors["embeddings.position_embeddings.weight"] + kinds[0]
        self._first_norm = _affine(tensors, "embeddings.LayerNorm")
        self._layers = [_layer(tensors, at, self.dtype) for at in range(layers)]
        self.width = int(self._words.shape[1])

    @torch.inference_mode()
    def encode(self, groups: Sequence[torch.Tensor]) -> torch.Tensor:
        """Encode sentences.

        Args:
            groups: Word pieces with both marks, int64 `[n, length]` each, none of them padding.

        Returns:
            float32 `[sum of all n, width]`, unit rows in the order of the groups.
        """
        x = torch.cat([self._embed(ids) for ids in groups])
        for layer in self._layers:
            heard = layer.attended.linear(self._attend(layer, x, groups))
            x = layer.attended_norm.norm(x + heard)
            x = layer.forward_norm.norm(x + layer.forward(x.to(self.dtype)))
        parts = torch.split(x, [ids.numel() for ids in groups])
        means = [
            part.view(*ids.shape, self.width).mean(dim=1)
            for ids, part in zip(groups, parts, strict=True)
        ]
        return F.normalize(torch.cat(means), dim=1)

    def _embed(self, ids: torch.Tensor) -> torch.Tensor:
        """Word pieces and their positions as vectors: `[n * length, width]`."""
        x = F.embedding(ids, self._words) + self._positions[: ids.shape[1]]
        return self._first_norm.norm(x).view(-1, self.width)

    def _attend(
        self, layer: _Layer, x: torch.Tensor, groups: Sequence[torch.Tensor]
    ) -> torch.Tensor:
        """Attention of every word piece to all of its sentence, in the shape of `x`."""
        projected = torch.split(layer.qkv.linear(x.to(self.dtype)), [ids.numel() for ids in groups])
        heard = []
        for ids, part in zip(groups, projected, strict=True):
            query, key, value = part.view(*ids.shape, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(query, key, value)
            heard.append(mixed.transpose(1, 2).reshape(-1, self.width))
        return torch.cat(heard)


def product_dtype(precision: Precision) -> torch.dtype:
    """What products are computed in on this machine.

    Bfloat16 only where the processor multiplies in it: emulated, it is slower than float32.
    """
    native = bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
    return torch.bfloat16 if precision == "auto" and native else torch.float32


def _affine(tensors: dict[str, torch.Tensor], *names: str) -> _Affine:
    """The affine maps of these names as one, their outputs side by side."""
    return _Affine(
        torch.cat([tensors[f"{name}.weight"] for name in names]),
        torch.cat([tensors[f"{name}.bias"] for name in names]),
    )


def _layer(tensors: dict[str, torch.Tensor], at: int, dtype: torch.dtype) -> _Layer:
    place = f"encoder.layer.{at}"
    inputs = (f"{place}.attention.self.{part}" for part in ("query", "key", "value"))
    return _Layer(
        qkv=_affine(tensors, *inputs).to(dtype),
        attended=_affine(tensors, f"{place}.attention.output.dense").to(dtype),
        attended_norm=_affine(tensors, f"{place}.attention.output.LayerNorm"),
        forward=_FeedForward.of(
            _affine(tensors, f"{place}.intermediate.dense").to(dtype),
            _affine(tensors, f"{place}.output.dense").to(dtype),
        ),
        forward_norm=_affine(tensors, f"{place}.output.LayerNorm"),
    )
