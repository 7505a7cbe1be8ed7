"""Two verbs at once on one city, in an order that is forced: by the row's own lock."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import text

from workflows.home.store import Store

PATIENCE_S = 120
"""Longer than anything takes here: the database itself gives up after 60 s."""


@dataclass
class Outcome:
    """How a verb ended: with a value or with an error."""

    value: object = None
    error: BaseException | None = None


@dataclass
class Started:
    """A verb in a thread of its own."""

    thread: threading.Thread
    outcome: Outcome = field(default_factory=Outcome)

    def result(self) -> Outcome:
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive(), "it hangs"
        return self.outcome


def start(verb: Callable[[], object]) -> Started:
    """Begin a verb."""
    outcome = Outcome()

    def carry_out() -> None:
        try:
            outcome.value = verb()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            outcome.error = error

    thread = threading.Thread(target=carry_out, daemon=True)
    thread.start()
    return Started(thread, outcome)


@contextmanager
def held(store: Store, slug: str) -> Iterator[None]:
    """Hold a city's row: who wants to change anything of the city waits in a queue."""
    with store.session() as session:
        session.execute(text("SELECT id FROM city WHERE slug = :slug FOR UPDATE"), {"slug": slug})
        yield


_STORING = 7
_WAIT_FOR_IT = """
CREATE FUNCTION wait_for_it() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock({lock}); RETURN NEW; END';
CREATE TRIGGER wait_for_it BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION wait_for_it()
"""


@contextmanager
def storing_held(store: Store, table: str) -> Iterator[None]:
    """Whoever stores a row of a table waits in mid-transaction until the block ends."""
    with store.session() as session:
        session.execute(text(_WAIT_FOR_IT.format(lock=_STORING, table=table)))
    with store.session() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _STORING})
        yield


def waiting(store: Store) -> int:
    """How many wait for a lock in this database."""
    with store.session() as session:
        count = session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        )
    return int(count or 0)


def until_waiting(store: Store, started: Started, count: int) -> None:
    """Wait until as many verbs wait for the row, or the last of them has ended without it."""
    deadline = time.monotonic() + PATIENCE_S
    while started.thread.is_alive() and waiting(store) < count:
        assert time.monotonic() < deadline, "it never came to the row"
        time.sleep(0.02)


def one_after_the_other(
    store: Store, slug: str, first: Callable[[], object], second: Callable[[], object]
) -> tuple[Outcome, Outcome]:
    """Carry out two verbs at once so that the first gets the city's row and the second is next.

    Both are past all that they do before they need the row: whatever they read by then is of the
    time before either of them changed anything.
    """
    with held(store, slug):
        one = start(first)
        until_waiting(store, one, 1)
        before = waiting(store)
        two = start(second)
        until_waiting(store, two, before + 1)
    return one.result(), two.result()
