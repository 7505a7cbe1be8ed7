"""What lists of cities show is asked for in a few statements, however many cities there are."""

from sqlalchemy import event
from sqlalchemy.orm import Session

from db.cities import cities
from db.cities.facts import city_facts
from tests.db.city_data import OUTLINE, add_plain_city, add_small_city


def statements(session: Session, city_ids: list[int]) -> int:
    """How many statements the facts of these cities take."""
    reports: list[str] = []
    connection = session.connection()

    def note(*arguments: object) -> None:
        reports.append(str(arguments[2]))

    event.listen(connection, "before_cursor_execute", note)
    city_facts(session, city_ids)
    event.remove(connection, "before_cursor_execute", note)
    return len(reports)


def test_facts_of_one_city(session: Session) -> None:
    made = add_small_city(session)
    add_small_city(session, "espoo", seed=1)
    facts = city_facts(session, [made.city.id])
    assert list(facts) == [made.city.id]
    found = facts[made.city.id]
    counted = cities.counts(session, made.city.id)
    assert {name: getattr(found, name) for name in counted} == counted
    assert found.years == (2024,)
    assert found.footprint.equals(OUTLINE)
    assert found.model is None


def test_a_city_with_nothing(session: Session) -> None:
    city = add_plain_city(session, "bare")
    found = city_facts(session, [city.id])[city.id]
    assert (found.pois, found.cells, found.years, found.model) == (0, 0, (), None)
    assert found.footprint.is_empty
    assert city_facts(session, []) == {}


def test_many_cities_take_no_more_statements_than_one(session: Session) -> None:
    ids = [add_plain_city(session, f"city-{number}").id for number in range(12)]
    assert statements(session, ids[:1]) == statements(session, ids[1:]) <= 2
    assert statements(session, ids) == 1  # what never changes is known by now
