"""A model's EO head applied to blocks of a raster, as it pays where every pixel is wanted."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from aether_core.eo.alphaearth import INT8_NODATA, dequantise, quantise
from aether_core.eo.cog.pyramid import BLOCK, FACTOR
from aether_core.model.heads.heads import JOINT_DIM, EOHead, Heads

DTYPES: Mapping[str, np.dtype[Any]] = MappingProxyType(
    {"int8": np.dtype(np.int8), "float16": np.dtype("<f2"), "float32": np.dtype("<f4")}
)
"""How an embedding of pixels may be stored."""

_ROWS = 8
"""Rows of a block computed at once: what they take stays in the processor's cache."""

Array = NDArray[Any]


@dataclass(frozen=True)
class Block:
    """A block of the joint space.

    Args:
        values: `[256, 256, 128]` as stored; no data beyond the raster's edge.
        reduced: `[64, 64, 128]` as stored: the mean direction of each 4 x 4 pixels with data.
        valid: How many pixels hold data.
    """

    values: Array
    reduced: Array
    valid: int


class BlockEmbedder:
    """Embeds blocks of a raster; may be called from several threads.

    For int8 output the head works in bfloat16 where the processor has instructions for it: twice as
    fast, and what it loses is a tenth of what int8 loses. Floats are computed in float32.

    Args:
        heads: A trained model on the CPU.
        dtype: One of `DTYPES`.
        any_length: Pixels may have other lengths than 1; they are brought to it first, as pooled
            vectors are, which the head has learnt from.
    """

    def __init__(self, heads: Heads, dtype: str, *, any_length: bool = False) -> None:
        self.kind = DTYPES[dtype]
        self._any_length = any_length
        self._float = torch.bfloat16 if dtype == "int8" and _has_bfloat16() else torch.float32
        exact = copy.deepcopy(heads.eo).eval()
        self._head = exact if self._float == torch.float32 else FoldedEOHead(exact, self._float)

    @property
    def precision(self) -> str:
        """What the head works in: "float32" or "bfloat16"."""
        return str(self._float).removeprefix("torch.")

    def block(self, values: Array, valid: NDArray[np.bool_]) -> Block:
        """Embed a block.

        Args:
            values: `[h, w, eo_dim]` int8 as stored or float32, h and w up to 256.
            valid: Bool `[h, w]`, the pixel holds data.
        """
        height, width = valid.shape
        stored = np.full((BLOCK, BLOCK, JOINT_DIM), nodata(self.kind), dtype=self.kind)
        side = BLOCK // FACTOR
        reduced = np.full((side, side, JOINT_DIM), nodata(self.kind), dtype=self.kind)
        for top in range(0, height, _ROWS):
            bottom = min(top + _ROWS, height)
            unit = self._unit_rows(values[top:bottom])
            missing = ~valid[top:bottom]
            holes = bool(missing.any())
            if holes:
                unit[missing] = 0
            reduced[top // FACTOR : (top + _ROWS) // FACTOR] = _reduce(_padded(unit), self.kind)
            if holes:
                unit[missing] = np.nan
            stored[top:bottom, :width] = to_stored(unit, self.kind)
        return Block(stored, reduced, int(np.count_nonzero(valid)))

    def _unit_rows(self, values: Array) -> NDArray[np.float32]:
        """Map `[h, w, eo_dim]` to unit vectors float32 `[h, w, 128]`."""
        flat = np.ascontiguousarray(values).reshape(-1, values.shape[2])
        vectors = dequantise(flat) if flat.dtype == np.int8 else flat
        with torch.inference_mode():
            pixels = torch.from_numpy(vectors)
            joint = self._head(functional.normalize(pixels) if self._any_length else pixels)
        unit: NDArray[np.float32] = joint.numpy().reshape(*values.shape[:2], JOINT_DIM)
        return unit


class FoldedEOHead(nn.Module):
    """An EO head that computes in another number type, in fewer steps.

    What two layers make of the same input is one product, and the gate is part of the weights.

    Args:
        head: The head; its weights are folded once.
        kind: The number type, e.g. bfloat16.
    """

    def __init__(self, head: EOHead, kind: torch.dtype) -> None:
        super().__init__()
        self._kind = kind
        hidden, mixed = cast("nn.Linear", head.proj[0]), cast("nn.Linear", head.proj[2])
        weights: list[Tensor] = [hidden.weight]
        biases: list[Tensor] = [hidden.bias]
        direct = head.shortcut
        if direct is not None:
            gate = 1 if head.gate is None else torch.sigmoid(head.gate)
            weights.append(gate * direct.weight)
            biases.append(gate * direct.bias + mixed.bias)
        self._hidden = hidden.out_features
        self._first = torch.cat(weights).detach().to(kind)
        self._first_bias = torch.cat(biases).detach().to(kind)
        self._mix = mixed.weight.detach().t().to(kind).contiguous()
        self._mix_bias = mixed.bias.detach().to(kind)
        self._post_mlp = copy.deepcopy(head.post_mlp).to(kind) if head.post_mlp else None

    def forward(self, vectors: Tensor) -> Tensor:
        """Map float32 `[n, eo_dim]` to unit rows float32 `[n, 128]`."""
        first = functional.linear(vectors.to(self._kind), self._first, self._first_bias)
        direct = first[:, self._hidden :] if first.shape[1] > self._hidden else self._mix_bias
        mixed = torch.addmm(direct, first[:, : self._hidden].relu(), self._mix)
        if self._post_mlp is not None:
            mixed = self._post_mlp(functional.normalize(mixed, dim=1))
        return functional.normalize(mixed.float(), dim=1)


def reduce_block(stored: Array) -> Array:
    """Reduce a stored block `[256, 256, 128]` of an overview to `[64, 64, 128]` for the next."""
    unit = dequantise(stored) if stored.dtype == np.int8 else stored.astype(np.float32)
    return _reduce(np.nan_to_num(unit, copy=False), stored.dtype)


def to_stored(unit: NDArray[np.float32], kind: np.dtype[Any]) -> Array:
    """Return unit vectors as they are stored; NaN is no data."""
    return quantise(unit) if kind == np.int8 else unit.astype(kind)


def nodata(kind: np.dtype[Any]) -> float:
    """The value of pixels without data."""
    return INT8_NODATA if kind == np.int8 else np.nan


def _padded(unit: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `[8, 256, 128]`, 0 beyond the raster's edge."""
    if unit.shape[:2] == (_ROWS, BLOCK):
        return unit
    padded = np.zeros((_ROWS, BLOCK, unit.shape[2]), dtype=np.float32)
    padded[: unit.shape[0], : unit.shape[1]] = unit
    return padded


def _reduce(unit: NDArray[np.float32], kind: np.dtype[Any]) -> Array:
    """Return the mean directions of 4 x 4 pixels, as stored; `unit` is 0 where there is no data."""
    height, width, bands = unit.shape
    split = unit.reshape(height // FACTOR, FACTOR, width // FACTOR, FACTOR, bands)
    sums = split.sum(axis=(1, 3))
    norms = np.sqrt(np.einsum("ijk,ijk->ij", sums, sums))[..., None]
    with np.errstate(invalid="ignore"):  # nothing divided by nothing is NaN: no data
        return to_stored(sums / norms, kind)


def _has_bfloat16() -> bool:
    found = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))
