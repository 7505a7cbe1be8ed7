"""What is kept in words and figures of a model that was just trained."""

import importlib.metadata
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from aether_core.model.files.card import EmbeddingCard, EncoderCard, ModelCard
from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.training_set import TrainingSet
from aether_core.text.encoder import TextEncoder
from db.cities import cities as city_rows
from db.schema import City, Run

if TYPE_CHECKING:
    from aether_core.model.training.trainer import Trained


TRAINING_SET: Final = "training set"
"""What a card calls the places' vectors and texts among the data it was made of."""


@dataclass(frozen=True)
class LearntFrom:
    """What a card tells of the data a model was trained on.

    Attributes:
        sha256: Of its arrays.
        dim: Length of an embedding vector.
    """

    sha256: str
    dim: int

    @classmethod
    def of(cls, data: TrainingSet) -> "LearntFrom":
        """What a card tells of these places."""
        arrays = (data.base, data.wide, data.text, data.text_index, data.category)
        return cls(_digest(*arrays), data.base.shape[1])


def run_metrics(trained: "Trained") -> dict[str, Any]:
    """What a finished run reports."""
    kept = trained.history[trained.kept_epoch - 1]
    return {
        "device": trained.device,
        "epochs": len(trained.history),
        "kept_epoch": trained.kept_epoch,
        "resumed_from": trained.resumed_from,
        "seconds": trained.seconds,
        "losses": {
            "first": trained.history[0].loss,
            "last": trained.history[-1].loss,
            "kept": kept.loss,
        },
        "validation": asdict(trained.validation) if trained.validation else None,
        "validated_on": trained.validated_on,
        "pois_used": trained.pois_used,
        "held_out": trained.held_out,
        "chose_epoch": trained.chose_epoch,
    }


def trained_card(
    session: Session,
    run: Run,
    city: City,
    recipe: Recipe,
    learnt: LearntFrom,
    encoder: TextEncoder,
    trained: "Trained",
) -> ModelCard:
    """The card of the model a run has trained."""
    metrics = run_metrics(trained)
    return ModelCard(
        name=model_name(city, run),
        city=city.slug,
        recipe=recipe.name,
        settings=recipe.settings,
        seed=run.seed,
        device=trained.device,
        encoder=EncoderCard(name=encoder.name, dim=encoder.dim),
        embedding=EmbeddingCard(
            name=city.embedding,
            kind=city.embedding_kind,
            dim=learnt.dim,
            year=city.year,
            simulated=city.simulated,
        ),
        data_hashes={
            TRAINING_SET: learnt.sha256,
            **{
                Path(raster.path).name: raster.sha256
                for raster in city_rows.rasters(session, city.id)
            },
        },
        pois_used=trained.pois_used,
        held_out=trained.held_out,
        validation=metrics["validation"],
        validated_on=trained.validated_on,
        losses=metrics["losses"],
        kept_epoch=trained.kept_epoch,
        versions=versions_here(),
        attribution=list(city.attribution),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def versions_here() -> dict[str, str]:
    """What a training here is computed with."""
    packages = ("torch", "numpy", "sentence-transformers")
    return {package: importlib.metadata.version(package) for package in packages}


def model_name(city: City, run: Run) -> str:
    """Name of the model a run makes."""
    return f"{city.slug}-{run.id}"


def _digest(*arrays: NDArray[Any] | None) -> str:
    digest = sha256()
    for array in arrays:
        if array is not None:
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
