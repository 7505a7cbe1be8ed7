"""Signing in with a provider of accounts: who is stated is let in, and nobody else."""

from collections.abc import Iterator
from dataclasses import dataclass
from time import time
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.app_fixtures import set_environment
from tests.ui.server.openid_provider import CLIENT, SECRET, Provider, provider
from ui.server.provider import provider_routes
from ui.server.sign_in import SignedInOnly, sign_in_routes
from ui.shell.signed_in import cookie_name
from workflows.accounts import gate
from workflows.accounts.accounts import SignInError, add_account, last_deeds, list_accounts, sign_in
from workflows.accounts.acting import Role
from workflows.accounts.gate import check_may_open
from workflows.home.store import Store, open_store

PORT = 8501
PAGE = {"Accept": "text/html"}
OTHER = RSAKey.generate_key(2048)
OTHER_ACCOUNT = "x" * 12


@dataclass
class Place:
    """The app, and the provider it trusts."""

    client: TestClient
    provider: Provider
    store: Store

    def leave(self, there: str = "/search?city=a") -> dict[str, str]:
        led = self.client.get("/sign-in/provider", params={"next": there})
        assert led.status_code == 303
        return self.provider.visited(led.headers["location"])

    def visit(self) -> Response:
        """A whole sign-in; the app's answer to who comes back."""
        return self.client.get("/sign-in/back", params=self.leave())  # type: ignore[return-value]

    def names(self) -> list[str]:
        return [one.name for one in list_accounts(self.store)]


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with provider() as known:
        yield known


@pytest.fixture
def place(store: Store, running: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    set_environment(store, monkeypatch)
    fresh = Provider(running.issuer, running.key)
    for name in ("claims", "signed_by", "header", "description"):
        setattr(running, name, getattr(fresh, name))
    for name, value in {
        "HOST": "0.0.0.0",  # noqa: S104
        "OIDC_ISSUER": running.issuer,
        "OIDC_CLIENT_ID": CLIENT,
        "OIDC_CLIENT_SECRET": SECRET,
        "OIDC_NAME": "City <Hall>",
        "OIDC_ROLES": "planners=analyst; cn=gis,o=x=admin",
        "NETWORK_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(f"AETHER_{name}", value)

    async def page(_request: Request) -> Response:
        return PlainTextResponse("the city")

    app = Starlette(
        routes=[
            *sign_in_routes("", PORT),
            *provider_routes("", PORT),
            Route("/{path:path}", page),
        ],
        middleware=[Middleware(SignedInOnly, base="", port=PORT)],
    )
    with TestClient(app, follow_redirects=False) as client:
        yield Place(client, running, store)


def test_who_is_stated_has_an_account_from_the_first_time_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(place.store, "berta-b-hm", OTHER_ACCOUNT)  # whose she is not
    check_may_open(open_store())  # nobody needs an account here before
    page = place.client.get("/sign-in", headers=PAGE).text
    assert "Sign in with City &lt;Hall&gt;" in page
    answer = place.visit()
    assert (answer.status_code, answer.headers["location"]) == (303, "/search?city=a")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert place.client.get("/search", headers=PAGE).text == "the city"
    asked = place.provider.asked
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == "http://testserver/sign-in/back"
    roles = {one.name: one.role for one in list_accounts(place.store)}
    assert roles == {"berta-b-hm": Role.ADMIN, "berta-b-hm-2": Role.VIEWER}
    for password in ("", OTHER_ACCOUNT):
        with pytest.raises(SignInError):
            sign_in(place.store, "berta-b-hm-2", password)

    monkeypatch.setattr(gate, "_LOOK_AGAIN_S", 0)
    for said, role in (
        (["planners", "others"], Role.ANALYST),
        ("cn=gis,o=x", Role.ADMIN),
        (["admin"], Role.VIEWER),
    ):
        place.provider.claims = {"roles": said}
        assert place.visit().status_code == 303
        assert {one.name: one.role for one in list_accounts(place.store)}["berta-b-hm-2"] is role
    assert len(place.names()) == 2
    assert last_deeds(place.store, 1)[0].who == "berta-b-hm-2"


NOW = int(time())
FORGED = {
    "issuer": {"claims": {"iss": "https://other.example"}},
    "audience": {"claims": {"aud": "another"}},
    "several audiences": {"claims": {"aud": [CLIENT, "another"]}},
    "another party": {"claims": {"azp": "another"}},
    "expired": {"claims": {"exp": NOW - 3600}},
    "no end": {"claims": {"exp": None}},
    "not yet": {"claims": {"iat": NOW + 3600}},
    "nonce": {"claims": {"nonce": "another"}},
    "no nonce": {"claims": {"nonce": None}},
    "no subject": {"claims": {"sub": None}},
    "subject": {"claims": {"sub": 7}},
    "key": {"signed_by": OTHER},
    "no signature": {"header": {"alg": "none"}},
    "signed by what is known": {
        "header": {"alg": "HS256"},
        "signed_by": OctKey.import_key(SECRET),
    },
    "description": {"description": {"issuer": "https://other.example"}},
    "no token address": {"description": {"token_endpoint": None}},
}


def test_a_statement_that_is_not_good_lets_nobody_in(place: Place) -> None:
    for name, forged in FORGED.items():
        answer = place.leave()
        for field, value in forged.items():
            setattr(place.provider, field, value)
        refused = place.client.get("/sign-in/back", params=answer)
        fresh = Provider(place.provider.issuer, place.provider.key)
        for field in forged:
            setattr(place.provider, field, getattr(fresh, field))
        assert refused.status_code == 403, name
        assert cookie_name(PORT) not in place.client.cookies, name
    assert place.names() == []
    assert place.visit().status_code == 303


def test_a_browser_that_was_not_sent_is_not_let_in(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def comes(**answer: str) -> int:
        return place.client.get("/sign-in/back", params=answer).status_code

    assert comes(code="the-code", state="x") == 403  # it carries nothing
    good = place.leave()
    assert comes(**{**good, "state": "another"}) == 403
    assert comes(**good) == 403  # what it carried was good for once
    good = place.leave()
    assert comes(state=good["state"], error="access_denied") == 403
    good = place.leave()
    assert comes(**{**good, "code": "another"}) == 403
    good = place.leave()
    monkeypatch.setattr(gate, "LEAVING_S", -1)
    assert comes(**good) == 403
    monkeypatch.undo()
    assert place.names() == []


def test_nobody_is_led_to_another_site_by_the_way(place: Place) -> None:
    answer = place.leave("https://evil.example/")
    assert place.client.get("/sign-in/back", params=answer).headers["location"] == "/"
    led = place.client.get("/search?a=b", headers=PAGE | {"Cookie": ""}).headers["location"]
    assert parse_qs(urlsplit(led).query)["next"] == ["/search?a=b"]


def test_a_provider_that_is_away_is_said_to_be(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AETHER_OIDC_ISSUER", "http://127.0.0.1:1")
    assert place.client.get("/sign-in/provider").status_code == 503


def test_who_signs_out_is_signed_out_at_the_provider_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "_LOOK_AGAIN_S", 0)

    def led_to() -> str:
        assert place.visit().status_code == 303
        led = place.client.get("/sign-out")
        assert place.client.get("/search").status_code == 401
        return str(led.headers["location"])

    assert led_to() == "/sign-in"  # the provider names no address for it
    place.provider.description = {"end_session_endpoint": f"{place.provider.issuer}/end?realm=a"}
    address = urlsplit(led_to())
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{place.provider.issuer}/end"
    assert {name: values[0] for name, values in parse_qs(address.query).items()} == {
        "realm": "a",
        "client_id": CLIENT,
        "post_logout_redirect_uri": "http://testserver/sign-in",
    }
    add_account(place.store, "anna", "correct horse battery")
    entered = {"name": "anna", "password": "correct horse battery"}
    assert place.client.post("/sign-in", data=entered).status_code == 303
    assert place.client.get("/sign-out").headers["location"] == "/sign-in"  # not the provider's
    assert place.visit().status_code == 303
    monkeypatch.setenv("AETHER_OIDC_ISSUER", "http://127.0.0.1:1")
    assert place.client.get("/sign-out").headers["location"] == "/sign-in"
    assert place.client.get("/search").status_code == 401
