"""Which folders of the home belong to rows, and the lock between those who make and who sweep."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from db.schema import City, Fetch, Job, JobState, Model, Raster, Run
from db.sight import seeing_all

_SWEEP_LOCK = 0x61657470  # any number, as long as every process takes the same; not the migrations'


HOLD_OFF_SWEEP: Final = f"SELECT pg_advisory_xact_lock_shared({_SWEEP_LOCK})"
"""The statement of `hold_off_sweep`, for whoever speaks to the server in another program."""


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


@dataclass(frozen=True)
class FileRows:
    """What a backup has to know of the files that rows name.

    Attributes:
        rasters: SHA-256 of each file of an embedding, by its path as it is stored.
        models: SHA-256 of each model's weights, by its folder; None where none was noted.
        jobs: State of each job.
        runs: Numbers of the runs that are not done: they may go on from a checkpoint.
    """

    rasters: dict[str, str]
    models: dict[str, str | None]
    jobs: dict[int, JobState]
    runs: frozenset[int]

    def outlived(self, now: "FileRows") -> bool:
        """Whether all that these rows name was still theirs when other rows were read.

        A file is deleted after the commit that removed its row, or ended its job.
        """
        return (
            self.rasters.keys() <= now.rasters.keys()
            and self.models.keys() <= now.models.keys()
            and all(
                number in now.jobs and now.jobs[number].is_done == state.is_done
                for number, state in self.jobs.items()
            )
        )


def file_rows(session: Session) -> FileRows:
    """The files that rows name now, and what they should hold."""
    weights = select(Model.folder, Model.card["weights_sha256"].astext)
    unfinished = select(Run.id).join(Job, Job.id == Run.job_id).where(Job.state != JobState.DONE)
    with seeing_all(session):
        return FileRows(
            rasters=dict(session.execute(select(Raster.path, Raster.sha256)).tuples().all()),
            models=dict(session.execute(weights).tuples().all()),
            jobs=dict(session.execute(select(Job.id, Job.state)).tuples().all()),
            runs=frozenset(session.scalars(unfinished)),
        )


def hold_off_sweep(session: Session) -> None:
    """Keep sweeps away until this transaction ends: it gives a folder its place before its commit.

    The server lets go of it with the transaction, so a client that is killed leaves no lock.
    """
    session.execute(text(HOLD_OFF_SWEEP))


def wait_for_storing(session: Session) -> None:
    """Wait until nobody is about to commit a new folder; nobody begins to until this ends."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SWEEP_LOCK})


def may_sweep(session: Session) -> bool:
    """Whether nobody is about to commit a new folder; nobody begins to until this transaction ends.

    It does not wait: who stores a large city would keep all others waiting behind the sweep.
    """
    held = session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _SWEEP_LOCK})
    return bool(held)


def owned_folders(session: Session) -> OwnedFolders:
    """What rows own now."""
    with seeing_all(session):
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


def has_cities(session: Session) -> bool:
    """Whether there is a city; none in a database without our tables."""
    if session.scalar(select(func.to_regclass(City.__tablename__))) is None:
        return False
    with seeing_all(session):
        return session.scalar(select(City.id).limit(1)) is not None


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
