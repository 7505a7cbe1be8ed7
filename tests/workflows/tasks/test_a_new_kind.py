"""A kind of task that somebody adds is mapped, reported, shown and compared; no table names it.

Its kind and its task are all there is of it: the job, the command, the report and the page are the
ones that every kind has.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from aether_core.findings import LayerKind
from aether_core.progress import Progress
from aether_core.report import Heading, MapFigure, Table
from aether_core.tasks.findings import ComparisonFindings, Findings, MapTest, ValidationDesign
from aether_core.tasks.kinds.kind import Fit, Target, TaskKind
from aether_core.tasks.kinds.metrics import Metric
from aether_core.tasks.kinds.registry import TASK_KINDS
from aether_core.tasks.samples.representations import need_places, of_areas, representation
from cli.__main__ import run
from cli.grammar import Grammar, build
from cli.maps import tasks
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from db.layers import layers as layer_rows
from tests.app_fixtures import SLUG
from tests.pages.visit import APP, deck, open_page, words
from tests.task_fixtures import GROUPS, TaskFiles
from ui.shell import page
from workflows.cities.cities import show_city
from workflows.evaluation.comparison_job import COMPARE, Comparison
from workflows.home.store import Store
from workflows.jobs.registry import kind_named, kind_names
from workflows.layers.layers import LayerSummary, show_layer
from workflows.reports.subject import Subject
from workflows.reports.write import compose
from workflows.tasks.areas import AreaRequest, covered_areas
from workflows.tasks.arrays import TaskCity, task_city
from workflows.tasks.districts import DistrictFile
from workflows.tasks.fit_inputs import fit_inputs
from workflows.tasks.lineage import read_document
from workflows.tasks.settings import FitSettings
from workflows.tasks.task import NO_CHOICES, TASKS, ComparedSamples, MapChoices, Task

NAME = "heights"


class HeightFindings(Findings):
    """Of a map of heights; nothing is measured that other maps have not."""

    task: Literal["heights"] = "heights"


class HeightsKind(TaskKind):
    """Targets and predictions are one number for each area, float64 `[n, 1]`."""

    name = NAME
    title = "Building heights"
    predicts = "building heights"
    about = "Map building heights from areas with known ones."
    samples = "areas"
    outcomes = "fields"
    metrics = (Metric("off_by", "mean height error", "m", lower_is_better=True),)
    error = "mean height error (m)"
    layers = (LayerKind(NAME, "building heights", "Building height map", "height", HeightFindings),)

    def check(self, target: Target, names: Sequence[str]) -> None:
        """Any numbers can be learnt from."""

    def check_fold(self, target: Target, names: Sequence[str], fold: int) -> None:
        """Any numbers can be learnt from."""

    def fewest_labels(self, names: Sequence[str]) -> int:
        """Two areas."""
        del names
        return 2

    def strata(self, target: Target) -> NDArray[np.int64]:
        """One for all."""
        return np.zeros(len(target), dtype=np.int64)

    def fit_and_predict(
        self,
        x: NDArray[np.float32],
        target: Target,
        weight: NDArray[np.float64] | None,
        to_predict: NDArray[np.float32],
        fit: Fit,
    ) -> NDArray[np.float32]:
        """Ridge regression."""
        del weight, fit
        gram = x.T @ x + np.eye(x.shape[1])
        return np.asarray(to_predict @ np.linalg.solve(gram, x.T @ target), dtype=np.float32)

    def resampled(
        self,
        target: Target,
        prediction: NDArray[np.float32],
        weight: NDArray[np.float64],
        cluster: NDArray[np.int64],
        drawn: NDArray[np.float32],
    ) -> dict[str, NDArray[np.float64]]:
        """Weighted means of each cluster's errors."""
        error = np.abs(target - prediction)[:, 0]
        clusters = drawn.shape[1]
        total = drawn @ np.bincount(cluster, weights=weight, minlength=clusters)
        return {"off_by": drawn @ np.bincount(cluster, weight * error, minlength=clusters) / total}


@dataclass(frozen=True)
class HeightsRequest:
    """What a user asks for."""

    areas: AreaRequest
    fit: FitSettings = field(default_factory=FitSettings)
    title: str | None = None
    districts: DistrictFile | None = None


class Heights(Task[AreaRequest, HeightsRequest, HeightFindings]):
    """Heights of areas: here, the first of their fields."""

    kind = HeightsKind()
    request = HeightsRequest
    noun = "map of building heights"
    mapped = "Heights"

    def request_for(
        self, samples: AreaRequest, fit: FitSettings, choices: MapChoices = NO_CHOICES
    ) -> HeightsRequest:
        """The request for a fit on these areas."""
        return HeightsRequest(samples, fit, choices.title, choices.districts)

    def source(self, request: HeightsRequest) -> str:
        """The name of the areas' file."""
        return request.areas.file.name

    def make(
        self,
        store: Store,
        slug: str,
        request: HeightsRequest,
        progress: Progress,
        *,
        within: Callable[[Session, dict[str, str]], None],
        on_read: Callable[[dict[str, Any]], None],
    ) -> None:
        """Heights that rise from cell to cell: what is mapped is not what this is about."""
        city = task_city(store, slug, model=None, with_places=False)
        covered = covered_areas(request.areas, city, progress)
        on_read(read_document(areas=covered.areas.report))
        with store.session() as session:
            within(session, {"layer": keep(session, city.city_id, self.title(request))})

    def compared(
        self,
        store: Store,
        slug: str,
        request: HeightsRequest,
        representations: tuple[str, ...],
        progress: Progress,
    ) -> ComparedSamples:
        """The areas in the city."""
        city = task_city(
            store, slug, model=request.fit.model, with_places=need_places(representations)
        )
        covered = covered_areas(request.areas, city, progress)
        inputs = fit_inputs(
            self.kind,
            city,
            request.fit,
            lonlat=covered.lonlat,
            target=covered.areas.shares[:, :1],
            names=("height",),
            unit=np.arange(len(covered.lonlat)),
            weight=None,
            poi_lonlat=city.poi_lonlat,
        )

        def describe(name: str, city: TaskCity) -> np.ndarray:
            return of_areas(representation(name, city.arrays), covered.weights)

        x = {name: describe(name, city) for name in representations}
        findings = ComparisonFindings(
            source=covered.areas.source,
            used=len(covered.lonlat),
            dropped=covered.dropped,
            outcomes=["height"],
            held_out=inputs.held_out,
        )
        return ComparedSamples(city, inputs, x, findings, covered.lonlat, describe)


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind, registered as its file would do it."""
    assert {NAME} - set(TASK_KINDS) - set(TASKS)
    monkeypatch.setitem(TASK_KINDS, NAME, Heights.kind)
    monkeypatch.setitem(TASKS, NAME, Heights())


def keep(session: Session, city_id: int, title: str) -> str:
    """Keep a map of heights; its name."""
    cells = feature_rows.cells(session, city_id)[0]
    found = layer_rows.add_layer(
        session,
        city_id,
        slug="heights-of-all",
        title=title,
        kind=NAME,
        fields=[{"name": "height", "type": "float", "unit": "m"}],
        parameters={
            "areas": "areas.gpkg",
            "representation": "alphaearth",
            "predictor": "linear",
            "protocol": "cross-validation",
            "folds": 2,
            "seeds": [1],
        },
        lineage={
            "year": 2024,
            "embedding_sha256": [],
            "command": "./aether heights tinytown --areas areas.gpkg",
            "software": {},
        },
        findings=findings().document(),
        cell_ids=cells,
        columns={"height": np.linspace(3, 30, len(cells))},
        model_id=None,
    )
    return found.slug


@pytest.fixture
def layer(app_environment: Store) -> LayerSummary:
    """A kept map of heights, of all cells."""
    with app_environment.session() as session:
        city = city_rows.city_by_slug(session, SLUG)
        slug = keep(session, city.id, "Heights of all")
    return show_layer(app_environment, SLUG, slug)


def findings() -> HeightFindings:
    """What was measured of a map of heights."""
    score = {"mean": 4.25, "sd": 0.1, "lo": 4.0, "hi": 4.5, "n_seeds": 1}
    held_out = {
        "folds": {"lonlat": [[4.9, 52.3], [4.91, 52.31]], "by_split": {"random": [0, 1]}},
        "variogram": {
            "distance_m": [100.0, 500.0],
            "semivariance": [0.2, 0.4],
            "pairs": [40, 60],
            "range_m": 450.0,
            "sill": 0.4,
            "nugget": 0.1,
        },
    }
    group = {"group": "densest", "n": 40, "error": 4.5, "lo": 4.0, "hi": 5.0}
    return HeightFindings(
        outcomes=["height"],
        used=80,
        dropped={"no number": 2},
        held_out=ValidationDesign.model_validate(held_out),
        test=MapTest.model_validate(
            {
                "accuracy": {"random": {"off_by": score}},
                "calibrated_on": "random",
                "applicability": {"threshold": 0.4, "outside": 0.12},
                "fairness": {"density of places": [group]},
            }
        ),
    )


def request(files: TaskFiles) -> HeightsRequest:
    """Heights of the simulated city's areas."""
    return HeightsRequest(AreaRequest(files.areas, tuple(GROUPS)), FitSettings(seeds=1, folds=2))


def test_what_was_measured_is_read_back_and_reported(
    layer: LayerSummary, app_environment: Store
) -> None:
    assert layer.measured(HeightFindings) == findings()
    report = compose(Subject(app_environment, show_city(app_environment, SLUG), layer))
    assert report.subtitle.startswith("Building height map, ")
    headings = [block.text for block in report.blocks if isinstance(block, Heading)]
    assert headings[:4] == ["The map", "Accuracy", "Limitations", "Method"]
    assert any(isinstance(block, MapFigure) for block in report.blocks)
    tables = [block for block in report.blocks if isinstance(block, Table)]
    assert ("mean height error", "4.250 (4.000 to 4.500)") in tables[0].rows


def trust_panel() -> None:
    """How far to trust the map, as its page would show it."""
    from tests.app_fixtures import SLUG
    from ui.maps import layer_map, trust
    from workflows.cities.cities import show_city
    from workflows.home.store import open_store
    from workflows.layers.layers import show_layer

    store = open_store()
    city, layer = show_city(store, SLUG), show_layer(store, SLUG, "heights-of-all")
    trust.show_trust(city, layer, layer_map.values_of(city, layer), "heights")


OWN_PAGE = """from ui.tasks import map_page

map_page.show("heights")
"""
"""The page it would have: `pages/building_heights.py` needs no more than this."""


@pytest.mark.usefixtures("layer")
def test_it_has_a_page_with_the_form_and_the_map_that_every_kind_has(tmp_path: Path) -> None:
    (tmp_path / "pages").symlink_to(APP.parent / "pages")  # which its links lead to
    script = tmp_path / "building_heights.py"
    script.write_text(OWN_PAGE)
    visit = AppTest.from_file(str(script), default_timeout=90).run()
    assert not visit.exception
    assert "Building heights" in visit.title[0].value
    (score,) = visit.metric
    assert (score.label, score.value) == ("Mean height error, close to areas", "4.250")
    assert deck(visit)["layers"]
    visit.session_state["heights-view"] = "New map"
    visit.run()
    assert "Still needed: areas with at least two fields." in words(visit)
    assert visit.button(key="heights-go").disabled
    assert page.of_task(NAME) == page.LAYERS  # where its jobs lead while it has no file


@pytest.mark.usefixtures("app_environment", "jobs_at_once")
def test_its_command_starts_its_job_and_tells_what_it_made(
    task_files: TaskFiles, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    grammar = Grammar(panels={"Map": tasks.commands()}, old_names={})
    monkeypatch.setattr("cli.__main__.app", build("aether", "Only maps.", grammar))
    areas = ["--areas", str(task_files.areas), "--fields", ",".join(GROUPS)]
    assert run([NAME, SLUG, *areas, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (answer["layer"], answer["fields"], answer["areas_used"]) == (
        "heights-of-all",
        ["height"],
        80,
    )
    assert answer["cross_validation"] == {"random": {"off_by": 4.25}}
    assert set(answer["read"]) == {"areas"}
    assert NAME in kind_names()
    assert kind_named(NAME).noun == "map of building heights"
    assert run([NAME, SLUG, "--json"]) == 2


@pytest.mark.usefixtures("layer")
def test_pages_show_it_and_how_far_to_trust_it() -> None:
    listed = open_page("layers", layer="heights-of-all")
    assert "building heights" in words(listed)
    assert not listed.error
    panel = AppTest.from_function(trust_panel, default_timeout=90).run()
    assert not panel.exception
    (table,) = panel.dataframe
    assert table.value["Measure"].tolist() == ["Mean height error (m)"]
    assert table.value["Better"].tolist() == ["lower"]
    panel.session_state["heights-tabs"] = "Limitations"
    panel.run()
    assert "unlike any of the areas" in words(panel)


@pytest.mark.usefixtures("app_environment", "jobs_at_once")
def test_it_is_offered_and_compared_like_any_other(
    task_files: TaskFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = Comparison(request(task_files), ("alphaearth", "aether"))
    kept = COMPARE.to_document(asked)
    assert COMPARE.to_document(COMPARE.from_document(kept)) == kept
    assert isinstance(COMPARE.from_document(kept).task, HeightsRequest)
    areas = ["--areas", str(task_files.areas), "--fields", ",".join(GROUPS)]
    how = ["--representations", "alphaearth,aether", "--seeds", "1", "--folds", "2"]
    assert run(["evaluate", SLUG, "--task", NAME, *areas, *how, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert answer["task"] == NAME
    assert {row["metric"] for row in answer["rows"]} == {"off_by"}
    assert "mean height error" in answer["verdict"]
    page = open_page("evaluate", task="Building heights")
    assert answer["verdict"].split(";")[0].split("(")[0].strip() in words(page)
    assert run(["evaluate", SLUG, "--task", "depths", *areas, "--json"]) == 2
    assert NAME in capsys.readouterr().out
