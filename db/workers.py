"""The job queue's workers, as procrastinate records them."""

from sqlalchemy import text
from sqlalchemy.orm import Session


def any_alive(session: Session, within_seconds: float) -> bool:
    """Whether a worker has given a sign of life in the last seconds; also before the first one."""
    if session.scalar(text("SELECT to_regclass('procrastinate_workers')")) is None:
        return False
    count = session.scalar(
        text(
            "SELECT count(*) FROM procrastinate_workers "
            "WHERE last_heartbeat > now() - make_interval(secs => :seconds)"
        ),
        {"seconds": within_seconds},
    )
    return bool(count)
