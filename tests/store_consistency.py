"""Whether a store's rows and the files of its home agree."""

from hashlib import sha256
from pathlib import Path

from sqlalchemy import select

from aether_core.model.files.card import CARD_FILE, read_card
from db.schema import Fetch, Model, PooledView, Raster, Run
from workflows.home.settings import Settings
from workflows.home.store import Store


def assert_store_consistent(store: Store) -> None:
    """Every row has its files, with the right content, and every folder has its row.

    Nothing may be at work in the store.
    """
    settings = store.settings
    with store.session() as session:
        rasters = list(session.scalars(select(Raster)))
        models = list(session.scalars(select(Model)))
        runs = {str(number) for number in session.scalars(select(Run.id))}
        fetches = {str(number) for number in session.scalars(select(Fetch.id))}
        of_views = set(session.execute(select(PooledView.city_id, PooledView.year)).tuples())
    for raster in rasters:
        assert not Path(raster.path).is_absolute()
        assert digest(settings.home / raster.path) == raster.sha256
    for model in models:
        folder = settings.home / model.folder
        assert digest(folder / "heads.safetensors") == model.card["weights_sha256"]
        assert read_card(folder / CARD_FILE).model_dump(mode="json") == model.card
    assert {(raster.city_id, raster.year) for raster in rasters} == of_views
    owned = {
        settings.cities: {Path(raster.path).parts[1] for raster in rasters},
        settings.models: {Path(model.folder).parts[1] for model in models},
    }
    for root, names in owned.items():
        assert set(children(root)) == names
    assert set(children(settings.vectors)) <= owned[settings.models]
    assert set(children(settings.runs)) <= runs
    assert set(children(settings.fetches)) <= fetches
    assert not scratch(settings)


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def children(folder: Path) -> list[str]:
    """Names of all that lies in a folder."""
    return sorted(child.name for child in folder.iterdir()) if folder.is_dir() else []


def scratch(settings: Settings) -> list[Path]:
    """Scratch that somebody left, or is at."""
    return sorted(settings.home.rglob(".*.aether-*"))
