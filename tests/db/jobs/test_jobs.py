"""Jobs: the states they move through, who is heard, and what two may not do at once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, NotFoundError
from db.cities import cities
from db.engine import session_scope
from db.jobs import jobs, workers
from db.jobs.jobs import JobLease, SupersededError
from db.schema import JOB_STATES, City, Job
from tests.db.city_data import add_city_job, add_plain_city

SOON = timedelta(seconds=12)
MOVES: dict[str, Callable[[Session, JobLease], Job]] = {
    "queued": lambda session, lease: jobs.requeue(session, lease.job_id, dead_after=SOON),
    "running": lambda session, lease: jobs.start(session, lease.job_id),
    "done": lambda session, lease: jobs.finish(session, lease, {}),
    "failed": lambda session, lease: jobs.fail(session, lease, "disk full"),
    "cancelled": jobs.stop,
}


@pytest.fixture
def city(session: Session) -> City:
    return add_plain_city(session)


def in_state(session: Session, city: City, state: str) -> JobLease:
    """A job in a state, held by its first start, with a heartbeat that is young."""
    job = add_city_job(session, city)
    session.execute(
        text(
            "UPDATE job SET state = :s, starts = 1, attempts = 1, heartbeat = now() WHERE id = :i"
        ),
        {"s": state, "i": job.id},
    )
    session.expire_all()
    return JobLease(job.id, 1)


def started(session: Session, job: Job) -> JobLease:
    return JobLease(job.id, jobs.start(session, job.id).starts)


def silence(session: Session, job_id: int, seconds: int) -> None:
    """Let a job's last sign of life be so long ago."""
    session.execute(
        text(
            "UPDATE job SET heartbeat = heartbeat - make_interval(secs => :s), "
            "created_at = created_at - make_interval(secs => :s) WHERE id = :i"
        ),
        {"s": seconds, "i": job_id},
    )
    session.expire_all()


@pytest.mark.parametrize("before", JOB_STATES)
@pytest.mark.parametrize("after", JOB_STATES)
def test_every_move(session: Session, city: City, before: str, after: str) -> None:
    allowed = {
        "queued": {"running"},
        "running": {"running", "done", "failed", "cancelled"},
        "done": set(),
        "failed": {"queued"},
        "cancelled": {"queued"},
    }
    lease = in_state(session, city, before)
    if after in allowed[before]:
        assert MOVES[after](session, lease).state == after
    else:
        with pytest.raises(ConflictError):
            MOVES[after](session, lease)
        assert jobs.job_by_id(session, lease.job_id).state == before


def test_a_whole_job(session: Session, city: City) -> None:
    job = add_city_job(session, city, request={"query": "Äijä's"})
    assert (job.state, job.progress, job.attempts, job.heartbeat) == ("queued", 0.0, 0, None)
    lease = started(session, job)
    assert lease.start == 1
    asked = jobs.report(
        session, lease, stage="pooling", progress=0.5, seconds_left=4.0, found={"megabytes": 3}
    )
    assert not asked
    job = jobs.job_by_id(session, job.id)
    assert (job.stage, job.progress, job.seconds_left) == ("pooling", 0.5, 4.0)
    job = jobs.finish(session, lease, {"layer": "night-out"})
    assert (job.state, job.progress, job.seconds_left) == ("done", 1.0, None)
    assert job.result == {"megabytes": 3, "layer": "night-out"}
    assert job.finished_at is not None


def test_a_worker_that_was_replaced_is_no_longer_heard(session: Session, city: City) -> None:
    job = add_city_job(session, city)
    first, second = started(session, job), started(session, job)
    assert (first.start, second.start) == (1, 2)
    assert not jobs.beat(session, first)
    for say in (
        lambda: jobs.report(session, first, stage="pooling", progress=0.5),
        lambda: jobs.finish(session, first, {}),
        lambda: jobs.fail(session, first, "disk full"),
        lambda: jobs.stop(session, first),
        lambda: jobs.check_lease(session, first),
    ):
        with pytest.raises(SupersededError):
            say()
    assert jobs.beat(session, second)
    assert jobs.finish(session, second, {}).state == "done"
    with pytest.raises(SupersededError):  # nor is one that comes back after the end
        jobs.finish(session, second, {})


def test_of_two_with_one_claim_the_second_is_refused_until_the_first_has_ended(
    session: Session, city: City
) -> None:
    first = add_city_job(session, city, claim="city:lisbon")
    with pytest.raises(ConflictError):
        add_city_job(session, city, claim="city:lisbon")
    with pytest.raises(ConflictError):
        jobs.check_unclaimed(session, "city:lisbon")
    add_city_job(session, city, claim="city:porto")
    lease = started(session, first)
    jobs.fail(session, lease, "no such file")
    jobs.check_unclaimed(session, "city:lisbon")
    second = add_city_job(session, city, claim="city:lisbon")
    with pytest.raises(ConflictError):  # the first may not go on beside it
        jobs.requeue(session, first.id, dead_after=SOON)
    jobs.request_cancel(session, second.id)
    assert jobs.requeue(session, first.id, dead_after=SOON).state == "queued"


def test_one_running_job_a_lock(session: Session, city: City) -> None:
    first, second = (add_city_job(session, city, lock="city-1") for _ in range(2))
    elsewhere = add_city_job(session, city, lock="city-2")
    lease = started(session, first)
    with pytest.raises(ConflictError):
        jobs.start(session, second.id)
    assert jobs.job_by_id(session, second.id).state == "queued"
    jobs.start(session, elsewhere.id)
    jobs.fail(session, lease, "worker died")
    assert jobs.start(session, second.id).state == "running"


def test_cancel(session: Session, city: City) -> None:
    queued, running = add_city_job(session, city), add_city_job(session, city)
    assert jobs.request_cancel(session, queued.id).state == "cancelled"
    lease = started(session, running)
    assert jobs.request_cancel(session, running.id).state == "running"
    assert jobs.report(session, lease, stage="training", progress=0.1)
    jobs.stop(session, lease)
    with pytest.raises(ConflictError):
        jobs.request_cancel(session, running.id)
    assert not jobs.requeue(session, running.id, dead_after=SOON).cancel_requested


def test_what_nobody_works_on_is_found(session: Session, city: City) -> None:
    alive, dead, waiting, new = (add_city_job(session, city) for _ in range(4))
    for job in (alive, dead):
        started(session, job)
    silence(session, dead.id, 60)
    silence(session, waiting.id, 60)
    assert [job.id for job in jobs.left_behind(session, SOON)] == [dead.id, waiting.id]
    assert new.id not in {job.id for job in jobs.left_behind(session, SOON)}
    assert jobs.left_behind(session, timedelta(minutes=5)) == []


def test_a_job_whose_worker_is_silent_may_go_on_at_once(session: Session, city: City) -> None:
    job = add_city_job(session, city)
    lease = started(session, job)
    with pytest.raises(ConflictError):
        jobs.requeue(session, job.id, dead_after=SOON)
    silence(session, job.id, 13)
    again = jobs.requeue(session, job.id, dead_after=SOON)
    assert (again.state, again.attempts) == ("queued", 0)
    with pytest.raises(SupersededError):
        jobs.report(session, lease, stage="pooling", progress=0.5)


def test_only_a_finished_job_can_be_removed(session: Session, city: City) -> None:
    job = add_city_job(session, city)
    with pytest.raises(ConflictError):
        jobs.remove(session, job.id)
    jobs.request_cancel(session, job.id)
    jobs.remove(session, job.id)
    for gone in (jobs.job_by_id, jobs.remove, jobs.start, jobs.request_cancel):
        with pytest.raises(NotFoundError):
            gone(session, job.id)


def test_lists(session: Session, city: City) -> None:
    other = add_plain_city(session, "espoo")
    first = add_city_job(session, city)
    second = add_city_job(session, city, "report")
    third = add_city_job(session, other)
    assert [job.id for job in jobs.list_jobs(session)] == [third.id, second.id, first.id]
    assert [job.id for job in jobs.list_jobs(session, limit=1)] == [third.id]
    assert [job.id for job in jobs.list_jobs(session, subject=city.slug)] == [second.id, first.id]
    assert [job.id for job in jobs.list_jobs(session, kinds=["report"])] == [second.id]
    jobs.request_cancel(session, first.id)
    found = jobs.list_jobs(session, subject=city.slug, states=["queued"])
    assert [job.id for job in found] == [second.id]


def test_a_job_goes_with_its_city_and_its_worker_is_told(engine: Engine) -> None:
    with session_scope(engine) as session:
        city = add_plain_city(session)
        lease = started(session, add_city_job(session, city))
    with session_scope(engine) as session:
        cities.remove_city(session, city.slug)
    with session_scope(engine) as session, pytest.raises(NotFoundError):
        jobs.report(session, lease, stage="pooling", progress=0.5)


def test_a_worker_is_alive_for_its_own_queues_while_it_says_so(session: Session) -> None:
    numbers = workers.sign_on(session, ["quick", "training"], host="here", pid=7)
    assert workers.any_alive(session, "quick", 12)
    assert not workers.any_alive(session, "studies", 12)
    session.execute(text("UPDATE worker SET heartbeat = now() - interval '1 minute'"))
    assert not workers.any_alive(session, "quick", 12)
    workers.beat(session, numbers, forget_after=3600)
    assert workers.any_alive(session, "training", 12)
    session.execute(text("UPDATE worker SET heartbeat = now() - interval '2 hours'"))
    workers.beat(session, [], forget_after=3600)
    assert session.scalar(text("SELECT count(*) FROM worker")) == 0
    workers.sign_off(session, numbers)
