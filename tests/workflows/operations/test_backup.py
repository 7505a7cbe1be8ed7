"""A home goes into one file while it is in use, and comes back the same, or not at all."""

import io
import json
import shutil
import signal
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select, text

from aether_core.errors import AetherError, ConflictError, InputError
from cli.__main__ import run
from db.dump import kept_tables
from db.engine import conninfo
from db.jobs import jobs, workers
from db.schema import Account
from tests.app_fixtures import SLUG, Original, borrowed_store
from tests.city_removal import remove_city
from tests.db_fixtures import fresh_database
from tests.errors import fault
from tests.forks import Forked
from tests.store_consistency import assert_store_consistent, children, digest, scratch
from tests.workflows.operations.processes import backup_until, restore_until, train
from workflows.accounts.accounts import last_deeds
from workflows.home.settings import Settings
from workflows.home.store import Store, open_store
from workflows.jobs.job import show_job
from workflows.jobs.kind import QUICK
from workflows.jobs.sweep import sweep
from workflows.layers.layers import keep_layer
from workflows.operations.archive import (
    DATABASE,
    FILES,
    HEAD,
    MANIFEST,
    BackupReader,
    BackupWriter,
    opened_backup,
)
from workflows.operations.backup import backup
from workflows.operations.manifest import ROOTS, Content, KeptFile, Manifest
from workflows.operations.restore import restore
from workflows.search.search import search_cells
from workflows.training.resume import resume_run
from workflows.training.runs import run_folder
from workflows.training.train import add_run

Files = dict[str, str]


@dataclass(frozen=True)
class InUse:
    """A home with a city, a model, a kept map and a training at work, and its backup.

    Attributes:
        rows: What the database held when the backup was written, but for the training's own.
        files: The files that lay in the home then, but for the training's own.
    """

    store: Store
    backup: Path
    run: int
    job: int
    view: str
    rows: dict[str, list[str]]
    files: Files


def rows_of(url: str) -> dict[str, list[str]]:
    """Every row of every table that a backup keeps.

    But for what a training is changing, and for the list of who did what: a backup and its restore
    are noted there when they are done.
    """
    with psycopg.connect(conninfo(url)) as connection:
        return {
            table: [
                row[0]
                for row in connection.execute(
                    sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(sql.Identifier(table))
                )
            ]
            for table in kept_tables()
            if table not in {"deed", "job", "run", "run_epoch"}
        }


def files_of(home: Path) -> Files:
    return {
        path.relative_to(home).as_posix(): digest(path)
        for root in ROOTS
        for path in (home / root).rglob("*")
        if path.is_file() and root != "runs"
    }


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def in_use(
    cluster_url: str, trained_original: Original, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InUse]:
    folder = tmp_path_factory.mktemp("in-use")
    with borrowed_store(cluster_url, trained_original, folder / "home") as store:
        kept = keep_layer(store, search_cells(store, SLUG, "a night out"))
        queued = add_run(store, SLUG, settings={"epochs": "2000", "patience": "2000"})
        worker = Forked(train, str(store.settings.home), store.url, queued.job_id)
        try:
            checkpoints = run_folder(store, queued.id).folder
            eventually(lambda: any(checkpoints.glob("epoch-*")) or worker.poll() is not None)
            backup(store, folder / "home.tar")
            assert worker.poll() is None
            assert show_job(store, queued.job_id).state.is_running
        finally:
            worker.kill()
            worker.wait(60)
        yield InUse(
            store,
            folder / "home.tar",
            queued.id,
            queued.job_id,
            kept.view,
            rows_of(store.url),
            files_of(store.settings.home),
        )


@pytest.fixture
def target(cluster_url: str, tmp_path: Path) -> Iterator[Settings]:
    """An installation in which nothing was ever done."""
    with fresh_database(cluster_url, template="template0") as url:
        yield Settings(home=tmp_path / "elsewhere" / "home", database_url=url)


def assert_untouched(settings: Settings) -> None:
    assert not settings.home.exists()
    with psycopg.connect(conninfo(str(settings.database_url))) as connection:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(tables).fetchone() == (0,)


@pytest.mark.usefixtures("no_worker")
def test_it_comes_back_row_by_row_and_file_by_file_however_often_it_was_killed(
    in_use: InUse, target: Settings
) -> None:
    url = str(target.database_url)
    for stage in ("unpacking files", "restoring the database"):
        killed = Forked(restore_until, str(target.home), url, str(in_use.backup), stage)
        assert killed.wait(60) == -signal.SIGKILL
    store = open_store(target)
    eventually(lambda: sweep(store).done)
    assert [children(target.home / root) for root in ROOTS] == [[], [], [], []]
    assert not scratch(target)
    store.engine.dispose()

    found = restore(target, in_use.backup)
    assert (found.cities, found.models, found.layers) == ([SLUG], 1, 1)
    assert rows_of(url) == in_use.rows
    assert files_of(target.home) == in_use.files
    store = open_store(target)
    assert [(one.action, one.subject) for one in last_deeds(store, 1)] == [("restore", "home.tar")]
    assert last_deeds(in_use.store, 1)[0].action == "back up"
    assert_store_consistent(store)
    with store.session() as session:
        assert session.scalar(text(f'SELECT count(*) FROM "{in_use.view}"')) > 100  # noqa: S608
    assert len(search_cells(store, SLUG, "a night out").score) > 100

    assert found.stopped == [in_use.job]
    assert show_job(store, in_use.job).state.is_cancelled
    assert children(run_folder(store, in_use.run).folder)
    assert resume_run(store, in_use.run).state.is_queued
    store.engine.dispose()
    with pytest.raises(ConflictError, check=fault("home-not-empty", SLUG)):
        restore(target, in_use.backup)


def test_a_home_that_others_use_is_left_alone(in_use: InUse, store: Store) -> None:
    """It has no city, but something that a restore would take from somebody."""

    def refused(code: str, *facts: object) -> None:
        with pytest.raises(ConflictError, check=fault(code, *facts)):
            restore(store.settings, in_use.backup)

    with store.session() as session:
        workers.sign_on(session, [QUICK], host="here", pid=1)
    refused("home-has-workers", QUICK)
    with store.session() as session:
        session.add(Account(name="ann", role="admin", password_hash="x"))  # noqa: S106 - of nobody
    refused("home-has-accounts", "ann")
    with store.session() as session:
        job = jobs.add_job(session, kind="train", queue=QUICK, request={})
    refused("home-has-jobs", job.id)
    with store.session() as session:
        assert session.scalar(select(Account.name)) == "ann"


def parts_of(file: Path) -> tuple[Manifest, dict[str, bytes]]:
    with opened_backup(file) as reader:
        names = [DATABASE, *(FILES + kept.path for kept in reader.manifest.files)]
        return reader.manifest, {name: b"".join(reader.pieces(name)) for name in names}


def write(file: Path, manifest: Manifest, parts: dict[str, bytes]) -> Path:
    """A backup with these parts, right in every sum."""
    with file.open("wb") as opened:
        writer = BackupWriter(opened)
        head = writer.add(HEAD, [manifest.head.model_dump_json().encode()])
        for name, content in parts.items():
            writer.add(name, [content])
        writer.close(manifest, head)
    return file


def small(file: Path) -> tuple[Manifest, dict[str, bytes]]:
    """A backup of nothing but one file, whose database nobody will read."""
    with opened_backup(file) as reader:
        manifest = reader.manifest
    parts = {DATABASE: b"no dump", f"{FILES}cities/1-x/a.tif": b"raster"}
    contents = [Content(size=len(one), sha256=sha256(one).hexdigest()) for one in parts.values()]
    kept = KeptFile(path="cities/1-x/a.tif", **contents[1].model_dump())
    return manifest.model_copy(update={"database": contents[0], "files": [kept]}), parts


def test_what_is_cut_damaged_newer_or_none_is_refused_before_anything_is_touched(
    in_use: InUse, target: Settings, tmp_path: Path
) -> None:
    whole = in_use.backup.read_bytes()
    file = tmp_path / "other.tar"

    def refused(code: str, *facts: object) -> None:
        with pytest.raises(InputError, check=fault(code, *facts)):
            restore(target, file)

    for length in (0, 5, 511):
        file.write_bytes(whole[:length])
        refused("backup-unknown")
    for length in (600, 1024, len(whole) // 2, len(whole) - 4096):
        file.write_bytes(whole[:length])
        refused("backup-cut")
    with tarfile.open(in_use.backup) as archive:
        members = archive.getmembers()
    for member in members[1:]:
        at = member.offset_data + member.size // 2
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        refused("backup-damaged")
    at = members[1].offset + 3
    file.write_bytes(whole[:at] + b"?" + whole[at + 1 :])
    refused("backup-damaged")

    manifest, parts = small(in_use.backup)
    for change in ({"format": 2}, {"revision": "9999"}):
        later = manifest.head.model_copy(update={"app": "7.8.9", **change})
        write(file, manifest.model_copy(update={"head": later}), parts)
        refused("backup-of-newer-version", "7.8.9")
    write(file, manifest.model_copy(update={"postgresql": "99.1"}), parts)
    refused("backup-of-newer-postgresql", "99.1")
    shutil.rmtree(target.home)
    assert_untouched(target)


def member(name: str, kind: bytes = tarfile.REGTYPE, **more: object) -> bytes:
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in more.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.PAX_FORMAT)


HOSTILE = {
    "upwards": member("../../etc/passwd"),
    "from the root": member("/etc/passwd"),
    "symbolic link": member("home/cities/x", tarfile.SYMTYPE, linkname="/etc"),
    "hard link": member("home/cities/x", tarfile.LNKTYPE, linkname="../../x"),
    "device": member("home/cities/x", tarfile.CHRTYPE, devmajor=1),
    "pipe": member("home/cities/x", tarfile.FIFOTYPE),
    "sparse": member("home/cities/x", tarfile.GNUTYPE_SPARSE),
    "folder": member("home/cities/x", tarfile.DIRTYPE),
    "extended header": member("home/" + "é" * 200),
    "twice": member(DATABASE),
}
PATHS = (
    "../x",
    "/etc/x",
    "cities/../../x",
    "cluster/PG_VERSION",
    "cities",
    "cities//x",
    "jobs/./x",
)


def test_hostile_files_are_refused_and_write_nothing(
    in_use: InUse, target: Settings, tmp_path: Path
) -> None:
    manifest, parts = small(in_use.backup)
    good = write(tmp_path / "good.tar", manifest, parts).read_bytes()
    with tarfile.open(tmp_path / "good.tar") as archive:
        before = archive.getmember(MANIFEST).offset
    file = tmp_path / "hostile.tar"
    for name, entry in HOSTILE.items():
        file.write_bytes(good[:before] + entry + good[before:])
        with pytest.raises(InputError, check=fault("backup-entry-refused")):
            restore(target, file)
        assert name
    file.write_bytes(good[:before] + member("home/cities/more") + good[before:])
    with pytest.raises(InputError, check=fault("backup-damaged", "home/cities/more")):
        restore(target, file)
    for path in PATHS:
        facts = manifest.files[0].model_dump() | {"path": path}
        kept = KeptFile.model_construct(**facts)
        named = manifest.model_copy(update={"files": [kept]})
        write(file, named, {DATABASE: parts[DATABASE], "home/x": b"raster"})
        with pytest.raises(InputError, check=fault("backup-damaged", MANIFEST)):
            restore(target, file)
    longer = manifest.files[0].model_copy(update={"size": 5})
    write(file, manifest.model_copy(update={"files": [longer]}), parts)
    with pytest.raises(InputError, check=fault("backup-damaged", "a.tif")):
        restore(target, file)
    assert_untouched(target)
    # Right in every sum, and yet no database: all that was placed goes again.
    with pytest.raises(AetherError, check=fault("database-program-failed")):
        restore(target, write(file, manifest, parts))
    assert [children(target.home / root) for root in ROOTS] == [[], [], [], []]
    assert not scratch(target)


def test_what_ends_a_backup_leaves_no_file(in_use: InUse, tmp_path: Path) -> None:
    home = in_use.store.settings.home
    for number in (signal.SIGTERM, signal.SIGKILL):
        killed = Forked(backup_until, str(home), in_use.store.url, str(tmp_path / "a.tar"), number)
        assert killed.wait(60) != 0
        names = [path for path in scratch(in_use.store.settings) if path.parent == home]
        assert bool(children(tmp_path)) == bool(names) == (number == signal.SIGKILL)
        assert "a.tar" not in children(tmp_path)
    made = backup(in_use.store, tmp_path / "b.tar")
    assert children(tmp_path) == ["b.tar"]
    assert made.bytes == (tmp_path / "b.tar").stat().st_size


def test_a_city_that_is_removed_meanwhile_is_in_it_whole(
    cluster_url: str, trained_original: Original, target: Settings, tmp_path: Path
) -> None:
    removed: list[str] = []
    with borrowed_store(cluster_url, trained_original, tmp_path / "home") as store:
        before = files_of(store.settings.home)

        def passing(words: str, _done: int, _total: int) -> None:
            if words == "saving files" and not removed:
                remove_city(store, SLUG)
                removed.append(SLUG)

        made = backup(store, tmp_path / "home.tar", progress=passing)
        assert removed
        assert files_of(store.settings.home) == {}
        assert (made.cities, made.missing, made.damaged) == (1, [], [])
    restore(target, tmp_path / "home.tar")
    assert files_of(target.home) == before


def test_the_commands(
    app_environment: Store,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    target: Settings,
) -> None:
    """A file that is missing and one that is damaged are said, and no reason to have no backup."""
    store, file = app_environment, tmp_path / "home.tar"
    with store.session() as session:
        raster = str(session.scalar(text("SELECT path FROM raster")))
        model = str(session.scalar(text("SELECT folder FROM model")))
    (store.settings.home / raster).unlink()
    weights = f"{model}/heads.safetensors"
    (store.settings.home / weights).write_bytes(b"?")

    def answer(*words: str) -> tuple[int, dict[str, object]]:
        code = run([*words, "--json"])
        (line,) = capsys.readouterr().out.splitlines()
        return code, json.loads(line)

    monkeypatch.setenv("AETHER_CONTACT", "it@city.example")
    monkeypatch.setenv("AETHER_ALPHAEARTH_TOKEN", "a-secret")
    code, made = answer("backup", str(file))
    assert (code, made["missing"], made["damaged"]) == (0, [raster], [weights])
    assert b"a-secret" not in file.read_bytes()
    code, refused = answer("backup", str(file))
    assert (code, refused["error"]["code"]) == (2, "file-exists")  # type: ignore[index]
    assert answer("backup", str(file), "--force")[0] == 0

    code, refused = answer("restore", str(tmp_path / "none.tar"))
    assert (code, refused["error"]["code"]) == (2, "backup-not-opened")  # type: ignore[index]
    code, refused = answer("restore", str(file))
    assert (code, refused["error"]["code"]) == (2, "home-not-empty")  # type: ignore[index]
    monkeypatch.setenv("AETHER_HOME", str(target.home))
    monkeypatch.setenv("AETHER_DATABASE_URL", str(target.database_url))
    monkeypatch.delenv("AETHER_CONTACT")
    code, found = answer("restore", str(file))
    assert (code, found["cities"], found["missing"]) == (0, [SLUG], [raster])
    assert found["settings"] == {"AETHER_CONTACT": "it@city.example"}


def test_a_long_name_and_an_empty_file_are_kept(tmp_path: Path, in_use: InUse) -> None:
    manifest, parts = small(in_use.backup)
    path = f"cities/1-x/{'n' * 240}.tif"
    empty = KeptFile(path=path, size=0, sha256=sha256().hexdigest())
    both = manifest.model_copy(update={"files": [*manifest.files, empty]})
    file = write(tmp_path / "a.tar", both, {**parts, FILES + path: b""})
    assert parts_of(file)[1][FILES + path] == b""
    with tarfile.open(file) as archive:  # any tar reads it
        assert FILES + path in archive.getnames()
    assert isinstance(BackupReader(file, io.BytesIO(file.read_bytes())), BackupReader)
