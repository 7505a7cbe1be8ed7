"""Groups by name, and who and which cities are in them."""

from collections.abc import Sequence

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from db.schema import Account, City, Group, GroupCity, GroupMember


def list_groups(session: Session) -> Sequence[Group]:
    """All of them, by name."""
    return session.scalars(select(Group).order_by(Group.name)).all()


def find(session: Session, name: str) -> Group | None:
    """The group of a name, its row held."""
    return session.scalar(select(Group).where(Group.name == name).with_for_update())


def named(session: Session, name: str) -> Group:
    """The group of a name, its row held.

    Raises:
        NotFoundError: There is none.
    """
    group = find(session, name)
    if group is None:
        raise NotFoundError(
            "no such group", name, "list them with: ./aether group list", code="no-such-group"
        )
    return group


def accounts_of(session: Session, group: Group) -> list[str]:
    """Names of the accounts in a group."""
    found = (
        select(Account.name)
        .join(GroupMember, GroupMember.account_id == Account.id)
        .where(GroupMember.group_id == group.id)
        .order_by(Account.name)
    )
    return list(session.scalars(found))


def cities_of(session: Session, group: Group) -> list[str]:
    """Short names of the cities in a group."""
    found = (
        select(City.slug)
        .join(GroupCity, GroupCity.city_id == City.id)
        .where(GroupCity.group_id == group.id)
        .order_by(City.slug)
    )
    return list(session.scalars(found))


def in_no_other(session: Session, group: Group) -> list[str]:
    """Short names of the cities in a group that are in no other."""
    other = (
        exists()
        .where(GroupCity.city_id == City.id)
        .where(GroupCity.group_id != group.id)
        .correlate(City)
    )
    own = exists().where(GroupCity.city_id == City.id).where(GroupCity.group_id == group.id)
    return list(session.scalars(select(City.slug).where(own, ~other).order_by(City.slug)))


def include(
    session: Session, group: Group, *, accounts: Sequence[int], cities: Sequence[int]
) -> None:
    """Put accounts and cities, by number, into a group; those in it stay."""
    for account in accounts:
        session.merge(GroupMember(group_id=group.id, account_id=account))
    for city in cities:
        session.merge(GroupCity(group_id=group.id, city_id=city))


def exclude(
    session: Session, group: Group, *, accounts: Sequence[int], cities: Sequence[int]
) -> None:
    """Take accounts and cities, by number, out of a group."""
    member, city = GroupMember.account_id, GroupCity.city_id
    session.execute(
        delete(GroupMember).where(GroupMember.group_id == group.id, member.in_(accounts))
    )
    session.execute(delete(GroupCity).where(GroupCity.group_id == group.id, city.in_(cities)))
