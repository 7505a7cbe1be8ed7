"""Cities on their way in from public data."""

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from db.schema.base import EMPTY_OBJECT, Base, new_id
from db.schema.jobs import JobMixin


class Fetch(JobMixin, Base):
    """One city to be fetched from public servers.

    `slug` and `name` are the city's, which is not there before the fetch is done; then `city_id`
    is, until that city is removed. `request` is all that was asked, the boundary in it, so that a
    worker needs nothing else. `estimate` is what was expected before anything was downloaded.
    `result` says what was downloaded. `batch` is what
    the fetches of one list have in common.
    """

    __tablename__ = "fetch"

    id: Mapped[int] = new_id()
    slug: Mapped[str]
    name: Mapped[str]
    request: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    estimate: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    batch: Mapped[str | None] = mapped_column(index=True)
    city_id: Mapped[int | None] = mapped_column(
        ForeignKey("city.id", ondelete="SET NULL"), index=True
    )
