"""A city's trained models: list them, choose the one in use."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from aether_core.model.files.card import UNKNOWN
from db.cities import cities as city_rows
from db.evidence import models as model_rows
from db.schema import City, Model
from workflows.accounts.acting import USE_MODEL, allow
from workflows.home.paths import in_home
from workflows.home.settings import Settings
from workflows.home.store import Store


@dataclass(frozen=True)
class ModelSummary:
    """One trained model.

    Attributes:
        name: Unique name; `<city>-<run>` for a model trained here.
        origin: "trained here" or "imported from <file>".
        encoder: Text encoder it was trained with; "unknown" answers no text query.
        in_use: Whether searches use it when none is named.
        folder: Where `heads.safetensors` and `model.json` lie.
        card: The content of `model.json`.
    """

    name: str
    recipe: str
    origin: str
    encoder: str
    created: datetime
    in_use: bool
    folder: Path
    card: dict[str, object]

    @property
    def answers_no_text(self) -> bool:
        """Whether nobody said which text encoder belongs to it."""
        return self.encoder == UNKNOWN


@dataclass(frozen=True)
class ModelFiles:
    """Where a model's weights and card lie.

    Attributes:
        folder: Holds `heads.safetensors` and `model.json`.
        sha256: Of the weights; None of a model from before that was written down.
    """

    folder: Path
    sha256: str | None


def model_files(settings: Settings, model: Model) -> ModelFiles:
    """Where a model's files lie, and what its weights must be."""
    return ModelFiles(in_home(settings, model.folder), model.card.get("weights_sha256"))


def summarise(store: Store, model: Model) -> ModelSummary:
    """Put together one model's summary inside an open transaction."""
    card = dict(model.card)
    came = card.get("origin")
    return ModelSummary(
        name=model.name,
        recipe=str(card["recipe"]),
        origin=f"imported from {came['file']}" if came else "trained here",
        encoder=str(card["encoder"]["name"]),
        created=model.created_at,
        in_use=model.in_use,
        folder=in_home(store.settings, model.folder),
        card=card,
    )


def model_document(model: ModelSummary) -> dict[str, Any]:
    """A model as commands and the API tell it."""
    return asdict(model)


def list_models(store: Store, slug: str) -> list[ModelSummary]:
    """A city's models, newest first.

    Raises:
        NotFoundError: No city has this slug.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        return [summarise(store, model) for model in model_rows.list_models(session, city.id)]


def use_model(store: Store, slug: str, name: str) -> ModelSummary:
    """Let searches of the city use this model.

    Raises:
        NotFoundError: No such city, or it has no such model.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        allow(session, *USE_MODEL, f"{slug}, {name}")
        return summarise(store, model_rows.use_model(session, city.id, name))


def pick_model(session: Session, city: City, name: str | None) -> Model:
    """The named model of a city, or the one in use.

    Raises:
        NotFoundError: The city has no such model, or none at all.
    """
    if name is not None:
        return model_rows.model_by_name(session, name, city.id)
    model = model_rows.model_in_use(session, city.id)
    if model is None:
        raise NotFoundError(
            "the city has no trained model yet",
            city.slug,
            f"train it first: ./aether train {city.slug}",
            code="city-without-model",
        )
    return model
