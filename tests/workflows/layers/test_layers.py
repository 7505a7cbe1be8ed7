"""Layers: kept, found again, seen from PostGIS, taken away as files."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import pytest
import rasterio
from sqlalchemy import text

from aether_core.errors import ConflictError, InputError, NotFoundError
from tests.app_fixtures import SLUG
from tests.city_removal import remove_city
from tests.errors import fault
from workflows.home.store import Store
from workflows.layers.export import FORMATS, export_layer, export_scores
from workflows.layers.layers import keep_layer, layer_values, list_layers, remove_layer, show_layer
from workflows.search.search import search_cells, similar_cells


def views(store: Store) -> list[str]:
    query = text("SELECT viewname FROM pg_views WHERE viewname LIKE 'v\\_%'")
    with store.session() as session:
        return list(session.scalars(query))


def test_a_kept_search_is_found_again(trained_store: Store) -> None:
    scores = search_cells(trained_store, SLUG, "Restaurant", minus="park")
    kept = keep_layer(trained_store, scores)
    assert kept.layer == "search-restaurant-without-park"
    assert (
        kept == show_layer(trained_store, SLUG, kept.layer) == list_layers(trained_store, SLUG)[0]
    )
    assert kept.features == len(scores.score)
    assert kept.parameters == {"query": "Restaurant", "minus": "park", "at": None}
    assert kept.lineage["model"] == scores.model
    values = layer_values(trained_store, SLUG, kept.layer)
    assert [int(cell, 16) for cell in values["cell"]] == scores.units.keys.tolist()
    np.testing.assert_allclose(values["score"], scores.score, rtol=1e-6)


def test_layers_of_one_title_get_names_of_their_own(trained_store: Store) -> None:
    scores = search_cells(trained_store, SLUG, "park")
    names = [keep_layer(trained_store, scores, "My parks!").layer for _ in range(3)]
    assert names == ["search-my-parks", "search-my-parks-2", "search-my-parks-3"]


def test_titles_that_look_like_paths_are_titles(trained_store: Store, tmp_path: Path) -> None:
    scores = search_cells(trained_store, SLUG, "park")
    for title in ("../../x", "/", "a/b", "𝕏" * 200, "."):
        kept = keep_layer(trained_store, scores, title)
        assert set(kept.layer) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        export_layer(trained_store, SLUG, kept.layer, tmp_path / f"{kept.layer}.geojson")
    assert len(list(tmp_path.glob("*.geojson"))) == 5
    for title in ("a\0b", "a\x1bb", "", "x" * 201):
        with pytest.raises(InputError):
            keep_layer(trained_store, scores, title)
    for layer in ("../../etc/passwd", "a\0b"):
        with pytest.raises(InputError):
            show_layer(trained_store, SLUG, layer)


def test_a_query_the_database_cannot_hold_is_refused(trained_store: Store) -> None:
    """JSON values take a NUL no more than texts do."""
    scores = search_cells(trained_store, SLUG, "park\0")
    with pytest.raises(InputError):
        keep_layer(trained_store, scores, "Parks")
    assert list_layers(trained_store, SLUG) == []


def test_a_layer_is_a_view_until_it_is_removed(trained_store: Store) -> None:
    kept = keep_layer(trained_store, search_cells(trained_store, SLUG, "park"))
    with trained_store.session() as session:
        row = session.execute(
            text(f'SELECT count(*), max(score), min(ST_SRID(geom)) FROM "{kept.view}"')  # noqa: S608
        ).one()
    assert row[0] == kept.features
    assert row[2] == 4326
    remove_layer(trained_store, SLUG, kept.layer)
    assert kept.view not in views(trained_store)
    with pytest.raises(NotFoundError, check=fault("no-such-layer", kept.layer)):
        show_layer(trained_store, SLUG, kept.layer)


def test_a_removed_city_takes_its_views_along(trained_store: Store) -> None:
    keep_layer(trained_store, search_cells(trained_store, SLUG, "park"))
    assert views(trained_store)
    remove_city(trained_store, SLUG)
    assert views(trained_store) == []


def read_back(path: Path) -> pd.DataFrame:
    if path.suffix == ".csv":
        return pd.read_csv(path)
    if path.suffix == ".parquet":
        return gpd.read_parquet(path)
    return gpd.read_file(path)


@pytest.mark.parametrize("suffix", [s for s in FORMATS if s != ".tif"])
def test_exports_hold_the_layers_values(trained_store: Store, tmp_path: Path, suffix: str) -> None:
    kept = keep_layer(trained_store, search_cells(trained_store, SLUG, "park"))
    path = tmp_path / f"layer{suffix}"
    export_layer(trained_store, SLUG, kept.layer, path)
    values = layer_values(trained_store, SLUG, kept.layer).set_index("cell")
    back = read_back(path).set_index("cell").loc[values.index]
    np.testing.assert_allclose(back["score"], values["score"], atol=1e-6)
    np.testing.assert_allclose(back["percentile"], values["percentile"], atol=1e-4)
    assert b"Google DeepMind" in path.read_bytes()
    assert b"simulated embedding" in path.read_bytes().lower()


def test_a_raster_export_shows_each_cells_value_at_its_centre(
    trained_store: Store, tmp_path: Path
) -> None:
    kept = keep_layer(trained_store, search_cells(trained_store, SLUG, "park"))
    export_layer(trained_store, SLUG, kept.layer, tmp_path / "layer.tif")
    values = layer_values(trained_store, SLUG, kept.layer)
    latlon = np.array([h3.cell_to_latlng(cell) for cell in values["cell"]])
    with rasterio.open(tmp_path / "layer.tif") as raster:
        points = gpd.GeoSeries.from_xy(latlon[:, 1], latlon[:, 0], crs=4326).to_crs(raster.crs)
        sampled = np.array(list(raster.sample(zip(points.x, points.y, strict=True))))
        band = raster.descriptions.index("score")
        tags = raster.tags()
    np.testing.assert_allclose(sampled[:, band], values["score"], atol=1e-6)
    assert "Google DeepMind" in tags["attribution"]


def test_a_search_is_written_without_keeping_it(trained_store: Store, tmp_path: Path) -> None:
    scores = similar_cells(
        trained_store, SLUG, *search_cells(trained_store, SLUG, "park").lonlat[0]
    )
    export_scores(scores, tmp_path / "x.geojson")
    document = json.loads((tmp_path / "x.geojson").read_text())
    assert len(document["features"]) == len(scores.score)
    assert document["query"] == scores.query
    assert document["kind"] == "similar"
    assert list_layers(trained_store, SLUG) == []


def test_files_are_refused_before_they_are_harmed(trained_store: Store, tmp_path: Path) -> None:
    scores = search_cells(trained_store, SLUG, "park")
    there = tmp_path / "there.geojson"
    there.write_text("mine")
    with pytest.raises(ConflictError, check=fault("file-exists", there)):
        export_scores(scores, there)
    assert there.read_text() == "mine"
    export_scores(scores, there, force=True)
    assert len(gpd.read_file(there)) == len(scores.score)
    with pytest.raises(InputError, check=fault("output-wrong-ending", "x.docx", ".geojson")):
        export_scores(scores, tmp_path / "x.docx")
    with pytest.raises(InputError, check=fault("no-such-output-folder", tmp_path / "no")):
        export_scores(scores, tmp_path / "no" / "x.csv")
    with pytest.raises(NotFoundError, check=fault("no-such-layer", "no-such")):
        export_layer(trained_store, SLUG, "no-such", tmp_path / "x.csv")
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["there.geojson"]


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_unusable_titles_are_refused(trained_store: Store, title: str) -> None:
    with pytest.raises(InputError, check=fault("title-wrong-length")):
        keep_layer(trained_store, search_cells(trained_store, SLUG, "park"), title)
    assert list_layers(trained_store, SLUG) == []


def test_layers_kept_at_once_get_names_of_their_own(trained_store: Store) -> None:
    scores = search_cells(trained_store, SLUG, "a night out")
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(lambda _: keep_layer(trained_store, scores), range(4)))
    assert len({layer.layer for layer in kept}) == 4
