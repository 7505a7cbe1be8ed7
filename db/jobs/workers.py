"""The workers there are: each process says, for every queue it serves, that it lives."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, extract, func, not_, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.schema import Worker


def sign_on(session: Session, queues: Sequence[str], *, host: str, pid: int) -> list[int]:
    """Note that a process serves these queues, and return the numbers to sign on and off with."""
    workers = [Worker(queue=queue, host=host, pid=pid) for queue in queues]
    session.add_all(workers)
    session.flush()
    return [worker.id for worker in workers]


def beat(session: Session, worker_ids: Sequence[int], *, forget_after: float) -> bool:
    """Say that a process lives; forget those that gave no sign for `forget_after` seconds.

    Returns:
        Whether it was known still. Where the clock was set forward another one may have forgotten
        it: it signs on again then.
    """
    living = update(Worker).where(Worker.id.in_(worker_ids)).values(heartbeat=func.now())
    known = len(session.scalars(living.returning(Worker.id)).all())
    session.execute(delete(Worker).where(silent(Worker.heartbeat, forget_after)))
    return known == len(worker_ids)


def sign_off(session: Session, worker_ids: Sequence[int]) -> None:
    """Note that a process serves its queues no longer."""
    session.execute(delete(Worker).where(Worker.id.in_(worker_ids)))


def any_alive(session: Session, queue: str, within_seconds: float) -> bool:
    """Whether a worker of a queue has given a sign of life lately; none before the first start."""
    if session.scalar(select(func.to_regclass(Worker.__tablename__))) is None:
        return False
    young = not_(silent(Worker.heartbeat, within_seconds))
    return bool(session.scalar(select(exists().where(Worker.queue == queue, young))))


def living(session: Session, within_seconds: float) -> list[str]:
    """What those who have given a sign of life lately are signed with, each once."""
    young = not_(silent(Worker.heartbeat, within_seconds))
    return list(session.scalars(select(Worker.host).where(young).distinct()))


def silent(
    heartbeat: ColumnElement[Any] | InstrumentedAttribute[Any], seconds: float
) -> ColumnElement[bool]:
    """Whether the last sign of life is too far from now.

    One that lies in the future was given before the clock was set back: whoever lives gives
    another at once, and whoever is dead must not count as living until the clock is there again.
    """
    far = func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    return or_(heartbeat < func.now() - far, heartbeat > func.now() + far)


def server_time(session: Session) -> float:
    """The database's clock, in seconds."""
    return float(session.scalar(select(extract("epoch", func.clock_timestamp()))) or 0.0)
