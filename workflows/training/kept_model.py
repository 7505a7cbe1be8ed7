"""A model on its way into the store: its folder and its row, both or neither."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from aether_core.model.files.card import ModelCard
from db.evidence import models as model_rows
from db.schema import Model
from workflows.home.owned_folders import NewFolders
from workflows.home.paths import to_home
from workflows.home.store import Store

if TYPE_CHECKING:
    from aether_core.model.heads.heads import Heads


def keep_model(
    store: Store,
    session: Session,
    folders: NewFolders,
    staged: Path,
    city_id: int,
    heads: "Heads",
    card: ModelCard,
    run_id: int | None = None,
) -> Model:
    """Write a model's files and record it; `use_model` puts it in use.

    Args:
        store: The store.
        session: From `storing`; it holds the city.
        folders: From `storing`, too.
        staged: An empty folder from `staged`, of the home's models.
        city_id: The city.
        heads: The weights.
        card: The card; its name is the model's.
        run_id: The run that trained it.

    Raises:
        ConflictError: There is a model of that name.
        InputError: Weights are not finite.
        DiskFullError: There is no room left.
    """
    from aether_core.model.files.folder import save_model

    written = save_model(staged, heads, card)
    row = model_rows.add_model(
        session,
        city_id,
        name=card.name,
        folder="",
        card=written.model_dump(mode="json"),
        run_id=run_id,
    )
    row.folder = to_home(store.settings, folders.place(staged, store.settings.models, str(row.id)))
    session.flush()
    return row
