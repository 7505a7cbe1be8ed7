"""Files of a program that never change while it runs: packed once and handed out from memory."""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import streamlit
from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.shell.routes import FOR_EVER

_KINDS: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
_WORTH_PACKING: Final = 0.95


def streamlits_files(base: str) -> dict[str, Path]:
    """What Streamlit's page loads: path by which a browser asks, and the file.

    Only files whose names tell their contents, and whose kind is known; the page itself is none.

    Args:
        base: Path below which the app lies, without a slash at its end.
    """
    folder = Path(streamlit.__file__).parent / "static"
    return {
        f"{base}/{file.relative_to(folder).as_posix()}": file
        for file in (folder / "static").rglob("*")
        if file.suffix in _KINDS
    }


class FixedFiles:
    """Middleware: fixed files come from memory, packed by gzip for who takes that.

    A first visit loads a hundred of them. Streamlit sends its own unpacked and in pieces, each
    read by a thread; what else lies on the disk would be packed anew for every visitor.

    Args:
        app: What answers all else.
        files: Path by which a browser asks, and the file.
    """

    def __init__(self, app: ASGIApp, files: Mapping[str, Path]) -> None:
        self._app, self._files = app, files
        self._made: dict[str, tuple[bytes, dict[str, str]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file, or let the app answer."""
        file = self._files.get(scope["path"]) if scope["type"] == "http" else None
        if file is None or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        if "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            made = self._made.get(scope["path"])
            if made is None:
                made = self._made[scope["path"]] = await to_thread.run_sync(_packed, file)
            content, encoding = made
        else:
            content, encoding = await to_thread.run_sync(file.read_bytes), {}
        headers = {**FOR_EVER, "Vary": "Accept-Encoding", **encoding}
        answer = Response(content, headers=headers, media_type=_KINDS[file.suffix])
        await answer(scope, receive, send)


def _packed(file: Path) -> tuple[bytes, dict[str, str]]:
    """The file packed, with the header that says so; as it is where packing saves nothing."""
    content = file.read_bytes()
    packed = gzip.compress(content, compresslevel=6, mtime=0)
    if len(packed) < _WORTH_PACKING * len(content):
        return packed, {"Content-Encoding": "gzip"}
    return content, {}
