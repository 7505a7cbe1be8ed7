"""Who computes what comes in pieces: this process, several of this machine, or a Dask cluster.

Dask is asked for nothing but futures, each a piece that is whole or not there, so a worker may die
at any moment: its piece is made by another. It speaks without passwords and runs what it is sent:
its ports belong into a network of one's own, or behind TLS (docs/scale.md).
"""

import importlib.metadata
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError as Forgotten
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, suppress
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeVar

from aether_core.errors import AetherError, InputError
from workflows.locations.location import Location

HERE: Final = "here"
LOCAL: Final = "local"
PACKAGE: Final = "distributed"
_INSTALL: Final = "pip install distributed==2026.8.0"
_TCP = ("tcp://", "tls://")
_ANSWER_S = 10
_LOOK_S = 5
_GLANCE_S = 0.25
_AHEAD = 2
"""Pieces that wait at each worker: enough to keep it busy, few enough to hold in mind."""
_MOST_AHEAD = 32
"""Pieces under way where workers come and go; a thread waits for each."""
_TRIMMED: Final = "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_"
"""Dask has its workers give each freed tensor back to the system: 35 times the page faults, and a
training takes half as long again of the processor."""
_STARTED_BY: Final = "distributed.worker.multiprocessing-method"
_LONGEST_FOLDER = 60
"""Bytes: a socket lies some way below the temporary folder, and its path has at most 107."""
_DECIDES_BITS = ("numpy", "torch", "dask", "distributed", "cloudpickle", "msgpack")
WORKERS_LOST_S = 60.0
"""How long a scheduler may be without workers: it takes them a while to come, and to come back."""


class Piece(Protocol):
    """What is to be computed: goes to a worker as it is, and may be computed twice."""

    @property
    def name(self) -> str:
        """Tells it apart from the others."""


P = TypeVar("P", bound=Piece)
R = TypeVar("R")


class Computing(Protocol):
    """Whoever computes, ready to take pieces.

    Attributes:
        ahead: How many pieces are worth having under way at once.
    """

    ahead: int

    def each(self, work: Callable[[P], R], tasks: Sequence[P]) -> Iterator[R]:
        """Compute pieces and yield each as soon as it is done, in any order."""

    def one(self, work: Callable[[P], R], task: P, look: Callable[[], None]) -> R:
        """Compute one piece while the thread that calls waits; any number of threads may.

        Args:
            work: Makes a piece.
            task: The piece.
            look: Called now and then; what it raises ends the waiting, not the work that has begun.

        Raises:
            AetherError: No worker is left, the piece ends every worker, or what it raises.
        """


@contextmanager
def computing(
    scheduler: str, workers: int, location: Location, modules: Sequence[str] = ()
) -> Iterator[Computing]:
    """Whoever computes, looked at before it is given anything.

    Args:
        scheduler: "here" for this process, "local" for processes of this machine, or a scheduler's
            address, such as tcp://HOST:8786.
        workers: Processes, for "local".
        location: Takes the results; every worker has to see it.
        modules: What the work loads; processes of this machine share what they find loaded.

    Raises:
        InputError: There is no such scheduler, Dask is not installed, or versions differ.
        AetherError: There is no worker.
    """
    opened = _OPENED_BY.get(scheduler, _remote if scheduler.startswith(_TCP) else None)
    if opened is None:
        raise InputError(
            "unknown scheduler",
            scheduler,
            "use here, local, or the address of a Dask scheduler such as tcp://HOST:8786",
            code="no-such-scheduler",
        )
    with opened(scheduler, workers, modules) as ready:
        ready.check(location)
        yield ready


def compute(
    scheduler: str, workers: int, work: Callable[[P], R], tasks: Sequence[P], location: Location
) -> Iterator[R]:
    """Compute pieces and yield each as soon as it is done, in any order.

    Args:
        scheduler: As for `computing`; likewise `workers` and `location`.
        work: Makes a piece.
        tasks: The pieces.

    Raises:
        InputError: There is no such scheduler, Dask is not installed, or versions differ.
        AetherError: No worker is left, one piece ends every worker, or what a piece raises.
    """
    with computing(scheduler, workers, location, [work.__module__]) as ready:
        yield from ready.each(work, tasks)


class _Here:
    """This process, one piece after the other."""

    ahead = 1

    def __init__(self, only: ThreadPoolExecutor) -> None:
        self._only = only

    def check(self, _location: Location) -> None:
        """There is nothing to look at."""

    def each(self, work: Callable[[P], R], tasks: Sequence[P]) -> Iterator[R]:
        return map(work, tasks)

    def one(self, work: Callable[[P], R], task: P, look: Callable[[], None]) -> R:
        future = self._only.submit(work, task)
        while not wait([future], timeout=_GLANCE_S).done:
            try:
                look()
            except BaseException:
                future.cancel()
                raise
        return future.result()


def _check_installed() -> None:
    try:
        importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise AetherError(
            f"computing with several processes needs a package that is not installed: {_INSTALL}",
            code="scheduler-not-installed",
        ) from None


@contextmanager
def _here(_scheduler: str, _workers: int, _modules: Sequence[str]) -> Iterator[_Here]:
    """This process, which needs no client."""
    with ThreadPoolExecutor(1, thread_name_prefix="piece") as only:
        yield _Here(only)


@contextmanager
def _local(scheduler: str, workers: int, modules: Sequence[str]) -> Iterator["_Dask"]:
    """Processes of this machine; one that dies is replaced, each one each hour before it grows.

    They are forked from a process that has loaded what they need, once for all of them; where its
    socket would have no room, each loads it for itself.
    """
    _check_installed()
    import dask
    from distributed import Client, LocalCluster
    from distributed.utils import get_mp_context

    has_room = len(os.fsencode(tempfile.gettempdir())) <= _LONGEST_FOLDER
    started_by = "forkserver" if has_room else "spawn"
    with _environment_kept(), dask.config.set({_TRIMMED: None, _STARTED_BY: started_by}):
        get_mp_context().set_forkserver_preload([PACKAGE, "torch", *modules])
        with (
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs=50,
                lifetime="1 hour",
                lifetime_stagger="10 minutes",
                lifetime_restart=True,
                env=dict(os.environ),  # that of the process they are forked from may be older
            ) as cluster,
            Client(cluster) as client,
        ):
            yield _Dask(client, scheduler, _AHEAD * workers)


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Dask leaves in this process's environment what it sets for its workers."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _remote(address: str, _workers: int, _modules: Sequence[str]) -> Iterator["_Dask"]:
    """A scheduler that runs somewhere, with the workers it has."""
    _check_installed()
    from distributed import Client

    try:
        client = Client(address, timeout=_ANSWER_S, direct_to_workers=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(
            "no Dask scheduler answers",
            f"{address}: {error}",
            "start `dask scheduler` and `dask worker` there, or look at the address",
            code="scheduler-not-reachable",
        ) from error
    with client:
        yield _Dask(client, address, _MOST_AHEAD)


_OPENED_BY: Final[
    Mapping[str, Callable[[str, int, Sequence[str]], AbstractContextManager[Any]]]
] = MappingProxyType({HERE: _here, LOCAL: _local})
"""Ways to compute that have a name; any other is an address."""


def versions() -> dict[str, str]:
    """What has to be the same wherever a piece is computed."""
    import torch

    found = {name: importlib.metadata.version(name) for name in _DECIDES_BITS}
    return found | {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "processor": torch.backends.cpu.get_cpu_capability(),
    }


def _has_this_code() -> bool:
    return True


def _sees(location: Location) -> bool:
    return location.is_there()


class _Dask:
    """The workers of a Dask scheduler; its answers have no types."""

    def __init__(self, client: Any, scheduler: str, ahead: int) -> None:  # noqa: ANN401 - of Dask
        self.ahead = ahead
        self._client, self._scheduler = client, scheduler

    def check(self, location: Location) -> None:
        """Refuse a scheduler without workers, of another version, or blind to the location."""
        presence = _Presence(self._client)
        while not presence.workers():
            time.sleep(0.2)
        ours = versions()
        try:
            self._client.run_on_scheduler(_has_this_code)  # what it is given passes through it
            theirs = self._client.run(versions)
            seen = self._client.run(_sees, location)
        except Exception as error:  # whatever their code raises: they lack ours
            raise InputError(
                "the scheduler or a worker cannot run this version of Aether",
                f"{type(error).__name__}: {error}",
                "start them with ./aether's own Python, PYTHONPATH set to the same checkout",
                code="worker-without-aether",
            ) from error
        for worker, found in theirs.items():
            if other := {name: v for name, v in found.items() if ours[name] != v}:
                raise InputError(
                    "a worker has other versions, and would compute other bits",
                    f"{worker}: {other}, here { ({name: ours[name] for name in other}) }",
                    "install the same requirements there",
                    code="scheduler-of-another-version",
                )
        blind = [worker for worker, sees in seen.items() if not sees]
        if blind:
            raise InputError(
                "a worker does not see where the results go",
                f"{blind[0]}: {location.address}",
                "give a folder that all machines share under one path, or a bucket that each has "
                "keys for in its AWS_ environment, and obstore",
                code="worker-without-folder",
            )

    def each(self, work: Callable[[P], R], tasks: Sequence[P]) -> Iterator[R]:
        """Keep a few pieces at each worker, and yield what comes."""
        import distributed

        waiting = iter(tasks)
        at_work: set[Any] = set()
        presence = _Presence(self._client)
        while True:
            info = presence.workers()
            room = max(1, _AHEAD * sum(worker["nthreads"] for worker in info.values()))
            while len(at_work) < room and (task := next(waiting, None)) is not None:
                at_work.add(self._submitted(work, task))
            if not at_work:
                return
            try:
                found = distributed.wait(at_work, timeout=_LOOK_S, return_when="FIRST_COMPLETED")
            except TimeoutError:
                continue
            except Forgotten as error:  # the scheduler is gone, and what it knew with it
                raise _lost("the scheduler ended") from error
            for future in found.done:
                yield _result(future)
            at_work = set(found.not_done)

    def one(self, work: Callable[[P], R], task: P, look: Callable[[], None]) -> R:
        """Wait for one piece, with an eye on whether anybody is left to make it."""
        future = self._submitted(work, task)
        presence, looked = _Presence(self._client), time.monotonic()
        try:
            while not future.done():
                time.sleep(_GLANCE_S)
                look()
                if time.monotonic() - looked > _LOOK_S:
                    presence.workers()
                    looked = time.monotonic()
        except BaseException:
            with suppress(Exception):  # the scheduler may be gone: what ended the waiting is told
                future.cancel()
            raise
        made: R = _result(future)
        return made

    def _submitted(self, work: Callable[[P], R], task: P) -> Any:  # noqa: ANN401 - of Dask
        name = f"{task.name}-{time.time_ns()}"
        return self._client.submit(work, task, key=name, pure=False)


class _Presence:
    """Whether anybody is there to compute, with patience for workers that are replaced."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - of Dask
        self._client, self._without = client, time.monotonic()

    def workers(self) -> Mapping[str, Any]:
        """The workers there are now; none for a while is in order.

        Raises:
            AetherError: The scheduler is gone, or has had no worker for too long.
        """
        client = self._client
        info = client.scheduler_info()["workers"] if client.status == "running" else {}
        if info:
            self._without = time.monotonic()
        elif client.status != "running" or time.monotonic() - self._without > WORKERS_LOST_S:
            raise _lost(client.scheduler.addr if client.scheduler else "the scheduler")
        found: Mapping[str, Any] = info
        return found


def _result(future: Any) -> Any:  # noqa: ANN401 - of Dask
    import distributed

    try:
        made = future.result()
    except distributed.KilledWorker as error:
        raise AetherError(
            f"the piece {future.key} ends every worker that takes it, so they have too little "
            "memory: start them with more (2 GB each)",
            code="piece-ends-workers",
        ) from error
    except Forgotten as error:
        raise _lost(future.key) from error
    return made


def _lost(what: str) -> AetherError:
    return AetherError(
        f"no worker is left to compute: {what}; what is done is kept, so start workers and run the "
        "same command again",
        code="workers-lost",
    )
