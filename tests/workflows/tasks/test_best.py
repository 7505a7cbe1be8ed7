"""Maps made from the representation that does best by inner folds."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from aether_core.tasks.samples.representations import CityArrays
from aether_core.tasks.testing.chosen import ChosenByInnerFolds
from tests.aether_core.tasks.testing.test_experiment import inputs, setup_of
from tests.app_fixtures import SLUG
from tests.task_fixtures import GROUPS, TaskFiles
from workflows.home.store import Store
from workflows.layers.layers import LayerSummary
from workflows.tasks.areas import AreaRequest
from workflows.tasks.chosen import (
    made_from,
    may_be_of_pixels,
    names_here,
    wanted_names,
)
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest, land_use
from workflows.tasks.numbers import NumberRequest, ValueRequest, estimate
from workflows.tasks.settings import FitSettings
from workflows.tasks.socioeconomic import SocioeconomicRequest, socioeconomic

BEST = FitSettings(seeds=1, folds=3, representation="best", splits=("spatial",))
OFFERED = ["alphaearth", "concat", "concat-mix"]


def layer_of(store: Store, files: TaskFiles, kind: str) -> LayerSummary:
    if kind == "value":
        values = ValueRequest(files.areas, field="homes")
        return estimate(store, SLUG, NumberRequest(values, BEST)).layer
    if kind == "landuse":
        labels = LabelRequest(files.points, "zone")
        return land_use(store, SLUG, LandUseRequest(labels, BEST)).layer
    areas = AreaRequest(files.areas, tuple(GROUPS))
    return socioeconomic(store, SLUG, SocioeconomicRequest(areas, BEST)).layer


@pytest.mark.parametrize("kind", ["value", "landuse", "socioeconomic"])
def test_a_map_says_what_it_was_chosen_from(
    trained_store: Store, task_files: TaskFiles, kind: str
) -> None:
    layer = layer_of(trained_store, task_files, kind)
    assert layer.parameters["chosen_from"] == OFFERED
    assert layer.parameters["representation"] in OFFERED
    assert "--representation best" in layer.lineage["command"]
    with_model = layer.parameters["representation"] != "alphaearth"
    assert (layer.model is not None) == with_model


def arrays(**changes: Any) -> CityArrays:
    nothing: Any = None
    made = CityArrays(
        units=nothing,
        cell_vectors=np.zeros((1, 2), "f4"),
        pool=nothing,
        heads=nothing,
        poi_lonlat=np.zeros((0, 2)),
        poi_text=np.zeros((0, 2), "f4"),
    )
    return replace(made, **changes)


def test_only_what_the_city_has_is_offered() -> None:
    heads: Any = object()
    there = np.zeros((3, 2))
    assert names_here(BEST, arrays()) == ("alphaearth",)
    assert names_here(BEST, arrays(heads=heads)) == ("alphaearth", "concat")
    assert names_here(BEST, arrays(heads=heads, poi_lonlat=there)) == tuple(OFFERED)
    every = arrays(heads=heads, poi_lonlat=there)
    assert names_here(BEST, every, of_pixels=True) == ("alphaearth", "concat")
    assert names_here(replace(BEST, representation="mix"), arrays()) == ("mix",)
    assert list(wanted_names("best")) == OFFERED
    assert may_be_of_pixels("best")
    assert not may_be_of_pixels("concat-mix")


def test_the_choice_itself_is_tested() -> None:
    setup = setup_of()
    good = inputs(setup, 5, 1)
    noise = np.random.default_rng(5).normal(size=(240, 5)).astype("f4")
    made = made_from(BEST, {"alphaearth": noise, "concat": good}, setup)
    assert made.fit.representation == "concat"
    assert made.fit.chosen_from == ("alphaearth", "concat")
    assert made.x is good
    assert isinstance(made.tested_as, ChosenByInnerFolds)
    named = made_from(replace(BEST, representation="concat"), {"concat": good}, setup)
    assert named.tested_as is good
    assert named.fit.chosen_from == ()
