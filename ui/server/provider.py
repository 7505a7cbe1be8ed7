"""The way to a provider of accounts and back, where one is set up."""

import logging
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from aether_core.errors import AetherError
from aether_core.language import mark
from ui.server import sign_in
from ui.shell import signed_in
from workflows.accounts.gate import LEAVING_S, SIGNED_IN_S
from workflows.accounts.provider import ProviderError

log = logging.getLogger("aether.sign_in")
_AWAY: Final = mark(
    "The provider of accounts or the database cannot be reached just now; try again in a moment."
)


def provider_routes(base: str, port: int) -> list[Route]:
    """The addresses that lead to the provider, and that it leads back to.

    Args:
        base: Path below which the app lies, without a slash at its end.
        port: That of the app.
    """
    carrying = f"aether_leaving_{port}"
    folder = f"{base}/sign-in"

    def back(request: Request) -> str:
        return f"{sign_in.site(request)}{base}/{sign_in.BACK}"

    def problem(request: Request, error: AetherError) -> Response:
        if isinstance(error, ProviderError):
            return sign_in.page(request, base, problem=sign_in.refused(error), status=403)
        log.warning("no sign-in by the provider: %s", error)
        return sign_in.page(request, base, problem=_AWAY, status=503)

    async def leave(request: Request) -> Response:
        there = sign_in.own_path(request.query_params.get("next"), base)
        try:
            address, carried = await run_in_threadpool(signed_in.leave, back(request), there)
        except AetherError as error:
            return problem(request, error)
        response = RedirectResponse(address, 303, headers=sign_in.HEADERS)
        # Lax: the provider's page leads back, which is another site.
        response.set_cookie(
            carrying,
            carried,
            max_age=LEAVING_S,
            path=folder,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    async def come_back(request: Request) -> Response:
        answer = dict(request.query_params)
        carried = request.cookies.get(carrying)
        try:
            token, there = await run_in_threadpool(
                signed_in.come_back, back(request), carried, answer
            )
        except AetherError as error:
            response = problem(request, error)
        else:
            response = RedirectResponse(sign_in.own_path(there, base), 303, headers=sign_in.HEADERS)
            response.set_cookie(
                signed_in.cookie_name(port),
                token,
                max_age=SIGNED_IN_S,
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )
        response.delete_cookie(carrying, path=folder)
        return response

    return [
        Route(f"{base}/{sign_in.LEAVE}", leave, methods=["GET"]),
        Route(f"{base}/{sign_in.BACK}", come_back, methods=["GET"]),
    ]
