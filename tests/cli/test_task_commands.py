"""The task commands as checks call them: one JSON document, files whole or not at all."""

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import rasterio

from cli.__main__ import run
from tests.app_fixtures import SLUG
from tests.task_fixtures import GROUPS, TaskFiles

pytestmark = pytest.mark.usefixtures("app_environment", "jobs_at_once")
QUICK = ["--seeds", "1"]


def asked(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict:
    assert run([*words, "--json"]) == code
    (line,) = capsys.readouterr().out.splitlines()
    return json.loads(line)


def test_landuse_says_what_the_contract_asks_for(
    task_files: TaskFiles,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "zones.geojson"
    answer = asked(
        capsys,
        *("landuse", SLUG, "--labels", str(task_files.points), "--field", "zone"),
        *("-o", str(target), *QUICK),
    )
    assert {"layer", "classes", "labels_used", "labels_dropped", "cells"} <= set(answer)
    assert 0 < answer["cross_validation"]["spatial"]["macro_f1"] <= 1
    assert 0 < answer["cross_validation"]["random"]["macro_f1"] <= 1
    features = json.loads(target.read_text())["features"]
    assert len(features) == answer["cells"]
    properties = features[0]["properties"]
    assert isinstance(properties["set"], list)
    assert isinstance(properties["applicable"], bool)
    wanted = {"landuse", "source", "confidence", *(f"p_{name}" for name in answer["classes"])}
    assert wanted <= set(properties)

    labels = answer["labels"]
    assert (labels["used"], labels["left_out"]) == (answer["labels_used"], answer["labels_dropped"])
    assert labels["given"] == 500
    assert answer["source"]["predicted"] == answer["cells"]  # points cover no ground
    (rare,) = answer["small_classes"]["classes"]
    assert (rare["name"], rare["labels"], rare["became"]) == ("offices", 1, None)
    listed = asked(capsys, "layers", SLUG)
    assert [one["layer"] for one in listed] == [answer["layer"]]
    raster = tmp_path / "zones.tif"
    asked(capsys, "export", SLUG, answer["layer"], "-o", str(raster))
    with rasterio.open(raster) as opened:
        assert opened.dtypes == ("uint8",)
        assert set(opened.read(1).ravel()) <= set(range(len(answer["classes"]) + 1))
        assert opened.colormap(1)[1][3] == 255
    again = asked(capsys, "export", SLUG, answer["layer"], "-o", str(raster), code=2)
    assert again["error"]["type"] == "ConflictError"


def test_socioeconomic_says_what_the_contract_asks_for(
    task_files: TaskFiles,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "shares.gpkg"
    answer = asked(
        capsys,
        *("socioeconomic", SLUG, "--areas", str(task_files.areas)),
        *("--fields", ",".join(GROUPS), "-o", str(target), *QUICK),
    )
    assert answer["fields"] == list(GROUPS)
    assert set(answer["cross_validation"]["random"]) >= {"kl", "chebyshev", "cosine"}
    frame = pyogrio.read_dataframe(target)
    assert len(frame) == answer["cells"]
    for field in GROUPS:
        assert {field, f"{field}_lo", f"{field}_hi", "applicable"} <= set(frame.columns)
    style = asked(
        capsys, "export", SLUG, answer["areas_layer"], "-o", str(tmp_path / "a.geojson"), "--style"
    )
    assert Path(style["style"]).read_text().startswith("<!DOCTYPE qgis")


def test_evaluate_says_what_the_contract_asks_for(
    task_files: TaskFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked(
        capsys,
        *("evaluate", SLUG, "--task", "landuse", "--labels", str(task_files.points)),
        *("--field", "zone", "--representations", "alphaearth,aether", *QUICK),
    )
    assert answer["task"] == "landuse"
    row = answer["rows"][0]
    assert {"representation", "split", "metric", "mean", "sd", "ci95", "n_seeds"} <= set(row)
    gain = answer["gains"][0]
    assert {"representation", "against", "split", "metric", "relative", "ci95"} <= set(gain)
    answer = asked(
        capsys,
        *("evaluate", SLUG, "--task", "retrieval", "--queries", str(task_files.queries)),
        *("--truth", str(task_files.zones), "--field", "zone"),
    )
    assert {row["metric"] for row in answer["rows"]} >= {"auc", "average_precision"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["landuse", SLUG], "labels"),
        (["landuse", SLUG, "--labels", "no-such.geojson"], "no-such"),
        (["landuse", SLUG, "--labels", "{points}", "--field", "nope"], "zone"),
        (["landuse", SLUG, "--labels", "{points}", "--map", "water"], "value=class"),
        (["landuse", SLUG, "--labels", "{points}", "--crosswalk", "moon"], "moon"),
        (["landuse", SLUG, "--labels", "{points}", "-o", "x.docx"], "x.docx"),
        (["landuse", SLUG, "--labels", "{points}", "--small-classes", "toss"], "toss"),
        (["landuse", SLUG, "--labels", "{points}", "--representation", "eyes"], "eyes"),
        (["socioeconomic", SLUG, "--areas", "{areas}"], "fields"),
        (["socioeconomic", SLUG, "--areas", "{areas}", "--fields", "homes"], "two"),
        (["socioeconomic", SLUG, "--areas", "{areas}", "--fields", "homes,x"], "homes"),
        (["evaluate", SLUG, "--task", "weather"], "weather"),
        (["evaluate", SLUG, "--task", "retrieval"], "queries"),
        (["report", SLUG, "no-such", "-o", "x.pdf"], "no-such"),
        (["report", SLUG, "no-such", "-o", "x.doc"], "x.doc"),
        (["report", SLUG, "no-such", "-o", "x.pdf", "--view", "1,2"], "W,S,E,N"),
        (["report", SLUG, "no-such", "-o", "x.pdf", "--district", "a"], "--areas"),
        (["qgis", SLUG, "-o", "x.qgz"], "layer"),
        (["qgis", SLUG, "-o", "x.zip"], "saved layer"),
        (["qgis", SLUG, "-o", "x.shp"], ".gpkg"),
    ],
)
def test_wrong_words_end_in_one_line_and_exit_2(
    task_files: TaskFiles,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    says: str,
) -> None:
    names = {"points": task_files.points, "areas": task_files.areas}
    answer = asked(capsys, *(word.format(**names) for word in words), code=2)
    assert says in answer["error"]["message"]
    assert asked(capsys, "layers", SLUG) == []


def test_socioeconomic_takes_a_table_of_codes_and_says_how_it_read(
    task_files: TaskFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = gpd.read_file(task_files.areas)
    frame["code"] = [f"{row:06}" for row in range(len(frame))]
    table, shapes = tmp_path / "people.csv", tmp_path / "outlines.gpkg"
    frame.drop(columns="geometry").iloc[1:].to_csv(table, index=False)
    frame[["code", "geometry"]].to_file(shapes)
    words = ["socioeconomic", SLUG, "--areas", str(table), "--fields", ",".join(GROUPS), *QUICK]
    refused = asked(capsys, *words, code=2)
    assert refused["error"]["code"] == "table-needs-geometry"
    answer = asked(capsys, *words, "--geometry", str(shapes), "--code-field", "code")
    read = answer["read"]["areas"]
    assert set(answer["read"]) == {"areas", "geometry"}
    assert {"file", "format", "layer", "encoding", "crs", "columns", "rows"} <= set(read)
    assert (read["file"], read["rows"]) == ("people.csv", len(frame) - 1)
    assert read["columns"]["code"] == "code"
    assert answer["read"]["geometry"]["left_out"] == {"code without a row": 1}
    assert run([*words, "--geometry", str(shapes)]) == 0
    said = capsys.readouterr().out
    assert "people.csv: CSV" in said
    assert "1 of 225 codes of outlines.gpkg have no row." in said


def test_landuse_leaves_out_what_is_no_label_unless_it_is_mapped(
    task_files: TaskFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.read_csv(task_files.points)
    frame.loc[:59, "zone"] = "unknown"
    table = tmp_path / "points.csv"
    frame.to_csv(table, index=False)
    words = ["landuse", SLUG, "--labels", str(table), "--field", "zone", *QUICK]
    answer = asked(capsys, *words)
    assert "unknown" not in answer["classes"]
    assert answer["read"]["labels"]["left_out"] == {"no label (unknown)": 60}
    assert answer["labels_dropped"]["no label (unknown)"] == 60
    assert "wild" in asked(capsys, *words, "--map", "unknown=wild")["classes"]


def test_estimate_says_what_the_contract_asks_for(
    task_files: TaskFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "homes.geojson"
    answer = asked(
        capsys,
        *("estimate", SLUG, "--values", str(task_files.areas), "--field", "homes"),
        *("-o", str(target), *QUICK),
    )
    assert {"layer", "samples_used", "samples_dropped", "cells"} <= set(answer)
    assert answer["field"] == "homes"
    for split in ("random", "spatial"):
        assert set(answer["cross_validation"][split]) == {"r2", "mae", "rmse"}
        assert 0.5 < answer["coverage"][split] <= 1
    features = json.loads(target.read_text())["features"]
    assert len(features) == answer["cells"]
    assert {"homes", "homes_lo", "homes_hi", "applicable"} <= set(features[0]["properties"])


def test_numbers_are_compared_by_evaluate(
    task_files: TaskFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked(
        capsys,
        *("evaluate", SLUG, "--task", "value", "--values", str(task_files.areas)),
        *("--field", "homes", "--representations", "alphaearth,aether", "--seeds", "1"),
    )
    assert answer["task"] == "value"
    assert {row["metric"] for row in answer["rows"]} == {"r2", "mae", "rmse"}
    assert {gain["representation"] for gain in answer["gains"]} == {"aether"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--field", "homes"), "values-or-field-missing"),
        (("--values", "{areas}", "--field", "rent"), "no-such-field"),
        (("--values", "{areas}", "--field", "homes", "--transform", "sqrt"), "no-such-transform"),
        (("--values", "{areas}", "--field", "code"), "values-mostly-missing"),
    ],
)
def test_an_estimate_of_nothing_is_refused(
    task_files: TaskFiles,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: str,
) -> None:
    given = [word.format(areas=task_files.areas) for word in words]
    answer = asked(capsys, "estimate", SLUG, *given, code=2)
    assert answer["error"]["code"] == code
