"""A city on an embedding that is not AlphaEarth's: our own raster of 128 bands."""

from pathlib import Path

import numpy as np

from aether_core.model.checkpoint import load_card, load_heads
from tests.app_fixtures import CityFiles
from workflows.add_city import add_city
from workflows.cities import show_city
from workflows.embed import embed_files
from workflows.models import list_models
from workflows.search import search_cells
from workflows.store import Store
from workflows.training import add_run, run_training


def test_from_our_own_raster_to_an_answer(
    trained_store: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    (first,) = list_models(trained_store, "tinytown")
    raster = tmp_path / "z.tif"
    embed_files(trained_store.settings, first.folder, [city_files.embedding], raster)
    add_city(trained_store, city_files.request("second", embedding=[raster]))
    assert show_city(trained_store, "second").pixels == show_city(trained_store, "tinytown").pixels
    run_training(trained_store, add_run(trained_store, "second", settings={"epochs": "8"}))
    (model,) = list_models(trained_store, "second")
    assert load_heads(model.folder).eo_dim == 128
    assert load_card(model.folder).embedding.dim == 128
    first_answer, second_answer = (
        search_cells(trained_store, slug, "park") for slug in ("tinytown", "second")
    )
    assert second_answer.h3.tolist() == first_answer.h3.tolist()
    # The second model knows the places only through the first one's map; they agree on parks.
    assert np.corrcoef(first_answer.score, second_answer.score)[0, 1] > 0.5
