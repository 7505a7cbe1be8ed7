"""How much one account may have going on, so that one visitor does not take all of the machine."""

from sqlalchemy.orm import Session

from aether_core.errors import AetherError
from db.accounts import accounts as account_rows
from db.jobs import jobs as job_rows
from workflows.accounts.acting import Role, asking
from workflows.home.settings import Settings, read_settings

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
