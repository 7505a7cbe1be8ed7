"""Marking a reader, so that each call of it runs in a process of its own."""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

from aether_core.reading import client

P = ParamSpec("P")
R = TypeVar("R")

_inside = False


def in_own_process(reader: Callable[P, R]) -> Callable[P, R]:
    """Make a function that reads a file run in a process of its own.

    Its arguments and its result must be of the kinds that `Packer.pack` names. An `AetherError` it
    raises is raised here, of the same class and with the same message and attributes. A reader that
    calls another one keeps its process. `__wrapped__` is the reader itself.

    Args:
        reader: A function of a module, which its name and that of the module find.

    Returns:
        The function. Over what the reader raises it raises `UnreadableFileError` when a limit is
        broken or the process dies, and `UnforeseenReadingError` for an internal error.
    """

    @functools.wraps(reader)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if _inside:
            return reader(*args, **kwargs)
        file = next(_files((*args, *kwargs.values())), "the file")
        name = f"{reader.__module__}:{reader.__qualname__}"
        return cast("R", client.read(name, args, kwargs, file))

    return call


def stay_in_this_process() -> None:
    """Make every later call of a reader run here: this is the reader's process."""
    global _inside  # noqa: PLW0603 - a fact about the process
    _inside = True


def _files(values: object) -> Iterator[str]:
    """Names of the files among the arguments."""
    if isinstance(values, str | Path):
        yield Path(values).name
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _files(value)
    elif is_dataclass(values) and not isinstance(values, type):
        yield from _files([getattr(values, one.name) for one in fields(values)])
    elif isinstance(values, Mapping):
        yield from _files(list(values.values()))
