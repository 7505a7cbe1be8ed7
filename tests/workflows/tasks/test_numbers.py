"""A number of places becomes a map of it, is compared, and is told again."""

import csv
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio

from aether_core.errors import InputError
from aether_core.report import Figure, KeyFigures
from aether_core.simulate.grid_city import ZONES, SimulatedCity
from aether_core.tasks.kinds.numbers import NumberFindings
from tests.app_fixtures import SLUG, Once
from tests.errors import fault
from tests.task_fixtures import TaskFiles
from workflows.cities.cities import show_city
from workflows.evaluation.compare import evaluate_task
from workflows.home.store import Store
from workflows.layers.export import export_layer
from workflows.layers.layers import layer_values, list_layers
from workflows.reports.subject import Subject
from workflows.reports.write import compose
from workflows.tasks.numbers import NumberRequest, NumberResult, ValueRequest, estimate
from workflows.tasks.settings import FitSettings
from workflows.tasks.task import TASKS

QUICK = FitSettings(seeds=1, representation="alphaearth")
HOMES = "homes"
MIDDLE = (112, 113, 114)
"""Rows of three areas in the middle of the city."""


def request(files: TaskFiles, **changes: object) -> NumberRequest:
    return NumberRequest(ValueRequest(files.areas, **({"field": HOMES} | changes)), QUICK)


@pytest.fixture
def mapped(trained_store: Store, task_files: TaskFiles, once: Once) -> NumberResult:
    """The map of `request(task_files)`, which is in the store."""
    return once(
        "homes of areas", trained_store, lambda store: estimate(store, SLUG, request(task_files))
    )


def test_counts_of_areas_become_a_number_for_every_cell(
    trained_store: Store, mapped: NumberResult
) -> None:
    cells = layer_values(trained_store, SLUG, mapped.layer.layer)
    assert len(cells) == mapped.cells
    assert (cells["homes_lo"] <= cells[HOMES]).all()
    assert (cells[HOMES] <= cells["homes_hi"]).all()
    assert cells["homes_lo"].min() >= 0
    found = mapped.layer.measured(NumberFindings)
    assert found.used == mapped.samples_used > 50
    assert 0.7 < found.test.coverage["spatial"].share <= 1
    assert len(found.test.pairs.truth) == mapped.samples_used
    assert mapped.cross_validation["random"]["r2"] > 0.3
    assert mapped.samples_dropped["outside the city"] > 0


def test_an_export_carries_what_the_contract_asks_for(
    trained_store: Store, mapped: NumberResult, tmp_path: Path
) -> None:
    export_layer(trained_store, SLUG, mapped.layer.layer, tmp_path / "homes.csv")
    with (tmp_path / "homes.csv").open(encoding="utf-8-sig") as file:
        columns = next(csv.reader(file))
    assert {HOMES, "homes_lo", "homes_hi", "applicable"} <= set(columns)


def test_a_report_shows_the_map_and_every_held_out_place(
    trained_store: Store, mapped: NumberResult
) -> None:
    city = show_city(trained_store, SLUG)
    blocks = compose(Subject(trained_store, city, mapped.layer)).blocks
    assert any(isinstance(block, KeyFigures) for block in blocks)
    assert any(isinstance(one, Figure) and "held-out places" in one.alt for one in blocks)
    assert "./aether estimate" in str(mapped.layer.lineage["command"])


def test_numbers_a_square_kilometre_do_not_hang_on_the_size_of_areas(
    trained_store: Store, task_files: TaskFiles, mapped: NumberResult
) -> None:
    dense = estimate(trained_store, SLUG, request(task_files, per_km2=True))
    found = dense.layer.measured(NumberFindings)
    assert found.unit == "per km²"
    # Squares of 100 m: a hundred of them are a square kilometre.
    plain = mapped.layer.measured(NumberFindings)
    assert found.most == pytest.approx(100 * plain.most, rel=0.02)


def test_points_serve_as_well(
    trained_store: Store, task_files: TaskFiles, tmp_path: Path, mapped: NumberResult
) -> None:
    frame = gpd.read_file(task_files.areas).to_crs("EPSG:4326")
    frame.geometry = frame.representative_point()
    path = tmp_path / "points.geojson"
    frame.to_file(path, driver="GeoJSON")
    points = estimate(
        trained_store, SLUG, NumberRequest(ValueRequest(path, HOMES), QUICK, title="Homes")
    )
    assert points.layer.title == "Homes"
    assert points.samples_used == pytest.approx(mapped.samples_used, abs=60)
    both = [layer_values(trained_store, SLUG, one.layer.layer) for one in (points, mapped)]
    values = [frame.set_index("cell")[HOMES] for frame in both]
    assert np.corrcoef(*(one.sort_index() for one in values))[0, 1] > 0.7


def test_a_raster_serves_as_well(
    trained_store: Store, truth_city: SimulatedCity, tmp_path: Path, mapped: NumberResult
) -> None:
    path = tmp_path / "homes.tif"
    homes = (truth_city.truth == list(ZONES).index("homes")).astype(np.float32)
    with rasterio.open(
        path, "w", driver="GTiff", width=homes.shape[1], height=homes.shape[0], count=1,
        dtype="float32", crs=truth_city.crs, transform=truth_city.transform,
    ) as dataset:  # fmt: skip
        dataset.write(homes, 1)
    found = estimate(trained_store, SLUG, NumberRequest(ValueRequest(path, HOMES), QUICK))
    assert found.field == HOMES
    assert found.layer.measured(NumberFindings).most <= 1
    both = [layer_values(trained_store, SLUG, one.layer.layer) for one in (found, mapped)]
    values = [frame.set_index("cell")[HOMES].sort_index() for frame in both]
    assert np.corrcoef(*values)[0, 1] > 0.7


def test_representations_are_compared_on_the_same_places(
    trained_store: Store, task_files: TaskFiles
) -> None:
    result = evaluate_task(
        trained_store, SLUG, request(task_files), representations=("alphaearth", "concat")
    )
    rows = {(row["representation"], row["split"], row["metric"]) for row in result.rows}
    assert {("alphaearth", "spatial", "r2"), ("concat", "random", "mae")} <= rows
    assert {gain["against"] for gain in result.gains} == {"alphaearth"}


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda frame: frame.assign(homes=3), "constant-number"),
        (lambda frame: frame.assign(homes=frame["homes"] - 500), "logarithm-of-negative"),
        (
            lambda frame: frame[frame.index.isin(MIDDLE)].assign(homes=[1, 2, 3]),
            "labels-in-too-few-blocks",
        ),
        (lambda frame: frame.rename(columns={"homes": "cell"}), "field-name-taken"),
    ],
)
def test_numbers_that_nothing_can_be_learnt_from_are_refused_and_nothing_is_kept(
    trained_store: Store, task_files: TaskFiles, tmp_path: Path, spoil: object, code: str
) -> None:
    path = tmp_path / "spoilt.gpkg"
    frame = spoil(gpd.read_file(task_files.areas))
    frame.to_file(path, driver="GPKG")
    name = HOMES if HOMES in frame else "cell"
    transform = "log1p" if code == "logarithm-of-negative" else "auto"
    asked = request(task_files)
    values = replace(asked.values, file=path, field=name, transform=transform)
    before = list_layers(trained_store, SLUG)
    with pytest.raises(InputError, check=fault(code)):
        estimate(trained_store, SLUG, replace(asked, values=values))
    assert list_layers(trained_store, SLUG) == before


def test_a_job_says_the_field_and_the_file(task_files: TaskFiles) -> None:
    assert TASKS["value"].title(request(task_files)) == "Estimates from homes of areas.gpkg"
