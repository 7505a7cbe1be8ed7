"""The operating-system account that runs the private server.

PostgreSQL refuses to run as root, so root hands its work to an unprivileged account. Everyone else
runs it as themselves.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from aether_core.errors import StoreUnavailableError

UNPRIVILEGED = ("postgres", "nobody")
"""Accounts root may use, best first."""


@dataclass(frozen=True)
class ServerAccount:
    """An account and how to act as it.

    Attributes:
        name: Login name.
        uid: User number.
        gid: Primary group number.
    """

    name: str
    uid: int
    gid: int

    @property
    def is_me(self) -> bool:
        """Whether this process already runs as the account."""
        return self.uid == os.geteuid()

    def own(self, folder: Path) -> None:
        """Give the folder to the account, closed to everyone else.

        Raises:
            StoreUnavailableError: The folder cannot be given away.
        """
        try:
            if not self.is_me:
                os.chown(folder, self.uid, self.gid)
            folder.chmod(0o700)
        except OSError as error:
            raise StoreUnavailableError(
                f"cannot give {folder} to the account {self.name} that runs the database: "
                f"{error.strerror}",
                code="database-folder-not-given-away",
            ) from error

    def run(
        self, command: list[str], *, folder: Path = Path("/"), timeout_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as the account, in a folder, without PostgreSQL's own variables.

        Raises:
            StoreUnavailableError: The account cannot be taken on, or the program does not end.
        """
        environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("PG") and key not in {"LANGUAGE", "LC_ALL"}
        }
        environment |= {"LC_ALL": "C", "HOME": "/"}
        try:
            return subprocess.run(
                command,
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
                user=None if self.is_me else self.uid,
                group=None if self.is_me else self.gid,
                extra_groups=None if self.is_me else [],
            )
        except subprocess.TimeoutExpired as error:
            raise StoreUnavailableError(
                f"{Path(command[0]).name} did not finish within {timeout_s:.0f} s",
                code="database-program-too-slow",
            ) from error
        except OSError as error:
            raise StoreUnavailableError(
                f"cannot run {command[0]} as the account {self.name}: {error.strerror}",
                code="database-program-not-run",
            ) from error

    def reaches(self, folder: Path) -> bool:
        """Whether the account can enter the folder: each folder above must let it through."""
        return self.is_me or self.run(["test", "-x", str(folder)]).returncode == 0


def server_account(data: Path) -> ServerAccount:
    """The account for a data directory: its owner, or the right one for a new directory.

    Raises:
        StoreUnavailableError: The data belong to someone this process may not act as.
    """
    me = os.geteuid()
    if data.exists() and (owner := data.stat().st_uid) != 0:
        if me not in (0, owner):
            raise StoreUnavailableError(
                f"the database in {data} belongs to another account (number {owner}); run as that "
                "account or root, or choose another AETHER_HOME",
                code="database-of-another-account",
            )
        return _by_uid(owner)
    if me != 0:
        return _by_uid(me)
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerAccount(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise StoreUnavailableError(
        "PostgreSQL does not run as root, and there is no account "
        f"{' or '.join(UNPRIVILEGED)} to run it; start as another user",
        code="no-account-for-database",
    )


def _by_uid(uid: int) -> ServerAccount:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError as error:
        raise StoreUnavailableError(
            f"account number {uid} has no name on this machine, which PostgreSQL needs; "
            "add it to /etc/passwd or set AETHER_DATABASE_URL",
            code="account-without-name",
        ) from error
    return ServerAccount(entry.pw_name, uid, entry.pw_gid)
