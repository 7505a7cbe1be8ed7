"""Passing words: said as text in a region that has them read out, and gone after a while."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from ui.shell import notice


def page() -> None:
    import streamlit as st

    from ui.shell import notice

    if st.button("Remove", key="remove"):
        notice.say("<b>Bay & Park</b> was removed.")
        st.rerun()
    notice.show()


def said(visit: AppTest) -> str:
    (one,) = visit.html
    return str(one.body)


def test_what_was_said_is_there_after_a_rerun_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    visit = AppTest.from_function(page).run()
    assert said(visit) == '<div class="notices" role="status"></div>'
    visit.button(key="remove").click().run()
    assert "<p>&lt;b&gt;Bay &amp; Park&lt;/b&gt; was removed.</p>" in said(visit)
    later = time.monotonic() + 60
    monkeypatch.setattr(notice.time, "monotonic", lambda: later)
    assert "removed" not in said(visit.run())
