"""Which cities somebody sees: those of their groups, and those that are in no group.

A session is told once for whom it asks. Every statement of it about a city, and about what belongs
to one, then finds only what that account may see, whoever wrote the statement: a city that is not
seen is answered as one that is not there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, event, exists, or_, select
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.interfaces import ORMOption

from db.schema import (
    Account,
    AreaSet,
    City,
    Evaluation,
    Fetch,
    GroupCity,
    GroupMember,
    Job,
    LabelSet,
    Layer,
    Model,
    Run,
    Study,
)

_FOR: Final = "sight"
_OF_A_CITY: Final = (Model, Layer, Run, Evaluation, LabelSet, AreaSet)
# Tables, not classes: what limits a statement must not be limited itself.
_city, _of_group, _member, _account = (
    one.__table__ for one in (City, GroupCity, GroupMember, Account)
)


def limit_sight(session: Session, account: str) -> None:
    """Let a session find only what an account may see.

    Args:
        session: One that has asked nothing yet.
        account: Its name; of one that is not there, or none, only what everybody may see is found.
    """
    session.info[_FOR] = account


@contextmanager
def seeing_all(session: Session) -> Iterator[None]:
    """Let a session find everything within: what names and folders are taken, say."""
    account = session.info.pop(_FOR, None)
    try:
        yield
    finally:
        if account is not None:
            session.info[_FOR] = account


@event.listens_for(Session, "do_orm_execute")
def _limit(state: ORMExecuteState) -> None:
    account = state.session.info.get(_FOR)
    changes = state.is_update or state.is_delete
    if account is None or not (state.is_select or changes) or state.is_column_load:
        return
    state.statement = state.statement.options(*_limits(account))


@lru_cache(maxsize=256)
def _limits(account: str) -> tuple[ORMOption, ...]:
    """What every statement for an account is given: made once, as it takes longer than most."""
    hidden = select(_city.c.slug).where(_hidden(_city.c.id, account))
    limits: list[tuple[Any, ColumnElement[bool]]] = [
        (City, ~_hidden(City.id, account)),
        *((one, ~_hidden(one.city_id, account)) for one in _OF_A_CITY),
        (Job, Job.subject.not_in(hidden)),
        (Fetch, Fetch.slug.not_in(hidden)),
        (
            Study,
            and_(
                ~_hidden(Study.city_id, account),
                or_(Study.other_city_id.is_(None), ~_hidden(Study.other_city_id, account)),
            ),
        ),
    ]
    return tuple(with_loader_criteria(one, limit, include_aliases=True) for one, limit in limits)


def _hidden(city_id: Any, account: str) -> ColumnElement[bool]:  # noqa: ANN401 - any column
    """Whether a city is in groups, and the account in none of them."""
    in_one = exists().where(_of_group.c.city_id == city_id)
    shared = (
        exists()
        .where(_of_group.c.city_id == city_id)
        .where(_member.c.group_id == _of_group.c.group_id)
        .where(_member.c.account_id == _account.c.id)
        .where(_account.c.name == account)
    )
    return and_(in_one, ~shared)
