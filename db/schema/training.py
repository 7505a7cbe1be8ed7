"""Training runs and the models they make."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.schema.base import EMPTY_LIST, EMPTY_OBJECT, FALSE, Base, created, new_id, of_city
from db.schema.jobs import Job, job_checks


class Run(Job, Base):
    """One training run. `history` holds a dict an epoch."""

    __tablename__ = "run"
    __table_args__ = (
        *job_checks(),
        Index(
            "uq_run_one_running_a_city",
            "city_id",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
    )

    city_id: Mapped[int] = of_city()
    recipe: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    seed: Mapped[int] = mapped_column(BigInteger)
    history: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default=EMPTY_LIST)
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
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
