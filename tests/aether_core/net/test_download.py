"""Whole files to the disk, from a server and a disk that misbehave."""

import json
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aether_core.errors import CancelledError, DiskFullError
from aether_core.net import RemoteError, Web
from tests.aether_core.net.conftest import DATA, MakeWeb
from tests.errors import fault
from tests.public_server.server import Fault, PublicServer


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "x.tiff"


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """A file system that takes no larger file."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def left_behind(target: Path) -> set[str]:
    return {path.name for path in target.parent.iterdir()} - {f"{target.name}.lock"}


def test_a_file_comes_whole_and_only_when_it_has_changed(
    web: Web, server: PublicServer, target: Path
) -> None:
    url = f"{server.url}/x.tiff"
    reports: list[tuple[str, int, int]] = []
    first = web.download(url, target, limit=10**6, progress=lambda *at: reports.append(at))
    assert first is not None
    assert (target.read_bytes(), first.size) == (DATA, len(DATA))
    assert reports[-1] == ("downloading x.tiff", len(DATA), len(DATA))
    assert web.download(url, target, limit=10**6, etag=first.etag) is None
    assert web.received == len(DATA)
    (server.folder / "x.tiff").write_bytes(DATA[::-1])
    second = web.download(url, target, limit=10**6, etag=first.etag)
    assert second is not None
    assert second.etag != first.etag
    assert target.read_bytes() == DATA[::-1]
    assert left_behind(target) == {"x.tiff"}


def test_a_file_that_is_gone_from_the_disk_is_fetched_again(
    web: Web, server: PublicServer, target: Path
) -> None:
    first = web.look(f"{server.url}/x.tiff")
    assert web.download(first.url, target, limit=10**6, etag=first.etag) == first
    assert target.read_bytes() == DATA


def test_cuts_cost_nothing(web: Web, server: PublicServer, target: Path) -> None:
    server.misbehave("x.tiff", Fault("cut", after=150_000), times=3)
    web.download(f"{server.url}/x.tiff", target, limit=10**6)
    assert target.read_bytes() == DATA
    assert server.bytes_of("/x.tiff") == [
        (start, start + 150_000) for start in range(0, 600_000, 150_000)
    ]


def test_a_stopped_download_goes_on_in_another_process(
    web: Web, server: PublicServer, target: Path, make_web: MakeWeb
) -> None:
    url = f"{server.url}/x.tiff"
    server.misbehave("x.tiff", Fault("cut", after=200_000))

    def stop(_stage: str, done: int, _total: int) -> None:
        if done >= 200_000:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        web.download(url, target, limit=10**6, progress=stop)
    assert left_behind(target) == {"x.tiff.part", "x.tiff.part.json"}
    make_web(server.url).download(url, target, limit=10**6)
    assert target.read_bytes() == DATA
    assert server.bytes_of("/x.tiff") == [(0, 200_000), (200_000, 600_000)]
    assert left_behind(target) == {"x.tiff"}


@pytest.mark.parametrize("at", [200_000, len(DATA)])
def test_the_beginning_of_another_version_is_thrown_away(
    web: Web, server: PublicServer, target: Path, at: int
) -> None:
    url = f"{server.url}/x.tiff"
    old = web.look(url)
    target.parent.mkdir()
    target.with_name("x.tiff.part").write_bytes(DATA[:at])
    note = json.dumps({"url": url, "size": old.size, "etag": old.etag})
    target.with_name("x.tiff.part.json").write_text(note, "utf-8")
    (server.folder / "x.tiff").write_bytes(DATA[::-1])
    web.download(url, target, limit=10**6)
    assert target.read_bytes() == DATA[::-1]


def test_a_whole_part_costs_one_byte(web: Web, server: PublicServer, target: Path) -> None:
    old = web.look(f"{server.url}/x.tiff")
    target.parent.mkdir()
    target.with_name("x.tiff.part").write_bytes(DATA)
    note = json.dumps({"url": old.url, "size": old.size, "etag": old.etag})
    target.with_name("x.tiff.part.json").write_text(note, "utf-8")
    assert web.download(old.url, target, limit=10**6) == old
    assert target.read_bytes() == DATA
    assert web.received == 1


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"url": 1}', "{"])
def test_a_part_without_its_note_is_worth_nothing(
    web: Web, server: PublicServer, target: Path, note: str
) -> None:
    target.parent.mkdir()
    target.with_name("x.tiff.part").write_bytes(b"what is this")
    target.with_name("x.tiff.part.json").write_text(note, "utf-8")
    web.download(f"{server.url}/x.tiff", target, limit=10**6)
    assert target.read_bytes() == DATA


def test_a_full_disk_is_named_and_what_came_is_kept(
    web: Web, server: PublicServer, target: Path
) -> None:
    url = f"{server.url}/x.tiff"
    with room_for(300_000), pytest.raises(DiskFullError, check=fault("disk-full", "x.tiff")):
        web.download(url, target, limit=10**6)
    kept = target.with_name("x.tiff.part").stat().st_size
    assert 200_000 < kept <= 300_000
    web.download(url, target, limit=10**6)
    assert target.read_bytes() == DATA
    assert server.log[-1].range == (kept, len(DATA) - 1)


def test_a_file_that_is_too_large_is_not_taken(
    web: Web, server: PublicServer, target: Path
) -> None:
    with pytest.raises(RemoteError, check=fault("remote-too-long", "500,000")):
        web.download(f"{server.url}/x.tiff", target, limit=500_000)
    assert not target.exists()
    server.misbehave("x.tiff", Fault("endless"), times=-1)
    with pytest.raises(RemoteError, check=fault("remote-too-long", "500,000")):
        web.download(f"{server.url}/x.tiff", target, limit=500_000)


def test_two_downloads_of_one_file_take_turns(web: Web, server: PublicServer, target: Path) -> None:
    server.misbehave("x.tiff", Fault("slow", rate=2_000_000), times=2)
    url = f"{server.url}/x.tiff"
    stages: list[str] = []

    def fetch() -> None:
        web.download(url, target, limit=10**6, progress=lambda stage, *_: stages.append(stage))

    threads = [threading.Thread(target=fetch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read_bytes() == DATA
    assert "waiting for another download of x.tiff" in stages
    assert left_behind(target) == {"x.tiff"}
