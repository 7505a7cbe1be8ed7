"""`user`: who may sign in to the web app, and by which keys programs use the API."""

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from aether_core.errors import InputError
from cli import output
from workflows.accounts.acting import Role
from workflows.home.store import open_store

Name = Annotated[str, typer.Argument(help="Name of the account.")]
KeyName = Annotated[str, typer.Argument(help="What the key is for: letters, digits, hyphens.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file", help="File whose first line is the password; asked for otherwise."
    ),
]


def _password(file: Path | None) -> str:
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                "the password cannot be read",
                file,
                "give a text file that you can read",
                code="password-file-unreadable",
            ) from error
        return text.split("\n", 1)[0].rstrip("\r")
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def add(
    name: Name,
    role: Annotated[
        Role | None,
        typer.Option(help="What they may do. The first account is an admin, others analysts."),
    ] = None,
    password_file: PasswordFile = None,
) -> None:
    """Let somebody sign in."""
    from workflows.accounts.accounts import add_account

    account = add_account(open_store(), name, _password(password_file), role)
    output.document(asdict(account))
    output.say(f"{account.name} can sign in as {account.role}.")


def list_all() -> None:
    """List who may sign in."""
    from workflows.accounts.accounts import list_accounts

    found = list_accounts(open_store())
    output.document([asdict(account) for account in found])
    rows = [(one.name, one.role, f"{one.created:%Y-%m-%d}", _when(one.signed_in)) for one in found]
    output.table(["name", "role", "added", "signed in"], rows)


def _when(at: datetime | None) -> str:
    return "never" if at is None else f"{at.astimezone():%Y-%m-%d %H:%M}"


def role(name: Name, role: Annotated[Role, typer.Argument(help="What they may do.")]) -> None:
    """Let an account do more or less."""
    from workflows.accounts.accounts import set_role

    account = set_role(open_store(), name, role)
    output.document(asdict(account))
    output.say(f"{account.name} is {account.role} now.")


def audit(
    last: Annotated[int, typer.Option(min=1, max=100_000, help="How many, the newest.")] = 50,
) -> None:
    """List who did what lately, newest first."""
    from workflows.accounts.accounts import last_deeds

    found = last_deeds(open_store(), last)
    output.document([asdict(deed) for deed in found])
    rows = [(_when(one.at), one.who, one.action, one.subject) for one in found]
    output.table(["when", "who", "what", "to"], rows)


def password(name: Name, password_file: PasswordFile = None) -> None:
    """Give an account another password; whoever uses it is signed out."""
    from workflows.accounts.accounts import set_password

    account = set_password(open_store(), name, _password(password_file))
    output.document(asdict(account))
    output.say(f"{account.name} has another password.")


def remove(name: Name) -> None:
    """Let somebody sign in no more; nothing that was made is lost."""
    from workflows.accounts.accounts import remove_account

    remove_account(open_store(), name)
    output.document({"removed": name})
    output.say(f"{name} can no longer sign in.")


def add_key(
    name: Name,
    key: KeyName,
    scope: Annotated[
        Literal["read", "write", "admin"],
        typer.Option(help="What it is good for: looking, adding and mapping, or also removing."),
    ] = "read",
    days: Annotated[int, typer.Option(min=1, max=3650, help="It expires after so many.")] = 365,
) -> None:
    """Make a key by which a program uses the API in somebody's name; it is shown this once."""
    from workflows.accounts.keys import add_key

    made, secret = add_key(open_store(), name, key, scope, days)
    output.document({**asdict(made), "key": secret})
    output.say(secret)
    output.remark(f"Keep it safe: it cannot be shown again. It expires {made.expires:%Y-%m-%d}.")


def list_keys(
    name: Annotated[str | None, typer.Argument(help="Only of this account.")] = None,
) -> None:
    """List the keys of the API, without what is secret."""
    from workflows.accounts.keys import list_keys

    found = list_keys(open_store(), name)
    output.document([asdict(key) for key in found])
    output.table(
        ["account", "key", "scope", "expires", "used"],
        [
            (
                one.account,
                one.name,
                one.scope,
                "expired" if one.expired else f"{one.expires:%Y-%m-%d}",
                _when(one.used),
            )
            for one in found
        ],
    )


def remove_key(name: Name, key: KeyName) -> None:
    """Make a key worth nothing."""
    from workflows.accounts.keys import remove_key

    remove_key(open_store(), name, key)
    output.document({"account": name, "removed": key})
    output.say(f"{key} of {name} is removed.")
