"""How much a body may hold, and how deep its JSON may be."""

import json
import re
from collections.abc import Collection
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aether_core.errors import AetherError, InputError
from api.problems import TooLargeError, of_error

JSON_BYTES: Final = 1_000_000
"""A request is a few hundred bytes; a long list of classes some thousands."""
DEEPEST: Final = 32
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Nothing reads a body of these."""
_STEPS: Final = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}
_SIGNS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
"""Texts and brackets. A text that does not end reaches to the end, so that every byte is looked at
once whatever stands there."""


class BodyLimits:
    """Middleware: refuses bodies that are too large, announced or not, and JSON that is too deep.

    Args:
        app: What answers.
        most_bytes: Largest form with files.
        takes_files: Last parts of the addresses that take such forms. Any other body is as long as
            JSON may be, whatever it says it is: it is held in memory.
    """

    def __init__(self, app: ASGIApp, *, most_bytes: int, takes_files: Collection[str]) -> None:
        self._app, self._most = app, most_bytes
        self._takes_files = frozenset(takes_files)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http" or scope["method"] in _BODILESS:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_form = headers.get("content-type", "").startswith("multipart/form-data")
        by_parts = is_form and scope["path"].rpartition("/")[2] in self._takes_files
        most = self._most if by_parts else JSON_BYTES
        try:
            if int(headers.get("content-length", 0)) > most:
                raise _too_large(most)
            counted = _Counted(receive, most)
            taken = counted.next if by_parts else await counted.whole()
        except AetherError as error:
            await of_error(error)(scope, receive, send)
            return
        except ClientDisconnect:  # half a request is none
            return
        await self._app(scope, taken, send)


class _Counted:
    """A body as it comes, as far as it may."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._most, self._bytes = receive, most, 0

    async def next(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._most:
            # What parses forms and bodies passes on this class of errors alone.
            raise HTTPException(413) from _too_large(self._most)
        return message

    async def whole(self) -> Receive:
        """All of it, looked at, to be received again at once."""
        parts, more = [], True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            parts.append(message.get("body", b""))
            self._bytes += len(parts[-1])
            if self._bytes > self._most:
                raise _too_large(self._most)
            more = message.get("more_body", False)
        body = b"".join(parts)
        check_depth(body)
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await self._receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        return again


def json_in(text: bytes) -> Any:  # noqa: ANN401 - any JSON
    """The value of a JSON text that came as a part of a form.

    Raises:
        TooLargeError: It is longer than JSON may be.
        InputError: It is no JSON, or too deep.
    """
    if len(text) > JSON_BYTES:
        raise _too_large(JSON_BYTES)
    check_depth(text)
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError("this is no JSON", error, "see the examples", code="not-json") from None


def check_depth(text: bytes) -> None:
    """Refuse JSON of many levels before anything parses it.

    Raises:
        InputError: It is too deep.
    """
    depth = 0
    for sign in _SIGNS.finditer(text):
        depth += _STEPS.get(sign[0], 0)
        if depth > DEEPEST:
            raise InputError(
                "this JSON is nested too deeply",
                f"more than {DEEPEST} levels",
                "no request needs so many",
                code="json-too-deep",
            )


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(
        "the body is too large",
        f"more than {most:,} bytes",
        "send less, or have AETHER_UPLOAD_LIMIT_MB raised",
    )
