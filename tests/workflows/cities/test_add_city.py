"""Registering a city: all of it or nothing."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from sqlalchemy import text

from aether_core.errors import CancelledError, ConflictError, InputError
from tests.app_fixtures import SLUG, CityFiles
from tests.city_removal import remove_city
from tests.errors import fault
from workflows.cities.add import AddCity, add_city
from workflows.cities.cities import (
    base_map,
    categories,
    city_points,
    list_cities,
    show_city,
)
from workflows.home.store import Store

TABLES = ("city", "raster", "view", "poi", "eo_feature", "cell", "cell_feature", "base_feature")


def rows(store: Store) -> dict[str, int]:
    with store.session() as session:
        return {t: session.scalars(text(f"SELECT count(*) FROM {t}")).one() for t in TABLES}  # noqa: S608


def nothing_left(store: Store) -> bool:
    folder = store.settings.cities
    return not any(rows(store).values()) and (not folder.exists() or not list(folder.iterdir()))


def test_a_city_is_stored_with_what_its_files_hold(store: Store, city_files: CityFiles) -> None:
    summary = add_city(store, city_files.request())
    given = len(gpd.read_file(city_files.pois))
    assert summary.pois + sum(summary.pois_dropped.values()) == given
    assert summary.pois_dropped["outside the boundary"] > 0
    assert summary.cells > 1000
    with rasterio.open(city_files.embedding) as raster:
        assert summary.pixels == raster.width * raster.height
    assert summary == show_city(store, SLUG) == list_cities(store)[0]
    counted = rows(store)
    assert counted["eo_feature"] == 2 * summary.pois
    assert counted["cell_feature"] == counted["cell"] == summary.cells
    kept = list(store.settings.cities.glob("*/*"))
    assert [path.read_bytes() for path in kept] == [city_files.embedding.read_bytes()]


def test_simulated_is_said_with_the_attribution(store: Store, city_files: CityFiles) -> None:
    summary = add_city(store, city_files.request(attribution=["Places: someone."]))
    assert summary.simulated
    assert summary.attribution[0].startswith("Made-up satellite data")
    assert "Google DeepMind" in summary.attribution[1]
    assert summary.attribution[2] == "Places: someone."


def test_what_maps_are_drawn_from(store: Store, city_files: CityFiles, tmp_path: Path) -> None:
    water = tmp_path / "base.gpkg"
    pond = shapely.box(*gpd.read_file(city_files.boundary).total_bounds).centroid.buffer(0.001)
    gpd.GeoDataFrame({"kind": ["water"], "name": ["pond"]}, geometry=[pond], crs=4326).to_file(
        water
    )
    summary = add_city(store, city_files.request(base_map=water))
    points = city_points(store, SLUG, limit=100)
    assert 50 <= len(points) <= 100
    west, south, east, north = summary.bbox
    assert points["lon"].between(west, east).all()
    assert points["lat"].between(south, north).all()
    assert base_map(store, SLUG)[["kind", "name"]].to_numpy().tolist() == [["water", "pond"]]
    named = categories(store, SLUG, limit=3)
    assert len(named) == 3
    assert named[0][1] >= named[1][1] >= named[2][1]


def test_removing_leaves_nothing(store: Store, city_files: CityFiles) -> None:
    add_city(store, city_files.request())
    remove_city(store, SLUG)
    assert nothing_left(store)


def test_a_taken_slug_keeps_the_city_that_has_it(store: Store, city_files: CityFiles) -> None:
    before = add_city(store, city_files.request())
    with pytest.raises(ConflictError, check=fault("city-exists", SLUG)):
        add_city(store, city_files.request())
    assert show_city(store, SLUG) == before


@pytest.mark.parametrize("slug", ["a/b", "..", "../x", "Big City", "", "-x", "x" * 60, "ä"])
def test_unusable_slugs_are_refused(store: Store, city_files: CityFiles, slug: str) -> None:
    with pytest.raises(InputError, check=fault("slug-unusable", slug)):
        add_city(store, city_files.request(slug=slug))
    assert nothing_left(store)


@pytest.mark.parametrize(
    ("changes", "reported"),
    [
        ({"year": 2016}, ("alphaearth-lacks-year", 2016)),
        ({"year": 2026}, ("alphaearth-lacks-year", 2026)),
        ({"name": "  "}, ("city-name-wrong-length",)),
        ({"radius_m": 0.0}, ("radius-out-of-range", 0.0)),
        ({"cell_resolution": 15}, ("cell-resolution-out-of-range", 15)),
        ({"category_field": "kindd"}, ("no-such-column", "kindd")),
    ],
)
def test_unusable_values_are_refused(
    store: Store, city_files: CityFiles, changes: dict[str, object], reported: tuple[object, ...]
) -> None:
    with pytest.raises(InputError, check=fault(*reported)):
        add_city(store, city_files.request(**changes))
    assert nothing_left(store)


def moved(files: CityFiles, folder: Path, dlon: float) -> Path:
    places = gpd.read_file(files.pois)
    places.geometry = places.geometry.translate(dlon, 0)
    places.to_file(folder / "moved.geojson", driver="GeoJSON")
    return folder / "moved.geojson"


def test_places_outside_are_refused_with_both_extents(
    store: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    with pytest.raises(InputError, check=fault("no-place-in-city", "moved.geojson")):
        add_city(store, city_files.request(pois=moved(city_files, tmp_path, 3.0)))
    assert nothing_left(store)


def test_swapped_coordinates_are_named_as_likely(
    store: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    places = gpd.read_file(city_files.pois)
    table = pd.DataFrame({"name": places["name"], "category": places["category"]})
    table["lon"], table["lat"] = places.geometry.y, places.geometry.x
    table.to_csv(tmp_path / "swapped.csv", index=False)
    with pytest.raises(InputError, check=fault("coordinates-swapped")):
        add_city(store, city_files.request(pois=tmp_path / "swapped.csv"))
    assert nothing_left(store)


def test_a_boundary_elsewhere_is_refused(
    store: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    area = gpd.read_file(city_files.boundary)
    area.geometry = area.geometry.translate(5, 5)
    area.to_file(tmp_path / "elsewhere.geojson", driver="GeoJSON")
    with pytest.raises(InputError, check=fault("boundary-outside-embedding")):
        add_city(store, city_files.request(boundary=tmp_path / "elsewhere.geojson"))
    assert nothing_left(store)


def rewritten(files: CityFiles, path: Path, **profile: object) -> Path:
    with rasterio.open(files.embedding) as raster:
        values, facts = raster.read(), raster.profile
    facts.update(driver="GTiff", **profile)
    with rasterio.open(path, "w", **facts) as target:
        target.write(values[: facts["count"]].astype(facts["dtype"]))
    return path


def broken_embeddings(files: CityFiles, folder: Path) -> dict[str, Path]:
    paths = {"no CRS": rewritten(files, folder / "nocrs.tif", crs=None)}
    paths["63 bands"] = rewritten(files, folder / "b63.tif", count=63)
    paths["norms"] = rewritten(files, folder / "norms.tif", dtype="float32", nodata=None)
    whole = files.embedding.read_bytes()
    paths["truncated"] = folder / "cut.tif"
    paths["truncated"].write_bytes(whole[: len(whole) // 2])
    paths["empty"] = folder / "empty.tif"
    paths["empty"].touch()
    paths["text"] = folder / "text.tif"
    paths["text"].write_text("not a raster")
    paths["vrt"] = folder / "x.vrt"
    paths["vrt"].write_text("<VRTDataset/>")
    paths["url"] = Path("https://example.org/x.tif")
    paths["vsi"] = Path("/vsicurl/https://example.org/x.tif")
    paths["missing"] = folder / "missing.tif"
    return paths


def test_every_broken_embedding_is_refused_and_leaves_nothing(
    store: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    for kind, path in broken_embeddings(city_files, tmp_path).items():
        with pytest.raises(InputError) as refused:
            add_city(store, city_files.request(embedding=[path]))
        assert "\n" not in str(refused.value), kind
    assert nothing_left(store)


def test_a_file_given_twice_counts_once(store: Store, city_files: CityFiles) -> None:
    summary = add_city(store, city_files.request(embedding=[city_files.embedding] * 2))
    with rasterio.open(city_files.embedding) as raster:
        assert summary.pixels == raster.width * raster.height
    assert rows(store)["raster"] == 1


def test_a_raster_cut_within_its_header_is_called_truncated(
    store: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.tif"
    cut.write_bytes(city_files.embedding.read_bytes()[:5000])
    with pytest.raises(InputError, check=fault("raster-truncated", "cut.tif")):
        add_city(store, city_files.request(embedding=[cut]))


def test_cancelling_leaves_nothing(store: Store, city_files: CityFiles) -> None:
    def stop_when_storing(stage: str, _done: int, _total: int) -> None:
        if stage == "storing":
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        add_city(store, city_files.request(), stop_when_storing)
    assert nothing_left(store)


def test_an_embedding_table_makes_a_city_too(
    store: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    with rasterio.open(city_files.embedding) as raster:
        values = raster.read()
        rows_, cols = np.divmod(np.arange(0, raster.width * raster.height, 7), raster.width)
        x, y = raster.xy(rows_, cols)
        lonlat = gpd.GeoSeries.from_xy(x, y, crs=raster.crs).to_crs(4326)
    unit = np.sign(values[:, rows_, cols]) * (values[:, rows_, cols] / 127.5) ** 2
    table = pd.DataFrame(unit.T, columns=[f"A{band:02d}" for band in range(64)])
    table["longitude"], table["latitude"] = lonlat.x.to_numpy(), lonlat.y.to_numpy()
    table.to_csv(tmp_path / "samples.csv", index=False)
    request = AddCity(
        slug="samples",
        name="Samples",
        embedding=[tmp_path / "samples.csv"],
        year=2024,
        pois=city_files.pois,
        radius_m=60,
        cell_resolution=11,
    )
    summary = add_city(store, request)
    assert summary.embedding_kind == "table"
    assert summary.pixels == len(table)
    assert summary.pois > 500
