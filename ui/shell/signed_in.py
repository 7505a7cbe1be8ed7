"""Who has signed in, where that is required."""

import html
import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import streamlit as st

from aether_core.errors import AetherError
from aether_core.language import _
from ui.shell import state
from ui.shell.routes import base
from workflows.accounts.accounts import SignedIn, end_sign_ins
from workflows.accounts.acting import NotAllowedError, Person
from workflows.accounts.gate import Gate, is_required
from workflows.accounts.provider import is_set_up, sign_out_address
from workflows.home.settings import read_settings

log = logging.getLogger("aether.sign_in")


def cookie_name(port: int) -> str:
    """Cookies go by host: two apps of one machine need two names."""
    return f"aether_signed_in_{port}"


@cache
def _gate(home: Path) -> Gate:
    return Gate(home)


def sign_in(name: str, password: str) -> str:
    """Sign somebody in; returns the token the browser carries from now on.

    Raises:
        SignInError: Name and password do not belong together, or too many were tried.
        StoreUnavailableError: The accounts cannot be asked.
    """
    return _gate(read_settings().home).sign_in(state.store(), name, password)


def leave(back: str, there: str) -> tuple[str, str]:
    """Send somebody to the provider; see `Gate.leave`."""
    settings = read_settings()
    return _gate(settings.home).leave(settings, back, there)


def come_back(back: str, carried: str | None, answer: Mapping[str, str]) -> tuple[str, str]:
    """Sign in somebody who comes back from the provider; see `Gate.come_back`."""
    return _gate(read_settings().home).come_back(state.store(), back, carried, answer)


def who(token: str | None) -> SignedIn | None:
    """Who carries a token; None where it is no longer good.

    Raises:
        StoreUnavailableError: The accounts cannot be asked.
    """
    if token is None:
        return None
    return _gate(read_settings().home).who(state.store(), token)


def sign_out(token: str | None, back: str) -> str | None:
    """Make the tokens of whoever carries this one good for nothing, on every machine.

    Args:
        token: As the browser carries it.
        back: Where the provider of accounts sends the browser afterwards.

    Returns:
        Where to send the browser to be signed out at the provider, too; None where it has signed in
        without, and where the provider does not answer or names no address for that.

    Raises:
        StoreUnavailableError: The accounts cannot be asked.
    """
    visitor, settings = who(token), read_settings()
    issuer = None if visitor is None else end_sign_ins(state.store(), visitor)
    if issuer is None or not is_set_up(settings) or issuer != settings.oidc_issuer:
        return None
    try:
        return sign_out_address(settings, back)
    except AetherError as error:
        log.warning("signed out here, not at the provider: %s", error)
        return None


def person() -> Person:
    """Who asks, in the thread that runs a visitor's page.

    Raises:
        NotAllowedError: Nobody is signed in.
    """
    found = who(st.context.cookies.get(cookie_name(int(st.get_option("server.port")))))
    if found is None:
        raise NotAllowedError("nobody is signed in any more; sign in again")
    return Person(found.name, found.role)


def visitor() -> SignedIn | None:
    """Who is signed in; None where nobody has to. A visit that goes on after its end is stopped.

    The server lets nobody in who is not signed in. A web socket that is open stays open, however,
    when somebody signs out, or an account is removed or its password changed.
    """
    if not is_required(read_settings()):
        return None
    port = int(st.get_option("server.port"))
    found = who(st.context.cookies.get(cookie_name(port)))
    if found is None:
        st.warning(_("You have been signed out."), icon=":material/logout:")
        st.html(f'<a href="{base()}/sign-in">{html.escape(_("Sign in"))}</a>')
        st.stop()
    return found


def show_visitor(visitor: SignedIn | None) -> None:
    """Say who is signed in, with the way out."""
    if visitor is not None:
        said = html.escape(
            _("Signed in as {name} ({role})", name=visitor.name, role=_(visitor.role))
        )
        st.sidebar.html(
            f'<p class="visitor"><span>{said}</span>'
            f'<a href="{base()}/sign-out">{html.escape(_("Sign out"))}</a></p>'
        )
