"""Socioeconomics: areas in, shares with intervals out, for areas and for cells."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from sqlalchemy import text

from aether_core.errors import InputError
from aether_core.tasks.kinds.shares import ShareFindings
from tests.app_fixtures import SLUG, Once
from tests.errors import fault
from tests.task_fixtures import GROUPS, TaskFiles
from workflows.home.store import Store
from workflows.layers.layers import layer_shapes, layer_values, list_layers, remove_layer
from workflows.tasks.areas import AreaRequest
from workflows.tasks.settings import FitSettings
from workflows.tasks.socioeconomic import (
    SocioeconomicRequest,
    SocioeconomicResult,
    socioeconomic,
)

FIELDS = tuple(GROUPS)
QUICK = FitSettings(seeds=1, representation="alphaearth")


def request(file: Path, **changes: object) -> SocioeconomicRequest:
    fit = changes.pop("fit", QUICK)
    pixels = changes.pop("pixels", False)
    areas = AreaRequest(file, **({"fields": FIELDS} | changes))
    return SocioeconomicRequest(areas, fit, pixels=pixels)


@pytest.fixture
def mapped(trained_store: Store, task_files: TaskFiles, once: Once) -> SocioeconomicResult:
    """The map of `request(task_files.areas)`, which is in the store."""
    asked = request(task_files.areas)
    return once("shares of areas", trained_store, lambda store: socioeconomic(store, SLUG, asked))


def test_counts_become_layers_of_cells_and_of_areas(
    trained_store: Store, mapped: SocioeconomicResult
) -> None:
    result = mapped
    cells = layer_values(trained_store, SLUG, result.layer.layer)
    areas = layer_shapes(trained_store, SLUG, result.areas_layer.layer)
    assert len(cells) == result.cells
    assert len(areas) == result.areas_used
    assert result.areas_dropped["outside the city"] > 0
    for frame in (cells, areas):
        shares = frame[list(FIELDS)].to_numpy()
        assert shares.sum(axis=1) == pytest.approx(1, abs=2e-3)
        for field in FIELDS:
            assert (frame[f"{field}_lo"] <= frame[field] + 1e-4).all()
            assert (frame[f"{field}_hi"] >= frame[field] - 1e-4).all()
        assert set(frame["dominant"]) <= set(FIELDS)
        assert frame["entropy"].between(0, 1).all()
    assert areas.geometry.is_valid.all()
    assert result.layer.measured(ShareFindings).used == result.areas_used
    assert set(result.cross_validation["spatial"]) >= {"kl", "chebyshev", "cosine"}


def test_areas_are_predicted_by_a_fit_that_had_not_seen_them(
    trained_store: Store, task_files: TaskFiles, mapped: SocioeconomicResult
) -> None:
    result = mapped
    areas = layer_values(trained_store, SLUG, result.areas_layer.layer)
    truth = gpd.read_file(task_files.areas).set_index("code")[list(FIELDS)]
    truth = truth.div(truth.sum(axis=1), axis=0).loc[areas["area"]].to_numpy()
    predicted = areas[list(FIELDS)].to_numpy()
    assert areas[[f"{name}_observed" for name in FIELDS]].to_numpy() == pytest.approx(truth)
    correlation = np.corrcoef(truth[:, 0], predicted[:, 0])[0, 1]
    assert 0.4 < correlation < 0.999  # a fit that had seen them would be all but perfect
    inside = [
        areas[f"{field}_observed"].between(areas[f"{field}_lo"], areas[f"{field}_hi"])
        for field in FIELDS
    ]
    assert np.mean(inside) > 0.85


def test_pixels_and_cells_give_nearly_the_same_areas(
    trained_store: Store, task_files: TaskFiles, mapped: SocioeconomicResult
) -> None:
    cells = mapped
    pixels = socioeconomic(trained_store, SLUG, request(task_files.areas, pixels=True))
    assert pixels.layer.parameters["mean_over"] == "pixels"
    assert pixels.cross_validation["random"]["cosine"] == pytest.approx(
        cells.cross_validation["random"]["cosine"], abs=0.1
    )


def test_people_of_small_areas_are_left_out(trained_store: Store, task_files: TaskFiles) -> None:
    frame = gpd.read_file(task_files.areas)
    frame.loc[frame.index[::2], list(FIELDS)] = frame.loc[frame.index[::2], list(FIELDS)] // 20
    path = task_files.areas.with_name("thin.gpkg")
    frame.to_file(path, driver="GPKG")
    result = socioeconomic(trained_store, SLUG, request(path))
    assert result.areas_dropped["fewer than 100 people"] == len(frame.index[::2])
    with pytest.raises(InputError, check=fault("no-usable-areas", 20000)):
        socioeconomic(trained_store, SLUG, request(path, minimum_m2=20_000.0))
    lower = socioeconomic(trained_store, SLUG, request(path, minimum_count=10.0))
    assert lower.areas_used > result.areas_used


@pytest.mark.parametrize(
    ("spoil", "reported"),
    [
        (lambda frame: frame.assign(homes="many"), ("area-value-not-a-number", "homes", "many")),
        (lambda frame: frame.assign(homes=-frame["homes"] - 1), ("area-number-negative", "homes")),
        (lambda frame: frame.assign(homes=0, work=0, other=0), ("no-usable-areas", "spoilt.gpkg")),
        (lambda frame: frame.drop(columns="homes"), ("no-such-field", "homes")),
        (lambda frame: frame.assign(geometry=frame.buffer(40)), ("areas-overlap",)),
        (lambda frame: frame.set_geometry(frame.translate(500_000, 0)), ("no-area-in-city",)),
        (lambda frame: frame.iloc[70:73], ("labels-in-too-few-blocks", 3, "5 folds")),
    ],
    ids=["text", "negative", "nobody", "no field", "overlap", "elsewhere", "three areas"],
)
def test_what_cannot_be_used_leaves_nothing_behind(
    trained_store: Store,
    task_files: TaskFiles,
    tmp_path: Path,
    spoil: object,
    reported: tuple[object, ...],
) -> None:
    path = tmp_path / "spoilt.gpkg"
    spoil(gpd.read_file(task_files.areas)).to_file(path, driver="GPKG")
    with pytest.raises(InputError, check=fault(*reported)):
        socioeconomic(trained_store, SLUG, request(path))
    with trained_store.session() as session:
        assert session.scalar(text("SELECT count(*) FROM area_set")) == 0
    assert not list_layers(trained_store, SLUG)


@pytest.mark.parametrize("name", ["dominant", "entropy", "work_lo", "cell", "work_observed"])
def test_fields_called_like_the_layers_own_are_refused(
    trained_store: Store, task_files: TaskFiles, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "named.gpkg"
    gpd.read_file(task_files.areas).rename(columns={"homes": name}).to_file(path, driver="GPKG")
    with pytest.raises(InputError, check=fault("field-name-taken", name)):
        socioeconomic(trained_store, SLUG, request(path, fields=(name, "work", "other")))


def test_layers_of_areas_go_one_by_one_and_with_their_city(
    trained_store: Store, mapped: SocioeconomicResult
) -> None:
    result = mapped
    remove_layer(trained_store, SLUG, result.layer.layer)
    (left,) = list_layers(trained_store, SLUG)
    assert left.layer == result.areas_layer.layer
    assert left.unit == "area"
    from tests.city_removal import remove_city

    remove_city(trained_store, SLUG)
    with trained_store.session() as session:
        assert session.scalar(text("SELECT count(*) FROM area")) == 0


def test_settings_out_of_range_are_refused() -> None:
    for changes in ({"folds": 1}, {"seeds": 0}, {"level": 1.2}, {"splits": ()}, {"block_m": 1.0}):
        with pytest.raises(InputError):
            replace(QUICK, **changes)
    for changes in ({"minimum_count": float("nan")}, {"minimum_m2": -1.0}):
        with pytest.raises(InputError):
            AreaRequest(Path("areas.gpkg"), FIELDS, **changes)
