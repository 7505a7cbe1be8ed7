"""A map's data under addresses of their own: a rerun sends where they are, not what they are."""

import base64
import json
from collections.abc import Callable, Hashable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pydeck as pdk
from pydeck.bindings.json_tools import default_serialize

from ui.shell.routes import data_address
from workflows.home import served_files
from workflows.home.settings import read_settings
from workflows.home.shared_results import SharedResults


def address(content: bytes, ending: str) -> str:
    """Where a browser finds content: on the server, or in the address where the disk is full.

    Args:
        content: What is fetched.
        ending: A key of `served_files.KINDS`.
    """
    name = served_files.put(read_settings(), content, ending)
    return _inline(content, ending) if name is None else data_address(name)


def once(key: Hashable, make: Callable[[], bytes], ending: str) -> str:
    """Where content is found that takes long to make: it is made once, and again when it is gone.

    Who asks while it is made waits for it.

    Args:
        key: Equal keys stand for equal content.
        make: The content.
        ending: A key of `served_files.KINDS`.
    """
    settings = read_settings()
    place = (settings.home, key)

    def kept() -> str:
        name = served_files.put(settings, content := make(), ending)
        if name is None:
            raise _NotKeptError(content)
        return name

    try:
        name = _names.get(place, kept)
        if not served_files.use(settings, name):
            _names.forget(place, name)
            name = _names.get(place, kept)
    except _NotKeptError as not_kept:
        return _inline(not_kept.content, ending)
    return data_address(name)


class _NotKeptError(Exception):
    """The disk is full: content has no place of its own."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.content = content


_names: Final[SharedResults[str]] = SharedResults(most=1000)


def _inline(content: bytes, ending: str) -> str:
    kind = served_files.KINDS[ending]
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def of_array(values: npt.NDArray[Any]) -> str:
    """Where the numbers of an array are found, little-endian as the array holds them."""
    return address(np.ascontiguousarray(values).tobytes(), "bin")


def of_json(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Where a document is found."""
    return address(written(value), "json")


def written(value: Any) -> bytes:  # noqa: ANN401 - whatever JSON can hold
    """JSON without a space."""
    return json.dumps(value, separators=(",", ":")).encode()


def document(layer: pdk.Layer) -> dict[str, Any]:
    """A layer as browsers read it."""
    found: dict[str, Any] = json.loads(json.dumps(layer, default=default_serialize))
    return found
