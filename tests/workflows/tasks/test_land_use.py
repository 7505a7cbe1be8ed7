"""Land use: labels in, a map out that says how sure it is; nothing half stored."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Transformer
from sqlalchemy import text

from aether_core.errors import CancelledError, InputError, NotFoundError
from aether_core.simulate.grid_city import ZONES, SimulatedCity
from aether_core.tasks.kinds.classes import ClassFindings
from tests.app_fixtures import SLUG, Once
from tests.city_removal import remove_city
from tests.errors import fault
from tests.task_fixtures import TaskFiles
from workflows.home.store import Store
from workflows.layers.layers import layer_values, list_layers, show_layer
from workflows.layers.profile import profile_file
from workflows.tasks.districts import DistrictFile
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest, LandUseResult, land_use
from workflows.tasks.settings import FitSettings

QUICK = FitSettings(seeds=1, representation="alphaearth")


def request(file: Path, **changes: object) -> LandUseRequest:
    labels = LabelRequest(file, field=changes.pop("field", "zone"), **changes.pop("labels", {}))
    return LandUseRequest(labels, changes.pop("fit", QUICK), **changes)


def stored(store: Store) -> dict[str, int]:
    tables = ("layer", "layer_column", "label_set", "label")
    with store.session() as session:
        return {
            name: session.scalar(text(f"SELECT count(*) FROM {name}"))  # noqa: S608 - our own names
            for name in tables
        }


@pytest.fixture
def mapped(trained_store: Store, task_files: TaskFiles, once: Once) -> LandUseResult:
    """The map of `request(task_files.points)`, which is in the store."""
    asked = request(task_files.points)
    return once("land use of points", trained_store, lambda store: land_use(store, SLUG, asked))


def test_points_become_a_layer_that_says_how_sure_it_is(
    trained_store: Store, mapped: LandUseResult
) -> None:
    result = mapped
    layer = show_layer(trained_store, SLUG, result.layer.layer)
    values = layer_values(trained_store, SLUG, layer.layer)
    assert layer.kind == "landuse"
    assert len(values) == layer.features == result.cells
    shares = values[[f"p_{name}" for name in result.classes]].to_numpy()
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-3)
    assert values["confidence"].to_numpy() == pytest.approx(shares.max(axis=1))
    best = np.array(result.classes, dtype=object)[shares.argmax(axis=1)]
    assert (values["landuse"] == best).all()
    trusted = values[values["trusted"]]
    assert len(trusted) > 100
    assert all(row.landuse in row.set and len(row.set) <= 2 for row in trusted.itertuples())
    assert not (values["trusted"] & ~values["applicable"]).any()
    assert set(result.cross_validation) == {"random", "spatial"}
    assert result.labels_used == 500 - sum(result.labels_dropped.values())
    assert layer.lineage["command"].startswith(f"./aether landuse {SLUG} --labels points.csv")


def test_districts_of_a_map_have_a_mix_with_what_it_cannot_tell_apart(
    trained_store: Store, mapped: LandUseResult, task_files: TaskFiles, truth_city: SimulatedCity
) -> None:
    found = profile_file(trained_store, SLUG, task_files.districts)
    layer = mapped.layer.layer.replace("-", "_")
    half = len(truth_city.truth) // 2
    north_west = truth_city.truth[:half, :half]
    reported = found.profile.area(found.profile.row_of("North-west"))["figures"]
    mix = {name: reported[f"{layer}_{name}"] for name in mapped.classes}
    assert sum(one["value"] for one in mix.values()) == pytest.approx(1, abs=1e-3)
    values = layer_values(trained_store, SLUG, mapped.layer.layer)
    assert reported[f"{layer}_not_trusted"]["city"] == pytest.approx(
        1 - values["applicable"].mean(), abs=0.02
    )
    held = [
        one["lo"] - 0.02 <= (north_west == list(ZONES).index(name)).mean() <= one["hi"] + 0.02
        for name, one in mix.items()
    ]
    assert np.mean(held) > 0.8
    side = next(one for one in found.profile.facts() if one["source"] == mapped.layer.layer)
    assert (side["interval"], side["level"]) == ("map error", 0.95)


def test_the_map_agrees_with_the_truth_it_did_not_see(
    trained_store: Store, mapped: LandUseResult
) -> None:
    result = mapped
    frame = layer_values(trained_store, SLUG, result.layer.layer)
    accuracy = result.cross_validation["random"]["accuracy"]
    assert accuracy > 0.5  # nine classes
    coverage = result.layer.measured(ClassFindings).test.coverage["random"].share
    assert 0.8 < coverage <= 1
    assert frame["confidence"].between(0, 1).all()


@pytest.fixture
def zoned(trained_store: Store, task_files: TaskFiles, once: Once) -> LandUseResult:
    """The map of `task_files.zones`, whose polygons cover the whole city."""
    asked = request(halved(task_files.zones))
    return once("land use of zones", trained_store, lambda store: land_use(store, SLUG, asked))


def halved(zones: Path) -> Path:
    """The zones of the city's western half: predictions have the other to fill."""
    frame = gpd.read_file(zones)
    west, south, east, north = frame.total_bounds
    half = shapely.box(west, south, (west + east) / 2, north)
    target = zones.with_name("western.geojson")
    frame.clip(half).explode(ignore_index=True).to_file(target, driver="GeoJSON")
    return target


def test_polygons_give_cells_and_never_stand_on_two_sides(zoned: LandUseResult) -> None:
    assert zoned.samples > zoned.labels_used
    folds = zoned.layer.measured(ClassFindings).held_out.folds
    assert set(folds.by_split["spatial"]) == set(range(5))


def test_known_land_use_stays_and_predictions_fill_the_gaps(
    trained_store: Store, zoned: LandUseResult, truth_city: SimulatedCity
) -> None:
    values = layer_values(trained_store, SLUG, zoned.layer.layer)
    known = values["source"] == "observed"
    cells = zoned.layer.measured(ClassFindings).cells
    assert (known.sum(), (~known).sum()) == (cells.observed, cells.predicted)
    assert 0.4 < cells.observed_part < 0.6
    truth = truth_at(truth_city, values["cell"])
    assert (values["landuse"] == truth)[known].mean() > 0.95  # but for cells across a border
    assert (values["predicted"] == truth)[known].mean() < 1  # a fit that saw them errs all the same
    sure = values[known]
    assert (sure["confidence"] == 1).all()
    assert sure["trusted"].all()
    assert all(one == [name] for one, name in zip(sure["set"], sure["landuse"], strict=True))
    gaps = values[~known]
    assert (gaps["landuse"] == gaps["predicted"]).all()
    assert (gaps["trusted"] == gaps["predicted_trusted"]).all()
    shares = values[[f"p_{name}" for name in zoned.classes]].to_numpy()
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-3)


def truth_at(city: SimulatedCity, cells: "pd.Series[str]") -> np.ndarray:
    lonlat = np.array([h3.cell_to_latlng(cell)[::-1] for cell in cells])
    x, y = Transformer.from_crs("EPSG:4326", city.crs, always_xy=True).transform(*lonlat.T)
    columns, rows = ~city.transform @ (x, y)
    inside = np.clip(np.stack([rows, columns]).astype(int), 0, len(city.truth) - 1)
    return np.array(list(ZONES), dtype=object)[city.truth[tuple(inside)]]


def test_predictions_everywhere_change_the_map_and_no_figure(
    trained_store: Store, zoned: LandUseResult, task_files: TaskFiles
) -> None:
    asked = request(halved(task_files.zones), predict_everywhere=True)
    result = land_use(trained_store, SLUG, asked)
    before, after = (one.layer.measured(ClassFindings) for one in (zoned, result))
    assert after.test == before.test  # accuracy comes from held-out predictions in both
    assert (after.cells.observed, after.cells.everywhere) == (0, True)
    filled, predicted = (
        layer_values(trained_store, SLUG, one.layer.layer) for one in (zoned, result)
    )
    assert set(predicted["source"]) == {"predicted"}
    assert (predicted["landuse"] == filled["predicted"]).all()
    assert predicted["confidence"].to_numpy() == pytest.approx(
        filled["predicted_confidence"].to_numpy()
    )
    assert "--predict-everywhere" in result.layer.lineage["command"].split()


def test_labels_are_counted_once_and_rare_classes_treated_by_that_count(
    trained_store: Store, zoned: LandUseResult
) -> None:
    found = zoned.layer.measured(ClassFindings)
    assert (
        zoned.labels_used == found.used == found.labels.used == sum(found.labels.by_class.values())
    )
    assert zoned.labels_dropped == found.labels.left_out
    assert found.rare.rule == "testable"
    rare = {one.name: one.labels for one in found.rare.classes}
    assert rare
    assert max(rare.values()) < 10
    with trained_store.session() as session:
        counts = session.scalar(text("SELECT counts FROM label_set"))
    assert counts == found.labels.by_class


def test_the_same_request_gives_the_same_layer(
    trained_store: Store, task_files: TaskFiles, mapped: LandUseResult
) -> None:
    first, second = mapped, land_use(trained_store, SLUG, request(task_files.points))
    assert first.layer.layer != second.layer.layer
    one, two = (layer_values(trained_store, SLUG, found.layer.layer) for found in (first, second))
    assert one.equals(two)
    assert stored(trained_store)["label_set"] == 1


def test_a_mapping_merges_and_drops_classes(trained_store: Store, task_files: TaskFiles) -> None:
    mapping = {"water": "", "shopping": "work", "offices": "work", "industry": "work"}
    result = land_use(trained_store, SLUG, request(task_files.points, labels={"mapping": mapping}))
    assert "work" in result.classes
    assert not {"water", "shopping", "offices", "industry"} & set(result.classes)
    assert result.labels_dropped["dropped by the mapping"] > 0


def test_the_published_protocol_uses_its_own_seeds(
    trained_store: Store, task_files: TaskFiles
) -> None:
    fit = replace(QUICK, protocol="published", splits=("random",))
    result = land_use(trained_store, SLUG, request(task_files.points, fit=fit))
    assert result.layer.parameters["seeds"] == [42, 24, 7, 0, 100]
    assert set(result.cross_validation) == {"random"}


def test_errors_are_told_apart_by_district(trained_store: Store, task_files: TaskFiles) -> None:
    result = land_use(
        trained_store,
        SLUG,
        request(task_files.points, districts=DistrictFile(task_files.districts)),
    )
    groups = {row.group for row in result.layer.measured(ClassFindings).test.fairness["district"]}
    assert groups == {"North-west", "North-east", "South-west", "South-east"}
    assert "district" in result.cross_validation


@pytest.mark.parametrize(
    ("changes", "reported"),
    [
        ({"field": "nothing"}, ("no-such-field", "nothing", "zone")),
        (
            {"labels": {"mapping": dict.fromkeys("abc", "")}, "field": "missing"},
            ("no-such-field", "missing", "zone"),
        ),
        (
            {"fit": replace(QUICK, folds=20, block_m=1000.0)},
            ("labels-in-too-few-blocks", "1000 m", "20 folds"),
        ),
        ({"fit": replace(QUICK, model="no-such")}, ("no-such-model", "no-such")),
        (
            {"labels": {"mapping": {"hommes": "homes"}}},
            ("mapping-names-unknown-value", "hommes", "homes"),
        ),
        ({"title": "x" * 201}, ("title-wrong-length", 200)),
    ],
)
def test_what_cannot_be_used_leaves_nothing_behind(
    trained_store: Store,
    task_files: TaskFiles,
    changes: dict[str, object],
    reported: tuple[object, ...],
) -> None:
    before = stored(trained_store)
    with pytest.raises(InputError, check=fault(*reported)):
        land_use(trained_store, SLUG, request(task_files.points, **changes))
    assert stored(trained_store) == before


def written(path: Path, points: list[tuple[float, float]], names: list[str]) -> Path:
    frame = gpd.GeoDataFrame({"zone": names}, geometry=shapely.points(points), crs="EPSG:4326")
    frame.to_file(path, driver="GeoJSON")
    return path


def test_labels_outside_of_one_class_and_in_one_block(trained_store: Store, tmp_path: Path) -> None:
    with trained_store.session() as session:
        west, south, east, north = session.execute(
            text(
                "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) "
                "FROM (SELECT ST_Extent(boundary) e FROM city) box"
            )
        ).one()
    x, y = (west + east) / 2, (south + north) / 2
    rng = np.random.default_rng(0)
    near = [(x + dx, y + dy) for dx, dy in rng.uniform(-0.0002, 0.0002, size=(60, 2))]
    wide = [(rng.uniform(west, east), rng.uniform(south, north)) for _ in range(60)]
    two = ["a", "b"] * 30
    odd = [str(k) for k in range(60)]
    cases = [
        (written(tmp_path / "far.geojson", [(3.0, 3.0)] * 60, two), ("labels-outside-city", 3.0)),
        (written(tmp_path / "one.geojson", wide, ["a"] * 60), ("labels-of-one-class",)),
        (written(tmp_path / "near.geojson", near, two), ("labels-in-too-few-blocks", 60)),
        (written(tmp_path / "few.geojson", wide[:8], two[:8]), ("classes-too-small", "a 4, b 4")),
        (written(tmp_path / "odd.geojson", wide, odd), ("classes-too-small", "10 1")),
    ]
    for path, reported in cases:
        with pytest.raises(InputError, check=fault(*reported)):
            land_use(trained_store, SLUG, LandUseRequest(LabelRequest(path, "zone"), QUICK))
    assert not list_layers(trained_store, SLUG)


def test_stopping_leaves_nothing_behind(trained_store: Store, task_files: TaskFiles) -> None:
    before = stored(trained_store)

    def stop(stage: str, _done: int, _total: int) -> None:
        if stage.startswith("saving"):
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        land_use(trained_store, SLUG, request(task_files.points), stop)
    assert stored(trained_store) == before


def test_a_city_without_a_model_can_be_mapped_from_alphaearth_alone(
    store: Store, city_files: object, task_files: TaskFiles
) -> None:
    from workflows.cities.add import add_city

    add_city(store, city_files.request())
    result = land_use(store, SLUG, request(task_files.points))
    assert result.layer.model is None
    with pytest.raises(InputError, check=fault("representation-without-model", "aether")):
        land_use(store, SLUG, request(task_files.points, fit=FitSettings(seeds=1)))


def test_no_osm_land_use_is_said(trained_store: Store) -> None:
    with pytest.raises(InputError, check=fault("city-without-osm-land-use", SLUG)):
        land_use(trained_store, SLUG, LandUseRequest(LabelRequest(None), QUICK))
    with pytest.raises(NotFoundError):
        land_use(trained_store, "nowhere", LandUseRequest(LabelRequest(None), QUICK))


def test_a_city_removed_under_its_fit_is_said(trained_store: Store, task_files: TaskFiles) -> None:
    def remove(stage: str, _done: int, _total: int) -> None:
        if stage.startswith("saving"):
            remove_city(trained_store, SLUG)

    with pytest.raises(NotFoundError):
        land_use(trained_store, SLUG, request(task_files.points), remove)
    assert set(stored(trained_store).values()) == {0}


def test_an_unknown_crosswalk_lists_those_there_are() -> None:
    with pytest.raises(
        InputError, check=fault("no-such-crosswalk", "corine", "osm, uk, singapore")
    ):
        LabelRequest(None, crosswalk="corine")
