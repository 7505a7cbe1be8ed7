"""Evidence gathered from a folder, by several processes, into two files."""

import json
from pathlib import Path

import pytest

from aether_core.errors import CancelledError, InputError, NotFoundError
from tests.errors import fault
from tests.evidence_tables import tracts, written
from workflows.evaluation.evidence.gather import EvidenceRequest, gather_evidence
from workflows.home.settings import Settings


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("metros")
    written(folder, "old_town", tracts())
    written(folder, "new_town", tracts(1, counted=False))
    return folder


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


def test_a_folder_becomes_tables(data: Path, settings: Settings, tmp_path: Path) -> None:
    stages: list[str] = []
    request = EvidenceRequest(
        data, targets=("income",), recipes=("aether-plus",), most_places=100, workers=1
    )
    found = gather_evidence(
        settings, request, tmp_path / "out", lambda stage, _done, _all: stages.append(stage)
    )
    assert {case["case"] for case in found.cases} == {"old_town", "new_town"}
    blind = {row["case"] for row in found.rows if row["split"] == "blind" and row["recipe"]}
    assert blind == {"old_town"}
    elsewhere = {row["case"] for row in found.rows if row["representation"] == "concat-elsewhere"}
    assert elsewhere == {"new_town"}
    assert {"case": "new_town", "what": "AETHER", "why": "no places counted"} in found.left_out
    for row in found.gains:
        assert row["lo"] <= row["relative"] <= row["hi"]
    kept = json.loads((tmp_path / "out" / "evidence.json").read_text())
    assert kept["pooled"] == json.loads(json.dumps(found.pooled))
    table = (tmp_path / "out" / "evidence.md").read_text()
    assert "AlphaEarth + AETHER, `aether-plus`" in table
    assert "| old town |" in table
    assert "AUC, blind / seen" in table
    assert {"training", "testing"} <= set(stages)


def test_figures_do_not_depend_on_the_number_of_processes(
    data: Path, settings: Settings, tmp_path: Path
) -> None:
    def rows(workers: int) -> list[dict[str, object]]:
        request = EvidenceRequest(
            data,
            metros=("old_town",),
            targets=("poverty",),
            recipes=("aether",),
            blind=False,
            most_places=100,
            workers=workers,
        )
        return gather_evidence(settings, request, tmp_path / str(workers)).rows

    assert rows(1) == rows(2)


@pytest.mark.parametrize(
    ("changes", "code", "names"),
    [
        ({"metros": ("nowhere",)}, "no-such-metro", "nowhere"),
        ({"targets": ("happiness",)}, "no-such-target", "happiness"),
        ({"recipes": ("aether-max",)}, "no-such-recipe", "aether-max"),
    ],
)
def test_unknown_names_are_refused(
    data: Path,
    settings: Settings,
    tmp_path: Path,
    changes: dict[str, tuple[str, ...]],
    code: str,
    names: str,
) -> None:
    with pytest.raises((InputError, NotFoundError), check=fault(code, names)):
        gather_evidence(settings, EvidenceRequest(data, **changes), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_folders_without_tables_are_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, check=fault("evidence-without-folder", "gone")):
        gather_evidence(settings, EvidenceRequest(tmp_path / "gone"), tmp_path / "out")
    with pytest.raises(InputError, check=fault("evidence-without-tables", str(tmp_path))):
        gather_evidence(settings, EvidenceRequest(tmp_path), tmp_path / "out")


def test_a_run_that_is_stopped_writes_nothing(
    data: Path, settings: Settings, tmp_path: Path
) -> None:
    def stop(stage: str, done: int, _total: int) -> None:
        if stage.startswith("training") and done:
            raise CancelledError("stopped by the user")

    request = EvidenceRequest(
        data, targets=("income",), recipes=("aether",), blind=False, most_places=100
    )
    with pytest.raises(CancelledError):
        gather_evidence(settings, request, tmp_path / "out", stop)
    assert not list((tmp_path / "out").glob("*"))


def test_a_table_in_one_spot_is_left_out_and_named(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    spot = tracts()
    spot["geometry"] = spot.geometry.affine_transform([0.01, 0, 0, 0.01, 24.1, 60.1])
    written(folder, "spot", spot)
    request = EvidenceRequest(folder, targets=("poverty",), blind=False, most_places=100)
    with pytest.raises(InputError, check=fault("evidence-untestable", "spot")):
        gather_evidence(settings, request, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))
