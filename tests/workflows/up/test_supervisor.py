"""Services that end: started again after a pause, given up when they end again and again."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aether_core.errors import AetherError, StoreUnavailableError
from tests.errors import fault
from workflows.up.services import ProcessService
from workflows.up.supervisor import MOST_FAILURES, GivenUpError, Supervisor


class Spawner:
    """Starts real processes and remembers them."""

    def __init__(self, *codes: str) -> None:
        self.codes = list(codes)
        self.started: list[subprocess.Popen[bytes]] = []

    def __call__(self) -> subprocess.Popen[bytes]:
        code = self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]
        self.started.append(subprocess.Popen([sys.executable, "-S", "-c", code]))
        return self.started[-1]


STAYS, ENDS = "import time; time.sleep(60)", "raise SystemExit(3)"


@pytest.fixture
def spawners() -> Iterator[list[Spawner]]:
    made: list[Spawner] = []
    yield made
    for spawner in made:
        for process in spawner.started:
            process.kill()
            process.wait()


def service(spawners: list[Spawner], name: str, *codes: str) -> tuple[ProcessService, Spawner]:
    spawners.append(Spawner(*codes))
    return ProcessService(name, Path(f"{name}.log"), spawners[-1]), spawners[-1]


def look_until(supervisor: Supervisor, spawner: Spawner, starts: int) -> None:
    deadline = time.monotonic() + 20
    while len(spawner.started) < starts:
        assert time.monotonic() < deadline
        supervisor.look()
        time.sleep(0.01)


def test_one_that_ends_is_started_again_and_the_others_are_left(spawners: list[Spawner]) -> None:
    supervisor = Supervisor(first_pause=0.01)
    one, first = service(spawners, "one", STAYS)
    two, second = service(spawners, "two", STAYS)
    supervisor.start([one, two])
    first.started[0].kill()
    look_until(supervisor, first, 2)
    assert one.alive()
    assert len(second.started) == 1
    supervisor.stop()
    assert not one.alive()
    assert not two.alive()


def test_one_that_ends_again_and_again_is_given_up(spawners: list[Spawner]) -> None:
    supervisor = Supervisor(first_pause=0.001)
    one, spawner = service(spawners, "one", STAYS, ENDS)
    supervisor.start([one])
    spawner.started[0].kill()
    with pytest.raises(GivenUpError, check=fault("service-keeps-ending", one.log)) as reported:
        look_until(supervisor, spawner, 100)
    assert len(spawner.started) == MOST_FAILURES
    assert "\n" not in str(reported.value)


def test_pauses_grow(spawners: list[Spawner]) -> None:
    """Nobody is kept busy by a part that cannot start."""
    supervisor = Supervisor(first_pause=0.1)
    one, spawner = service(spawners, "one", STAYS, ENDS)
    supervisor.start([one])
    spawner.started[0].kill()
    began = time.monotonic()
    look_until(supervisor, spawner, 4)
    assert time.monotonic() - began >= 0.1 + 0.2 + 0.4


class Refuses:
    """A service whose start is refused after it has died, as a database on a full disk."""

    name = "database"
    log = Path("server.log")
    starts = 0

    def start(self) -> None:
        self.starts += 1
        if self.starts > 1:
            raise StoreUnavailableError("it will not")

    def alive(self) -> bool:
        return False

    def wait_ready(self) -> None:
        pass

    def stop(self) -> None:
        raise AetherError("it does not stop")


def test_a_start_that_is_refused_counts_and_its_reason_is_told(spawners: list[Spawner]) -> None:
    supervisor = Supervisor(first_pause=0.001)
    refuses = Refuses()
    other, spawner = service(spawners, "other", STAYS)
    supervisor.start([other, refuses])
    with pytest.raises(GivenUpError, check=fault("service-keeps-ending", "it will not")):
        look_until(supervisor, spawner, 2)
    assert refuses.starts == MOST_FAILURES
    with pytest.raises(AetherError):
        supervisor.stop()
    assert not other.alive()


def test_one_that_does_not_start_at_first_is_told_at_once(spawners: list[Spawner]) -> None:
    spawners.append(Spawner(ENDS))
    one = ProcessService("one", Path("one.log"), spawners[-1], serves=lambda: False)
    with pytest.raises(AetherError, check=fault("service-did-not-start", "one.log")):
        Supervisor().start([one])
