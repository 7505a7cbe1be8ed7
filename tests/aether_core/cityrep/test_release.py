"""A release whose registry, manifest, samples or splits cannot be used is refused by code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aether_core.cityrep.protocols import PROTOCOLS, protocol_named
from aether_core.cityrep.release import IncompleteReleaseError, open_release
from aether_core.cityrep.samples import read_samples
from aether_core.cityrep.splits import read_split
from aether_core.errors import AetherError, InputError
from tests.cityrep_release import PROTOCOL, make_release, manifest_row
from tests.errors import fault

MANIFEST = "baselines/registry/embedding_manifest.csv"
TASK = "alpha.population.2024"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_release(tmp_path_factory.mktemp("release"))


def test_names_are_chosen_and_unknown_ones_refused(folder: Path) -> None:
    release = open_release(folder)
    tasks = release.chosen_tasks(["beta"], ["population", "beta.landuse.2026"])
    assert [one.task_id for one in tasks] == ["beta.landuse.2026", "beta.population.2024"]
    assert len(release.chosen_rows([], tasks)) == 14
    assert {one.model for one in release.chosen_rows(["byid"], tasks)} == {"byid"}
    for call, code, fact in (
        (lambda: release.chosen_tasks(["gamma"], []), "cityrep-no-such-city", "alpha, beta"),
        (lambda: release.chosen_tasks([], ["rents"]), "cityrep-no-such-task", "population"),
        (lambda: release.chosen_rows(["gpt"], tasks), "cityrep-no-such-model", "byid, nearest"),
        (lambda: protocol_named("holdout"), "cityrep-no-such-protocol", PROTOCOL),
        (
            lambda: release.chosen_tasks(["beta"], ["alpha.landuse.2026"]),
            "cityrep-nothing-chosen",
            "beta",
        ),
    ):
        with pytest.raises(InputError, check=fault(code, fact)):
            call()


def test_every_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        IncompleteReleaseError, check=fault("cityrep-incomplete", "data/tasks.json", MANIFEST)
    ):
        open_release(tmp_path)
    release = open_release(make_release(tmp_path / "release"))
    entry = release.tasks[TASK]
    needed = [*release.needed_for(entry, PROTOCOLS[PROTOCOL]), *release.labels_of(entry)]
    assert release.missing(needed) == []
    for one in needed:
        one.unlink()
    gone = [f"data/tasks/{TASK}/samples.parquet", f"splits/{PROTOCOL}/{TASK}.json"]
    assert release.missing(needed) == [*gone, f"data/tasks/{TASK}/labels.tif"]


@pytest.mark.parametrize(
    ("change", "code", "fact"),
    [
        ({"task_type": "ranking"}, "cityrep-registry-unusable", "ranking"),
        ({"source_type": "raster"}, "cityrep-registry-unusable", "raster"),
        ({"normalization": "minmax"}, "cityrep-registry-unusable", "minmax"),
        ({"samples_path": "../../secret.parquet"}, "cityrep-registry-unusable", "secret"),
        ({"samples_path": "/etc/secret.parquet"}, "cityrep-registry-unusable", "secret"),
        ({"samples_path": None}, "cityrep-registry-unusable", "samples_path"),
        ({"task_id": "alpha.rents.2024"}, "cityrep-manifest-unknown-task", TASK),
    ],
)
def test_a_registry_is_checked(
    folder: Path, tmp_path: Path, change: dict[str, Any], code: str, fact: str
) -> None:
    registry = json.loads((folder / "data/tasks.json").read_text())
    registry["tasks"][TASK] |= change
    place = copied(folder, tmp_path)
    (place / "data/tasks.json").write_text(json.dumps(registry))
    with pytest.raises(InputError, check=fault(code, fact)):
        open_release(place)


@pytest.mark.parametrize(
    ("change", "code", "fact"),
    [
        ({"embedding_config": "{type: raster}"}, "cityrep-manifest-unusable", "embedding_config"),
        ({"embedding_config": "[]"}, "cityrep-manifest-unusable", "row 2"),
        (
            {"embedding_config": json.dumps({"type": "raster", "path": "/etc/passwd"})},
            "cityrep-manifest-unusable",
            "passwd",
        ),
        ({"model": ""}, "cityrep-manifest-unusable", "model"),
    ],
)
def test_a_manifest_is_checked(
    folder: Path, tmp_path: Path, change: dict[str, Any], code: str, fact: str
) -> None:
    place = copied(folder, tmp_path)
    row = manifest_row("byid", TASK, "raster", {"path": "a.tif"})
    pd.DataFrame([row | change]).to_csv(place / MANIFEST, index=False)
    with pytest.raises(InputError, check=fault(code, fact)):
        open_release(place)


def test_a_row_without_type_goes_by_its_own_column(folder: Path, tmp_path: Path) -> None:
    place = copied(folder, tmp_path)
    row = manifest_row("byid", TASK, "raster", {"path": "a.tif"})
    pd.DataFrame([row]).to_csv(place / MANIFEST, index=False)
    assert open_release(place).rows[0].config.type == "raster"
    pd.DataFrame([row | {"embedding_source_type": "graph"}]).to_csv(place / MANIFEST, index=False)
    release = open_release(place)
    with pytest.raises(InputError, check=fault("cityrep-embedding-type-unknown", "graph", TASK)):
        release.chosen_rows([], release.chosen_tasks([], []))
    pd.DataFrame([row]).drop(columns="available").to_csv(place / MANIFEST, index=False)
    with pytest.raises(InputError, check=fault("cityrep-manifest-unusable", "available")):
        open_release(place)


@pytest.mark.parametrize(
    ("change", "code", "fact"),
    [
        (lambda t: t.drop(columns="label"), "cityrep-column-missing", "label"),
        (lambda t: t.drop(columns="sample_id"), "cityrep-column-missing", "sample_id"),
        (lambda t: t.drop(columns="x"), "cityrep-samples-unplaced", TASK),
        (lambda t: t.assign(label=np.nan), "cityrep-labels-unusable", "label"),
        (lambda t: t.assign(label=-2.0), "cityrep-labels-unusable", "label"),
        (lambda t: t.assign(label="many"), "cityrep-labels-unusable", "label"),
        (lambda t: t.assign(row=t["row"] + 0.5), "cityrep-labels-unusable", "row"),
        (lambda t: pd.concat([t, t[:2]]), "cityrep-sample-id-repeated", TASK),
        (lambda t: t[:0], "cityrep-task-without-samples", TASK),
        (lambda t: t.assign(sample_id=None), "cityrep-sample-without-id", TASK),
    ],
)
def test_samples_are_checked(
    folder: Path,
    tmp_path: Path,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    code: str,
    fact: str,
) -> None:
    table = pd.read_parquet(folder / "data/tasks" / TASK / "samples.parquet")
    home = tmp_path / "data/tasks" / TASK
    home.mkdir(parents=True)
    change(table).to_parquet(home / "samples.parquet")
    entry = open_release(folder).tasks[TASK]
    with pytest.raises(InputError, check=fault(code, fact)):
        read_samples(tmp_path, entry)


def test_numbers_are_scaled_over_the_whole_table(folder: Path) -> None:
    entry = open_release(folder).tasks[TASK]
    labels = pd.read_parquet(folder / "data/tasks" / TASK / "samples.parquet")["label"].to_numpy()
    for mode, given in (("zscore", labels), ("log1p_zscore", np.log1p(labels))):
        samples = read_samples(folder, entry.model_copy(update={"normalization": mode}))
        expected = (given - given.mean()) / given.std()
        assert np.abs(samples.target[:, 0] - expected).max() < 1e-4
    plain = read_samples(folder, entry.model_copy(update={"normalization": "none"}))
    assert np.allclose(plain.target[:, 0], labels)


CHANGES: dict[str, tuple[Callable[[list[dict[str, Any]]], object], str]] = {
    "cityrep-split-unknown-ids": (lambda folds: folds[1]["val"].append("stranger"), "stranger"),
    "cityrep-split-id-repeated": (
        lambda folds: folds[2]["test"].append(folds[2]["test"][0]),
        "seed 7",
    ),
    "cityrep-split-overlaps": (lambda folds: folds[0]["val"].append(folds[0]["test"][0]), TASK),
    "cityrep-split-incomplete": (lambda folds: folds[4]["train"].pop(), "seed 100"),
    "cityrep-split-part-too-small": (
        lambda folds: (folds[3]["train"].extend(folds[3]["test"]), folds[3]["test"].clear()),
        "test",
    ),
    "cityrep-split-seeds": (lambda folds: folds.pop(), "42, 24, 7, 0"),
    "cityrep-split-unreadable": (lambda folds: folds[0].pop("seed"), TASK),
}


@pytest.mark.parametrize("code", CHANGES)
def test_a_split_parts_the_samples(folder: Path, tmp_path: Path, code: str) -> None:
    split = json.loads((folder / "splits" / PROTOCOL / f"{TASK}.json").read_text())
    change, fact = CHANGES[code]
    change(split["folds"])
    path = tmp_path / f"{TASK}.json"
    path.write_text(json.dumps(split))
    table = pd.read_parquet(folder / "data/tasks" / TASK / "samples.parquet")
    with pytest.raises(InputError, check=fault(code, fact)):
        read_split(path, table["sample_id"].to_numpy(dtype=object))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("data/tasks.json", b"{", "cityrep-json-unreadable"),
        ("data/tasks.json", b"[]", "cityrep-registry-unusable"),
        ("data/tasks.json", b"7", "cityrep-registry-unusable"),
        (MANIFEST, b"model,city\na,b,c\n", "cityrep-csv-unreadable"),
        (MANIFEST, b"model\xff,city\n", "cityrep-csv-unreadable"),
        (MANIFEST, b"model,city\n", "cityrep-manifest-unusable"),
    ],
)
def test_files_that_are_no_such_files(
    folder: Path, tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    place = copied(folder, tmp_path)
    (place / name).write_bytes(content)
    with pytest.raises(AetherError, check=fault(code)):
        open_release(place)


def copied(folder: Path, place: Path) -> Path:
    """A release with registry and manifest alone."""
    for name in ("data/tasks.json", MANIFEST):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes((folder / name).read_bytes())
    return place
