"""Studies of a recipe: the same training many times over, with one thing changed at a time."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from db.schema.base import EMPTY_LIST, EMPTY_OBJECT, Base, new_id, of_city
from db.schema.jobs import JobMixin

STUDY_KINDS = ("ablation", "noise", "sparsity", "buffer", "seeds", "transfer")


class Study(JobMixin, Base):
    """One study of a city.

    `other_city_id` is the city a transfer is tried on. `request` says what else was asked, such as
    the labels. `rows` keeps the figures a study at work has measured so far, so that it goes on
    from there when its worker dies; `seconds` is what they took. `result` is empty until it is
    done.
    """

    __tablename__ = "study"
    __table_args__ = (
        CheckConstraint(f"kind IN {STUDY_KINDS}", name="kind"),
        CheckConstraint("(kind = 'transfer') = (other_city_id IS NOT NULL)", name="other_city"),
    )

    id: Mapped[int] = new_id()
    city_id: Mapped[int] = of_city()
    other_city_id: Mapped[int | None] = mapped_column(
        ForeignKey("city.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str]
    recipe: Mapped[str]
    device: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    seeds: Mapped[list[int]] = mapped_column(default=list, server_default=EMPTY_LIST)
    request: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    seconds: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))
    rows: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default=EMPTY_LIST)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
