"""Models from outside: our folder, a zip of it, bare weights, or a published checkpoint."""

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Literal

from aether_core.errors import InputError, NotFoundError
from aether_core.files.checksums import check_sha256
from aether_core.files.source import local_file
from aether_core.files.whole import sha256_of
from aether_core.files.zip_files import opened_zip
from aether_core.model.files.card import (
    CARD_FILE,
    MAX_WEIGHTS_BYTES,
    WEIGHTS_FILE,
    ModelCard,
    read_card,
)
from aether_core.model.files.folder import load_heads
from aether_core.model.files.published_layout import PUBLISHED_SUFFIX, read_published
from aether_core.model.heads.heads import Heads

Layout = Literal["aether", "weights", "published"]
MODEL_SUFFIXES = (".zip", PUBLISHED_SUFFIX, ".pt", ".safetensors")
"""Endings of files that can be a model; a folder can be one, too."""

_PUBLISHED = frozenset({PUBLISHED_SUFFIX, ".pt"})
_MEMBER_LIMIT = 1000
_ZIP_ONE = f"zip one folder with {WEIGHTS_FILE} and {CARD_FILE}"


@dataclass(frozen=True)
class IncomingModel:
    """A model as somebody brought it; nothing of it can run as code.

    Attributes:
        heads: Weights, checked, on the CPU.
        card: Its card; None for weights alone.
        layout: "aether", "weights" or "published".
        file: Name of what was given.
        sha256: Of the file of weights.
        epoch: Epoch a published file says it was saved after.
        stated_encoder: Text encoder a published file names in its settings, in its own words.
    """

    heads: Heads
    card: ModelCard | None
    layout: Layout
    file: str
    sha256: str
    epoch: int | None = None
    stated_encoder: str | None = None


def read_incoming(path: Path) -> IncomingModel:
    """Read a model from outside, trusting nothing in it.

    Args:
        path: A folder with `heads.safetensors` (and `model.json`) or with one `.pth` file, a zip of
            such a folder, a `.safetensors` file, or a `.pth` file.

    Raises:
        NotFoundError: There is no such file, or no weights in the folder.
        InputError: What is there cannot be used; the message says why.
    """
    if path.is_dir():
        return _from_folder(path, path.resolve().name)
    found = local_file(path, suffixes=frozenset(MODEL_SUFFIXES))
    if found.suffix.lower() == ".zip":
        with unpacked_model(found) as folder:
            return _from_folder(folder, found.name)
    return _from_weights(found, None, found.name)


@contextmanager
def unpacked_model(path: Path) -> Iterator[Path]:
    """Unpack the one model of a zip into a temporary folder.

    Only its weights and its card are unpacked, under names of our own, so what the members are
    called (absolute, with `..`, in folders) cannot place a file anywhere.

    Yields:
        A folder with the weights and, where the zip has one, the card; gone when the block ends.

    Raises:
        InputError: Not a zip, damaged, encrypted, too large, or with no or several models.
    """
    with TemporaryDirectory(prefix="aether-model-") as temporary:
        folder = Path(temporary)
        with opened_zip(path) as archive:
            for name, member in _model_members(archive, path).items():
                with archive.open(member) as packed, (folder / name).open("wb") as file:
                    shutil.copyfileobj(packed, file)
        yield folder


def _model_members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """The members that make up the one model of a zip, by the names they are unpacked under."""
    listed = archive.infolist()
    if len(listed) > _MEMBER_LIMIT:
        raise InputError(
            f"{path.name} holds too many files",
            len(listed),
            _ZIP_ONE,
            code="zip-with-too-many-files",
        )
    members: dict[str, zipfile.ZipInfo] = {}
    for member in listed:
        name = _plain_name(member)
        if name in members:
            raise InputError(
                f"{path.name} holds several models",
                f"{name} twice",
                _ZIP_ONE,
                code="several-models",
            )
        if name is not None:
            members[name] = member
    if any(member.flag_bits & 0x1 for member in members.values()):
        raise InputError(
            f"{path.name} is encrypted",
            path.name,
            "zip it without a password",
            code="zip-encrypted",
        )
    size = sum(member.file_size for member in members.values())
    if size > MAX_WEIGHTS_BYTES:
        raise InputError(
            f"{path.name} unpacks to more than the {MAX_WEIGHTS_BYTES:,} bytes a model can have",
            f"{size:,} bytes",
            _ZIP_ONE,
            code="zip-unpacks-too-large",
        )
    return members


def _plain_name(member: zipfile.ZipInfo) -> str | None:
    """What a member is unpacked as; None for what belongs to no model."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    # macOS adds a shadow of every file under __MACOSX.
    if not member.filename or member.is_dir() or path.parts[:1] == ("__MACOSX",):
        return None
    if path.name in {WEIGHTS_FILE, CARD_FILE}:
        return path.name
    return f"published{PUBLISHED_SUFFIX}" if path.suffix in _PUBLISHED else None


def _from_folder(folder: Path, name: str) -> IncomingModel:
    card = read_card(folder / CARD_FILE) if (folder / CARD_FILE).is_file() else None
    if (folder / WEIGHTS_FILE).is_file():
        return _from_weights(folder / WEIGHTS_FILE, card, name)
    published = sorted(child for child in folder.iterdir() if child.suffix in _PUBLISHED)
    if len(published) > 1:
        names = ", ".join(child.name for child in published)
        raise InputError(
            f"{name} holds several models", names, "give one of these files", code="several-models"
        )
    if not published:
        raise NotFoundError(
            "no model found",
            name,
            f"give a folder that holds {WEIGHTS_FILE} or a .pth file",
            code="folder-without-model",
        )
    found = local_file(published[0], suffixes=_PUBLISHED)
    return _from_weights(found, card, name)


def _from_weights(path: Path, card: ModelCard | None, name: str) -> IncomingModel:
    if card is not None and card.weights_sha256 is not None:
        check_sha256(
            path, card.weights_sha256, remedy="copy the model again, with both card and weights"
        )
    if path.suffix.lower() in _PUBLISHED:
        published = read_published(path)
        _check_card(card, published.heads, name)
        return IncomingModel(
            published.heads,
            card,
            "published",
            name,
            sha256_of(path),
            published.epoch,
            published.encoder,
        )
    heads = load_heads(path)
    _check_card(card, heads, name)
    return IncomingModel(
        heads, card, "weights" if card is None else "aether", name, sha256_of(path)
    )


def _check_card(card: ModelCard | None, heads: Heads, name: str) -> None:
    """Refuse a card that speaks of other weights than those beside it."""
    if card is None:
        return
    stated = {"text": card.encoder.dim, "embedding": card.embedding.dim}
    taken = {"text": heads.text_dim, "embedding": heads.eo_dim}
    for kind, dim in stated.items():
        if dim != taken[kind]:
            raise InputError(
                f"card and weights of {name} do not match",
                f"the card says {kind} vectors of {dim}, the weights expect {taken[kind]}",
                "give the folder as it was exported",
                code="card-does-not-fit-weights",
            )
