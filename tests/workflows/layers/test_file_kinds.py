"""Large files are made by jobs: what they hold, how they are taken away, and when they go."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely
from sqlalchemy import text

from aether_core.errors import InputError, NotFoundError
from aether_core.search.question.criteria import Criterion, LayerSource
from cli.__main__ import run
from tests.app_fixtures import SLUG, YEAR
from tests.errors import fault
from tests.job_steps import begin
from tests.store_consistency import children
from tests.year_fixtures import OTHER, OtherYear
from workflows.cities.cities import show_city
from workflows.cities.years import add_year, remove_year
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.jobs.inputs import OUTPUTS, job_folder
from workflows.jobs.job import JobSummary, cancel_job, list_jobs, resume_job, show_job, start_job
from workflows.jobs.outputs import MadeFiles, forget_expired, made_files, output_file
from workflows.layers import file_kinds
from workflows.layers.export import export_answer, export_change, export_layer, export_scores
from workflows.layers.file_kinds import (
    ANSWER_FILE,
    CHANGE_FILE,
    KEPT,
    LAYER_FILE,
    SEARCH_FILE,
    LayerFile,
    answer_file,
    change_file,
    search_file,
    takes_long,
)
from workflows.layers.layers import keep_layer, remove_layer
from workflows.layers.package import CITY_PACKAGE, CityPackage
from workflows.search.ask import ask
from workflows.search.change import change_cells
from workflows.search.search import search_cells, similar_cells

FILE_KINDS = (LAYER_FILE, SEARCH_FILE, ANSWER_FILE, CHANGE_FILE)
BY_HAND = pytest.mark.usefixtures("no_worker")


def carried_out(store: Store, kind: Any, request: object) -> Path:
    """The file a job has made of a request."""
    job = start_job(store, kind, SLUG, request)
    carry_out(store, job.job)
    return output_file(store, show_job(store, job.job))


@BY_HAND
def test_a_job_writes_what_is_otherwise_written_at_once(two_years: Store, tmp_path: Path) -> None:
    layer = keep_layer(two_years, search_cells(two_years, SLUG, "a park"), "Parks").layer
    for suffix in (".csv", ".tif"):
        made = carried_out(two_years, LAYER_FILE, LayerFile(layer, suffix))
        directly = tmp_path / f"layer{suffix}"
        export_layer(two_years, SLUG, layer, directly)
        assert made.read_bytes() == directly.read_bytes()

    made = carried_out(two_years, CITY_PACKAGE, CityPackage(".gpkg", (layer,)))
    tables = {name for name, _ in pyogrio.list_layers(made)}
    assert {layer.replace("-", "_"), "city_boundary", "layer_styles"} <= tables

    words = search_cells(two_years, SLUG, "a park", minus="a bar", year=OTHER)
    lon, lat = words.lonlat[3]
    for number, scores in enumerate((words, similar_cells(two_years, SLUG, lon, lat))):
        made = carried_out(two_years, SEARCH_FILE, search_file(two_years, scores, ".csv"))
        directly = tmp_path / f"{number}.csv"
        export_scores(scores, directly)
        assert made.read_bytes() == directly.read_bytes()

    found = change_cells(two_years, SLUG, "parks and gardens", OTHER, YEAR, "a bar")
    made = carried_out(two_years, CHANGE_FILE, change_file(two_years, found, ".geojson"))
    export_change(found, tmp_path / "change.geojson")
    assert json.loads(made.read_text()) == json.loads((tmp_path / "change.geojson").read_text())


@BY_HAND
def test_an_answer_is_asked_again_with_each_part_and_file(two_years: Store, tmp_path: Path) -> None:
    west, south, east, north = show_city(two_years, SLUG).bbox
    half = shapely.box(west, south, (west + east) / 2, north)
    area = tmp_path / "half.geojson"
    area.write_text(shapely.to_geojson(half))
    answer = ask(
        two_years, SLUG, "bars near a school, not near a park asdfghjkl", area=area, year=OTHER
    )
    asked = answer_file(two_years, answer, ".csv")
    job = start_job(two_years, ANSWER_FILE, SLUG, asked)
    area.unlink()  # the job has a copy
    carry_out(two_years, job.job)
    ended = show_job(two_years, job.job)
    made = output_file(two_years, ended)
    export_answer(answer, tmp_path / "answer.csv")
    assert made.read_bytes() == (tmp_path / "answer.csv").read_bytes()
    assert ANSWER_FILE.asked(ended.request) == ANSWER_FILE.asked(ANSWER_FILE.to_document(asked))
    other = replace(asked, sources=("", "", "another file"))
    assert ANSWER_FILE.asked(ANSWER_FILE.to_document(other)) != ANSWER_FILE.asked(ended.request)


@BY_HAND
def test_an_answer_measured_to_a_layer_that_was_replaced_is_not_written(
    trained_store: Store,
) -> None:
    def kept() -> str:
        scores = search_cells(trained_store, SLUG, "a park")
        return keep_layer(trained_store, scores, "Parks").layer

    source = LayerSource(kept(), "percentile", least=90.0)
    criteria = [Criterion("near", "Parks", 300.0, source=source), Criterion("like", "a bar")]
    answer = ask(trained_store, SLUG, criteria=criteria)
    job = start_job(trained_store, ANSWER_FILE, SLUG, answer_file(trained_store, answer, ".csv"))
    remove_layer(trained_store, SLUG, source.layer)
    assert kept() == source.layer
    carry_out(trained_store, job.job)
    ended = show_job(trained_store, job.job)
    assert (ended.state, ended.error_code, ended.exit_code) == ("failed", "source-replaced", 2)


@BY_HAND
def test_scores_of_a_year_that_was_added_anew_are_not_given_out_as_the_old_ones(
    two_years: Store, other_year: OtherYear
) -> None:
    scores = search_cells(two_years, SLUG, "a park", year=OTHER)
    asked = search_file(two_years, scores, ".csv")
    job = start_job(two_years, SEARCH_FILE, SLUG, asked)
    remove_year(two_years, SLUG, OTHER)
    add_year(two_years, SLUG, OTHER, [other_year.file])
    assert search_file(two_years, scores, ".csv") != asked
    carry_out(two_years, job.job)
    ended = show_job(two_years, job.job)
    assert (ended.state, ended.error_code, ended.exit_code) == ("failed", "year-replaced", 2)
    assert not (job_folder(two_years, job.job) / OUTPUTS).exists()


@BY_HAND
def test_what_cannot_be_written_is_refused_before_it_waits(trained_store: Store) -> None:
    layer = keep_layer(trained_store, search_cells(trained_store, SLUG, "a park")).layer
    with pytest.raises(InputError, check=fault("output-wrong-ending")):
        start_job(trained_store, LAYER_FILE, SLUG, LayerFile(layer, ".shp"))
    with pytest.raises(NotFoundError, check=fault("no-such-layer")):
        start_job(trained_store, LAYER_FILE, SLUG, LayerFile("none", ".csv"))
    job = start_job(trained_store, LAYER_FILE, SLUG, LayerFile(layer, ".tif", "no_such"))
    carry_out(trained_store, job.job)
    assert show_job(trained_store, job.job).error_code == "no-such-field"
    assert not (job_folder(trained_store, job.job) / OUTPUTS).exists()


@BY_HAND
def test_files_are_counted_and_go_with_their_job_when_their_time_is_over(
    trained_store: Store,
) -> None:
    layer = keep_layer(trained_store, search_cells(trained_store, SLUG, "a park")).layer
    paths = [
        carried_out(trained_store, LAYER_FILE, LayerFile(layer, suffix))
        for suffix in (".csv", ".tif")
    ]
    sizes = sum(path.stat().st_size for path in paths)
    assert made_files(trained_store) == MadeFiles(2, sizes)
    young, old = made_jobs(trained_store)
    until = datetime.fromisoformat(young.result["kept_until"])
    assert abs(until - datetime.now(UTC) - KEPT) < timedelta(minutes=30)
    assert forget_expired(trained_store) == []
    with trained_store.session() as session:
        session.execute(
            text(
                "UPDATE job SET result = result || "
                "jsonb_build_object('kept_until', now() - interval '1 second') WHERE id = :id"
            ),
            {"id": old.job},
        )
    assert forget_expired(trained_store) == [job_folder(trained_store, old.job)]
    assert [job.job for job in made_jobs(trained_store)] == [young.job]
    assert [path.exists() for path in paths] == [False, True]
    assert made_files(trained_store).files == 1


@BY_HAND
def test_a_job_cancelled_while_it_waits_again_leaves_no_file(trained_store: Store) -> None:
    """Its worker died with the file written and the job not done."""
    layer = keep_layer(trained_store, search_cells(trained_store, SLUG, "a park")).layer
    job = start_job(trained_store, LAYER_FILE, SLUG, LayerFile(layer, ".csv")).job
    begin(trained_store, job)
    left = job_folder(trained_store, job) / OUTPUTS / "layer-file.csv"
    left.parent.mkdir(parents=True)
    left.write_text("cell\n")
    with trained_store.session() as session:
        session.execute(text("UPDATE job SET heartbeat = now() - interval '1 hour'"))
    resume_job(trained_store, job)
    assert cancel_job(trained_store, job).state == "cancelled"
    assert children(job_folder(trained_store, job)) == []


@pytest.mark.usefixtures("jobs_at_once")
def test_commands_write_the_same_file_whether_a_job_makes_it_or_not(
    two_years_environment: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = two_years_environment
    layer = keep_layer(store, search_cells(store, SLUG, "a park"), "Parks").layer
    change = ("change", SLUG, "parks and gardens", "--from", str(OTHER), "--to", str(YEAR))
    question = ("ask", SLUG, "bars near a school")
    commands = (("layer", "export", SLUG, layer), ("search", SLUG, "a park"), question, change)
    for number, words in enumerate(commands):
        files = [tmp_path / f"{number}-{way}.CSV" for way in ("direct", "job")]
        for path, limit in zip(files, (10**6, 0), strict=True):
            monkeypatch.setitem(file_kinds.DIRECT, "cell", limit)
            before = newest_number(store)
            assert run([*words, "-o", str(path), "--json"]) == 0, capsys.readouterr().out
            assert (newest_number(store) > before) == (limit == 0)
        direct, by_job = (path.read_bytes() for path in files)
        assert direct == by_job
        assert run([*words, "-o", str(files[1]), "--json"]) == 2  # it is there
    assert made_jobs(store) == []
    assert made_files(store) == MadeFiles(0, 0)


def made_jobs(store: Store) -> list[JobSummary]:
    """The jobs that make files, newest first."""
    return list_jobs(store, kinds=[kind.name for kind in FILE_KINDS])


def newest_number(store: Store) -> int:
    """The number a job was given last."""
    with store.session() as session:
        last = text("SELECT coalesce(pg_sequence_last_value('job_id_seq'), 0)")
        return int(session.scalar(last) or 0)


def test_only_what_is_large_is_a_job() -> None:
    assert [takes_long(n) for n in (50_000, 50_001, 250_000)] == [False, True, True]
    assert [takes_long(n, "area") for n in (2_000, 2_001)] == [False, True]
