"""The API as one ASGI application, to be mounted below the pages' address."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from api import cities, jobs, layers, maps, models, pictures, search
from api.access import Access, ByCookie
from api.address import PATH
from api.document import as_page
from api.limits import BodyLimits
from api.ogc import features, tiles
from api.problems import Unforeseen, tell_problems
from workflows.home.settings import Settings
from workflows.home.store import Store

_MEGABYTE: Final = 1_000_000
_DESCRIPTION: Final = (
    "Ask a city questions in plain words, and get maps back. Every verb of the command line, with "
    "the JSON that its --json prints. What takes time answers 202 with a job: look at /jobs/{job} "
    "until it is done. Errors are application/problem+json (RFC 9457) with the code of the error."
)


def api_app(
    settings: Settings, store: Callable[[], Store], *, required: bool, by_cookie: ByCookie
) -> ASGIApp:
    """The application.

    Args:
        settings: The installation.
        store: Its store, opened once.
        required: Whether whoever asks has to be known.
        by_cookie: Who has signed in with a browser.
    """
    middleware = [
        Middleware(Unforeseen),
        Middleware(Access, store=store, required=required, by_cookie=by_cookie),
        Middleware(
            BodyLimits,
            most_bytes=settings.upload_limit_mb * _MEGABYTE,
            takes_files=("cities", "years", *maps.VERBS),
        ),
    ]
    if settings.map_origins:
        others = Middleware(
            CORSMiddleware,
            allow_origins=list(settings.map_origins),
            allow_methods=["GET"],
            allow_headers=["Authorization", "X-API-Key"],
        )
        middleware.insert(0, others)
    app = FastAPI(
        title="Aether",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        middleware=middleware,
    )
    app.state.store, app.state.public_url = store, settings.public_url
    tell_problems(app)
    for room in (cities, pictures, search, maps, layers, models, jobs, features, tiles):
        app.include_router(room.router)
    app.add_api_route("/docs", lambda: _page(app), include_in_schema=False)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign] # as FastAPI documents it
    return app


def _page(app: FastAPI) -> Response:
    return as_page(app.openapi(), PATH)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's own, with the requests of jobs, which it does not parse itself."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        parts = schema.setdefault("components", {}).setdefault("schemas", {})
        for asked in (*cities.VERBS, *maps.VERBS.values()):
            parts.update(asked.schemas())
        for verb in (one for path in schema["paths"].values() for one in path.values()):
            if about := verb.pop("description", None):
                verb["summary"] = about.rstrip(".")
        schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        schema["security"] = [{"key": []}, {}]
        schema["servers"] = [{"url": PATH}]
        app.openapi_schema = schema
    return app.openapi_schema
