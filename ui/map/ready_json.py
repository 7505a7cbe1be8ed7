"""JSON of a map's data that was written once and goes into every deck as it is."""

import json
import re
import secrets
from dataclasses import dataclass
from typing import Any, Final

from pydeck.bindings.json_tools import default_serialize

_MARK: Final = secrets.token_hex(16)  # no data can hold it
_MARKED: Final = re.compile(f'"{_MARK}(\\d+)"')


@dataclass(frozen=True)
class ReadyJson:
    """Data of a layer as JSON text."""

    text: str


def compact(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """JSON without a space."""
    return json.dumps(value, separators=(",", ":"))


def written(deck: object) -> str:
    """A deck as JSON, without a space; ready pieces are put in unread."""
    pieces: list[str] = []

    def default(value: object) -> object:
        if not isinstance(value, ReadyJson):
            return default_serialize(value)
        pieces.append(value.text)
        return f"{_MARK}{len(pieces) - 1}"

    text = json.dumps(deck, default=default, separators=(",", ":"))
    return _MARKED.sub(lambda found: pieces[int(found[1])], text)
