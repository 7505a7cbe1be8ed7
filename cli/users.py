"""`user`: who may sign in to the web app."""

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from aether_core.errors import InputError
from cli import output
from workflows.accounts.acting import Role
from workflows.home.store import open_store

Name = Annotated[str, typer.Argument(help="Name of the account.")]
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
