"""Training runs and the models they make."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.schema.base import EMPTY_OBJECT, FALSE, Base, created, new_id, of_city
from db.schema.jobs import JobMixin


class Run(JobMixin, Base):
    """One training run, beyond what its job says."""

    __tablename__ = "run"

    id: Mapped[int] = new_id()
    city_id: Mapped[int] = of_city()
    recipe: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    seed: Mapped[int] = mapped_column(BigInteger)
    device: Mapped[str]
    encoder: Mapped[str | None]
    """Name of the text encoder; None of runs from before it was chosen by city."""
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    model_id: Mapped[int | None] = mapped_column(
        ForeignKey("model.id", ondelete="SET NULL", use_alter=True), index=True
    )


class RunEpoch(Base):
    """One epoch of a run: its figures, with the fields of `trainer.EpochReport`."""

    __tablename__ = "run_epoch"

    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry: Mapped[dict[str, Any]]


class Model(Base):
    """A trained model: its folder and card. At most one of a city is in use."""

    __tablename__ = "model"
    __table_args__ = (
        Index(
            "uq_model_one_in_use_a_city",
            "city_id",
            unique=True,
            postgresql_where=text("in_use"),
        ),
    )

    id: Mapped[int] = new_id()
    city_id: Mapped[int] = of_city()
    name: Mapped[str] = mapped_column(unique=True)
    run_id: Mapped[int | None] = mapped_column(
        ForeignKey("run.id", ondelete="SET NULL"), index=True
    )
    folder: Mapped[str]
    card: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    in_use: Mapped[bool] = mapped_column(default=False, server_default=FALSE)
    created_at: Mapped[datetime] = created()
