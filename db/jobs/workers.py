"""The workers there are: each process says, for every queue it serves, that it lives."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from db.schema import Worker


def sign_on(session: Session, queues: Sequence[str], *, host: str, pid: int) -> list[int]:
    """Note that a process serves these queues, and return the numbers to sign on and off with."""
    workers = [Worker(queue=queue, host=host, pid=pid) for queue in queues]
    session.add_all(workers)
    session.flush()
    return [worker.id for worker in workers]


def beat(session: Session, worker_ids: Sequence[int], *, forget_after: float) -> None:
    """Say that a process lives; forget those that gave no sign for `forget_after` seconds."""
    session.execute(update(Worker).where(Worker.id.in_(worker_ids)).values(heartbeat=func.now()))
    session.execute(delete(Worker).where(Worker.heartbeat < _ago(forget_after)))


def sign_off(session: Session, worker_ids: Sequence[int]) -> None:
    """Note that a process serves its queues no longer."""
    session.execute(delete(Worker).where(Worker.id.in_(worker_ids)))


def any_alive(session: Session, queue: str, within_seconds: float) -> bool:
    """Whether a worker of a queue has given a sign of life lately; none before the first start."""
    if session.scalar(select(func.to_regclass(Worker.__tablename__))) is None:
        return False
    young = Worker.heartbeat > _ago(within_seconds)
    return bool(session.scalar(select(exists().where(Worker.queue == queue, young))))


def _ago(seconds: float) -> Any:  # noqa: ANN401 - an SQL expression
    return func.now() - func.make_interval(0, 0, 0, 0, 0, 0, seconds)
