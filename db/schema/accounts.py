"""Who may sign in, in which groups, and who did what."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.schema.base import Base, created, new_id

_NONE = text("0")


class Account(Base):
    """Somebody who signs in, with a name and a password or with a provider.

    Attributes:
        name: In lower case.
        role: What they may do: `viewer`, `analyst` or `admin`.
        password_hash: By argon2id, with its salt and cost; empty where there is none.
        issuer: The provider who says whose account it is; none where a password does.
        subject: The provider's own number of them.
        epoch: Grows when whoever is signed in has to sign in again.
        failures: Wrong passwords in a row.
        failed_at: When the last of them was given.
        signed_in_at: When the account was used last.
    """

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[int] = new_id()
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str]
    issuer: Mapped[str | None]
    subject: Mapped[str | None]
    epoch: Mapped[int] = mapped_column(server_default=_NONE)
    failures: Mapped[int] = mapped_column(server_default=_NONE)
    failed_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = created()


class ApiKey(Base):
    """What a program shows instead of a name and a password. It goes with its account.

    Attributes:
        name: What it is for, unique among the account's keys.
        role: The most it may do; never more than its account may at that moment.
        digest: SHA-256 of the key, which is nowhere else: 256 random bits cannot be guessed, so a
            slow hash, as passwords need, would only cost time at each request.
        expires_at: From then on it is worth nothing.
        used_at: When it was used last, to the hour.
    """

    __tablename__ = "api_key"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    id: Mapped[int] = new_id()
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    name: Mapped[str]
    role: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = created()


class Group(Base):
    """Accounts and cities that belong together: nobody else sees these cities."""

    __tablename__ = "account_group"

    id: Mapped[int] = new_id()
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = created()


class GroupMember(Base):
    """An account in a group."""

    __tablename__ = "group_member"

    group_id: Mapped[int] = mapped_column(
        ForeignKey("account_group.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class GroupCity(Base):
    """A city in a group."""

    __tablename__ = "group_city"

    group_id: Mapped[int] = mapped_column(
        ForeignKey("account_group.id", ondelete="CASCADE"), primary_key=True
    )
    city_id: Mapped[int] = mapped_column(
        ForeignKey("city.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Deed(Base):
    """Something that somebody did. It outlives the account and what it was done to.

    Attributes:
        who: Name of the account, or `operator` for commands.
        action: What was done, such as "remove city".
        subject: To what.
    """

    __tablename__ = "deed"

    id: Mapped[int] = new_id()
    at: Mapped[datetime] = created()
    who: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
