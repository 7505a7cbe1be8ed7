"""The web app as one ASGI application: the pages, what their maps fetch, and the API."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from api.address import PATH
from api.app import api_app
from ui.server import metrics, readiness
from ui.server.fixed_files import FixedFiles, streamlits_files
from ui.server.headers import MetricsHere, SafeHeaders, page_policy
from ui.server.identified import Identified
from ui.server.provider import provider_routes
from ui.server.quick_gzip import QuickGzip
from ui.server.rates import Limited, Rates
from ui.server.same_origin import SameOrigin
from ui.server.sign_in import SignedInOnly, sign_in_routes
from ui.server.sticky import StaysHere, Visits
from ui.shell import signed_in, state
from ui.shell.routes import base, code_files, routes
from workflows.accounts.acting import Person
from workflows.accounts.gate import is_required
from workflows.accounts.provider import is_set_up
from workflows.home.map_style import map_style
from workflows.home.settings import Settings

_APP = Path(__file__).parents[2] / "app.py"


def web_app(settings: Settings, port: int, process: int, visits: Visits, rates: Rates) -> st.App:
    """The application.

    Args:
        settings: The installation.
        port: Where it is reached.
        process: Number of the process that serves it, among those behind the port.
        visits: Where its visits are noted.
        rates: Where requests are counted.
    """
    middleware = [
        Middleware(Identified),
        Middleware(SafeHeaders, policy=page_policy(map_style(settings))),
        Middleware(metrics.Counted, base=base()),
        Middleware(
            Limited,
            base=base(),
            rates=rates,
            most=settings.requests_per_minute,
            most_api=settings.api_requests_per_minute,
        ),
        Middleware(SameOrigin, public_url=settings.public_url, here_only=not is_required(settings)),
        Middleware(MetricsHere, base=base()),
    ]
    further: list[Route] = []
    if is_required(settings):
        middleware.append(Middleware(SignedInOnly, base=base(), port=port))
        further = sign_in_routes(base(), port)
        if is_set_up(settings):
            further += provider_routes(base(), port)
    middleware += [
        Middleware(StaysHere, process=process, visits=visits, port=port),
        Middleware(FixedFiles, files=streamlits_files(base()) | code_files()),
        Middleware(QuickGzip),
    ]
    ready = Route(f"{base()}/{readiness.NAME}", readiness.readiness)
    counts = Route(f"{base()}/{metrics.NAME}", metrics.metrics)
    api = Mount(f"{base()}{PATH}", app=_api(settings, port))
    return st.App(_APP, routes=[*routes(), ready, counts, api, *further], middleware=middleware)


def _api(settings: Settings, port: int) -> ASGIApp:
    cookie = signed_in.cookie_name(port)

    def by_cookie(cookies: Mapping[str, str]) -> Person | None:
        found = signed_in.who(cookies.get(cookie))
        return None if found is None else Person(found.name, found.role)

    required = is_required(settings)
    return api_app(settings, state.store, required=required, by_cookie=by_cookie)
