"""Studies: their moves, what is kept on the way, and what goes with a city."""

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from db.cities import cities, features
from db.jobs import jobs, studies
from db.schema import City, Study
from tests.db.city_data import add_city_job, add_plain_city, add_small_city

ROW = {"variant": "full model", "x": None, "seed": 42, "metric": "mrr", "value": 0.25}


def add(session: Session, city: City, other: City | None = None, kind: str = "ablation") -> Study:
    return studies.add_study(
        session,
        city.id,
        add_city_job(session, city, "study").id,
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
    for value in (0.25, 0.5):
        studies.add_rows(session, study.id, [ROW | {"value": value}, ROW], seconds=1.5)
    found = studies.study_by_id(session, study.id)
    assert [row["value"] for row in found.rows] == [0.25, 0.25, 0.5, 0.25]
    assert found.seconds == 3.0
    studies.keep_result(session, study.id, {"kind": "ablation"})
    done = studies.study_by_id(session, study.id)
    assert (done.rows, done.result, done.seconds) == ([], {"kind": "ablation"}, 3.0)


def test_a_figure_that_is_none_is_refused(session: Session) -> None:
    study = add(session, add_plain_city(session))
    with pytest.raises(ValueError, match="JSON"):
        studies.add_rows(session, study.id, [ROW | {"value": float("nan")}], seconds=0.0)


def test_a_study_goes_with_its_job(session: Session) -> None:
    study = add(session, add_plain_city(session))
    study_id, job_id = study.id, study.job_id
    jobs.request_cancel(session, job_id)
    jobs.remove(session, job_id)
    with pytest.raises(NotFoundError):
        studies.study_by_id(session, study_id)


def test_a_transfer_is_listed_with_both_cities_and_goes_with_either(session: Session) -> None:
    one, two = add_plain_city(session), add_plain_city(session, "espoo")
    transfer = add(session, one, two, kind="transfer")
    own = add(session, two)
    assert studies.list_studies(session, one.id) == [transfer]
    assert studies.list_studies(session, two.id) == [own, transfer]
    assert studies.list_studies(session, two.id, "transfer") == [transfer]
    job_id = transfer.job_id
    cities.remove_city(session, "espoo")
    with pytest.raises(NotFoundError):
        jobs.job_by_id(session, job_id)
    assert studies.list_studies(session, one.id) == []


@pytest.mark.parametrize(("kind", "two"), [("transfer", False), ("noise", True), ("wrong", False)])
def test_only_a_transfer_has_another_city(session: Session, kind: str, two: bool) -> None:
    one, other = add_plain_city(session), add_plain_city(session, "espoo")
    with pytest.raises(IntegrityError, match="ck_study"):
        add(session, one, other if two else None, kind=kind)


def test_how_many_numbers_a_citys_vectors_have(session: Session) -> None:
    assert features.vector_dim(session, add_plain_city(session).id) is None
    assert features.vector_dim(session, add_small_city(session, "espoo").city.id) == 64
