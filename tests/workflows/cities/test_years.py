"""Several years of a city: added whole or not at all, used by models, removed without a trace."""

import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
from sqlalchemy import text

from aether_core.eo.cog.write import write_embedding_cog
from aether_core.errors import CancelledError, ConflictError, InputError, NotFoundError
from aether_core.model.heads.inference import encode_eo
from aether_core.model.recipes import recipe
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from tests.app_fixtures import SLUG, YEAR, CityFiles
from tests.errors import fault
from tests.year_fixtures import OTHER, OtherYear
from workflows.cities.cities import show_city
from workflows.cities.views import DISK, ensure_view
from workflows.cities.years import add_year, list_years, remove_year
from workflows.home.store import Store
from workflows.search.search import search_cells, similar_cells
from workflows.tasks.arrays import task_city
from workflows.training.representation import cell_vectors, heads_of, model_for

QUERY = "a park"


def rows_of(store: Store) -> tuple[int, ...]:
    tables = ("raster", "view", "cell_feature", "eo_feature")
    with store.session() as session:
        return tuple(session.scalar(text(f"SELECT count(*) FROM {one}")) for one in tables)  # noqa: S608


def files_of(store: Store) -> list[str]:
    return sorted(str(path.relative_to(store.settings.cities)) for path in tree(store))


def tree(store: Store) -> list[Path]:
    return list(store.settings.cities.rglob("*"))


def write_floats(path: Path, other: OtherYear) -> None:
    """The other year as plain float32, which is no worse but another encoding."""
    height, width, bands = other.later.vectors.shape
    place = {"transform": other.city.transform, "crs": other.city.crs}
    shape = {"width": width, "height": height, "count": bands, "dtype": "float32"}
    with rasterio.open(path, "w", driver="GTiff", nodata=np.nan, **shape, **place) as raster:
        raster.write(other.later.vectors.transpose(2, 0, 1))


def test_a_year_is_listed_and_leaves_the_city_as_it_was(two_years: Store) -> None:
    other, own = list_years(two_years, SLUG)
    city = show_city(two_years, SLUG)
    assert city.years == [OTHER, YEAR] == [other.year, own.year]
    assert (other.main, own.main) == (False, True)
    assert (other.cells, other.places) == (own.cells, own.places) == (city.cells, city.pois)
    assert other.views == own.views == ["base", "wide"]
    assert any(re.fullmatch(rf"\d+-{OTHER}-\w+/000-other.tif", f) for f in files_of(two_years))
    with two_years.session() as session:
        (raster,) = city_rows.rasters(session, city_rows.city_by_slug(session, SLUG).id)
    assert raster.year == YEAR
    assert task_city(two_years, SLUG).embedding_sha256 == (raster.sha256,)


def test_a_model_looks_at_the_year_it_is_asked_for(two_years: Store) -> None:
    model = model_for(two_years, SLUG, None)
    with two_years.session() as session:
        _, _, pooled = feature_rows.cell_features(session, model.city_id, "base", OTHER)
    expected = encode_eo(heads_of(model.files), pooled)
    assert np.allclose(cell_vectors(two_years, model, OTHER).vectors, expected, atol=1e-6)
    own, other = (search_cells(two_years, SLUG, QUERY, year=year) for year in (None, OTHER))
    assert (own.year, other.year) == (YEAR, OTHER)
    assert np.array_equal(own.score, search_cells(two_years, SLUG, QUERY, year=YEAR).score)
    assert 0.005 < np.abs(own.score - other.score).mean() < 0.2
    best = similar_cells(two_years, SLUG, *other.lonlat[7], year=OTHER).best(1)[0]
    assert best["score"] == pytest.approx(1, abs=1e-5)
    with pytest.raises(NotFoundError, check=fault("no-such-year", 2020, "2018, 2024")):
        search_cells(two_years, SLUG, QUERY, year=2020)


def test_a_model_with_its_own_window_finds_it_in_the_other_year(two_years: Store) -> None:
    settings = recipe("aether-v1").settings
    number = model_for(two_years, SLUG, None).city_id
    assert ensure_view(two_years, number, settings, year=OTHER) == DISK
    with two_years.session() as session:
        names = {(view.name, view.year) for view in feature_rows.views(session, number)}
    assert (DISK, OTHER) in names
    assert (DISK, YEAR) not in names


def test_a_year_removed_is_gone_and_one_added_anew_is_read_anew(
    two_years: Store, other_year: OtherYear, tmp_path: Path
) -> None:
    before = search_cells(two_years, SLUG, QUERY, year=OTHER).score
    remove_year(two_years, SLUG, OTHER)
    assert show_city(two_years, SLUG).years == [YEAR]
    assert not [name for name in files_of(two_years) if str(OTHER) in name]
    with pytest.raises(NotFoundError):
        search_cells(two_years, SLUG, QUERY, year=OTHER)
    half = other_year.later.vectors.copy()
    half[:, : half.shape[1] // 2] = np.nan
    file = tmp_path / "half.tif"
    write_embedding_cog(file, half, other_year.city.transform, other_year.city.crs)
    added = add_year(two_years, SLUG, OTHER, [file], link=True)
    assert added.cells_without > 400
    assert added.cells + added.cells_without == show_city(two_years, SLUG).cells
    assert added.places_without > 50
    after = search_cells(two_years, SLUG, QUERY, year=OTHER).score
    assert len(after) == added.cells < len(before)
    (kept,) = two_years.settings.cities.glob(f"*-{OTHER}-*/000-half.tif")
    assert kept.samefile(file)


def test_what_is_stopped_or_does_not_fit_leaves_nothing(
    trained_store: Store, city_files: CityFiles, other_year: OtherYear, tmp_path: Path
) -> None:
    rows, files = rows_of(trained_store), files_of(trained_store)

    def stop(stage: str, done: int, _total: int) -> None:
        if stage == "storing" and done:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        add_year(trained_store, SLUG, OTHER, [other_year.file], stop)
    floats, away = tmp_path / "float.tif", tmp_path / "away.tif"
    city = other_year.city
    write_floats(floats, other_year)
    moved = city.transform.translation(50_000, 0) @ city.transform
    write_embedding_cog(away, other_year.later.vectors, moved, city.crs)
    for year, file, kind, reported in (
        (YEAR, other_year.file, ConflictError, fault("year-exists", SLUG, YEAR)),
        (
            OTHER,
            floats,
            InputError,
            fault("years-of-different-encodings", YEAR, "int8", OTHER, "float32"),
        ),
        (
            OTHER,
            city_files.embedding,
            InputError,
            fault("file-of-another-year", YEAR, city_files.embedding.name),
        ),
        (OTHER, away, InputError, fault("no-cell-with-embedding", away.name)),
    ):
        with pytest.raises(kind, check=reported):
            add_year(trained_store, SLUG, year, [file])
    with pytest.raises(InputError, check=fault("alphaearth-lacks-year", 1999)):
        add_year(trained_store, SLUG, 1999, [other_year.file])
    with pytest.raises(InputError, check=fault("own-year-not-removable", YEAR)):
        remove_year(trained_store, SLUG, YEAR)
    with pytest.raises(NotFoundError, check=fault("no-such-year", OTHER, YEAR)):
        remove_year(trained_store, SLUG, OTHER)
    assert rows_of(trained_store) == rows
    assert files_of(trained_store) == files
