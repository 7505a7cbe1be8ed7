"""Comparisons: kept, the newest found first, gone with their city."""

import pytest
from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from db.cities import cities
from db.evidence import evaluations
from tests.db.city_data import add_plain_city
from tests.errors import fault

RESULT = {"rows": [{"representation": "aether", "mean": 0.7123456789012345, "hi": None}]}


def test_the_newest_of_a_task_comes_first(session: Session) -> None:
    city, other = add_plain_city(session), add_plain_city(session, "espoo")
    assert evaluations.latest_evaluation(session, city.id, "landuse") is None
    made = [
        evaluations.add_evaluation(session, city.id, task=task, request={"seeds": n}, result=RESULT)
        for n, task in enumerate(["landuse", "socioeconomic", "landuse"])
    ]
    session.expire_all()
    newest = evaluations.latest_evaluation(session, city.id, "landuse")
    assert (newest.id, newest.request, newest.result) == (made[2].id, {"seeds": 2}, RESULT)
    assert newest.created_at is not None
    assert evaluations.latest_evaluation(session, other.id, "landuse") is None
    assert evaluations.latest_evaluation(session, city.id, "socioeconomic") == made[1]


def test_of_its_own_city_only(session: Session) -> None:
    city, other = add_plain_city(session), add_plain_city(session, "espoo")
    made = evaluations.add_evaluation(session, city.id, task="landuse", request={}, result={})
    assert evaluations.evaluation_by_id(session, city.id, made.id) == made
    with pytest.raises(NotFoundError, check=fault("no-such-evaluation", made.id)):
        evaluations.evaluation_by_id(session, other.id, made.id)
    cities.remove_city(session, "helsinki")
    assert evaluations.latest_evaluation(session, city.id, "landuse") is None


def test_not_a_number_is_refused(session: Session) -> None:
    city = add_plain_city(session)
    with pytest.raises(ValueError, match="JSON"):
        evaluations.add_evaluation(
            session, city.id, task="landuse", request={}, result={"mean": float("nan")}
        )
