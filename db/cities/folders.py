"""Which folders of the home belong to rows, and the lock between those who make and who sweep."""

from dataclasses import dataclass

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from db.schema import Fetch, Job, JobState, Model, Raster, Run

_SWEEP_LOCK = 0x61657470  # any number, as long as every process takes the same; not the migrations'


@dataclass(frozen=True)
class OwnedFolders:
    """What rows own in the home.

    Attributes:
        rasters: Paths of the files of embeddings, as they are stored.
        models: Paths of the folders of models, as they are stored.
        jobs: Numbers of the jobs.
        done_jobs: Of these, the ones that need their files no more.
        runs: Numbers of the runs.
        fetches: Numbers of the fetches.
        last_job: The last number that was given to a job; 0 before the first.
        last_run: The last number that was given to a run; 0 before the first.
        last_fetch: The same of fetches.
    """

    rasters: frozenset[str]
    models: frozenset[str]
    jobs: frozenset[int]
    done_jobs: frozenset[int]
    runs: frozenset[int]
    fetches: frozenset[int]
    last_job: int
    last_run: int
    last_fetch: int


def hold_off_sweep(session: Session) -> None:
    """Keep sweeps away until this transaction ends: it gives a folder its place before its commit.

    The server lets go of it with the transaction, so a client that is killed leaves no lock.
    """
    session.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": _SWEEP_LOCK})


def may_sweep(session: Session) -> bool:
    """Whether nobody is about to commit a new folder; nobody begins to until this transaction ends.

    It does not wait: who stores a large city would keep all others waiting behind the sweep.
    """
    held = session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _SWEEP_LOCK})
    return bool(held)


def owned_folders(session: Session) -> OwnedFolders:
    """What rows own now."""
    return OwnedFolders(
        rasters=frozenset(session.scalars(select(Raster.path))),
        models=frozenset(session.scalars(select(Model.folder))),
        jobs=frozenset(session.scalars(select(Job.id))),
        done_jobs=frozenset(session.scalars(select(Job.id).where(Job.state == JobState.DONE))),
        runs=frozenset(session.scalars(select(Run.id))),
        fetches=frozenset(session.scalars(select(Fetch.id))),
        last_job=_last_id(session, Job.__tablename__),
        last_run=_last_id(session, Run.__tablename__),
        last_fetch=_last_id(session, Fetch.__tablename__),
    )


def _last_id(session: Session, table: str) -> int:
    last = text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, 'id')::regclass)")
    return int(session.scalar(last, {"table": table}) or 0)


def make_relative(session: Session, home: str) -> None:
    """Store the paths below a home relative to it, as all are stored that were not of old.

    Args:
        session: In a transaction.
        home: Absolute, without a slash at its end.
    """
    below = f"{home}/"
    for column in (Raster.path, Model.folder):
        session.execute(
            update(column.class_)
            .where(func.starts_with(column, below))
            .values({column.key: func.substr(column, len(below) + 1)})
        )


def database_identity(session: Session) -> str:
    """What tells this database from every other one, a copy of it too."""
    server, database = session.execute(
        text(
            "SELECT (SELECT system_identifier FROM pg_control_system()), "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    ).one()
    return f"{server}-{database}"
