"""Alembic's environment.

`db.migrate` hands over an open connection. On the command line, for writing a new revision, the
address comes from AETHER_DATABASE_URL:

    alembic --config db/alembic.ini revision --autogenerate --message "what changes"
"""

import os

from alembic import context
from sqlalchemy import Connection

from db.autogenerate import COMPARISON
from db.engine import open_engine
from db.schema import Base


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, **COMPARISON)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with open_engine(os.environ["AETHER_DATABASE_URL"]).connect() as opened:
        _run(opened)
