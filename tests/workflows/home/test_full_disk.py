"""A disk without room, or read-only: one line, exit 2, whatever command meets it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from db.engine import conninfo
from tests.app_fixtures import SLUG
from tests.db_fixtures import fresh_database
from tests.forks import Ended
from tests.full_disk import SmallDisk, small_disk


def reported(done: Ended) -> str:
    """The one line of a command that met the disk: the same in the error document."""
    document = json.loads(done.out)
    assert set(document) == {"error"}, done
    assert done.code == 2, done
    assert "Traceback" not in done.err
    assert done.err.strip().splitlines()[-1] == f"error: {document['error']['message']}"
    return str(document["error"]["message"])


@pytest.fixture
def disk_with_city(
    cluster_url: str, trained_original: tuple[str, Path], tmp_path: Path
) -> Iterator[tuple[SmallDisk, str]]:
    """A trained city in a home on a small disk; its database lies elsewhere."""
    name, original = trained_original
    folder = tmp_path / "disk"
    folder.mkdir()
    with (
        fresh_database(cluster_url, template=name) as url,
        small_disk(folder, megabytes=60, holds=original) as disk,
    ):
        with psycopg.connect(conninfo(url)) as connection:
            connection.execute(
                "UPDATE model SET folder = replace(folder, %s, %s)",
                (str(original), str(folder / "home")),
            )
        yield disk, url


def test_commands_of_a_city_on_a_full_disk(disk_with_city: tuple[SmallDisk, str]) -> None:
    disk, url = disk_with_city
    disk.run("rm", "-rf", str(disk.folder / "home" / "cache"))
    disk.fill()
    assert disk.aether("city", "list", "--json", url=url).code == 0
    for command in (["search", SLUG, "park"], ["train", SLUG, "--set", "epochs=1"]):
        done = disk.aether(*command, "--json", url=url)
        if done.code != 0:  # what can be done without writing is done
            assert str(disk.folder) in reported(done)
    disk.free()
    assert disk.aether("search", SLUG, "park", "--json", url=url).code == 0


def test_a_database_that_gets_no_room(open_home: Path) -> None:
    """The first start, on a disk too small for a cluster; nothing half made is in the way later."""
    with small_disk(open_home, megabytes=4) as disk:
        if not disk.mounted:
            disk.fill()
        message = reported(disk.aether("db", "start", "--json"))
        assert str(open_home) in message
        if disk.mounted:
            disk.run("mount", "-o", "remount,size=400m", str(open_home))
        disk.free()
        try:
            assert disk.aether("db", "start", "--json").code == 0
        finally:
            stop(disk)


def test_a_database_whose_disk_fills_up(open_home: Path) -> None:
    with small_disk(open_home, megabytes=400) as disk:
        try:
            assert disk.aether("db", "start", "--json").code == 0
            disk.aether("db", "stop")
            disk.fill()
            reported(disk.aether("db", "start", "--json"))
            reported(disk.aether("city", "list", "--json"))
            disk.free()
            assert disk.aether("city", "list", "--json").code == 0
        finally:
            disk.free()
            stop(disk)


def test_a_home_on_a_read_only_disk(open_home: Path) -> None:
    with small_disk(open_home, megabytes=4) as disk:
        if not disk.mounted:  # what a limit cannot do, a full disk stands for
            disk.fill()
        else:
            disk.run("mkdir", str(open_home / "home"))
            disk.run("mount", "-o", "remount,ro", str(open_home))
        for command in (["db", "start"], ["city", "list"], ["up", "--no-demo"]):
            assert str(open_home) in reported(disk.aether(*command, "--json"))


def stop(disk: SmallDisk) -> None:
    """Stop the cluster and take away what it keeps outside its home."""
    disk.aether("db", "stop")
    record = disk.run("cat", str(disk.folder / "home" / "cluster.json")).stdout
    if record:
        shutil.rmtree(json.loads(record)["sockets"], ignore_errors=True)
