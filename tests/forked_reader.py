"""The process that reads files, started once for all processes that tests fork.

Imported last by the process they are forked from, which thereby starts it, and does besides what
each of them would do first.
"""

import gc

from sqlalchemy.orm import configure_mappers

from aether_core.reading import client
from cli.__main__ import command_of
from cli.app import app
from db.migrate import newest_revision
from workflows.home.documents import _adapter
from workflows.jobs.registry import kind_named, kind_names


class _Lent(client.ReaderSource):
    """A started one, in a process that did not start it."""

    def __init__(self, lender: client.ReaderSource) -> None:
        self._control = lender._control

    def alive(self) -> bool:
        return True

    def gone(self) -> bool:
        return False

    def close(self) -> None:
        self._control.close()


_SOURCE = client.ReaderSource()
configure_mappers()
newest_revision()
command_of(app)
for _name in kind_names():
    _adapter(kind_named(_name).request)
# A collection in a fork would look at, and so copy, all that the libraries hold.
gc.collect()
gc.freeze()


def lend() -> None:
    """Let this process, just forked, have its files read there."""
    client._source = _Lent(_SOURCE)
