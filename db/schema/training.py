"""Training runs and the models they make."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.schema.base import EMPTY_LIST, EMPTY_OBJECT, FALSE, Base, created, new_id, of_city

RUN_STATES = ("queued", "running", "done", "failed", "cancelled")


class Run(Base):
    """One training run. `history` holds a dict an epoch; `heartbeat` is the worker's last sign."""

    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint(f"state IN {RUN_STATES}", name="state"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        Index(
            "uq_run_one_running_a_city",
            "city_id",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: Mapped[int] = new_id()
    city_id: Mapped[int] = of_city()
    recipe: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    seed: Mapped[int] = mapped_column(BigInteger)
    device: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued", server_default="queued")
    stage: Mapped[str] = mapped_column(default="", server_default="")
    progress: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))
    history: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default=EMPTY_LIST)
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    error: Mapped[str | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False, server_default=FALSE)
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    heartbeat: Mapped[datetime | None]
    created_at: Mapped[datetime] = created()
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    model_id: Mapped[int | None] = mapped_column(
        ForeignKey("model.id", ondelete="SET NULL", use_alter=True), index=True
    )


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
