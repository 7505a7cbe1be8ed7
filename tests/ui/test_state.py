"""What every page of one visit shares."""

import pytest

from tests.embeddings_server import KEY
from ui.state import store
from workflows.store import Store


@pytest.mark.usefixtures("empty_environment")
def test_the_pages_store_is_opened_once_with_all_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    first = store()
    assert store() is first
    monkeypatch.setenv("AETHER_TEXT_ENCODER_KEY", KEY)
    other: Store = store()
    assert other is not first
    key = other.settings.text_encoder_key
    assert key is not None
    assert key.get_secret_value() == KEY
