"""Heads from named tensors that somebody else wrote: every name, shape and value is checked."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from aether_core.errors import InputError
from aether_core.model.files.card import MAX_WEIGHTS_BYTES
from aether_core.model.heads.heads import Heads, HeadShape, Shortcut

_TEXT_WEIGHT = "text.proj.weight"
_EO_WEIGHT = "eo.proj.0.weight"
_MAX_DIM = 8192
_FLOATING = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})
_WHOLE = "give the weights of both heads in the published layout"


def heads_from(
    state: Mapping[str, Tensor],
    file: str,
    *,
    shortcut: Shortcut = "gated",
    post_mlp: bool = True,
) -> Heads:
    """Build heads from their tensors.

    Args:
        state: The names of `Heads.state_dict` to floating tensors; they are copied as float32.
        file: Name of the file they come from, for messages.
        shortcut: What the EO head is built like, as in `HeadShape`.
        post_mlp: Likewise.

    Returns:
        Heads on the CPU in evaluation mode; both input lengths follow from the tensors.

    Raises:
        InputError: A tensor is missing, unknown, of the wrong shape or type, or not all finite.
    """
    shape = HeadShape(
        text_dim=_width(state, _TEXT_WEIGHT, file),
        eo_dim=_width(state, _EO_WEIGHT, file),
        shortcut=shortcut,
        post_mlp=post_mlp,
    )
    heads = Heads(shape)
    _check_layout(heads.state_dict(), state, file)
    values = {key: value.float() for key, value in state.items()}
    check_finite(values, file)
    heads.load_state_dict(values)
    return heads.eval()


def check_size(path: Path) -> None:
    """Refuse a file too large to be the weights of two heads, before it is read.

    Raises:
        InputError: It is larger than `MAX_WEIGHTS_BYTES`, or cannot be looked at.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputError(
            "the weights cannot be read",
            f"{path} ({error.strerror})",
            "check the path",
            code="weights-unreadable",
        ) from error
    if size > MAX_WEIGHTS_BYTES:
        raise InputError(
            f"{path.name} is larger than the {MAX_WEIGHTS_BYTES:,} bytes that two heads can have",
            f"{size:,} bytes",
            "give a file with only these heads",
            code="weights-too-large",
        )


def check_finite(state: Mapping[str, Tensor], file: str) -> None:
    """Refuse weights that hold NaN or infinity.

    Raises:
        InputError: They do; the message names the first such tensor.
    """
    for key, value in state.items():
        if not bool(torch.isfinite(value).all()):
            raise InputError(
                f"weights of {file} are not all finite",
                key,
                "train again or give another file",
                code="weights-not-finite",
            )


def _width(state: Mapping[str, Tensor], key: str, file: str) -> int:
    """Length of the vectors a first layer takes."""
    weight = state.get(key)
    if weight is None:
        raise InputError(f"{file} lacks the tensor", key, _WHOLE, code="weights-lack-tensor")
    if weight.ndim != 2 or not 0 < weight.shape[1] <= _MAX_DIM:
        shape = f"{key} {list(weight.shape)}"
        raise InputError(
            f"{file} contains a tensor of the wrong shape", shape, _WHOLE, code="tensor-wrong-shape"
        )
    return int(weight.shape[1])


def _check_layout(wanted: Mapping[str, Tensor], there: Mapping[str, Tensor], file: str) -> None:
    for key in sorted(wanted.keys() | there.keys()):
        if key not in there:
            raise InputError(f"{file} lacks the tensor", key, _WHOLE, code="weights-lack-tensor")
        if key not in wanted:
            raise InputError(
                f"{file} contains a tensor that belongs to neither head",
                key,
                _WHOLE,
                code="tensor-of-no-head",
            )
        given, right = list(there[key].shape), list(wanted[key].shape)
        if given != right:
            shapes = f"{key} {given}, expected {right}"
            raise InputError(
                f"{file} contains a tensor of the wrong shape",
                shapes,
                _WHOLE,
                code="tensor-wrong-shape",
            )
        if there[key].dtype not in _FLOATING:
            raise InputError(
                f"{file} contains a tensor that is not floating point",
                key,
                _WHOLE,
                code="tensor-not-floating",
            )
