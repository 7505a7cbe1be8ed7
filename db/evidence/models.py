"""Trained models and which one a city uses."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import cast, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, NotFoundError
from db.schema import City, Model
from db.sight import seeing_all


def add_model(
    session: Session,
    city_id: int,
    *,
    name: str,
    folder: str,
    card: Mapping[str, Any],
    run_id: int | None = None,
) -> Model:
    """Record a model; `use_model` puts it in use.

    Raises:
        ConflictError: There is a model of that name.
    """
    model = Model(city_id=city_id, name=name, folder=folder, card=dict(card), run_id=run_id)
    try:
        with session.begin_nested():
            session.add(model)
    except IntegrityError as error:
        with seeing_all(session):
            taken = session.scalar(select(Model.id).where(Model.name == name)) is not None
        if not taken:
            raise
        raise ConflictError(
            "a model of this name exists", name, "choose another name", code="model-exists"
        ) from error
    session.refresh(model)
    return model


def list_models(session: Session, city_id: int) -> list[Model]:
    """A city's models, newest first."""
    return list(
        session.scalars(select(Model).where(Model.city_id == city_id).order_by(Model.id.desc()))
    )


def model_by_name(session: Session, name: str, city_id: int | None = None) -> Model:
    """One model, of one city when that is given.

    Raises:
        NotFoundError: There is none; the message lists those there are.
    """
    in_scope = select(Model)
    if city_id is not None:
        in_scope = in_scope.where(Model.city_id == city_id)
    model = session.scalar(in_scope.where(Model.name == name))
    if model is None:
        known = sorted(model.name for model in session.scalars(in_scope))
        remedy = f"the models are: {', '.join(known)}" if known else "train the city first"
        raise NotFoundError("no such model", name, remedy, code="no-such-model")
    return model


def model_by_id(session: Session, model_id: int) -> Model | None:
    """The model of that number; None when it was removed."""
    return session.get(Model, model_id)


def names(session: Session, model_ids: Sequence[int]) -> dict[int, str]:
    """Names of several models by their numbers; those that were removed are left out."""
    found = select(Model.id, Model.name).where(Model.id.in_(model_ids))
    return dict(session.execute(found).tuples().all())


def models_without_checksum(session: Session) -> list[Model]:
    """Models whose card does not know the checksum of their weights."""
    known = Model.card["weights_sha256"].astext
    return list(session.scalars(select(Model).where(known.is_(None)).order_by(Model.id)))


def note_checksum(session: Session, model_id: int, sha256: str) -> None:
    """Write the checksum of a model's weights on its card; nothing where it was removed."""
    session.execute(
        update(Model)
        .where(Model.id == model_id)
        .values(card=Model.card.op("||")(cast({"weights_sha256": sha256}, JSONB)))
        .execution_options(synchronize_session=False)
    )


def model_in_use(session: Session, city_id: int) -> Model | None:
    """The model a city uses; None before its first."""
    return session.scalar(select(Model).where(Model.city_id == city_id, Model.in_use))


def use_model(session: Session, city_id: int, name: str) -> Model:
    """Put a model in use instead of the one before.

    Raises:
        NotFoundError: The city has no such model.
    """
    # The city's row is the lock: two who change at once take turns.
    session.execute(select(City.id).where(City.id == city_id).with_for_update())
    model = model_by_name(session, name, city_id)
    session.execute(
        update(Model).where(Model.city_id == city_id, Model.in_use).values(in_use=False)
    )
    session.execute(update(Model).where(Model.id == model.id).values(in_use=True))
    session.refresh(model)
    return model
