"""A trained Tinytown with one kept layer of each kind, and the report of each."""

from dataclasses import dataclass

import pytest

from aether_core.report import Report
from tests.app_fixtures import SLUG, Once
from tests.task_fixtures import GROUPS, TaskFiles
from workflows.cities.cities import show_city
from workflows.home.store import Store
from workflows.layers.layers import keep_answer, keep_layer, show_layer
from workflows.reports.subject import Subject
from workflows.reports.write import compose
from workflows.search.ask import ask
from workflows.search.search import search_cells
from workflows.tasks.areas import AreaRequest
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest, land_use
from workflows.tasks.settings import FitSettings
from workflows.tasks.socioeconomic import SocioeconomicRequest, socioeconomic

QUICK = FitSettings(seeds=1)


@dataclass(frozen=True)
class Kept:
    """Name of one layer of each kind, and what its report holds, by kind."""

    layers: dict[str, str]
    reports: dict[str, Report]


@pytest.fixture
def kept(trained_store: Store, task_files: TaskFiles, once: Once) -> Kept:
    """The trained store then holds these layers."""
    labels = LandUseRequest(LabelRequest(task_files.points, "zone"), QUICK)
    areas = SocioeconomicRequest(AreaRequest(task_files.areas, tuple(GROUPS)), QUICK)

    def make(store: Store) -> Kept:
        mapped = land_use(store, SLUG, labels)
        shares = socioeconomic(store, SLUG, areas)
        search = keep_layer(store, search_cells(store, SLUG, "a night out"))
        answer = keep_answer(store, ask(store, SLUG, "like a park but near shops"))
        layers = {
            "landuse": mapped.layer.layer,
            "socioeconomic": shares.layer.layer,
            "socioeconomic areas": shares.areas_layer.layer,
            "search": search.layer,
            "ask": answer.layer,
        }
        city = show_city(store, SLUG)
        subjects = {k: Subject(store, city, show_layer(store, SLUG, layers[k])) for k in layers}
        return Kept(layers, {kind: compose(subject) for kind, subject in subjects.items()})

    return once("a layer of each kind", trained_store, make)
