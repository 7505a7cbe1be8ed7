"""An upload lies on the disk once it is there, and no longer in memory."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from workflows.accounts import acting
from workflows.accounts.acting import Person, Role

CONTENT = b"lon,lat\n" + b"24.9,60.1\n" * 1000


def page() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    from aether_core.errors import AetherError
    from ui.shell import uploads

    st.button("again")
    try:
        files = uploads.choose("Places", key="places", endings=["csv"])
    except AetherError as error:
        st.error(str(error))
        files = []
    context = get_script_run_ctx()
    assert context is not None
    kept = context.uploaded_file_mgr.file_storage.get(context.session_id, {})
    st.text(",".join(str(file) for file in files))
    st.text(sum(len(record.data) for record in kept.values()))


@pytest.fixture
def visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("AETHER_HOME", str(tmp_path))
    visit = AppTest.from_function(page).run()
    visit.file_uploader(key="places-upload").upload("../places.csv", CONTENT).run()
    return visit


def test_an_upload_is_written_once_and_let_go(visit: AppTest, tmp_path: Path) -> None:
    path, kept = (one.value for one in visit.text)
    assert Path(path).read_bytes() == CONTENT
    assert Path(path).parent.parent == tmp_path / "uploads"
    assert kept == "0"
    visit.button[0].click().run()
    assert visit.text[0].value == path
    assert Path(path).read_bytes() == CONTENT


def test_an_account_keeps_no_more_than_its_quota(
    visit: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AETHER_ACCOUNT_UPLOAD_MB", "1")
    monkeypatch.setattr(acting._Asking, "who", lambda: Person("anna", Role.ANALYST))
    for size, refused in ((600_000, False), (600_000, True), (300_000, False)):
        visit.file_uploader(key="places-upload").upload("places.csv", b"x" * size).run()
        assert bool(visit.error) is refused
        assert visit.text[1].value == "0"  # nothing is left in memory
    assert visit.text[0].value.endswith("places.csv")


def test_paths_of_the_server_are_offered_where_an_operator_allows_some(
    visit: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [one.label for one in visit.get("button_group")] == []
    monkeypatch.setenv("AETHER_SERVER_PATHS", str(tmp_path))
    (tmp_path / "places.csv").write_bytes(CONTENT)
    visit.run().get_by_key("places-way").set_value("Path on the server").run()
    visit.text_input(key="places-path").input(str(tmp_path / "places.csv")).run()
    assert visit.text[0].value == str(tmp_path / "places.csv")
    assert not visit.error
    visit.text_input(key="places-path").input("/etc/passwd").run()
    assert visit.text[0].value == ""
    assert len(visit.error) == 1
