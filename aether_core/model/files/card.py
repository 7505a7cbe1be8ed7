"""A model's card, `model.json`: all that is to be known of it besides its weights."""

import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aether_core.eo.alphaearth import BANDS
from aether_core.eo.embedding_kind import ALPHAEARTH
from aether_core.errors import InputError
from aether_core.model.training.retrieval import ValidatedOn

CARD_FILE = "model.json"
WEIGHTS_FILE = "heads.safetensors"
MAX_WEIGHTS_BYTES = 64 * 1024**2
"""No file of weights is read above this; the published ones have 0.7 MB."""
DAMAGED_WEIGHTS = "restore the model folder from a backup, or import or train the model again"
"""What to do about weights that are not what they were."""
FORMAT_VERSION = 1
UNKNOWN = "unknown"
"""Stands where weights came without a card and nobody said: an encoder, a city, a recipe."""

_MAX_CARD_BYTES = 1_000_000
_REMEDY = "give a model exported by Aether"

Word = Annotated[str, Field(min_length=1, max_length=200)]


class EncoderCard(BaseModel):
    """The text encoder a model was trained with; no other can be used with it.

    Attributes:
        name: Its name, or `UNKNOWN`: then the model answers no text query.
        dim: Length of its vectors.
    """

    name: Word
    dim: int


class EmbeddingCard(BaseModel):
    """The embedding a model was trained on.

    Attributes:
        name: Which embedding it is, e.g. "alphaearth"; `UNKNOWN` where nobody said, None in cards
            from before this was written down.
        kind: "raster", "table" or `UNKNOWN`.
        dim: Length of its vectors.
        year: Year it describes; None when unknown.
        simulated: True when it was computed, not measured; None when unknown.
    """

    name: Word | None = None
    kind: Word
    dim: int
    year: int | None
    simulated: bool | None

    @property
    def known_name(self) -> str | None:
        """Which embedding the model takes; None where that cannot be told."""
        if self.name is not None:
            return None if self.name == UNKNOWN else self.name
        return ALPHAEARTH if self.kind != UNKNOWN and self.dim == BANDS else None


class RetrievalCard(BaseModel):
    """Retrieval in one direction; shares of the held-out places."""

    model_config = ConfigDict(extra="allow")

    recall_at_10: float
    chance_at_10: float


class ValidationCard(BaseModel):
    """Retrieval on the blocks that were held out of training.

    Attributes:
        candidates: Number of held-out places or texts that each query was ranked against.
        text_to_place: Figures of text queries.
    """

    model_config = ConfigDict(extra="allow")

    candidates: int
    text_to_place: RetrievalCard


class OriginCard(BaseModel):
    """Where a model that was not trained here came from.

    Attributes:
        layout: "aether" (a folder of ours), "weights" (`heads.safetensors` alone) or "published".
        file: Name of the file or folder.
        sha256: Of the file of weights.
        name: What it was called there; None without a card.
        stated_encoder: Text encoder a published file names in its own settings.
        imported: ISO 8601 time in UTC.
    """

    model_config = ConfigDict(extra="allow")

    layout: Literal["aether", "weights", "published"]
    file: Word
    sha256: str
    name: Word | None = None
    stated_encoder: str | None = None
    imported: str


class ModelCard(BaseModel):
    """All that is to be known of a model besides its weights.

    What a model that came without a card cannot tell is None, empty or `UNKNOWN`.

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
        validation: Retrieval on held-out blocks; None when nothing was held out, or when the blocks
            were another city's.
        validated_on: Which blocks those are: `apart` from training and from the choice of the
            epoch, or `choice`, those that chose it. None without validation, and where a card does
            not say: in models from before it was told, the blocks chose the epoch, too.
        versions: Package to version.
        attribution: Sentences to be kept with everything made with the model.
        created: ISO 8601 time in UTC.
        origin: None for a model trained here.
        weights_sha256: Of the file of weights beside the card; None where that was not written
            down.
    """

    model_config = ConfigDict(extra="allow")

    format_version: int = FORMAT_VERSION
    name: Word
    city: Word
    recipe: Word
    settings: dict[str, Any]
    seed: int | None
    device: str | None
    encoder: EncoderCard
    embedding: EmbeddingCard
    data_hashes: dict[str, str]
    pois_used: int | None
    held_out: int | None
    kept_epoch: int | None
    losses: dict[str, float]
    validation: ValidationCard | None
    validated_on: ValidatedOn | None = None
    versions: dict[str, str]
    attribution: list[str] = Field(default_factory=list)
    created: str
    origin: OriginCard | None = None
    weights_sha256: str | None = None

    def as_bytes(self) -> bytes:
        """The content of `model.json`."""
        return (self.model_dump_json(indent=2) + "\n").encode()


def read_card(path: Path) -> ModelCard:
    """Read a card that somebody else may have written.

    Raises:
        InputError: The file is no card, too large, or of a newer version than this program.
    """
    try:
        if path.stat().st_size > _MAX_CARD_BYTES:
            raise InputError("model card is too large", path.name, _REMEDY, code="card-too-large")
        raw = json.loads(path.read_bytes(), parse_constant=_refuse_constant)
    except OSError as error:
        raise InputError(
            "model card cannot be read",
            f"{path.name} ({error.strerror})",
            "check the file",
            code="card-unreadable",
        ) from error
    except (ValueError, RecursionError):
        raise InputError(
            "model card is not JSON", path.name, _REMEDY, code="card-not-json"
        ) from None
    _check_storable(raw, path)
    try:
        card = ModelCard.model_validate(raw)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InputError(
            f"model card has no usable field {field}",
            path.name,
            _REMEDY,
            code="card-field-unusable",
        ) from None
    if card.format_version > FORMAT_VERSION:
        raise InputError(
            "model card is from a newer version",
            card.format_version,
            "update Aether",
            code="card-of-newer-version",
        )
    return card


def _refuse_constant(word: str) -> NoReturn:
    """NaN and Infinity are no JSON, though Python's reader knows them."""
    raise ValueError(word)


def _check_storable(raw: object, path: Path) -> None:
    """Refuse values that JSON can spell and the store cannot hold."""
    waiting = [raw]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, float) and not math.isfinite(value):
            raise InputError(
                "model card contains a number that is not finite",
                path.name,
                _REMEDY,
                code="card-number-not-finite",
            )
        elif isinstance(value, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
            raise InputError(
                "model card contains invalid characters",
                path.name,
                _REMEDY,
                code="card-text-unusable",
            )
