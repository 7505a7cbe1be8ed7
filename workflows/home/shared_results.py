"""Results that are computed once, however many ask at the same time; a bounded number is kept."""

import functools
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError as BrokenOff
from concurrent.futures import Future
from threading import Lock
from typing import Generic, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class SharedResults(Generic[T]):
    """Keeps the results asked for last.

    Args:
        most: How many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._known: OrderedDict[Hashable, Future[T]] = OrderedDict()

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The result of a key: kept, being computed by another thread, or computed here.

        An error is raised for all who wait for it, and is not kept. Whoever is broken off himself,
        such as a page whose visitor clicks, breaks off nobody else: one who waits computes it.
        """
        with self._lock:
            known = self._known.get(key)
            mine = known is None
            future: Future[T] = Future() if known is None else known
            self._known[key] = future
            self._known.move_to_end(key)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        if not mine:
            try:
                return future.result()
            except BrokenOff:
                if not future.cancelled():
                    raise
                return self.get(key, compute)
        try:
            future.set_result(compute())
        except Exception as error:
            self._drop(key, future)
            future.set_exception(error)
            raise
        except BaseException:
            self._drop(key, future)
            future.cancel()
            raise
        return future.result()

    def _drop(self, key: Hashable, future: Future[T]) -> None:
        with self._lock:
            if self._known.get(key) is future:
                del self._known[key]

    def forget(self, key: Hashable, result: T) -> None:
        """Let go of a result that is not true any more; one that took its place stays."""
        with self._lock:
            known = self._known.get(key)
            if known is not None and known.done() and known.result() == result:
                del self._known[key]


class _Shared(Generic[P, T]):
    """A function whose results are shared; see `computed_once`."""

    def __init__(self, compute: Callable[P, T], most: int) -> None:
        self._compute, self._most = compute, most
        functools.update_wrapper(self, compute)
        self.cache_clear()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (args, tuple(sorted(kwargs.items())))
        return self._results.get(key, lambda: self._compute(*args, **kwargs))

    def cache_clear(self) -> None:
        """Forget all results."""
        self._results: SharedResults[T] = SharedResults(self._most)


def computed_once(most: int) -> Callable[[Callable[P, T]], _Shared[P, T]]:
    """As `functools.lru_cache`, but who asks while it is computed waits for that.

    After a start twenty visitors ask for the same at once: each would read it for himself, and all
    of them wait twenty times as long.

    Args:
        most: How many results are kept.
    """
    return lambda compute: _Shared(compute, most)
