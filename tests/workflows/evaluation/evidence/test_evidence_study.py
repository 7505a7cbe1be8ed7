"""A study of variants on a folder of tables: from files to tables, in one run."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aether_core.errors import CancelledError, InputError, NotFoundError
from tests.errors import fault
from tests.evidence_tables import tracts, written
from workflows.evaluation.evidence.parts import FOLDER
from workflows.evaluation.evidence.study import StudyRequest, study_evidence
from workflows.home.settings import Settings


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("metros")
    written(folder, "old_town", tracts())
    written(folder, "new_town", tracts(1))
    return folder


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


def test_a_folder_becomes_a_study(data: Path, settings: Settings, tmp_path: Path) -> None:
    names = ("untrained", "part-5", "others-1", "others-3")
    request = StudyRequest(
        data,
        metros=("old_town",),
        targets=("income",),
        variants=names,
        most_places=100,
        seeds=2,
        workers=1,
    )
    out, parts = tmp_path / "out", tmp_path / "out" / FOLDER
    left: list[int] = []

    def progress(stage: str, done: int, total: int) -> None:
        if stage.startswith("training"):
            left.append(total)
            if len(left) > 1 and left[0] == total and done == 3:
                raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        study_evidence(settings, request, out, progress)
    kept_parts = len(list(parts.iterdir()))
    assert kept_parts == 3
    found = study_evidence(settings, request, out, progress)
    assert left[-1] == left[0] - kept_parts  # goes on from there
    assert found.settings["measured"] == found.settings["to_measure"] == left[0]
    next(parts.iterdir()).write_bytes(b"half of a")
    assert study_evidence(settings, request, out).rows == found.rows
    assert [case["case"] for case in found.cases] == ["old_town"]
    # There is one other area, and a twentieth of some hundred places cannot be trained on.
    titles = {one["name"]: one["title"] for one in found.variants}
    assert {row["what"] for row in found.left_out} == {titles["part-5"], titles["others-3"]}
    assert {row["variant"] for row in found.rows} == {"as-it-is", "untrained", "others-1"}
    by = {(row["variant"], row["representation"], row["case"]): row for row in found.rows}
    for row in found.rows:
        assert row["against_embedding"]["lo"] <= row["against_embedding"]["hi"]
        assert (row["against_recipe"] is None) == (row["variant"] == "as-it-is")
    one, whole = (by["others-1", "concat", case] for case in ("old_town", None))
    np.testing.assert_allclose(
        one["against_recipe"]["relative"], whole["against_recipe"]["relative"]
    )
    alone = by["as-it-is", "concat", "old_town"]
    error = alone["error"] / (1 + alone["against_embedding"]["relative"])
    again = one["error"] / (1 + one["against_embedding"]["relative"])
    np.testing.assert_allclose(error, again)  # AlphaEarth alone, whatever is varied
    asked = {row["variant"]: row for row in found.questions if row["case"] == "old_town"}
    assert asked["as-it-is"]["change"] is None
    assert asked["untrained"]["change"] == pytest.approx(
        asked["untrained"]["auc"] - asked["as-it-is"]["auc"]
    )
    one_seed = study_evidence(settings, replace(request, seeds=1), out)
    first = {(row["variant"], row["representation"], row["case"]): row for row in one_seed.rows}
    for key in (("others-1", "concat", "old_town"), ("as-it-is", "aether", "old_town")):
        assert first[key]["error"] != by[key]["error"]
        twice = by[key]["against_embedding"]
        assert twice["lo"] <= twice["relative"] <= twice["hi"]
    study_evidence(settings, request, out)
    kept = json.loads((tmp_path / "out" / "study.json").read_text())
    assert kept["rows"] == json.loads(json.dumps(found.rows))
    table = (tmp_path / "out" / "study.md").read_text()
    assert "## Fewer places" in table
    assert "| untrained heads |" in table


@pytest.mark.parametrize(
    ("changes", "code", "names"),
    [
        ({"metros": ("nowhere",)}, "no-such-metro", "nowhere"),
        ({"recipe": "aether-max"}, "no-such-recipe", "aether-max"),
        ({"variants": ("worse",)}, "no-such-variant", "worse"),
    ],
)
def test_unknown_names_are_refused(
    data: Path,
    settings: Settings,
    tmp_path: Path,
    changes: dict[str, Any],
    code: str,
    names: str,
) -> None:
    with pytest.raises((InputError, NotFoundError), check=fault(code, names)):
        study_evidence(settings, StudyRequest(data, **changes), tmp_path / "out")
    assert not (tmp_path / "out").exists()
