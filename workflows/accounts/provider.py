"""Signing in with an organisation's own accounts: OpenID Connect, the code flow with PKCE.

The browser is sent to the provider with a state, a nonce and the hash of a secret, and comes back
with a code; the code and the secret are exchanged for a signed statement of who it is. Nothing the
browser brings is believed but that statement, and that only when signature, issuer, audience, times
and nonce are right.
"""

import json
import logging
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from aether_core.errors import AetherError, InputError
from aether_core.net import RemoteError, RequestPolicy, Web
from workflows.accounts.acting import Role
from workflows.home.settings import Settings

log = logging.getLogger("aether.sign_in")
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
"""Signatures by a key of the provider's own: none by a shared secret, none without any."""
_LEEWAY_S: Final = 60
_MOST_BYTES: Final = 1_000_000
_MOST_LETTERS: Final = 255
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_END: Final = "end_session_endpoint"


class ProviderError(AetherError):
    """The provider's answer lets nobody in; the reason is in the log."""

    code = "oidc-refused"
    exit_code = 2


@dataclass(frozen=True)
class Leaving:
    """Somebody on the way to the provider.

    Attributes:
        address: Where the browser goes.
        state: Comes back with the browser.
        nonce: Comes back in the statement.
        verifier: What the code can be exchanged with.
    """

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Stated:
    """Who somebody is, as the provider says.

    Attributes:
        issuer: The provider.
        subject: Its number of this person, which never changes.
        names: What they are called, the best first; none of them need be free here.
        role: By the provider's claims; None where the settings say nothing of them.
    """

    issuer: str
    subject: str
    names: tuple[str, ...]
    role: Role | None


def is_set_up(settings: Settings) -> bool:
    """Whether people sign in with a provider, too."""
    return settings.oidc_issuer is not None and settings.oidc_client_id is not None


def leave_for(settings: Settings, back: str) -> Leaving:
    """Where to send a browser to sign in.

    Args:
        settings: The installation's.
        back: Where the provider sends it afterwards; the provider knows this address.

    Raises:
        ProviderError: The provider's description cannot be used.
        OfflineError: It cannot be reached.
        RemoteError: It does not answer as it should.
    """
    known = _description(settings)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": settings.oidc_client_id,
        "redirect_uri": back,
        "scope": settings.oidc_scopes,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return Leaving(_with_query(known["authorization_endpoint"], asked), state, nonce, verifier)


def sign_out_address(settings: Settings, back: str) -> str | None:
    """Where a browser is sent to be signed out at the provider, too (RP-initiated logout 1.0).

    Args:
        settings: The installation's.
        back: Where the provider sends it afterwards; the provider knows this address.

    Returns:
        The address; None where the provider names none.

    Raises:
        ProviderError: The provider's description cannot be used.
        OfflineError: It cannot be reached.
        RemoteError: It does not answer as it should.
    """
    endpoint = _description(settings).get(_END)
    if endpoint is None:
        return None
    # No id_token_hint: it would have to be kept in the browser for as long as the visit.
    asked = {"client_id": settings.oidc_client_id, "post_logout_redirect_uri": back}
    return _with_query(endpoint, asked)


def who_came_back(settings: Settings, back: str, code: str, nonce: str, verifier: str) -> Stated:
    """Exchange a code for who it is.

    Args:
        settings: The installation's.
        back: The address of `leave_for`.
        code: As the browser brought it.
        nonce: That of `Leaving`.
        verifier: The same.

    Raises:
        ProviderError: The code or the statement is not good.
        OfflineError: The provider cannot be reached.
        RemoteError: It does not answer as it should.
    """
    known = _description(settings)
    asked = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "client_id": settings.oidc_client_id or "",
        "code_verifier": verifier,
    }
    if settings.oidc_client_secret is not None:
        asked["client_secret"] = settings.oidc_client_secret.get_secret_value()
    with _web(settings, known["token_endpoint"], known["jwks_uri"]) as web:
        answer = _exchanged(web, known["token_endpoint"], asked)
        keys = web.get(known["jwks_uri"], limit=_MOST_BYTES, accept="application/json")
    token = _object(answer).get("id_token")
    if not isinstance(token, str):
        raise refused("there is no id_token in the answer")
    claims = _checked(settings, token, _object(keys.body), nonce)
    return _stated(settings, claims)


def _exchanged(web: Web, address: str, asked: Mapping[str, str]) -> bytes:
    """What the provider gives for a code."""
    try:
        answer = web.post(
            address,
            content=urlencode(asked).encode(),
            content_type="application/x-www-form-urlencoded",
            limit=_MOST_BYTES,
        )
    except RemoteError as error:
        if error.answer.status in {400, 401, 403}:  # its body may repeat what was sent
            raise refused(f"the provider does not take the code or the client: {error}") from error
        raise
    return answer.body


def _checked(
    settings: Settings, token: str, keys: Mapping[str, Any], nonce: str
) -> Mapping[str, Any]:
    """The claims of a statement, all that makes it good looked at."""
    registry = jwt.JWTClaimsRegistry(
        leeway=_LEEWAY_S,
        iss={"essential": True, "value": str(settings.oidc_issuer)},
        sub={"essential": True},
        aud={"essential": True, "value": str(settings.oidc_client_id)},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        known = KeySet.import_key_set({"keys": list(keys["keys"])})
        claims = jwt.decode(token, known, algorithms=_ALGORITHMS).claims
        registry.validate(claims)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise refused(f"the id_token is not good: {error}") from error
    audience = claims["aud"]
    party = claims.get("azp")
    of_several = isinstance(audience, list) and len(audience) > 1
    if (of_several or party is not None) and party != settings.oidc_client_id:
        raise refused("the id_token is for another program")
    return claims


def _stated(settings: Settings, claims: Mapping[str, Any]) -> Stated:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 1 <= len(subject) <= _MOST_LETTERS:
        raise refused("the subject of the id_token is no text")
    wanted = (settings.oidc_name_claim, "preferred_username", "email", "name")
    names = tuple(str(claims[one]) for one in wanted if isinstance(claims.get(one), str))
    return Stated(str(settings.oidc_issuer), subject, names, _role(settings, claims))


def _role(settings: Settings, claims: Mapping[str, Any]) -> Role | None:
    """The greatest role that a claim stands for; a viewer's where it stands for none."""
    if not settings.oidc_roles:
        return None
    found: Any = claims
    for part in settings.oidc_role_claim.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    said = found if isinstance(found, list) else [found]
    given = [Role(role) for value, role in settings.oidc_roles if value in said]
    return max(given, key=list(Role).index, default=Role.VIEWER)


def _description(settings: Settings) -> Mapping[str, str]:
    """The provider's own description."""
    issuer = str(settings.oidc_issuer)
    with _web(settings, issuer) as web:
        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        found = _object(web.get(address, limit=_MOST_BYTES, accept="application/json").body)
    if found.get("issuer") != issuer:
        raise refused(f"the description is of another issuer, {found.get('issuer')}")
    if not all(isinstance(found.get(name), str) for name in _ENDPOINTS):
        raise refused("the description lacks an address")
    known = {name: str(found[name]) for name in _ENDPOINTS}
    return {**known, _END: str(found[_END])} if isinstance(found.get(_END), str) else known


def _with_query(endpoint: str, asked: Mapping[str, Any]) -> str:
    joined = "&" if "?" in endpoint else "?"
    return f"{endpoint}{joined}{urlencode(asked)}"


def _web(settings: Settings, *addresses: str) -> Web:
    try:
        return Web(
            addresses=addresses,
            allow_http=settings.network_allow_http,
            policy=RequestPolicy(attempts=1, silence_s=10.0),
        )
    except InputError as error:
        raise refused(str(error)) from error


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError as error:
        raise refused("an answer is no JSON") from error
    if not isinstance(found, dict):
        raise refused("an answer is no JSON object")
    return found


def refused(reason: str) -> ProviderError:
    """The error that lets nobody in; its reason goes to the log alone."""
    log.warning("sign-in by the provider refused: %s", reason)
    return ProviderError("the sign-in could not be completed; try again, or ask an administrator")
