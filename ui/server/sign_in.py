"""The gate of the web app: who is not signed in sees the page to sign in, and nothing else."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from aether_core.errors import AetherError
from aether_core.language import _, first_matched, mark, runs_right_to_left, speaking, spoken
from api.address import PATH as API
from ui.server import metrics, readiness
from ui.server.headers import METRICS
from ui.shell import signed_in
from workflows.accounts.accounts import SignInError, WaitError
from workflows.accounts.gate import SIGNED_IN_S
from workflows.accounts.provider import ProviderError, is_set_up
from workflows.home.settings import read_settings

LEAVE, BACK = "sign-in/provider", "sign-in/back"
"""Where a provider of accounts is gone to, and come back from."""
MOST_BYTES: Final = 16_384
_TEMPLATE: Final = Environment(autoescape=True).from_string(
    Path(__file__).with_name("sign_in.html").read_text(encoding="utf-8")
)
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
}
_AWAY: Final = mark(
    "The database cannot be reached just now. Nothing is lost; try again in a moment."
)


class SignedInOnly:
    """Middleware: passes on what a browser asks that carries the token of an account.

    Args:
        app: What answers.
        base: Path below which the app lies, without a slash at its end.
        port: That of the app.
    """

    def __init__(self, app: ASGIApp, base: str, port: int) -> None:
        self._app, self._cookie = app, signed_in.cookie_name(port)
        self._page = f"{base}/sign-in"
        # Both kinds of figures ask themselves who comes.
        names = ("sign-in", "_stcore/health", readiness.NAME, METRICS, metrics.NAME)
        provider = (LEAVE, BACK) if is_set_up(read_settings()) else ()
        self._open = {f"{base}/{name}" for name in (*names, *provider)}
        self._api = f"{base}{API}/"  # asks for keys itself, as well as for this cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, lead to the page to sign in, or refuse."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        path: str = scope["path"]
        # A line break in the address would lead it past the API's mount, to the pages.
        if asked.url.path in self._open or (path.startswith(self._api) and path.isprintable()):
            await self._app(scope, receive, send)
            return
        token = asked.cookies.get(self._cookie)
        try:
            known = token is not None and await run_in_threadpool(signed_in.who, token) is not None
        except AetherError:
            await _refuse(scope, receive, send, PlainTextResponse(_AWAY, 503))
            return
        if known:
            await self._app(scope, receive, send)
        else:
            await _refuse(scope, receive, send, self._leading(asked))

    def _leading(self, asked: HTTPConnection) -> Response:
        if "text/html" not in asked.headers.get("accept", ""):
            return PlainTextResponse("Sign in first.", 401)
        there = f"{asked.url.path}?{asked.url.query}" if asked.url.query else asked.url.path
        return RedirectResponse(f"{self._page}?{urlencode({'next': there})}", 303)


async def _refuse(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
    else:
        await response(scope, receive, send)


def sign_in_routes(base: str, port: int) -> list[Route]:
    """The page to sign in, and the address that signs out.

    Args:
        base: Path below which the app lies, without a slash at its end.
        port: That of the app.
    """
    cookie = signed_in.cookie_name(port)

    async def show(request: Request) -> Response:
        return page(request, base, next=own_path(request.query_params.get("next"), base))

    async def take(request: Request) -> Response:
        if int(request.headers.get("content-length", MOST_BYTES + 1)) > MOST_BYTES:
            return PlainTextResponse("That is too long.", 413)
        form = await request.form(max_files=0, max_fields=5)
        name, there = _text(form, "name"), own_path(_text(form, "next"), base)
        try:
            token = await run_in_threadpool(signed_in.sign_in, name, _text(form, "password"))
        except SignInError as error:
            return page(request, base, problem=refused(error), name=name, next=there, status=403)
        except AetherError:
            return page(request, base, problem=_AWAY, name=name, next=there, status=503)
        response = RedirectResponse(there, 303, headers=HEADERS)
        response.set_cookie(
            cookie,
            token,
            max_age=SIGNED_IN_S,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    async def leave(request: Request) -> Response:
        try:
            token, back = request.cookies.get(cookie), f"{site(request)}{base}/sign-in"
            there = await run_in_threadpool(signed_in.sign_out, token, back)
        except AetherError:
            return PlainTextResponse(_AWAY, 503)
        response = RedirectResponse(there or f"{base}/sign-in", 303, headers=HEADERS)
        response.delete_cookie(cookie)
        return response

    return [
        Route(f"{base}/sign-in", show, methods=["GET"]),
        Route(f"{base}/sign-in", take, methods=["POST"]),
        Route(f"{base}/sign-out", leave, methods=["GET"]),
    ]


def page(
    request: Request,
    base: str,
    *,
    problem: str = "",
    name: str = "",
    next: str | None = None,  # noqa: A002
    status: int = 200,
) -> Response:
    """The page to sign in, in the browser's language.

    Args:
        request: Of the browser.
        base: Path below which the app lies, without a slash at its end.
        problem: What has gone wrong; a marked sentence is asked for.
        name: As it was typed.
        next: Where to go on; to the beginning when None.
        status: Of the answer.
    """
    settings, there = read_settings(), next or f"{base}/"
    provider = f"{base}/{LEAVE}?{urlencode({'next': there})}" if is_set_up(settings) else ""
    with speaking(first_matched(request.headers.get("accept-language", ""))):
        text = _TEMPLATE.render(
            language=spoken(),
            direction="rtl" if runs_right_to_left(spoken()) else "ltr",
            sign_in=_("Sign in"),
            why=_("Sign in to ask the cities kept here."),
            with_provider=_("Sign in with {provider}", provider=settings.oidc_name),
            otherwise=_("or with a name and a password kept here"),
            name_label=_("Name"),
            password_label=_("Password"),
            problem=_(problem),
            name=name,
            next=there,
            provider=provider,
        )
    return HTMLResponse(text, status, headers=HEADERS | {"Vary": "Accept-Language"})


def site(request: Request) -> str:
    """Scheme and host of the app, as people type them."""
    return read_settings().public_url or f"{request.url.scheme}://{request.url.netloc}"


def _text(form: FormData, field: str) -> str:
    value = form.get(field, "")
    return value if isinstance(value, str) else ""


_REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        SignInError.code: mark(
            "Name and password do not belong together; check both and try again."
        ),
        ProviderError.code: mark(
            "The sign-in could not be completed; try again, or ask an administrator."
        ),
    }
)
"""What refused somebody, for people who have signed in nowhere yet, by the code of the error."""


def refused(error: SignInError | ProviderError) -> str:
    """Why nobody was signed in, as a marked sentence."""
    if isinstance(error, WaitError):
        return mark("Too many wrong passwords; try again in {wait:.0f} s.", wait=error.wait_s)
    return _REFUSED[error.code]


def own_path(asked: str | None, base: str) -> str:
    """Where to go on: a path of this app, and never another site's."""
    path = asked or f"{base}/"
    parts = urlsplit(path)
    is_own = not parts.scheme and not parts.netloc and path.startswith(f"{base}/")
    return (
        path if is_own and not path.startswith(("//", "/\\")) and path.isprintable() else f"{base}/"
    )
