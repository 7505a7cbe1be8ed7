"""A region in one process and by workers that die: the same files, to the bit."""

import importlib.metadata
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio

from aether_core.eo.file_kind import FILE_KINDS
from aether_core.eo.raster.embedding import open_rasters
from aether_core.errors import AetherError, ConflictError, InputError
from aether_core.model.files.folder import load_heads
from aether_core.model.heads.inference import encode_eo, encode_text
from aether_core.model.raster.block_group import block_groups, cells_in
from aether_core.poi.text import query_texts
from aether_core.search.scoring import best_rows, mean_direction, percentiles
from cli.__main__ import run
from tests.errors import fault
from tests.running_cluster import running_cluster
from tests.workflows.region.bringing import HEIGHT, bring
from tests.workflows.region.killed_worker import KillsAWorker
from workflows.encoders.encoders import default_encoder
from workflows.home.settings import Settings, read_settings
from workflows.locations.disk import DiskFolder
from workflows.region.partition import CELLS, PIXELS, RECORDS
from workflows.region.region import RegionDone, RegionRequest, embed_region, show_region
from workflows.region.search import search_region
from workflows.schedulers import schedulers
from workflows.training.embed import embed_files


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rasters of two zones that overlap, and a model."""
    made = tmp_path_factory.mktemp("region")
    bring(made)
    return made


def request(brought: Path, name: str, scheduler: str = "here") -> RegionRequest:
    return RegionRequest(
        (DiskFolder(brought / "rasters"),),
        brought / "model",
        DiskFolder(brought / name),
        pixels=True,
        scheduler=scheduler,
    )


@pytest.fixture(scope="module")
def alone(brought: Path) -> RegionDone:
    """The region made by this process."""
    return embed_region(request(brought, "alone"))


def content(folder: Path) -> dict[str, bytes]:
    return {
        f"{path.parent.name}/{path.name}": path.read_bytes()
        for room in (CELLS, PIXELS)
        for path in (folder / room).iterdir()
    }


def test_workers_that_are_killed_make_the_same_bits(brought: Path, alone: RegionDone) -> None:
    kill = KillsAWorker()
    done = embed_region(request(brought, "together", "local"), kill)
    assert kill.killed
    assert (done.pieces, done.made, done.cells) == (alone.pieces, alone.pieces, alone.cells)
    assert content(Path(done.folder)) == content(Path(alone.folder))


def test_cells_are_each_in_one_piece_with_the_vector_of_the_whole(
    brought: Path, alone: RegionDone
) -> None:
    embedding = open_rasters(sorted((brought / "rasters").iterdir()))
    groups = block_groups(embedding.grids)
    assert (len(groups), {group.grid for group in groups}) == (alone.pieces, {0, 1})
    every = [cells_in(embedding.grids, group, 10) for group in groups]
    expected = np.concatenate([cells.h3 for cells in every if cells is not None])
    assert len(np.unique(expected)) == len(expected) == alone.cells + alone.left_out
    assert alone.left_out > 0
    table = pq.read_table(Path(alone.folder) / CELLS)
    assert set(table["h3"].to_pylist()) <= set(expected.tolist())
    lonlat = np.column_stack([table["lon"], table["lat"]])
    pooled = embedding.pool(lonlat, [FILE_KINDS["raster"].views(100)[0]]).vectors[0]
    z = encode_eo(load_heads(brought / "model"), pooled)
    np.testing.assert_allclose(np.array(table["vector"].to_pylist()), z, atol=1e-5)


def test_the_best_cells_are_those_of_all_pieces(
    alone: RegionDone, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = alone.folder
    assert run(["region", "search", folder, "a school", "--top", "30", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    table = pq.read_table(Path(alone.folder) / CELLS)
    z = np.array(table["vector"].to_pylist(), dtype=np.float32)
    heads, encoder = load_heads(Path(alone.folder) / "model"), default_encoder(read_settings())
    direction = mean_direction(encoder.encode(list(query_texts("a school"))))
    scores = z @ encode_text(heads, direction[None])[0]
    expected = np.array(table["cell"].to_pylist())[best_rows(scores, 30)]
    assert document["cells"] == alone.cells
    assert [hit["cell"] for hit in document["results"]] == expected.tolist()
    np.testing.assert_allclose(
        [hit["percentile"] for hit in document["results"]],
        percentiles(scores)[best_rows(scores, 30)],
        atol=1e-3,
    )
    record = next((Path(alone.folder) / RECORDS).iterdir())
    kept = record.read_bytes()
    record.unlink()
    with pytest.raises(ConflictError, check=fault("region-not-done")):
        search_region(read_settings(), DiskFolder(Path(alone.folder)), "a school")
    record.write_bytes(kept)


def test_pixels_are_those_of_the_whole_raster(brought: Path, alone: RegionDone) -> None:
    whole = brought / "whole.tif"
    embed_files(
        Settings(home=brought / "home"), brought / "model", [brought / "rasters" / "a.tif"], whole
    )
    with (
        rasterio.open(whole) as expected,
        rasterio.open(Path(alone.folder) / PIXELS / "00-0000-0001.tif") as piece,
    ):
        window = rasterio.windows.Window(1024, 0, 1024, HEIGHT)
        np.testing.assert_array_equal(piece.read(), expected.read(window=window))
        assert piece.bounds.left == expected.bounds.left + 1024 * 10


def test_a_half_written_piece_is_told_and_made_again(brought: Path, alone: RegionDone) -> None:
    before = content(Path(alone.folder))
    victim = Path(alone.folder) / CELLS / "00-0000-0002.parquet"
    victim.write_bytes(victim.read_bytes()[:1000])
    assert show_region(DiskFolder(Path(alone.folder))).damaged == ("00-0000-0002",)
    again = embed_region(request(brought, "alone"))
    assert again.made == 1
    assert content(Path(alone.folder)) == before
    assert show_region(DiskFolder(Path(alone.folder))).done == alone.pieces


@pytest.mark.usefixtures("alone")
def test_a_folder_of_another_region_is_left_alone(brought: Path) -> None:
    other = replace(request(brought, "alone"), resolution=9)
    with pytest.raises(ConflictError, check=fault("region-of-other-input")):
        embed_region(other)
    with pytest.raises(ConflictError, check=fault("folder-not-empty")):
        embed_region(request(brought, "rasters"))


def test_what_cannot_compute_is_told(brought: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, check=fault("no-such-scheduler", "spark")):
        embed_region(request(brought, "none", "spark"))
    monkeypatch.setattr(schedulers, "_ANSWER_S", 1)
    with pytest.raises(InputError, check=fault("scheduler-not-reachable", "tcp://127.0.0.1:9")):
        embed_region(request(brought, "none", "tcp://127.0.0.1:9"))
    monkeypatch.setattr(schedulers, "WORKERS_LOST_S", 1.0)
    with running_cluster(0) as cluster:
        with pytest.raises(AetherError, check=fault("workers-lost")):
            embed_region(request(brought, "none", cluster.scheduler_address))
        cluster.scale(1)
        cluster.wait_for_workers(1)
        monkeypatch.setattr(importlib.metadata, "version", lambda _name: "0.1")
        with pytest.raises(InputError, check=fault("scheduler-of-another-version", "0.1")):
            embed_region(request(brought, "none", cluster.scheduler_address))
