"""Several mirrors of AlphaEarth: the first that serves, and another when it ceases to."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from aether_core.errors import AetherError, InputError
from aether_core.net import OfflineError, RemoteError
from tests.errors import fault
from tests.fetch_fixtures import REQUEST, SLUG
from tests.public_server.server import Fault, PublicServer
from tests.public_server.whole import MIRROR, World, serve
from workflows.cities.cities import show_city
from workflows.fetch.estimate import estimate_fetch
from workflows.fetch.fetch import add_fetch, show_fetch
from workflows.fetch.mirrors import first_that_serves
from workflows.fetch.servers import mirror_state, open_web
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out

pytestmark = pytest.mark.usefixtures("good_server")

NOBODY = "http://127.0.0.1:9/annual"
SMALL = replace(REQUEST, years=(2024,), pois="overture", ground=False)


@pytest.fixture(scope="module")
def other(world: World) -> Iterator[PublicServer]:
    """A second mirror of the same files."""
    with serve(world) as running:
        yield running


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aether_core.net.request_policy.RequestPolicy.pause_s", lambda *_: 0.0)


def with_mirrors(store: Store, *mirrors: str) -> Store:
    settings = store.settings.model_copy(update={"alphaearth_url": ", ".join(mirrors)})
    return replace(store, settings=settings)


@pytest.mark.parametrize(
    "trouble",
    [None, Fault("status", code=403), Fault("missing"), Fault("web_page"), Fault("hang_up")],
    ids=lambda one: one.kind if one else "offline",
)
def test_the_next_is_asked_where_the_first_does_not_serve(
    asking: Store, server: PublicServer, other: PublicServer, trouble: Fault | None
) -> None:
    first = NOBODY if trouble is None else other.url + MIRROR
    other.behave()
    if trouble is not None:
        other.misbehave(MIRROR, trouble, times=-1)
    store = with_mirrors(asking, first, server.url + MIRROR)
    assert estimate_fetch(store, SMALL, ask_servers=True).tiles > 0
    assert mirror_state(store.settings).answers


def test_what_a_mirror_lacks_is_its_answer(
    asking: Store, server: PublicServer, other: PublicServer
) -> None:
    other.behave()
    other.log.clear()
    store = with_mirrors(asking, server.url + MIRROR, other.url + MIRROR)
    with pytest.raises(InputError, check=fault("mirror-lacks-year", 2020)):
        estimate_fetch(store, replace(SMALL, years=(2020,)), ask_servers=True)
    assert not other.log


def test_a_mirror_that_ceases_to_serve_is_followed_by_the_next(
    asking: Store, server: PublicServer, other: PublicServer
) -> None:
    other.behave()
    store = with_mirrors(asking, NOBODY, other.url + MIRROR, server.url + MIRROR)
    estimate_fetch(store, SMALL, ask_servers=True)  # its files' headers are kept from here on
    other.misbehave(".tiff", Fault("status", code=403), method="GET", times=-1)
    fetch_id = add_fetch(store, SMALL).id
    carry_out(store, show_fetch(store, fetch_id).job)
    fetch = show_fetch(store, fetch_id)
    assert (fetch.state, fetch.error) == ("done", None)
    (source,) = (one for one in show_city(store, SLUG).sources if one["kind"] == "alphaearth")
    assert source["url"] == server.url + MIRROR
    assert any(one.status == 403 for one in other.log)


def test_of_all_that_fail_the_one_that_answered_is_told() -> None:
    failures: dict[str, AetherError] = {
        "a": OfflineError("a", "no connection"),
        "b": RemoteError("https://b", "refuses access", code="remote-refuses-access"),
        "c": RemoteError("https://c", "is broken", code="remote-busy-or-broken"),
    }

    def ask(mirror: str) -> None:
        raise failures[mirror]

    with pytest.raises(RemoteError, check=fault("remote-refuses-access")):
        first_that_serves(["a", "b", "c"], ask)
    with pytest.raises(OfflineError):
        first_that_serves(["a"], ask)


def test_a_token_is_for_one_mirror(asking: Store) -> None:
    store = with_mirrors(asking, "https://a.test/annual", "https://b.test/annual")
    settings = store.settings.model_copy(update={"alphaearth_token": SecretStr("secret")})
    with pytest.raises(InputError, check=fault("token-of-several-mirrors")) as raised:
        open_web(settings)
    assert "secret" not in str(raised.value)
