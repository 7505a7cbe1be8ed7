"""The web app as one ASGI application: the pages, and what their maps fetch."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from ui.server import readiness
from ui.server.headers import MetricsHere, SafeHeaders, page_policy
from ui.server.provider import provider_routes
from ui.server.same_origin import SameOrigin
from ui.server.sign_in import SignedInOnly, sign_in_routes
from ui.server.sticky import StaysHere, Visits
from ui.shell.routes import base, routes
from workflows.accounts.gate import is_required
from workflows.accounts.provider import is_set_up
from workflows.home.settings import Settings

_APP = Path(__file__).parents[2] / "app.py"


def web_app(settings: Settings, port: int, process: int, visits: Visits) -> st.App:
    """The application.

    Args:
        settings: The installation.
        port: Where it is reached.
        process: Number of the process that serves it, among those behind the port.
        visits: Where its visits are noted.
    """
    middleware = [
        Middleware(SafeHeaders, policy=page_policy(settings.basemap_style)),
        Middleware(SameOrigin, public_url=settings.public_url),
        Middleware(MetricsHere, base=base()),
    ]
    further: list[Route] = []
    if is_required(settings):
        middleware.append(Middleware(SignedInOnly, base=base(), port=port))
        further = sign_in_routes(base(), port)
        if is_set_up(settings):
            further += provider_routes(base(), port)
    middleware.append(Middleware(StaysHere, process=process, visits=visits, port=port))
    ready = Route(f"{base()}/{readiness.NAME}", readiness.readiness)
    return st.App(_APP, routes=[*routes(), ready, *further], middleware=middleware)
