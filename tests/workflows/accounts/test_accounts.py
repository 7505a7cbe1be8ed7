"""Accounts: who gets in, who does not, and for how long."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from aether_core.errors import AetherError, ConflictError, InputError, NotFoundError
from tests.errors import fault
from workflows.accounts import accounts, gate
from workflows.accounts.accounts import FREE_FAILURES, SignInError
from workflows.accounts.gate import Gate
from workflows.home.settings import Settings
from workflows.home.store import Store

pytestmark = pytest.mark.usefixtures("cheap_passwords")
WORDS = "correct horse battery"
REFUSED, WAITS = fault("sign-in-refused"), fault("sign-in-too-often")


@pytest.fixture
def anna(module_store: Store) -> Store:
    """A store with one account."""
    with module_store.session() as session:
        session.execute(text("DELETE FROM account"))
    accounts.add_account(module_store, "Anna", WORDS)
    return module_store


def try_wrongly(store: Store, times: int) -> None:
    for _ in range(times):
        with pytest.raises(SignInError, check=REFUSED):
            accounts.sign_in(store, "anna", "another password")


def long_ago(store: Store, seconds: float) -> None:
    """Let the last wrong password be given so long ago."""
    with store.session() as session:
        then = datetime.now(UTC) - timedelta(seconds=seconds)
        session.execute(text("UPDATE account SET failed_at = :then"), {"then": then})


def test_the_right_password_lets_in_and_nothing_else_does(anna: Store) -> None:
    assert accounts.list_accounts(anna)[0].signed_in is None
    assert accounts.sign_in(anna, " ANNA ", WORDS).name == "anna"
    assert accounts.list_accounts(anna)[0].signed_in is not None
    for name, password in [
        ("anna", ""),
        ("anna", WORDS + "x"),
        ("anna", WORDS.upper()),
        ("nobody", WORDS),
        ("", ""),
        ("anna' OR '1'='1", WORDS),
        ("anna", "x" * 100_000),
    ]:
        with pytest.raises(SignInError, check=REFUSED):
            accounts.sign_in(anna, name, password)
    with anna.session() as session:
        (kept,) = session.execute(text("SELECT password_hash FROM account")).one()
    assert kept.startswith("$argon2id$")
    assert WORDS not in kept


def test_who_guesses_has_to_wait_longer_and_longer(anna: Store) -> None:
    try_wrongly(anna, FREE_FAILURES)
    with pytest.raises(SignInError, check=WAITS):
        accounts.sign_in(anna, "anna", WORDS)
    long_ago(anna, accounts.FIRST_WAIT_S + 1)
    try_wrongly(anna, 1)
    long_ago(anna, accounts.FIRST_WAIT_S + 1)
    with pytest.raises(SignInError, check=WAITS):
        accounts.sign_in(anna, "anna", WORDS)
    long_ago(anna, 2 * accounts.FIRST_WAIT_S + 1)
    assert accounts.sign_in(anna, "anna", WORDS).name == "anna"
    try_wrongly(anna, FREE_FAILURES)  # counted from none again


def test_no_wait_is_longer_than_the_longest(anna: Store) -> None:
    with anna.session() as session:
        session.execute(text("UPDATE account SET failures = 2000000000"))
    long_ago(anna, accounts.LONGEST_WAIT_S + 1)
    assert accounts.sign_in(anna, "anna", WORDS).name == "anna"


def test_names_and_passwords_that_are_not_taken(anna: Store) -> None:
    for name in ("", "a b", "ä", "-a", "a" * 65, "a/b"):
        with pytest.raises(InputError, check=fault("account-name-unusable")):
            accounts.add_account(anna, name, WORDS)
    for password in ("", "elevenchars", "x" * 1025):
        with pytest.raises(InputError, check=fault("password-length")) as refused:
            accounts.add_account(anna, "berta", password)
        assert not password or password not in str(refused.value)
    with pytest.raises(ConflictError, check=fault("account-exists")):
        accounts.add_account(anna, "ANNA", WORDS)
    for change in (
        lambda: accounts.remove_account(anna, "berta"),
        lambda: accounts.set_password(anna, "berta", WORDS),
    ):
        with pytest.raises(NotFoundError, check=fault("no-such-account")):
            change()
    assert [one.name for one in accounts.list_accounts(anna)] == ["anna"]


def test_a_token_is_good_until_the_account_changes(
    anna: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "_LOOK_AGAIN_S", 0)
    for home in ("a", "b"):
        (tmp_path / home).mkdir()
    ours, others = Gate(tmp_path / "a"), Gate(tmp_path / "b")
    token = ours.sign_in(anna, "anna", WORDS)
    known = ours.who(anna, token)
    assert known is not None
    assert known.name == "anna"
    assert Gate(tmp_path / "a").who(anna, token) == known  # another process of the app
    middle = len(token) // 2
    changed = "A" if token[middle] != "A" else "B"
    forged = token[:middle] + changed + token[middle + 1 :]
    for bad in (None, "", "x", token[:-1], forged, others.sign_in(anna, "anna", WORDS)):
        assert ours.who(anna, bad) is None
    accounts.set_password(anna, "anna", WORDS + "!")
    assert ours.who(anna, token) is None
    token = ours.sign_in(anna, "anna", WORDS + "!")
    assert ours.who(anna, token) is not None
    monkeypatch.setattr(gate, "SIGNED_IN_S", -1)
    assert ours.who(anna, token) is None
    monkeypatch.setattr(gate, "SIGNED_IN_S", 60)
    accounts.remove_account(anna, "anna")
    accounts.add_account(anna, "anna", WORDS)  # another account of that name
    assert ours.who(anna, token) is None


def test_the_key_is_its_owners_and_is_never_made_up_anew(tmp_path: Path) -> None:
    Gate(tmp_path)
    key = tmp_path / "secret"
    assert key.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    key.write_bytes(b"")
    with pytest.raises(AetherError, check=fault("secret-damaged")):
        Gate(tmp_path)


@pytest.mark.parametrize(
    ("host", "sign_in", "required"),
    [
        ("127.0.0.1", "auto", False),
        ("127.0.0.2", "auto", False),
        ("localhost", "auto", False),
        ("::1", "auto", False),
        ("127.0.0.1", "on", True),
        ("0.0.0.0", "auto", True),  # noqa: S104 - compared, not bound
        ("::", "auto", True),
        ("192.168.1.5", "auto", True),
        ("aether.example.org", "auto", True),
        ("", "auto", True),
    ],
)
def test_signing_in_is_required_where_others_reach_the_app(
    host: str, sign_in: str, required: bool
) -> None:
    settings = Settings.model_validate({"host": host, "sign_in": sign_in})
    assert gate.is_required(settings) == required


def test_nothing_is_opened_to_others_as_long_as_nobody_can_sign_in(anna: Store) -> None:
    wide = Store(anna.settings.model_copy(update={"host": "0.0.0.0"}), anna.url, anna.engine)  # noqa: S104
    gate.check_may_open(wide)
    accounts.remove_account(anna, "anna")
    gate.check_may_open(anna)
    with pytest.raises(InputError, check=fault("no-account", "0.0.0.0")):  # noqa: S104
        gate.check_may_open(wide)
