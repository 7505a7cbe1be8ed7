"""Addresses beside the pages: the maps' data and the code that draws them.

Both are named by what is in them and never change, so that a browser asks for each once.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import pydeck
import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from workflows.home import served_files
from workflows.home.settings import read_settings

DATA, CODE = "map-data", "map-code"
FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
"""What a browser is told of what lies at an address for good."""
_ALONE: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src data:; font-src data:; "
    "style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}
"""A document that is opened at such an address runs nothing, and reaches nothing of the pages."""
_DECK: Final = Path(pydeck.__file__).parent / "nbextension" / "static" / "index.js"
_DECK_NAME: Final = f"deck-{pydeck.__version__}.js"
_MODULES: Final = ("map", "box_map", "figures", "finding", "names", "painted", "pieces", "search")
_BROWSER: Final = Path(__file__).parents[1] / "map" / "browser"
_MAP: Final = [_BROWSER / f"{name}.js" for name in _MODULES]
_MAP_FOLDER: Final = f"map-{sha256(b''.join(one.read_bytes() for one in _MAP)).hexdigest()[:16]}"
"""Of all scripts of the maps together, which import each other by their names."""
_SCRIPTS: Final = {_DECK_NAME: _DECK} | {f"{_MAP_FOLDER}/{one.name}": one for one in _MAP}


def data_address(name: str) -> str:
    """Where a browser fetches a served file."""
    return f"{base()}/{DATA}/{name}"


def code_address() -> str:
    """Where a browser fetches deck.gl, which comes with pydeck."""
    return f"{base()}/{CODE}/{_DECK_NAME}"


def map_code_address() -> str:
    """Where a browser fetches the code of maps."""
    return f"{base()}/{CODE}/{_MAP_FOLDER}/map.js"


def drawing_code_address() -> str:
    """Where a browser fetches the code of maps that are drawn on."""
    return f"{base()}/{CODE}/{_MAP_FOLDER}/box_map.js"


def routes() -> list[Route]:
    """The routes, for the server that also serves the pages and `code_files`."""
    return [
        Route(f"{base()}/{DATA}/{{name}}", _data),
        Route(f"{base()}/{CODE}/{{name:path}}", _none),
    ]


def code_files() -> dict[str, Path]:
    """The scripts that draw maps: path by which a browser asks, and the file."""
    return {f"{base()}/{CODE}/{name}": script for name, script in _SCRIPTS.items()}


@cache
def base() -> str:
    """Where the app lies below its host; decided as the server starts."""
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


def _data(request: Request) -> Response:
    name = request.path_params["name"]
    path = served_files.find(read_settings(), name)
    if path is None:
        return _none(request)
    kind = served_files.KINDS[path.suffix.removeprefix(".")]
    return FileResponse(path, media_type=kind, headers=FOR_EVER | _ALONE)


def _none(_: Request) -> Response:
    return PlainTextResponse("There is no such file.", status_code=404)
