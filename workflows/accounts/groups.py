"""The verbs of groups: who sees which cities.

A city in a group is seen by the accounts of that group alone, and by administrators; a city in none
by everybody who signs in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, InputError
from db.accounts import accounts as account_rows
from db.accounts import groups as group_rows
from db.cities import cities as city_rows
from db.schema import Group
from workflows.accounts.acting import CHANGE_GROUP, allow, check_may
from workflows.accounts.passwords import checked_name
from workflows.home.store import Store

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class GroupSummary:
    """A group as it is listed.

    Attributes:
        accounts: Names of those in it.
        cities: Short names of the cities they see and others do not.
    """

    name: str
    accounts: list[str]
    cities: list[str]


def add_group(store: Store, name: str) -> GroupSummary:
    """Make a group, with nobody and nothing in it.

    Raises:
        InputError: This cannot be its name.
        ConflictError: It is there.
    """
    plain = name.strip().lower()
    if not _NAME.fullmatch(plain):
        raise InputError(
            "this cannot be the name of a group",
            name,
            "use at most 64 letters, digits and . _ -",
            code="group-name-unusable",
        )
    with store.session() as session:
        if group_rows.find(session, plain) is not None:
            raise ConflictError(
                "this group is there already",
                plain,
                f"put accounts and cities into it with: ./aether group include {plain}",
                code="group-exists",
            )
        group = Group(name=plain)
        session.add(group)
        allow(session, *CHANGE_GROUP, f"{plain}, made")
        session.flush()
        return _summary(session, group)


def list_groups(store: Store) -> list[GroupSummary]:
    """Every group, by name."""
    with store.session() as session:
        return [_summary(session, group) for group in group_rows.list_groups(session)]


def include(
    store: Store, name: str, *, accounts: Sequence[str] = (), cities: Sequence[str] = ()
) -> GroupSummary:
    """Put accounts and cities into a group: all of them, or none.

    Raises:
        InputError: Neither is given.
        NotFoundError: There is no such group, account or city.
    """
    return _change(store, name, accounts, cities, into=True)


def exclude(
    store: Store, name: str, *, accounts: Sequence[str] = (), cities: Sequence[str] = ()
) -> GroupSummary:
    """Take accounts and cities out of a group: all of them, or none.

    A city that is in no group any more is seen by everybody who signs in.

    Raises:
        InputError: Neither is given.
        NotFoundError: There is no such group, account or city.
    """
    return _change(store, name, accounts, cities, into=False)


def remove_group(store: Store, name: str) -> None:
    """Remove a group; nothing that was in it is lost.

    Raises:
        NotFoundError: There is no such group.
        ConflictError: Cities are in it alone, which everybody would see.
    """
    with store.session() as session:
        group = group_rows.named(session, name.strip().lower())
        left = group_rows.in_no_other(session, group)
        if left:
            raise ConflictError(
                "everybody who signs in would see cities of this group, which are in no other",
                ", ".join(left),
                "take them out of it first, or put them into another",
                code="group-has-cities",
            )
        session.delete(group)
        allow(session, *CHANGE_GROUP, f"{group.name}, removed")


def _change(
    store: Store, name: str, accounts: Sequence[str], cities: Sequence[str], *, into: bool
) -> GroupSummary:
    if not accounts and not cities:
        raise InputError(
            "nothing is named to change the group by",
            name,
            "give --account NAME or --city SLUG, as often as needed",
            code="group-unchanged",
        )
    check_may(*CHANGE_GROUP)  # before it is told which accounts there are
    with store.session() as session:
        group = group_rows.named(session, name.strip().lower())
        people = [account_rows.named(session, checked_name(one)) for one in accounts]
        places = [city_rows.city_by_slug(session, slug) for slug in cities]
        change = group_rows.include if into else group_rows.exclude
        change(
            session, group, accounts=[one.id for one in people], cities=[one.id for one in places]
        )
        named = ", ".join([*(one.name for one in people), *(one.slug for one in places)])
        allow(session, *CHANGE_GROUP, f"{group.name}, {'with' if into else 'without'} {named}")
        session.flush()
        return _summary(session, group)


def _summary(session: Session, group: Group) -> GroupSummary:
    return GroupSummary(
        group.name, group_rows.accounts_of(session, group), group_rows.cities_of(session, group)
    )
