"""A small app behind a shared port: it says which process answers."""

import asyncio
import os
import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from ui.server import shared_port
from ui.server.handed_over import HandedOver
from ui.server.shared_port import READY, SharedPort
from ui.server.sticky import StaysHere, Visits

PROCESSES = 2


def serve(port: int, fails: bool, head_seconds: float) -> int:
    """Serve on a port until the process is told to end."""
    shared_port.HEAD_SECONDS = head_seconds  # type: ignore[misc]
    listener = socket.create_server(("127.0.0.1", port), backlog=0)
    return SharedPort(listener, PROCESSES, port, _fail if fails else _answer(port)).run()


def _fail(_number: int, _channel: socket.socket, _visits: Visits) -> None:
    sys.exit(3)


class LateAtOne:
    """The first process comes late to a visit where that is asked for, as one at work does."""

    def __init__(self, app: ASGIApp, number: int) -> None:
        self._app, self._number = app, number

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._number == 0 and b"late" in scope.get("query_string", b""):
            await asyncio.sleep(0.5)
        await self._app(scope, receive, send)


class _answer:  # noqa: N801 - a function that keeps the port
    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(self, number: int, channel: socket.socket, visits: Visits) -> None:
        async def who(request: Request) -> Response:
            if "slow" in request.query_params:
                await asyncio.sleep(0.5)
            peer = request.client.port if request.client else 0
            return HTMLResponse(f"{number} {os.getpid()} {peer}")

        async def visit(websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.send_text(str(number))
            await websocket.receive()

        late = Middleware(LateAtOne, number=number)
        stays = Middleware(StaysHere, process=number, visits=visits, port=self.port)
        app = Starlette(
            routes=[
                Route("/", who),
                Route("/_stcore/health", who),
                WebSocketRoute("/visit", visit),
            ],
            middleware=[late, stays],
        )
        channel.send(READY)
        config = uvicorn.Config(
            app, ws="websockets-sansio", log_level="error", timeout_graceful_shutdown=2
        )
        uvicorn.Server(config).run(sockets=[HandedOver(channel)])
