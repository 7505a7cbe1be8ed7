"""What happens in a reader's process: limits first, then the reader, then its outcome on disk."""

import importlib
import json
import os
import resource
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from errno import EFBIG, ENOMEM, ENOSPC
from pathlib import Path
from typing import Any

from aether_core.errors import AetherError, DiskFullError
from aether_core.reading.call import stay_in_this_process
from aether_core.reading.client import FOUND, OUTCOME, STDERR
from aether_core.reading.confined import confine
from aether_core.reading.errors import Reason, error_document
from aether_core.reading.limits import ReadingLimits
from aether_core.reading.values import Packer, TooMuchError, unpack

_OUT_OF_MEMORY = ("out of memory", "cannot allocate", "bad_alloc", "bad alloc")


def run_reader(request: dict[str, Any]) -> None:
    """Carry out one request; without an outcome in its folder this process has failed.

    Args:
        request: `reader`, `arguments`, `folder`, `cwd` and `limits`, see `client.read`.
    """
    stay_in_this_process()
    folder = Path(request["folder"])
    limits = ReadingLimits(**request["limits"])
    _redirect(folder / STDERR)
    tempfile.tempdir = request["folder"]  # it goes with the folder, however this process ends
    _limit(limits)
    outcome = _outcome(request, folder, limits)
    resource.setrlimit(resource.RLIMIT_DATA, _unlimited(resource.RLIMIT_DATA))
    (folder / OUTCOME).write_text(json.dumps(outcome), encoding="utf-8")


def _outcome(request: dict[str, Any], folder: Path, limits: ReadingLimits) -> dict[str, Any]:
    try:
        os.chdir(request["cwd"])
        module, _, name = request["reader"].partition(":")
        reader = getattr(importlib.import_module(module), name)
        args, kwargs = unpack(request["arguments"], folder)
        confine(_given(args, kwargs), folder)
        found = reader(*args, **kwargs)
        return {"value": Packer(folder / FOUND, limits.result_bytes).pack(found)}
    except Exception as error:  # noqa: BLE001 - told to, and raised in, the process that asked
        reason = _reason(error)
        if reason is not None:
            return {"given_up": reason}
        full = any(isinstance(one, OSError) and one.errno == ENOSPC for one in _chain(error))
        if full:
            error = DiskFullError("disk full while reading a file; free some space and try again")
        if isinstance(error, AetherError):
            return {"error": error_document(error)}
        return {
            "unforeseen": f"{type(error).__name__}: {error}",
            "details": "".join(traceback.format_exception(error)),
        }


def _given(args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Path]:
    """The files a reader is given.

    A path may be a text where it comes first. Other texts are none, whatever they hold: a user may
    have written them.
    """
    first = [Path(one) for one in [*args[:1], *kwargs.values()][:1] if isinstance(one, str)]
    return [*first, *_paths([*args, *kwargs.values()])]


def _paths(value: object) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _paths(one)
    elif isinstance(value, Mapping):
        yield from _paths(list(value.values()))
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _paths([getattr(value, one.name) for one in fields(value)])


def _reason(error: BaseException) -> Reason | None:
    """Which limit an error comes of, if any: readers may have put it into words of their own."""
    for one in _chain(error):
        number = one.errno if isinstance(one, OSError) else None
        if isinstance(one, MemoryError) or number == ENOMEM:
            return "memory"
        if isinstance(one, TooMuchError) or number == EFBIG:
            return "size"
        if isinstance(one, RecursionError):
            return "depth"
        if any(words in str(one).lower() for words in _OUT_OF_MEMORY):
            return "memory"  # GDAL and GEOS have no error of their own for it
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _limit(limits: ReadingLimits) -> None:
    """Bound what this process may take; the system ends it rather than the program that asked."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    # Not RLIMIT_AS: files that are mapped, and what allocators reserve and never use, count there.
    most = _data_bytes() + limits.memory_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (most, _unlimited(resource.RLIMIT_DATA)[1]))
    scratch = (limits.scratch_bytes, _unlimited(resource.RLIMIT_FSIZE)[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, scratch)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _data_bytes() -> int:
    """Memory this process has already, most of it shared with the one it was forked from."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0


def _unlimited(what: int) -> tuple[int, int]:
    hard = resource.getrlimit(what)[1]
    return hard, hard


def _redirect(path: Path) -> None:
    """Send what libraries print to a file: it tells why one of them gave up."""
    with path.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
