"""What a visitor's role leaves open on the pages.

Nothing is hidden: whoever may not do something sees that it can be done, by whom, and whom to ask.
A control that leads to nothing else is disabled, and says so where the pointer rests on it; under
the button that ends a form it is written, too.
"""

from typing import TypedDict

import streamlit as st

from workflows.accounts.acting import Role, why_not


class Shown(TypedDict):
    """What a button or popover is drawn with."""

    disabled: bool
    help: str | None


def needing(role: Role, *, disabled: bool = False, help: str | None = None) -> Shown:  # noqa: A002
    """How a control is drawn that takes a role.

    Args:
        role: Least role that may do what it leads to.
        disabled: Whether it is disabled for everybody just now.
        help: What it says to those who may.
    """
    reason = why_not(role)
    return {"disabled": disabled or reason is not None, "help": reason or help}


def note(role: Role) -> None:
    """Write under a form's button why this visitor may not press it; nothing where they may."""
    reason = why_not(role)
    if reason is not None:
        st.caption(f":material/lock: {reason}")
