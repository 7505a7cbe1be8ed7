"""A model on disk: a folder with `heads.safetensors` (weights) and `model.json` (its card)."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any, cast, get_args

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as tensors_as_bytes
from torch import Tensor

from aether_core.errors import AetherError, ConflictError, InputError, NotFoundError
from aether_core.model.heads import Heads, HeadShape, Shortcut

WEIGHTS_FILE = "heads.safetensors"
CARD_FILE = "model.json"
FORMAT_VERSION = 1

_TEXT_WEIGHT = "text.proj.weight"
_EO_WEIGHT = "eo.proj.0.weight"
_MAX_DIM = 8192
_WHOLE = "give the weights of both heads in the published layout"
_MAX_CARD_BYTES = 16_000_000


class EncoderCard(BaseModel):
    """The text encoder a model was trained with; no other can be used with it."""

    name: str
    dim: int


class EmbeddingCard(BaseModel):
    """The embedding a model was trained on.

    Attributes:
        kind: "raster" or "table".
        dim: Length of its vectors.
        year: Year it describes.
        simulated: True when it is no genuine AlphaEarth data.
    """

    kind: str
    dim: int
    year: int
    simulated: bool


class ModelCard(BaseModel):
    """All that is to be known of a model besides its weights.

    Attributes:
        format_version: Version of this layout.
        name: Name of the model.
        city: Slug of the city it was trained on.
        recipe: Name of the recipe.
        settings: Settings of the recipe as they were used.
        seed: Seed of the run.
        device: "cpu" or "cuda".
        encoder: Text encoder.
        embedding: Embedding.
        data_hashes: What was trained on to its SHA-256.
        pois_used: Usable places, trained on or held out.
        held_out: Places held out.
        kept_epoch: Epoch the weights are from.
        losses: Figures such as `first` and `last` mean training loss.
        validation: Retrieval on the held-out blocks; None when nothing was held out.
        versions: Package to version.
        attribution: Sentences to be kept with everything made with the model.
        created: ISO 8601 time in UTC.
    """

    model_config = ConfigDict(extra="allow")

    format_version: int = FORMAT_VERSION
    name: str
    city: str
    recipe: str
    settings: dict[str, Any]
    seed: int
    device: str
    encoder: EncoderCard
    embedding: EmbeddingCard
    data_hashes: dict[str, str]
    pois_used: int
    held_out: int
    kept_epoch: int
    losses: dict[str, float]
    validation: dict[str, Any] | None
    versions: dict[str, str]
    attribution: list[str] = Field(default_factory=list)
    created: str


def save_model(folder: Path, heads: Heads, card: ModelCard) -> None:
    """Write a model folder, whole or not at all.

    Args:
        folder: Where; it must not exist, its parent must.
        heads: Weights, all finite.
        card: The card.

    Raises:
        ConflictError: The folder exists.
        InputError: The parent folder does not exist, or weights are not finite.
        AetherError: The disk refused the write, for example because it is full.
    """
    if folder.exists():
        raise ConflictError("model folder exists", folder, "use another name")
    if not folder.parent.is_dir():
        raise InputError("no such folder", folder.parent, "create it first")
    state = {key: value.detach().cpu().contiguous() for key, value in heads.state_dict().items()}
    _check_finite(state, folder)
    try:
        # Beside its target, so that the rename stays on one disk and is all or nothing.
        with tempfile.TemporaryDirectory(prefix=".model-", dir=folder.parent) as staging:
            whole = Path(staging) / folder.name
            whole.mkdir()
            _write(whole / WEIGHTS_FILE, tensors_as_bytes(state, _metadata(heads.shape)))
            _write(whole / CARD_FILE, (card.model_dump_json(indent=2) + "\n").encode())
            whole.rename(folder)
    except OSError as error:
        raise AetherError(f"model could not be written to {folder}: {error.strerror}") from error


def load_heads(folder: Path) -> Heads:
    """Read the weights of a model folder; the card may be absent.

    Only safetensors is read: nothing in the file can run as code.

    Returns:
        Heads on the CPU in evaluation mode.

    Raises:
        NotFoundError: No `heads.safetensors` there.
        InputError: The file is damaged, its tensors are not those of the two heads, or values are
            not finite.
    """
    path = folder / WEIGHTS_FILE
    if not path.is_file():
        raise NotFoundError("no weights found", path, f"give a folder that holds {WEIGHTS_FILE}")
    state, metadata = _read_tensors(path)
    text_dim = _width(state, _TEXT_WEIGHT, path)
    eo_dim = _width(state, _EO_WEIGHT, path)
    post_mlp = metadata.get("post_mlp", "yes") == "yes"
    heads = Heads(HeadShape(text_dim, eo_dim, _shortcut(metadata, path), post_mlp))
    _check_layout(heads, state, path)
    _check_finite(state, path)
    heads.load_state_dict({key: value.float() for key, value in state.items()})
    return heads.eval()


def load_card(folder: Path) -> ModelCard:
    """Read the card of a model folder.

    Raises:
        NotFoundError: No `model.json` there.
        InputError: It is not a card, or of a newer version than this program.
    """
    path = folder / CARD_FILE
    if not path.is_file():
        raise NotFoundError("no model card found", path, f"give a folder that holds {CARD_FILE}")
    if path.stat().st_size > _MAX_CARD_BYTES:
        raise InputError("model card is too large", path, "give a model made by this program")
    try:
        card = ModelCard.model_validate(json.loads(path.read_bytes()))
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InputError(
            f"model card has no usable field {field}", path, "give a model made by this program"
        ) from None
    except ValueError:
        raise InputError(
            "model card is not JSON", path, "give a model made by this program"
        ) from None
    if card.format_version > FORMAT_VERSION:
        raise InputError("model card is of a newer version", card.format_version, "update Aether")
    return card


def _metadata(shape: HeadShape) -> dict[str, str]:
    """What a weights file says of its own layout; without these words it is the published one."""
    words = {"format": "aether heads"}
    if shape.shortcut != "gated":
        words["shortcut"] = shape.shortcut
    if not shape.post_mlp:
        words["post_mlp"] = "no"
    return words


def _width(state: dict[str, Tensor], key: str, path: Path) -> int:
    """Length of the vectors a first layer takes."""
    weight = state.get(key)
    if weight is None:
        raise InputError(f"{path.name} lacks the tensor", key, _WHOLE)
    if weight.ndim != 2 or not 0 < weight.shape[1] <= _MAX_DIM:
        shape = f"{key} {list(weight.shape)}"
        raise InputError(f"{path.name} holds a tensor of the wrong shape", shape, _WHOLE)
    return int(weight.shape[1])


def _shortcut(metadata: dict[str, str], path: Path) -> Shortcut:
    word = metadata.get("shortcut", "gated")
    if word not in get_args(Shortcut):
        raise InputError(f"{path.name} names an unknown shortcut", word, "update Aether")
    return cast("Shortcut", word)


def _read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    remedy = "copy the file again, or give another model"
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
            return state, file.metadata() or {}
    except (SafetensorError, OSError, ValueError, RuntimeError):
        raise InputError("weights are damaged or no safetensors file", path, remedy) from None


def _check_layout(heads: Heads, state: dict[str, Tensor], path: Path) -> None:
    wanted = {key: tuple(value.shape) for key, value in heads.state_dict().items()}
    there = {key: tuple(value.shape) for key, value in state.items()}
    for key in sorted(wanted.keys() | there.keys()):
        if key not in there:
            raise InputError(f"{path.name} lacks the tensor", key, _WHOLE)
        if key not in wanted:
            raise InputError(f"{path.name} holds a tensor that belongs to no head", key, _WHOLE)
        if wanted[key] != there[key]:
            shapes = f"{key} {list(there[key])}, wanted {list(wanted[key])}"
            raise InputError(f"{path.name} holds a tensor of the wrong shape", shapes, _WHOLE)
        if not state[key].is_floating_point():
            raise InputError(f"{path.name} holds a tensor that is not floating", key, _WHOLE)


def _check_finite(state: dict[str, Tensor], path: Path) -> None:
    for key, value in state.items():
        if not bool(torch.isfinite(value).all()):
            raise InputError(
                f"weights of {path.name} are not all finite", key, "train again or give another"
            )


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
