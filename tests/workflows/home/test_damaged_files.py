"""Files of the home that were damaged: refused by name, or, where they are a cache, made anew."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aether_core.errors import DamagedFileError, NotFoundError
from cli.__main__ import run
from tests.app_fixtures import SLUG
from tests.errors import fault
from tests.year_fixtures import OTHER
from workflows.cities.views import DISK, ensure_view
from workflows.home.store import Store
from workflows.search.search import search_cells, search_places
from workflows.tasks.arrays import task_city
from workflows.training import representation
from workflows.training.embed import embed_files
from workflows.training.model_files import export_model, import_model
from workflows.training.models import list_models

QUERY = "a park"


def flip(path: Path, count: int = 64) -> None:
    """Turn over some bytes in the middle of a file."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    for at in range(middle, middle + count):
        content[at] ^= 0xFF
    path.write_bytes(content)
    later = path.stat().st_mtime_ns + 1_000_000
    os.utime(path, ns=(later, later))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def weights(store: Store) -> Path:
    return list_models(store, SLUG)[0].folder / "heads.safetensors"


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """What one test read is not what the next one's home holds."""
    for cache in (representation._cells, representation._places, representation._heads):
        cache.cache_clear()


@pytest.mark.parametrize("damage", [flip, cut])
def test_damaged_weights_are_refused_wherever_they_are_read(
    trained_store: Store, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = weights(trained_store)
    export_model(trained_store, f"{SLUG}-1", tmp_path / "whole")
    search_cells(trained_store, SLUG, QUERY)  # also where this process has read them before
    damage(path)
    for use in (
        lambda: search_cells(trained_store, SLUG, QUERY),
        lambda: search_places(trained_store, SLUG, QUERY),
        lambda: task_city(trained_store, SLUG),
        lambda: export_model(trained_store, f"{SLUG}-1", tmp_path / "out"),
        lambda: import_model(trained_store, path.parent, SLUG, name="mine"),
    ):
        with pytest.raises(DamagedFileError, check=fault("damaged-file", path.name)):
            use()
    assert not (tmp_path / "out").exists()


def test_damaged_weights_of_an_exported_folder_are_refused(
    trained_store: Store, tmp_path: Path, city_files: object
) -> None:
    """No store knows them; their card does."""
    exported = export_model(trained_store, f"{SLUG}-1", tmp_path / "m").path
    published = export_model(trained_store, f"{SLUG}-1", tmp_path / "p", layout="published").path
    flip(exported / "heads.safetensors")
    flip(published / f"{SLUG}-1.pth")
    with pytest.raises(DamagedFileError):
        embed_files(trained_store.settings, exported, [city_files.embedding], tmp_path / "out.tif")
    for folder in (exported, published):
        with pytest.raises(DamagedFileError):
            import_model(trained_store, folder, SLUG, name="mine")


def test_a_damaged_raster_is_refused_where_it_is_read(two_years: Store) -> None:
    (own,) = two_years.settings.cities.glob("*-2024-*/*.tif")
    (other,) = two_years.settings.cities.glob(f"*-{OTHER}-*/*.tif")
    city = task_city(two_years, SLUG)
    points = city.poi_lonlat[:5]
    city.arrays.pool(points)
    flip(own)
    flip(other)
    with pytest.raises(DamagedFileError, check=fault("damaged-file", own.name)):
        city.arrays.pool(points)
    for year, file in ((None, own), (OTHER, other)):
        with pytest.raises(DamagedFileError, check=fault("damaged-file", file.name)):
            ensure_view(two_years, city.city_id, {"views": DISK}, year=year)
    assert len(search_cells(two_years, SLUG, QUERY).score)  # the store's own vectors are whole
    own.unlink()
    with pytest.raises(NotFoundError, check=fault("home-file-gone", own.name)):
        city.arrays.pool(points)


def test_a_command_says_in_one_line_what_is_damaged(
    app_environment: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    flip(weights(app_environment))
    assert run(["search", SLUG, QUERY]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_damaged_vectors_are_computed_again(trained_store: Store) -> None:
    """See `test_kept_arrays.py` for every way to damage them."""
    scores = search_cells(trained_store, SLUG, QUERY).score
    places = search_places(trained_store, SLUG, QUERY)
    files = [path for path in trained_store.settings.vectors.rglob("*") if path.is_file()]
    whole = {path: path.read_bytes() for path in files}
    assert len(files) == 9
    for damage in (flip, lambda path: path.write_bytes(b"")):
        for path in files:
            damage(path)
        nothing_kept_in_memory()
        assert np.array_equal(search_cells(trained_store, SLUG, QUERY).score, scores)
        assert search_places(trained_store, SLUG, QUERY) == places
        assert {path: path.read_bytes() for path in files} == whole


def test_a_cache_that_cannot_be_written_costs_only_time(trained_store: Store) -> None:
    trained_store.settings.cache.mkdir(exist_ok=True)
    trained_store.settings.vectors.write_text("a file where the folder should be")
    assert len(search_cells(trained_store, SLUG, QUERY).score) > 1000


def nothing_kept_in_memory() -> None:
    representation._cells.cache_clear()
    representation._places.cache_clear()
