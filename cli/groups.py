"""`group`: who sees which cities."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output

if TYPE_CHECKING:
    from workflows.accounts.groups import GroupSummary

Name = Annotated[str, typer.Argument(help="Name of the group.")]
Accounts = Annotated[
    list[str] | None, typer.Option("--account", help="Name of an account; may be repeated.")
]
Cities = Annotated[
    list[str] | None, typer.Option("--city", help="Short name of a city; may be repeated.")
]


def add(name: Name) -> None:
    """Make a group."""
    from workflows.accounts.groups import add_group
    from workflows.home.store import open_store

    _tell(add_group(open_store(), name))


def list_all() -> None:
    """List groups, with who and which cities are in them."""
    from workflows.accounts.groups import list_groups
    from workflows.home.store import open_store

    found = list_groups(open_store())
    output.document([asdict(group) for group in found])
    output.table(
        ["name", "accounts", "cities"],
        [(one.name, ", ".join(one.accounts), ", ".join(one.cities)) for one in found],
    )


def include(name: Name, account: Accounts = None, city: Cities = None) -> None:
    """Put accounts and cities into a group: others no longer see these cities."""
    from workflows.accounts.groups import include
    from workflows.home.store import open_store

    _tell(include(open_store(), name, accounts=account or [], cities=city or []))


def exclude(name: Name, account: Accounts = None, city: Cities = None) -> None:
    """Take accounts and cities out of a group; everybody sees a city that is in none."""
    from workflows.accounts.groups import exclude
    from workflows.home.store import open_store

    _tell(exclude(open_store(), name, accounts=account or [], cities=city or []))


def remove(name: Name) -> None:
    """Remove a group without cities; accounts stay."""
    from workflows.accounts.groups import remove_group
    from workflows.home.store import open_store

    remove_group(open_store(), name)
    output.document({"removed": name})
    output.say(f"There is no group {name} any more.")


def _tell(group: "GroupSummary") -> None:
    output.document(asdict(group))
    accounts, cities = (", ".join(one) or "none" for one in (group.accounts, group.cities))
    output.say(f"{group.name}: accounts {accounts}; cities {cities}.")
