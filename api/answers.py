"""What answers are made of: the documents of commands, from the one store."""

from typing import Annotated, Any

from fastapi import Depends, Path, Request
from starlette.responses import Response

from workflows.home.json_values import json_text
from workflows.home.store import Store

MOST_NUMBER = 2**63 - 1
"""The largest number of a row."""


class Told(Response):
    """A document of a command as the body of an answer."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - any document
        """The same text that `--json` prints."""
        return json_text(content).encode()


def _opened(request: Request) -> Store:
    store: Store = request.app.state.store()
    return store


def queued(request: Request, document: dict[str, Any], what: str = "jobs") -> Response:
    """The answer where something takes time: 202, and where to look for it.

    Args:
        request: What was asked.
        document: Of the job or run.
        what: `jobs` or `runs`.
    """
    number = document[what.removesuffix("s")]
    return Told(document, 202, {"Location": f"{request.scope['root_path']}/{what}/{number}"})


Opened = Annotated[Store, Depends(_opened)]
"""The store of the installation, in an endpoint's arguments."""
Slug = Annotated[str, Path(max_length=200, description="Short name of the city.")]
Layer = Annotated[str, Path(max_length=200, description="Short name of the layer.")]
Number = Annotated[int, Path(ge=1, le=MOST_NUMBER)]
