"""A Dask cluster that runs already, as on other machines."""

from collections.abc import Iterator
from contextlib import contextmanager

import dask
from distributed import LocalCluster
from distributed.utils import get_mp_context

from aether_core.model.fits import fit
from aether_core.model.training.preloading import FIRST_OPTIMIZER_LOADS
from workflows.schedulers import schedulers

_FORKED = {"distributed.worker.multiprocessing-method": "forkserver"}


@contextmanager
def running_cluster(workers: int) -> Iterator[LocalCluster]:
    """So many workers of one thread, forked from one that has loaded what they train with."""
    with dask.config.set(_FORKED):
        get_mp_context().set_forkserver_preload(
            [schedulers.PACKAGE, fit.__name__, FIRST_OPTIMIZER_LOADS]
        )
        with LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=50,
        ) as cluster:
            yield cluster
