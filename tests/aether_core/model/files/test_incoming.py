"""Models from outside: every form they come in, and archives that are not to be trusted."""

import zipfile
from pathlib import Path

import pytest
import torch

from aether_core.errors import InputError, NotFoundError
from aether_core.model.files.card import (
    CARD_FILE,
    WEIGHTS_FILE,
    EmbeddingCard,
    EncoderCard,
    ModelCard,
)
from aether_core.model.files.folder import load_card, save_model
from aether_core.model.files.incoming import read_incoming, unpacked_model
from aether_core.model.files.published_layout import published_bytes
from aether_core.model.heads.heads import Heads, HeadShape
from tests.errors import fault


@pytest.fixture
def card() -> ModelCard:
    return ModelCard(
        name="town-1",
        city="town",
        recipe="aether",
        settings={},
        seed=1,
        device="cpu",
        encoder=EncoderCard(name="all-MiniLM-L6-v2", dim=384),
        embedding=EmbeddingCard(kind="raster", dim=64, year=2024, simulated=True),
        data_hashes={},
        pois_used=100,
        held_out=10,
        kept_epoch=2,
        losses={"first": 2.0},
        validation=None,
        versions={},
        created="2026-01-01T00:00:00+00:00",
    )


@pytest.fixture
def heads() -> Heads:
    torch.manual_seed(5)
    return Heads()


@pytest.fixture
def folder(tmp_path: Path, heads: Heads, card: ModelCard) -> Path:
    save_model(tmp_path / "town-1", heads, card)
    return tmp_path / "town-1"


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def same(one: Heads, other: Heads) -> bool:
    state = other.state_dict()
    return all(torch.equal(value, state[key]) for key, value in one.state_dict().items())


def test_every_form_gives_the_same_weights(tmp_path: Path, folder: Path, heads: Heads) -> None:
    weights = (folder / WEIGHTS_FILE).read_bytes()
    both = {WEIGHTS_FILE: weights, CARD_FILE: (folder / CARD_FILE).read_bytes()}
    pth = published_bytes(heads, "m")
    (tmp_path / "m.pth").write_bytes(pth)
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / WEIGHTS_FILE).write_bytes(weights)
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "town.pth").write_bytes(pth)
    card = load_card(folder)  # with the checksum of its weights, which are in another file here
    beside = card.model_copy(update={"weights_sha256": None})
    (tmp_path / "published" / CARD_FILE).write_bytes(beside.as_bytes())
    mac = {"__MACOSX/a/._" + WEIGHTS_FILE: b"", "__MACOSX/a/" + WEIGHTS_FILE: b""}
    forms = {
        folder: ("aether", card),
        folder / WEIGHTS_FILE: ("weights", None),
        tmp_path / "bare": ("weights", None),
        tmp_path / "m.pth": ("published", None),
        tmp_path / "published": ("published", beside),
        zipped(tmp_path / "flat.zip", both): ("aether", card),
        zipped(tmp_path / "deep.zip", {f"a/b/{k}": v for k, v in both.items()} | mac): (
            "aether",
            card,
        ),
        zipped(tmp_path / "pth.zip", {"x/best.pth": pth}): ("published", None),
    }
    for path, (layout, wanted) in forms.items():
        found = read_incoming(path)
        assert (found.layout, found.card, found.file) == (layout, wanted, path.name), path
        assert same(found.heads, heads)


def test_no_member_of_a_zip_is_placed_outside(tmp_path: Path, folder: Path) -> None:
    weights = (folder / WEIGHTS_FILE).read_bytes()
    evil = zipped(
        tmp_path / "evil.zip",
        {f"../../{WEIGHTS_FILE}": weights, "/etc/passwd": b"x", "..\\..\\evil.sh": b"x"},
    )
    before = sorted(tmp_path.rglob("*"))
    with unpacked_model(evil) as inside:
        assert [child.name for child in inside.iterdir()] == [WEIGHTS_FILE]
        assert not inside.is_relative_to(tmp_path)
    assert not inside.exists()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, ("folder-without-model",)),
        ({"readme.txt": b"x"}, ("folder-without-model",)),
        ({f"a/{WEIGHTS_FILE}": b"x", f"b/{WEIGHTS_FILE}": b"x"}, ("several-models", WEIGHTS_FILE)),
        ({"a.pth": b"x", "b.pth": b"x"}, ("several-models", ".pth")),
        ({f"{n}.txt": b"" for n in range(1001)}, ("zip-with-too-many-files", "1001")),
        ({WEIGHTS_FILE: bytes(65 * 1024**2)}, ("zip-unpacks-too-large", "68,157,440 bytes")),
    ],
)
def test_zips_that_hold_no_one_model_are_refused(
    tmp_path: Path, members: dict[str, bytes], said: tuple[str, ...]
) -> None:
    with pytest.raises(InputError, check=fault(*said, "bad.zip")):
        read_incoming(zipped(tmp_path / "bad.zip", members))


def test_a_damaged_zip_is_refused(tmp_path: Path, folder: Path) -> None:
    good = zipped(tmp_path / "m.zip", {WEIGHTS_FILE: (folder / WEIGHTS_FILE).read_bytes()})
    content = bytearray(good.read_bytes())
    (tmp_path / "cut.zip").write_bytes(content[:-30])
    content[len(content) // 2] ^= 1
    (tmp_path / "bit.zip").write_bytes(content)
    for name in ("cut.zip", "bit.zip"):
        with pytest.raises(InputError, check=fault("zip-unreadable", name)):
            read_incoming(tmp_path / name)


@pytest.mark.parametrize("shape", [HeadShape(text_dim=256), HeadShape(eo_dim=128)])
def test_a_card_beside_other_weights_is_refused(
    tmp_path: Path, card: ModelCard, shape: HeadShape
) -> None:
    save_model(tmp_path / "m", Heads(shape), card)
    with pytest.raises(InputError, check=fault("card-does-not-fit-weights", "m")):
        read_incoming(tmp_path / "m")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ('{"losses": {"first": NaN}}', ("card-not-json",)),
        ('{"losses": {"first": 1e999}}', ("card-number-not-finite",)),
        ('{"attribution": ["a\\u0000b"]}', ("card-text-unusable",)),
        ('{"attribution": ["\\ud800"]}', ("card-text-unusable",)),
        ('{"name": ""}', ("card-field-unusable", "name")),
        ('{"validation": {"candidates": 3}}', ("card-field-unusable", "validation.text_to_place")),
        ('{"encoder": {"name": "x"}}', ("card-field-unusable", "encoder.dim")),
        ("[" * 100_000, ("card-not-json",)),
        ('"' + "x" * 1_000_001 + '"', ("card-too-large",)),
    ],
)
def test_cards_the_store_could_not_hold_are_refused(
    folder: Path, raw: str, said: tuple[str, ...]
) -> None:
    whole = (folder / CARD_FILE).read_text().rstrip()
    # Of two fields of one name JSON's reader takes the last.
    text = f"{whole[:-1]}, {raw[1:]}" if raw.startswith("{") else raw
    (folder / CARD_FILE).write_text(text)
    with pytest.raises(InputError, check=fault(*said, CARD_FILE)):
        read_incoming(folder)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "m.onnx").write_bytes(b"x")
    (tmp_path / "zero.pth").touch()
    with pytest.raises(NotFoundError, check=fault("folder-without-model", "empty")):
        read_incoming(tmp_path / "empty")
    with pytest.raises(NotFoundError, check=fault("no-such-file", "gone.pth")):
        read_incoming(tmp_path / "gone.pth")
    with pytest.raises(InputError, check=fault("file-type-unknown", "m.onnx")):
        read_incoming(tmp_path / "m.onnx")
    with pytest.raises(InputError, check=fault("file-empty", "zero.pth")):
        read_incoming(tmp_path / "zero.pth")
