"""Studies: their moves, what is kept on the way, and what goes with a city."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, NotFoundError
from db import cities, features, studies
from db.schema import City, Study
from tests.db.city_data import add_plain_city, add_small_city

ROW = {"variant": "full model", "x": None, "seed": 42, "metric": "mrr", "value": 0.25}


def add(session: Session, city: City, other: City | None = None, kind: str = "ablation") -> Study:
    return studies.add_study(
        session,
        city.id,
        other_city_id=other.id if other else None,
        kind=kind,
        recipe="aether",
        settings={"epochs": "3"},
        seeds=[42, 43],
        device="cpu",
        request={"label_set": None},
    )


def test_rows_are_kept_one_variant_after_the_other(session: Session) -> None:
    study = add(session, add_plain_city(session))
    assert (study.state, study.rows, study.seconds, study.seeds) == ("queued", [], 0.0, [42, 43])
    studies.STATES.mark_running(session, study.id)
    for value in (0.25, 0.5):
        studies.add_rows(session, study.id, [ROW | {"value": value}, ROW], seconds=1.5)
    found = studies.STATES.by_id(session, study.id)
    assert [row["value"] for row in found.rows] == [0.25, 0.25, 0.5, 0.25]
    assert (found.seconds, found.attempts) == (3.0, 1)
    again = studies.STATES.mark_running(session, study.id)  # its worker died
    assert (len(again.rows), again.attempts, again.progress) == (4, 2, 0.0)
    done = studies.mark_done(session, study.id, {"kind": "ablation"})
    assert (done.state, done.rows, done.result) == ("done", [], {"kind": "ablation"})
    assert done.seconds == 3.0


def test_a_figure_that_is_none_is_refused(session: Session) -> None:
    study = add(session, add_plain_city(session))
    studies.STATES.mark_running(session, study.id)
    with pytest.raises(ValueError, match="JSON"):
        studies.add_rows(session, study.id, [ROW | {"value": float("nan")}], seconds=0.0)


def test_a_running_study_is_asked_to_stop_by_its_next_report(session: Session) -> None:
    study = add(session, add_plain_city(session))
    studies.STATES.mark_running(session, study.id)
    assert not studies.report_progress(session, study.id, stage="training", progress=0.5)
    assert studies.STATES.request_cancel(session, study.id).state == "running"
    assert studies.report_progress(session, study.id, stage="training", progress=0.6)
    assert studies.STATES.mark_cancelled(session, study.id).state == "cancelled"
    with pytest.raises(ConflictError, match="it is cancelled"):
        studies.report_progress(session, study.id, stage="training", progress=0.7)
    with pytest.raises(ConflictError, match="cancel study"):
        studies.STATES.request_cancel(session, study.id)


def test_a_queued_study_stops_at_once(session: Session) -> None:
    study = add(session, add_plain_city(session))
    assert studies.STATES.request_cancel(session, study.id).state == "cancelled"
    with pytest.raises(ConflictError, match="make running"):
        studies.STATES.mark_running(session, study.id)


def test_only_finished_studies_can_be_removed(session: Session) -> None:
    study = add(session, add_plain_city(session))
    with pytest.raises(ConflictError, match="queued"):
        studies.remove_study(session, study.id)
    studies.STATES.request_cancel(session, study.id)
    studies.remove_study(session, study.id)
    for gone in (studies.STATES.by_id, studies.remove_study):
        with pytest.raises(NotFoundError, match="no such study"):
            gone(session, study.id)


def test_the_studies_of_a_dead_worker_are_found(session: Session) -> None:
    city = add_plain_city(session)
    quiet, alive = add(session, city), add(session, city)
    for study in (quiet, alive):
        studies.STATES.mark_running(session, study.id)
    session.execute(
        text("UPDATE study SET heartbeat = now() - interval '1 minute' WHERE id = :id"),
        {"id": quiet.id},
    )
    found = studies.STATES.stalled(session, timedelta(seconds=30))
    assert [study.id for study in found] == [quiet.id]
    studies.STATES.report_heartbeat(session, quiet.id)
    assert studies.STATES.stalled(session, timedelta(seconds=30)) == []


def test_a_transfer_is_listed_with_both_cities_and_goes_with_either(session: Session) -> None:
    one, two = add_plain_city(session), add_plain_city(session, "espoo")
    transfer = add(session, one, two, kind="transfer")
    own = add(session, two)
    assert studies.list_studies(session, one.id) == [transfer]
    assert studies.list_studies(session, two.id) == [own, transfer]
    assert studies.list_studies(session, two.id, "transfer") == [transfer]
    cities.remove_city(session, "espoo")
    assert studies.list_studies(session, one.id) == []


@pytest.mark.parametrize(("kind", "two"), [("transfer", False), ("noise", True), ("wrong", False)])
def test_only_a_transfer_has_another_city(session: Session, kind: str, two: bool) -> None:
    one, other = add_plain_city(session), add_plain_city(session, "espoo")
    with pytest.raises(IntegrityError, match="ck_study"):
        add(session, one, other if two else None, kind=kind)


def test_how_many_numbers_a_citys_vectors_have(session: Session) -> None:
    assert features.vector_dim(session, add_plain_city(session).id) is None
    assert features.vector_dim(session, add_small_city(session, "espoo").city.id) == 64
