"""What went wrong as RFC 9457 has it: `application/problem+json`, with the error's own code."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aether_core.errors import (
    AetherError,
    ConflictError,
    DamagedFileError,
    DiskFullError,
    DiskReadOnlyError,
    InputError,
    NotFoundError,
    StoreUnavailableError,
)
from workflows.accounts.accounts import SignInError
from workflows.accounts.acting import NotAllowedError
from workflows.accounts.quotas import QuotaError
from workflows.home.unforeseen import in_plain_words, note

MEDIA_TYPE: Final = "application/problem+json"


class ParameterError(InputError):
    """A parameter of an address cannot be used."""

    code = "parameter-unusable"


class TooLargeError(InputError):
    """A body is larger than what is taken."""

    code = "body-too-large"


_STATUS: Final[Mapping[type[AetherError], HTTPStatus]] = {
    SignInError: HTTPStatus.UNAUTHORIZED,
    NotAllowedError: HTTPStatus.FORBIDDEN,
    QuotaError: HTTPStatus.TOO_MANY_REQUESTS,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    ParameterError: HTTPStatus.BAD_REQUEST,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    DamagedFileError: HTTPStatus.INTERNAL_SERVER_ERROR,
    InputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    StoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    DiskFullError: HTTPStatus.INSUFFICIENT_STORAGE,
    DiskReadOnlyError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""By class of the error; of several that fit, the first counts."""
_CODES: Final = {404: "no-such-address", 405: "method-not-allowed"}


def problem(
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **more: Any,  # noqa: ANN401 - any JSON
) -> Response:
    """An answer that says what went wrong.

    Args:
        status: Of HTTP.
        code: What went wrong, for programs.
        detail: In plain words, with what to try.
        headers: Of the answer.
        more: Further members.
    """
    body = {
        "type": f"urn:aether:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    return Response(json.dumps(body), status, dict(headers or {}), MEDIA_TYPE)


def of_error(error: AetherError) -> Response:
    """The answer to an error that was raised on purpose."""
    fitting = (status for kind, status in _STATUS.items() if isinstance(error, kind))
    status = next(fitting, HTTPStatus.INTERNAL_SERVER_ERROR)
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return problem(status, error.code, " ".join(str(error).split()), headers)


def tell_problems(app: FastAPI) -> None:
    """Let an application answer every error as a problem."""

    @app.exception_handler(AetherError)
    async def known(_request: Request, error: AetherError) -> Response:
        return of_error(error)

    @app.exception_handler(RequestValidationError)
    async def misread(_request: Request, error: RequestValidationError) -> Response:
        return of_fields(error.errors())

    @app.exception_handler(HTTPException)
    async def refused(_request: Request, error: HTTPException) -> Response:
        if isinstance(error.__cause__, AetherError):
            return of_error(error.__cause__)
        code = _CODES.get(error.status_code, "request-refused")
        return problem(error.status_code, code, str(error.detail), error.headers)


def of_fields(faults: Any) -> Response:  # noqa: ANN401 - pydantic's list of faults
    """The answer to values that are not what was asked for.

    Args:
        faults: As pydantic lists them; what was given is not repeated.
    """
    told = [{"where": ".".join(map(str, one["loc"])), "what": one["msg"]} for one in faults[:20]]
    words = "; ".join(f"{one['where']}: {one['what']}" for one in told)
    return problem(422, "request-invalid", words, errors=told)


class Unforeseen:
    """Middleware: what nobody foresaw is noted in the log, and told without its details.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say that it is our mistake."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:  # an upload that was cut: nobody waits for an answer
            return
        except Exception as error:
            if begun:  # the rest of the answer cannot be told any more
                raise
            await _answer_to(error)(scope, receive, send)


def _answer_to(error: Exception) -> Response:
    plain = in_plain_words(error)
    if plain is not None:
        return of_error(plain)
    kept = note(error)
    where = f"; please report number {kept[1]}, which stands in errors.log" if kept else ""
    return problem(500, "internal", f"an internal error{where}")
