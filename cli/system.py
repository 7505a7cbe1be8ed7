"""`up`, `down`, `health`, `demo`, `db`."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from workflows.home.settings import read_settings

if TYPE_CHECKING:  # so that `db` loads nothing else
    from workflows.home.store import Store


def up(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the web app.")] = 8501,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open a browser.")
    ] = False,
    no_demo: Annotated[bool, typer.Option("--no-demo", help="Do not make the demo city.")] = False,
) -> None:
    """Start everything and print the address; Ctrl-C stops it."""
    from workflows.up.serve import serve

    def ready(address: str) -> None:
        output.document({"address": address})
        output.say(f"Aether is ready at {address}   (Ctrl-C stops it)")

    with output.progress() as progress:
        serve(
            read_settings(),
            port,
            browser=not no_browser and sys.stdout.isatty(),
            demo=not no_demo,
            progress=progress,
            ready=ready,
        )


def down() -> None:
    """Stop what `up` started."""
    from workflows.up.serve import down as stop

    stopped = stop(read_settings())
    output.document({"stopped": stopped})
    output.say("Stopped." if stopped else "Nothing was running in this home folder.")


def health() -> None:
    """Say whether the database answers and a worker works.

    Exit 1 where not.
    """
    from workflows.up.health import check_health

    found = check_health(read_settings())
    output.document(asdict(found))
    output.say(f"database: {'running' if found.database else f'no answer ({found.reason})'}")
    output.say(f"worker: {'running' if found.worker else 'not responding'}")
    if not found.well:
        raise typer.Exit(1)


def demo() -> None:
    """Make and train the demo city.

    Does nothing where that is done.
    """
    from workflows.demo.simulated import load_demo
    from workflows.home.store import open_store

    store = open_store()
    with output.progress() as progress:
        city = load_demo(store, progress)
    output.document(asdict(city))
    output.say(f'{city.name} is ready. Try: ./aether search {city.slug} "a night out"')
    if not output.MODE.json:
        _offer_real(store)


def _offer_real(store: "Store") -> None:
    """Say how the same city is made with the real embedding, or why it cannot be here."""
    from workflows.demo.real import real_demo

    found = real_demo(store)
    if found.request is None:
        output.say(f"The real embedding cannot be fetched here: {found.reason}")
    else:
        output.say(f"Next, with the real embedding: {found.command}")


def db_start() -> None:
    """Start the private cluster and bring its schema up to date."""
    from workflows.up.database import start_database

    store = start_database(read_settings())
    output.document({"running": True, "url": store.libpq_url})
    output.say(f"Running: {store.libpq_url}")


def db_stop() -> None:
    """Stop the private cluster."""
    from workflows.up.database import stop_database

    stop_database(read_settings())
    output.document({"running": False})
    output.say("Stopped.")


def db_status() -> None:
    """Say whether the private cluster runs."""
    from workflows.up.database import database_status

    status = database_status(read_settings())
    output.document(asdict(status))
    output.table(["", ""], list(asdict(status).items()))


def db_url() -> None:
    """Print the database's URL, for QGIS, psql and pg_dump."""
    from workflows.home.store import open_store

    store = open_store()
    output.document({"url": store.libpq_url})
    output.say(store.libpq_url)


def db_migrate() -> None:
    """Bring the schema up to date."""
    from workflows.home.store import open_store

    store = open_store()
    output.document({"url": store.libpq_url, "migrated": True})
    output.say("The schema is up to date.")
