"""Who computes the pieces of a region: this process, several of this machine, or a Dask cluster.

Dask is asked for nothing but futures, each a piece that is whole or not there, so a worker may die
at any moment: its piece is made by another. It speaks without passwords and runs what it is sent:
its ports belong into a network of one's own, or behind TLS (docs/scale.md).
"""

import importlib.metadata
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError as Forgotten
from contextlib import AbstractContextManager, contextmanager
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
_AHEAD = 2
"""Pieces that wait at each worker: enough to keep it busy, few enough to hold in mind."""
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


def compute(
    scheduler: str, workers: int, work: Callable[[P], R], tasks: Sequence[P], location: Location
) -> Iterator[R]:
    """Compute pieces and yield each as soon as it is done, in any order.

    Args:
        scheduler: "here" for this process, "local" for processes of this machine, or a scheduler's
            address, such as tcp://HOST:8786.
        workers: Processes, for "local".
        work: Makes a piece.
        tasks: The pieces.
        location: Takes the results; every worker has to see it.

    Raises:
        InputError: There is no such scheduler, Dask is not installed, or versions differ.
        AetherError: No worker is left, one piece ends every worker, or what a piece raises.
    """
    opened = _OPENED_BY.get(scheduler, _remote if scheduler.startswith(_TCP) else None)
    if opened is None:
        raise InputError(
            "unknown scheduler",
            scheduler,
            "use here, local, or the address of a Dask scheduler such as tcp://HOST:8786",
            code="no-such-scheduler",
        )
    with opened(scheduler, workers) as client:
        if client is None:
            yield from map(work, tasks)
            return
        _check_workers(client, scheduler, location)
        yield from _futures(client, work, tasks)


def _check_installed() -> None:
    try:
        importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise AetherError(
            f"computing with several processes needs a package that is not installed: {_INSTALL}",
            code="scheduler-not-installed",
        ) from None


@contextmanager
def _here(_scheduler: str, _workers: int) -> Iterator[None]:
    """This process, which needs no client."""
    yield None


@contextmanager
def _local(_scheduler: str, workers: int) -> Iterator[Any]:
    """Processes of this machine; one that dies is replaced, each one each hour before it grows."""
    _check_installed()
    from distributed import Client, LocalCluster

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
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def _remote(address: str, _workers: int) -> Iterator[Any]:
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
        yield client


_OPENED_BY: Final[Mapping[str, Callable[[str, int], AbstractContextManager[Any]]]] = (
    MappingProxyType({HERE: _here, LOCAL: _local})
)
"""Ways to compute that have a name; any other is an address."""


def versions() -> dict[str, str]:
    """What has to be the same wherever a piece is computed."""
    import torch

    found = {name: importlib.metadata.version(name) for name in _DECIDES_BITS}
    return found | {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "processor": torch.backends.cpu.get_cpu_capability(),
    }


def _sees(location: Location) -> bool:
    return location.is_there()


def _check_workers(client: Any, scheduler: str, location: Location) -> None:  # noqa: ANN401 - of Dask
    """Refuse a scheduler without workers, of another version, or that does not see the results."""
    began = time.monotonic()
    while not client.scheduler_info()["workers"]:
        if time.monotonic() - began > WORKERS_LOST_S:
            raise _lost(scheduler)
        time.sleep(0.2)
    ours = versions()
    try:
        theirs = client.run(versions)
        seen = client.run(_sees, location)
    except Exception as error:  # whatever their code raises: they lack ours
        raise InputError(
            "the workers cannot run this version of Aether",
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
            "give a folder that all machines share under one path, or a bucket that each has keys "
            "for in its AWS_ environment, and obstore",
            code="worker-without-folder",
        )


def _futures(client: Any, work: Callable[[P], R], tasks: Sequence[P]) -> Iterator[R]:  # noqa: ANN401
    """Keep a few pieces at each worker, and yield what comes."""
    import distributed

    waiting = iter(tasks)
    at_work: set[Any] = set()
    without = time.monotonic()
    while True:
        info = client.scheduler_info()["workers"] if client.status == "running" else {}
        if info:
            without = time.monotonic()
        elif client.status != "running" or time.monotonic() - without > WORKERS_LOST_S:
            raise _lost(client.scheduler.addr if client.scheduler else "the scheduler")
        room = max(1, _AHEAD * sum(worker["nthreads"] for worker in info.values()))
        while len(at_work) < room and (task := next(waiting, None)) is not None:
            name = f"{task.name}-{time.time_ns()}"
            at_work.add(client.submit(work, task, key=name, pure=False))
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
