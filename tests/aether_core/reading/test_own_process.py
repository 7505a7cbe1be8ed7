"""A reader runs in a process of its own; what becomes of it reaches the caller in plain words."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aether_core.errors import InputError
from aether_core.reading import (
    ReadingLimits,
    UnreadableFileError,
    client,
    lacking,
    remove_left_readings,
    set_reading_limits,
)
from aether_core.reading.errors import UnforeseenReadingError
from aether_core.reading.limits import READERS_AT_ONCE
from aether_core.vector.geopackage import ComputedLayerError
from tests import reading_examples as readers

SMALL = ReadingLimits(memory_bytes=200 * 1024**2, result_bytes=10 * 1024**2)
SHORT = ReadingLimits(seconds=2.0)
FILE = Path("places.gpkg")
PATIENCE = 20.0


@pytest.fixture
def small_limits() -> Iterator[None]:
    set_reading_limits(SMALL)
    yield
    set_reading_limits(ReadingLimits())


@pytest.fixture
def short_time() -> Iterator[None]:
    set_reading_limits(SHORT)
    yield
    set_reading_limits(ReadingLimits())


def given_up(error: pytest.ExceptionInfo[UnreadableFileError]) -> str:
    assert FILE.name in str(error.value)
    assert error.value.exit_code == InputError.exit_code
    return error.value.reason


def alive(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def wait_for(what: object, *, seconds: float = PATIENCE) -> None:
    assert callable(what)
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_a_reader_has_a_process_of_its_own_and_shares_it_with_those_it_calls() -> None:
    outer, inner = readers.its_process(FILE)
    assert outer == inner != os.getpid()
    assert readers.its_process(FILE)[0] != outer


def test_a_small_file_costs_next_to_nothing_once_the_readers_are_loaded() -> None:
    readers.nested_process(FILE)
    started = time.perf_counter()
    for _ in range(5):
        readers.nested_process(FILE)
    assert (time.perf_counter() - started) / 5 < 2.0  # 0.07 to 0.11 measured on a busy machine


@pytest.mark.usefixtures("small_limits")
def test_memory_is_bounded_and_the_caller_takes_none() -> None:
    assert readers.takes_memory(FILE, 50) == 50 * 1024**2
    with pytest.raises(UnreadableFileError) as error:
        readers.takes_memory(FILE, 4000)
    assert given_up(error) == "memory"


def told_by(folder: Path, sign: str = FILE.name) -> int:
    """The process of a reader that leaves a sign in its own folder."""

    def left() -> list[str]:
        return [one.read_text() for one in folder.glob(f"*/{sign}")]

    wait_for(lambda: any(left()))
    return int(left()[0])


@pytest.mark.usefixtures("short_time")
def test_time_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(readers.takes_long, FILE)
        reader = told_by(tmp_path)
        with pytest.raises(UnreadableFileError) as error:
            reading.result()
    assert given_up(error) == "time"
    assert time.monotonic() - started < PATIENCE
    assert not alive(reader)


@pytest.mark.usefixtures("small_limits")
def test_what_is_handed_back_is_bounded() -> None:
    assert len(readers.holds_much(FILE, 5)) == 5 * 1024**2
    with pytest.raises(UnreadableFileError) as error:
        readers.holds_much(FILE, 50)
    assert given_up(error) == "size"


def test_what_is_written_on_the_way_is_bounded(tmp_path: Path) -> None:
    set_reading_limits(ReadingLimits(scratch_bytes=1024**2))
    try:
        with pytest.raises(UnreadableFileError) as error:
            readers.writes_much(tmp_path / FILE.name, 2)
    finally:
        set_reading_limits(ReadingLimits())
    assert given_up(error) == "size"


@pytest.mark.parametrize(
    ("number", "reason"),
    [(signal.SIGSEGV, "crash"), (signal.SIGABRT, "crash"), (signal.SIGKILL, "memory")],
)
def test_a_reader_that_dies_takes_nothing_along(number: int, reason: str) -> None:
    with pytest.raises(UnreadableFileError) as error:
        readers.dies(FILE, number)
    assert given_up(error) == reason
    assert readers.gives_back(FILE, 1) == 1


def test_an_error_arrives_as_it_was_raised() -> None:
    with pytest.raises(ComputedLayerError) as error:
        readers.refuses(FILE)
    assert type(error.value) is ComputedLayerError
    assert error.value.layer == "streets"
    assert str(error.value) == f"a layer is computed: {FILE}; save it"
    assert error.value.exit_code == 2


def test_an_error_of_ours_is_told_with_its_traceback() -> None:
    with pytest.raises(UnforeseenReadingError) as error:
        readers.divides_by_nothing(FILE)
    assert "ZeroDivisionError" in str(error.value)
    assert "divides_by_nothing" in error.value.details
    assert error.value.exit_code == 1


def test_a_reader_without_end_is_told_of() -> None:
    with pytest.raises(UnreadableFileError) as error:
        readers.goes_deep(FILE)
    assert given_up(error) == "depth"


def test_a_few_are_read_at_once_and_the_others_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    readers.nested_process(FILE)
    with ThreadPoolExecutor(5) as pool:
        running = list(pool.map(lambda _: readers.counts_itself(tmp_path, 0.3), range(5)))
    assert max(running) <= READERS_AT_ONCE


def test_the_source_of_readers_has_one_thread_and_starts_anew_when_it_dies() -> None:
    readers.nested_process(FILE)
    source = client._source
    assert source is not None
    assert len(list(Path(f"/proc/{source.pid}/task").iterdir())) == 1
    os.kill(source.pid, signal.SIGKILL)
    assert readers.gives_back(FILE, "again") == "again"
    assert client._source is not source


@pytest.mark.usefixtures("short_time")
def test_a_reader_ends_with_the_source_it_was_forked_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(readers.takes_long, FILE)
        reader = told_by(tmp_path)
        assert client._source is not None
        os.kill(client._source.pid, signal.SIGKILL)
        wait_for(lambda: not alive(reader))
        assert isinstance(reading.exception(), UnreadableFileError)


def test_a_fork_of_the_program_has_a_source_of_its_own() -> None:
    readers.nested_process(FILE)
    child = os.fork()
    if child == 0:
        works = False
        try:
            works = readers.gives_back(FILE, 3) == 3
        finally:
            os._exit(0 if works else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert readers.gives_back(FILE, 4) == 4


def test_a_program_that_is_killed_leaves_no_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    script = (
        "from pathlib import Path; from tests import reading_examples as readers; "
        "readers.takes_long(Path('sign'))"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    reader = told_by(tmp_path, "sign")
    assert alive(reader)
    assert remove_left_readings() == []  # it is at work
    program.kill()
    program.wait()
    wait_for(lambda: not alive(reader))
    assert len(remove_left_readings()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(bool(lacking()), reason=f"this kernel has no means for {lacking()}")
def test_a_reader_reaches_its_file_and_its_libraries_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    file, other = tmp_path / "a" / "places.shp", tmp_path / "a" / "other.shp"
    for one in (file, file.with_suffix(".prj"), other):
        one.write_text("x")
    file.with_name("places.link").symlink_to(other)
    found = readers.reaches(file, other=str(other))
    done = {name for name, end in found.items() if end == "done"}
    assert done == {"its file", "its parts", "its own folder", "a library's data"}
    assert set(found.values()) <= {"done", "EACCES", "EPERM"}
    assert [one.name for one in sorted(file.parent.iterdir())] == [
        "other.shp",
        "places.link",
        "places.prj",
        "places.shp",
    ]


def test_nothing_stays_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    readers.gives_back(FILE, "x")
    with pytest.raises(UnreadableFileError):
        readers.dies(FILE)
    assert list(tmp_path.iterdir()) == []
