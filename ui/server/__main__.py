"""The web app's server: `python -m ui.server --port PORT`; all else is a setting."""

import argparse
import socket
import sys

import uvicorn
from streamlit import config

from aether_core.errors import AetherError, StoreUnavailableError
from ui.server import metrics, ready
from ui.server.asgi import web_app
from ui.server.handed_over import HandedOver
from ui.server.rates import Rates
from ui.server.shared_port import READY, SharedPort
from ui.server.sticky import Visits
from ui.shell import signed_in
from workflows.accounts.acting import OPERATOR, asked_by, people_are_told_by
from workflows.accounts.gate import check_may_open, is_required
from workflows.home.log_output import forgive_full_disk
from workflows.home.settings import Settings, read_settings
from workflows.home.store import open_store
from workflows.jobs.one_home import check_database_is_ours
from workflows.search.warm import import_for_answers

STOP_SECONDS = 5
"""So long an answer under way is waited for when the server is told to stop."""
PING_SECONDS = 30


def main(words: list[str] | None = None) -> int:
    """Serve the app until a signal ends it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m ui.server", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port: int = parser.parse_args(words).port
    settings = read_settings()
    forgive_full_disk()
    if is_required(settings):
        try:
            store = open_store(settings)
            check_may_open(store)
            check_database_is_ours(store)
        except StoreUnavailableError:  # nobody gets in until it is there
            pass
        except AetherError as error:
            sys.stderr.write(f"error: {error}\n")
            return error.exit_code
        people_are_told_by(signed_in.person)
    listener = _bound(settings.host, port)
    metrics.prepare(settings)
    config.set_option("server.port", port)
    config.set_option("server.maxUploadSize", settings.upload_limit_mb)
    if settings.public_url is not None:
        config.set_option("server.corsAllowedOrigins", [settings.public_url])
    ready.import_all()
    ready.say_the_theme_once()
    if settings.web_processes == 1:
        ready.make_first_answers()
        ready.freeze()
        return _serve(settings, port, 0, listener, Visits(1), Rates())
    with asked_by(OPERATOR):  # the store that visitors are found in is opened after the fork
        import_for_answers(settings)
    ready.freeze()
    rates = Rates()

    def serve_behind(number: int, channel: socket.socket, visits: Visits) -> None:
        ready.make_first_answers()
        channel.send(READY)
        sys.exit(_serve(settings, port, number, HandedOver(channel), visits, rates))

    return SharedPort(listener, settings.web_processes, port, serve_behind).run()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _serve(
    settings: Settings,
    port: int,
    number: int,
    listener: socket.socket,
    visits: Visits,
    rates: Rates,
) -> int:
    server = uvicorn.Server(
        uvicorn.Config(
            web_app(settings, port, number, visits, rates),
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=int(config.get_option("server.maxMessageSize")) * 1_000_000,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PING_SECONDS,
            ws_per_message_deflate=False,
            access_log=False,
            use_colors=False,
            log_level="warning",
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )
    server.run(sockets=[listener])
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
