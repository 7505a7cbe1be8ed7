"""The API alone, served by a process of its own."""

from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from api.address import PATH
from api.app import api_app
from workflows.home.settings import Settings
from workflows.home.store import Store, open_store


def app(store: Store, *, required: bool) -> Starlette:
    """The API where the app has it; nobody signs in with a browser."""
    api = api_app(store.settings, lambda: store, required=required, by_cookie=lambda _: None)
    return Starlette(routes=[Mount(PATH, app=api)])


def serve(port: int, database_url: str, home: Path) -> int:
    """Serve a store, with keys required, until the process is told to end."""
    store = open_store(Settings(home=home, database_url=database_url))
    uvicorn.run(app(store, required=True), host="127.0.0.1", port=port, log_level="error")
    return 0
