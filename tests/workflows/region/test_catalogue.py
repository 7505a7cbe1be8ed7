"""The list of regions: what their folders say, kept by the store, which they do without."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from aether_core.city.outline import box_boundary
from aether_core.errors import NotFoundError
from aether_core.model.files.folder import save_model
from aether_core.model.heads.heads import Heads
from benchmarks.region import card
from cli.__main__ import run
from tests.errors import fault
from tests.object_store import BUCKET, serving
from tests.public_server.whole import BOX, YEARS
from workflows.accounts.acting import NotAllowedError, Person, Role, asked_by
from workflows.home.settings import read_settings
from workflows.home.store import Store
from workflows.locations.disk import DiskFolder
from workflows.region.catalogue import add_region, forget_region, list_regions
from workflows.region.fetch import FetchRegion, fetch_region
from workflows.region.region import REGION_FILE, RegionRequest, embed_region

pytestmark = pytest.mark.usefixtures("good_server")


@pytest.fixture
def fetched(empty_environment: Store, tmp_path: Path) -> Path:
    """A folder with the rasters of a region, the store's home being this process's."""
    del empty_environment
    folder = tmp_path / "rasters"
    fetch_region(read_settings(), FetchRegion(box_boundary(*BOX), YEARS[0], DiskFolder(folder)))
    return folder


def test_a_region_is_listed_as_its_folder_is_now(
    empty_environment: Store,
    fetched: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = empty_environment
    assert list_regions(store) == []
    torch.manual_seed(1)
    save_model(tmp_path / "model", Heads(), card())
    made = tmp_path / "map"
    pieces = embed_region(
        RegionRequest((DiskFolder(fetched),), tmp_path / "model", DiskFolder(made))
    ).pieces
    assert list_regions(store) == []  # neither of them speaks to the store
    for folder in (fetched, made, made):  # again: looked at anew
        assert run(["region", "add", str(folder), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["there"] is True
    of_map, of_rasters = list_regions(store)
    assert (of_map.folder, of_map.kind, of_map.model, of_map.year) == (
        str(made),
        "embed",
        "untrained",
        None,
    )
    assert of_map.done == of_map.pieces == pieces
    assert (of_rasters.kind, of_rasters.model, of_rasters.year) == ("fetch", None, YEARS[0])
    assert of_rasters.bbox == pytest.approx(BOX)
    assert of_rasters.done == of_rasters.pieces > 1
    assert of_map.bbox is not None
    assert box_boundary(*of_map.bbox).intersects(box_boundary(*BOX))
    # What goes in the folders is seen at once; what is gone is told as it was.
    shutil.rmtree(next(path.parent for path in fetched.rglob("fetched.json")))
    next((made / "records").iterdir()).unlink()
    fewer_map, fewer_rasters = list_regions(store)
    assert (fewer_map.done, fewer_rasters.done) == (pieces - 1, of_rasters.pieces - 1)
    made.rename(tmp_path / "elsewhere")
    assert run(["region", "list", "--json"]) == 0
    gone, _ = json.loads(capsys.readouterr().out)
    assert (gone["folder"], gone["there"], gone["done"]) == (str(made), False, pieces)
    assert gone["bbox"] == pytest.approx(of_map.bbox)
    assert run(["region", "forget", str(made), "--json"]) == 0
    assert [one.kind for one in list_regions(store)] == ["fetch"]
    assert (tmp_path / "elsewhere" / REGION_FILE).exists()


def test_a_region_in_a_bucket_is_listed_and_told_as_it_was_where_it_is_out_of_reach(
    empty_environment: Store,
    fetched: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(tmp_path / "store") as bucket:
        for name, value in bucket.environment().items():
            monkeypatch.setenv(name, value)
        shutil.copytree(fetched, bucket.path("rasters"))
        address = f"s3://{BUCKET}/rasters"
        added = add_region(empty_environment, address)
        (listed,) = list_regions(empty_environment)
        assert (listed.folder, listed.there, listed.done) == (address, True, added.pieces)
        shutil.rmtree(bucket.folder / BUCKET)
        (listed,) = list_regions(empty_environment)
    assert (listed.folder, listed.there, listed.done) == (address, False, added.pieces)


def test_what_is_no_region_is_not_listed(empty_environment: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, check=fault("no-such-region", tmp_path)):
        add_region(empty_environment, str(tmp_path))
    with pytest.raises(NotFoundError, check=fault("region-not-listed", tmp_path)):
        forget_region(empty_environment, str(tmp_path))
    assert list_regions(empty_environment) == []


def test_who_only_looks_sees_the_list_and_changes_nothing(
    empty_environment: Store, fetched: Path
) -> None:
    store = empty_environment
    viewer = Person("vera", Role.VIEWER)
    with asked_by(viewer), pytest.raises(NotAllowedError, check=fault("not-allowed", "vera")):
        add_region(store, str(fetched))
    assert list_regions(store) == []
    add_region(store, str(fetched))
    with asked_by(viewer):
        assert [one.folder for one in list_regions(store)] == [str(fetched)]
        with pytest.raises(NotAllowedError, check=fault("not-allowed", "vera")):
            forget_region(store, str(fetched))
    assert len(list_regions(store)) == 1
