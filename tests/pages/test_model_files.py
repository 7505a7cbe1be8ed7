"""Train: take a model away as a file, bring one in."""

import io
import zipfile
from pathlib import Path

import pytest
import torch
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from aether_core.model.files.card import CARD_FILE, WEIGHTS_FILE
from aether_core.model.files.folder import weights_bytes
from aether_core.model.files.published_layout import published_bytes
from aether_core.model.heads.heads import Heads
from tests.app_fixtures import SLUG
from tests.pages.visit import open_page, words
from ui.shell import downloads
from workflows.home.store import Store
from workflows.training.model_files import export_model
from workflows.training.models import list_models


def bring(visit: AppTest, name: str, content: bytes) -> AppTest:
    """Upload a file and import it."""
    visit.file_uploader(key="model-import-0-upload").upload(name, content)
    visit.run()
    return visit.button(key="model-import").click().run()


def test_a_model_is_offered_in_both_formats(app_environment: Store) -> None:
    visit = open_page("train")
    assert [button.proto.label for button in visit.get("download_button")] == ["Download"]
    content = downloads.written(
        "m.zip", lambda path: export_model(app_environment, f"{SLUG}-1", path)
    )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sorted(archive.namelist()) == [
            f"{SLUG}-1/{WEIGHTS_FILE}",
            f"{SLUG}-1/{CARD_FILE}",
        ]
    visit.selectbox(key="model-export-format").select(".pth").run()
    assert not visit.error
    assert not visit.exception


def test_a_zip_is_brought_in_and_said_where_from(app_environment: Store) -> None:
    content = downloads.written(
        "m.zip", lambda path: export_model(app_environment, f"{SLUG}-1", path)
    )
    visit = bring(open_page("train"), "m.zip", content)
    assert not visit.error, visit.error[0].value
    assert f"Imported as {SLUG}-1-imported." in words(visit).replace("\\", "")
    assert list_models(app_environment, SLUG)[0].origin == "imported from m.zip"
    assert not list((app_environment.settings.home / "uploads").iterdir())


def test_a_published_file_is_brought_in_under_a_name(app_environment: Store) -> None:
    visit = open_page("train")
    visit.text_input(key="model-import-name-0").input("london")
    visit = bring(visit, "london_last.pth", published_bytes(Heads(), "m"))
    assert "Imported as london; text search is not available with it." in words(visit)
    assert list_models(app_environment, SLUG)[0].name == "london"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("m.zip", b"PK", "zip cannot be opened"),
        ("m.pth", b"\x80\x04", "damaged"),
        ("m.safetensors", weights_bytes(Heads(), "m")[:500], "damaged"),
    ],
)
def test_files_that_cannot_be_used_are_said_in_words(
    app_environment: Store, name: str, content: bytes, says: str
) -> None:
    visit = bring(open_page("train"), name, content)
    assert says in visit.error[0].value.replace("\\", "")
    assert len(list_models(app_environment, SLUG)) == 1
    assert not visit.exception


def test_a_city_without_a_model_can_be_given_one(app_environment: Store) -> None:
    with app_environment.session() as session:
        session.execute(text("DELETE FROM model"))
    visit = open_page("train")
    assert "No models yet." in words(visit)
    torch.manual_seed(1)
    visit = bring(visit, "heads.safetensors", weights_bytes(Heads(), "m"))
    assert [model.in_use for model in list_models(app_environment, SLUG)] == [True]
    assert not visit.exception


def test_weights_that_vanished_are_said_in_the_box(app_environment: Store) -> None:
    folder = Path(list_models(app_environment, SLUG)[0].folder)
    (folder / WEIGHTS_FILE).unlink()
    visit = open_page("train")
    assert "No weights found" in visit.error[0].value
    assert not visit.exception
