"""A model on disk: a folder with `heads.safetensors` (weights) and `model.json` (its card)."""

from hashlib import sha256
from pathlib import Path
from typing import cast, get_args

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as tensors_as_bytes
from torch import Tensor

from aether_core.errors import InputError, NotFoundError
from aether_core.files.checksums import check_sha256
from aether_core.files.whole import atomic_folder
from aether_core.model.files.card import (
    CARD_FILE,
    DAMAGED_WEIGHTS,
    WEIGHTS_FILE,
    EmbeddingCard,
    EncoderCard,
    ModelCard,
    read_card,
)
from aether_core.model.heads.heads import Heads, HeadShape, Shortcut
from aether_core.model.heads.weights import check_finite, check_size, heads_from

__all__ = [
    "CARD_FILE",
    "EmbeddingCard",
    "EncoderCard",
    "ModelCard",
    "load_card",
    "load_heads",
    "save_model",
    "weights_bytes",
]


def save_model(folder: Path, heads: Heads, card: ModelCard, *, force: bool = False) -> ModelCard:
    """Write a model folder, whole or not at all.

    Args:
        folder: Where; its parent must exist, and nothing may lie in it.
        heads: Weights, all finite.
        card: The card.
        force: Replace a model folder that is there; one that holds other files is never replaced.

    Returns:
        The card as it was written, with the checksum of the weights.

    Raises:
        ConflictError: The folder exists and `force` is false.
        InputError: The parent folder does not exist, or weights are not finite.
        DiskFullError: There is no room left.
        AetherError: The disk refused the write in another way.
    """
    weights = weights_bytes(heads, card.name)
    written = card.model_copy(update={"weights_sha256": sha256(weights).hexdigest()})
    with atomic_folder(folder, force=force, holds={WEIGHTS_FILE, CARD_FILE}) as whole:
        (whole / WEIGHTS_FILE).write_bytes(weights)
        (whole / CARD_FILE).write_bytes(written.as_bytes())
    return written


def weights_bytes(heads: Heads, name: str) -> bytes:
    """The content of `heads.safetensors`.

    Args:
        heads: Weights, all finite.
        name: What to call the model in a message.

    Raises:
        InputError: Weights are not finite.
    """
    state = {key: value.detach().cpu().contiguous() for key, value in heads.state_dict().items()}
    check_finite(state, name)
    return bytes(tensors_as_bytes(state, _metadata(heads.shape)))


def load_heads(folder: Path) -> Heads:
    """Read the weights of a model folder; the card may be absent.

    A card that knows the checksum of the weights is held against them. Only safetensors is read:
    nothing in the file can run as code.

    Args:
        folder: The folder, or the `.safetensors` file itself.

    Returns:
        Heads on the CPU in evaluation mode.

    Raises:
        NotFoundError: No `heads.safetensors` there.
        DamagedFileError: The weights are not those the card was written with.
        InputError: The file is damaged or too large, its tensors are not those of the two heads, or
            values are not finite.
    """
    path = folder if folder.suffix == ".safetensors" else folder / WEIGHTS_FILE
    if not path.is_file():
        raise NotFoundError(
            "no weights found",
            path,
            f"give a folder that holds {WEIGHTS_FILE}",
            code="no-such-weights",
        )
    check_size(path)
    _check_card(folder, path)
    state, metadata = _read_tensors(path)
    return heads_from(
        state,
        path.name,
        shortcut=_shortcut(metadata, path),
        post_mlp=metadata.get("post_mlp", "yes") == "yes",
    )


def load_card(folder: Path) -> ModelCard:
    """Read the card of a model folder.

    Raises:
        NotFoundError: No `model.json` there.
        InputError: It is not a card, or of a newer version than this program.
    """
    path = folder / CARD_FILE
    if not path.is_file():
        raise NotFoundError(
            "no model card found",
            path,
            f"give a folder that holds {CARD_FILE}",
            code="no-such-card",
        )
    return read_card(path)


def _check_card(folder: Path, weights: Path) -> None:
    """Hold the weights of a folder against its card, where there is one that knows them."""
    if folder == weights or not (folder / CARD_FILE).is_file():
        return
    expected = read_card(folder / CARD_FILE).weights_sha256
    if expected is not None:
        check_sha256(weights, expected, remedy=DAMAGED_WEIGHTS)


def _metadata(shape: HeadShape) -> dict[str, str]:
    """What a weights file says of its own layout; without these words it is the published one."""
    words = {"format": "aether heads"}
    if shape.shortcut != "gated":
        words["shortcut"] = shape.shortcut
    if not shape.post_mlp:
        words["post_mlp"] = "no"
    return words


def _shortcut(metadata: dict[str, str], path: Path) -> Shortcut:
    word = metadata.get("shortcut", "gated")
    if word not in get_args(Shortcut):
        raise InputError(
            f"{path.name} names an unknown shortcut", word, "update Aether", code="no-such-shortcut"
        )
    return cast("Shortcut", word)


def _read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    remedy = "copy the file again, or give another model"
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
            return state, file.metadata() or {}
    except (SafetensorError, OSError, ValueError, RuntimeError):
        raise InputError(
            "weights are damaged or not a safetensors file",
            path.name,
            remedy,
            code="weights-damaged",
        ) from None
