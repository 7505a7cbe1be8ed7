"""`user`: who may sign in to the web app."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from aether_core.errors import InputError
from cli import output
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


def add(name: Name, password_file: PasswordFile = None) -> None:
    """Let somebody sign in."""
    from workflows.accounts.accounts import add_account

    account = add_account(open_store(), name, _password(password_file))
    output.document(asdict(account))
    output.say(f"{account.name} can sign in.")


def list_all() -> None:
    """List who may sign in."""
    from workflows.accounts.accounts import list_accounts

    found = list_accounts(open_store())
    output.document([asdict(account) for account in found])
    rows = [(one.name, f"{one.created:%Y-%m-%d}", one.signed_in or "never") for one in found]
    output.table(["name", "added", "signed in"], rows)


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
