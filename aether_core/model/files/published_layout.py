"""The published code's checkpoints: `.pth` files with `ae_state_dict` and `txt_state_dict`.

Source: the authors' repository saves, once an epoch, a dictionary of the two heads' weights beside
plain numbers and the settings of the run. The names of the tensors are those of our heads without
their first part, `eo.` or `text.`.
"""

import io
import pickle
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aether_core.errors import InputError
from aether_core.model.files.card import MAX_WEIGHTS_BYTES
from aether_core.model.heads.heads import Heads
from aether_core.model.heads.weights import check_finite, check_size, heads_from

PUBLISHED_SUFFIX = ".pth"

_PARTS = {"ae_state_dict": "eo.", "txt_state_dict": "text."}
_DAMAGED = "copy the file again, or save it anew with torch.save"
# What torch's reader of weights may raise on a file made to mislead it.
_UNREADABLE = (
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    EOFError,
    OSError,
    MemoryError,
    pickle.UnpicklingError,
)


@dataclass(frozen=True)
class PublishedFile:
    """What a published checkpoint holds.

    Attributes:
        heads: Both heads, on the CPU in evaluation mode.
        epoch: Epoch it was saved after; None when it does not say.
        encoder: Text encoder its settings name, in the words of the file; None when they name none.
    """

    heads: Heads
    epoch: int | None
    encoder: str | None


def read_published(path: Path) -> PublishedFile:
    """Read a `.pth` file without running anything it may hold.

    Only tensors and plain values are unpickled (`weights_only`); the archive's members are checked
    for size, compression and checksum before.

    Args:
        path: The file.

    Raises:
        InputError: The file is too large, damaged, in torch's old format, holds other objects, or
            its tensors are not those of the two heads.
    """
    check_size(path)
    _check_archive(path)
    payload = _unpickled(path)
    if not isinstance(payload, Mapping):
        raise InputError(
            f"{path.name} does not hold a published model",
            f"a {type(payload).__name__}",
            f"give a file with {' and '.join(_PARTS)}",
            code="not-a-published-model",
        )
    epoch = payload.get("epoch")
    return PublishedFile(
        heads=heads_from(_state(payload, path), path.name),
        epoch=epoch if isinstance(epoch, int) and not isinstance(epoch, bool) else None,
        encoder=_stated_encoder(payload),
    )


def published_bytes(heads: Heads, name: str) -> bytes:
    """The content of a `.pth` file that the published code loads.

    Args:
        heads: Heads of the published shape, all finite.
        name: What to call the model in a message.

    Raises:
        InputError: The heads lack a part that the published code expects, or are not finite.
    """
    shape = heads.shape
    if shape.shortcut != "gated" or not shape.post_mlp:
        left_out = f"shortcut {shape.shortcut}, MLP {'there' if shape.post_mlp else 'left out'}"
        raise InputError(
            f"the published layout cannot represent the structure of {name}",
            left_out,
            "export it in our own layout",
            code="layout-cannot-hold-model",
        )
    state = {key: value.detach().cpu().clone() for key, value in heads.state_dict().items()}
    check_finite(state, name)
    payload = {
        part: OrderedDict(
            (key.removeprefix(prefix), value)
            for key, value in state.items()
            if key.startswith(prefix)
        )
        for part, prefix in _PARTS.items()
    }
    buffer = io.BytesIO()
    torch.save(payload, buffer)
    return buffer.getvalue()


def _check_archive(path: Path) -> None:
    """Refuse what is not a whole, plain archive as torch writes it."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            packed = next((m for m in members if m.compress_type != zipfile.ZIP_STORED), None)
            if packed is not None:
                raise InputError(
                    f"{path.name} is a compressed archive",
                    packed.filename,
                    _DAMAGED,
                    code="archive-compressed",
                )
            size = sum(member.file_size for member in members)
            if size > MAX_WEIGHTS_BYTES:
                raise InputError(
                    f"{path.name} is larger than two heads can be",
                    f"{size:,} bytes",
                    _DAMAGED,
                    code="weights-too-large",
                )
            broken = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError):
        raise InputError(
            "the weights are damaged, or in torch's pre-2020 format",
            path.name,
            _DAMAGED,
            code="weights-damaged",
        ) from None
    if broken is not None:
        raise InputError(
            f"{path.name} is damaged", f"its part {broken}", _DAMAGED, code="weights-damaged"
        )


def _unpickled(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        objects = _other_objects(path)
        if objects:
            raise InputError(
                f"{path.name} holds Python objects besides the weights, which could run code",
                ", ".join(objects),
                "save only its two state dictionaries",
                code="weights-hold-objects",
            ) from None
        raise InputError(
            f"the weights of {path.name} cannot be read",
            type(error).__name__,
            _DAMAGED,
            code="weights-damaged",
        ) from None


def _other_objects(path: Path) -> list[str]:
    """Names of what is pickled besides tensors, found without unpickling."""
    try:
        return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(str(path)))[:3]
    except _UNREADABLE:
        return []


def _state(payload: Mapping[Any, Any], path: Path) -> dict[str, Tensor]:
    """Both state dictionaries under our names; only plain tensors pass."""
    state: dict[str, Tensor] = {}
    for part, prefix in _PARTS.items():
        tensors = payload.get(part)
        if not isinstance(tensors, Mapping):
            raise InputError(
                f"{path.name} lacks the weights of a head",
                part,
                f"give a file with {' and '.join(_PARTS)}",
                code="weights-lack-head",
            )
        for key, value in tensors.items():
            if not isinstance(key, str) or not _is_plain(value):
                raise InputError(
                    f"{path.name} holds something that is not a tensor",
                    f"{part} {key!s:.60}",
                    "save only its two state dictionaries",
                    code="weights-hold-other-values",
                )
            state[prefix + key] = value
    return state


def _is_plain(value: object) -> bool:
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
    )


def _stated_encoder(payload: Mapping[Any, Any]) -> str | None:
    """Text encoder that the settings of the run name."""
    settings = payload.get("hyper_parameters")
    text = settings.get("text") if isinstance(settings, Mapping) else None
    if not isinstance(text, Mapping):
        return None
    key = "openai_model" if "openai" in str(text.get("backend")) else "hf_model"
    named = text.get(key)
    return named[:200] if isinstance(named, str) and named.isprintable() and named else None
