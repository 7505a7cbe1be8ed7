"""How much one account may have going on, so that one visitor does not take all of the machine."""

from sqlalchemy.orm import Session

from aether_core.errors import AetherError
from db.accounts import accounts as account_rows
from db.cities import years as year_rows
from db.jobs import jobs as job_rows
from workflows.accounts.acting import Role, asking
from workflows.home.settings import Settings, read_settings
from workflows.home.store import Store

_MEGABYTE = 1_000_000


class QuotaError(AetherError):
    """An account has as much as it may have; admins and the operator have no quota."""

    code = "quota-reached"
    exit_code = 2


def check_jobs(session: Session) -> None:
    """See that who asks may have one more job.

    Args:
        session: In the transaction that adds it; others of the same account wait for its end.

    Raises:
        QuotaError: As many wait or run.
    """
    person, most = asking(), read_settings().account_jobs
    if person.role is Role.ADMIN:
        return
    account_rows.find(session, person.name, lock=True)
    now = job_rows.count_unfinished(session, person.name)
    if now >= most:
        raise QuotaError(
            f"{now} jobs of {person.name} wait or run, and an account may have {most}; wait until "
            "one is done, or ask an administrator to raise AETHER_ACCOUNT_JOBS"
        )


def check_cells(session: Session, account: str) -> None:
    """See that an account has no more cells than it may, those just added included.

    Args:
        session: In the transaction that adds them; others of the same account wait for its end.
        account: Its name, empty for the operator.

    Raises:
        QuotaError: It has more.
    """
    found = account_rows.find(session, account, lock=True) if account else None
    if not account or (found is not None and Role(found.role) is Role.ADMIN):
        return
    now = year_rows.cells_added_by(session, account)
    if now > read_settings().account_cells:
        raise _too_many_cells(account, now)


def check_cells_left(store: Store) -> None:
    """See that who asks may add a cell, before anything is read or downloaded for it.

    How many a city will have is known once it is there, where `check_cells` looks.

    Raises:
        QuotaError: They have as many as they may.
    """
    person = asking()
    if person.role is Role.ADMIN:
        return
    with store.session() as session:
        now = year_rows.cells_added_by(session, person.name)
    if now >= read_settings().account_cells:
        raise _too_many_cells(person.name, now)


def _too_many_cells(account: str, now: int) -> QuotaError:
    return QuotaError(
        f"the cities that {account} has added would have {now:,} cells, those of each year "
        f"counted, and an account may have {read_settings().account_cells:,}; take coarser cells, "
        "or ask an administrator to remove a city or to raise AETHER_ACCOUNT_CELLS"
    )


def check_upload(settings: Settings, kept_bytes: int, new_bytes: int) -> None:
    """See that who asks may upload so much more.

    Args:
        settings: The installation's.
        kept_bytes: What they have uploaded and not used yet; it is removed after a day.
        new_bytes: The size of the file.

    Raises:
        QuotaError: It would be too much.
    """
    person, most = asking(), settings.account_upload_mb * _MEGABYTE
    if person.role is not Role.ADMIN and kept_bytes + new_bytes > most:
        raise QuotaError(
            f"uploads of {person.name} take {kept_bytes / _MEGABYTE:,.1f} MB, with this file "
            f"{(kept_bytes + new_bytes) / _MEGABYTE:,.1f}, and an account may keep "
            f"{settings.account_upload_mb:,} MB; use them or wait a day, or ask an administrator "
            "to raise AETHER_ACCOUNT_UPLOAD_MB"
        )
