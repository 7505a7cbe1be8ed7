"""Models as files: what goes out comes back the same, what is refused leaves no trace."""

import json
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from aether_core.errors import ConflictError, DiskFullError, InputError, NotFoundError
from aether_core.model.files.card import CARD_FILE, WEIGHTS_FILE
from aether_core.model.files.folder import load_card, load_heads, save_model
from aether_core.model.files.published_layout import published_bytes
from aether_core.model.heads.heads import Heads, HeadShape
from db.evidence import models as model_rows
from tests.app_fixtures import SLUG, CityFiles
from tests.errors import fault
from workflows.cities.add import add_city
from workflows.home.store import Store
from workflows.search.search import search_cells, search_places, similar_cells
from workflows.tasks.arrays import task_city
from workflows.training.model_files import export_model, import_model
from workflows.training.models import list_models, use_model
from workflows.training.representation import model_for

NAME = f"{SLUG}-1"


def same(one: Heads, other: Heads) -> bool:
    state = other.state_dict()
    return all(torch.equal(value, state[key]) for key, value in one.state_dict().items())


def everything(store: Store) -> tuple[list[str], set[str]]:
    """Names of the models stored, and every path under the home's models."""
    home = store.settings.home
    return (
        sorted(model.name for model in list_models(store, SLUG)),
        {str(path.relative_to(home)) for path in (home / "models").rglob("*")},
    )


def bare(folder: Path, heads: Heads) -> Path:
    """A folder with weights and no card."""
    from aether_core.model.files.folder import weights_bytes

    folder.mkdir()
    (folder / WEIGHTS_FILE).write_bytes(weights_bytes(heads, "bare"))
    return folder


@pytest.mark.parametrize("layout", ["aether", "published"])
@pytest.mark.parametrize("target", ["out", "out.zip"])
def test_what_goes_out_comes_back_the_same(
    trained_store: Store, tmp_path: Path, layout: str, target: str
) -> None:
    (original,) = list_models(trained_store, SLUG)
    written = export_model(trained_store, NAME, tmp_path / target, layout=layout)
    weights = f"{NAME}.pth" if layout == "published" else WEIGHTS_FILE
    assert written.files == sorted([CARD_FILE, weights])
    model = import_model(trained_store, tmp_path / target, SLUG)
    assert model.name == f"{NAME}-imported"  # names of runs stay theirs
    assert same(load_heads(original.folder), load_heads(model.folder))
    assert (model.origin, original.origin) == (f"imported from {target}", "trained here")
    assert not model.in_use
    card, before = load_card(model.folder), load_card(original.folder)
    changed = {"name", "origin"}
    assert card.model_dump(exclude=changed) == before.model_dump(exclude=changed)
    assert card.origin
    assert (card.origin.name, card.origin.layout) == (NAME, layout)
    there = search_cells(trained_store, SLUG, "park")
    again = search_cells(trained_store, SLUG, "park", model=model.name)
    np.testing.assert_array_equal(there.score, again.score)
    assert import_model(trained_store, tmp_path / target, SLUG).name == f"{NAME}-imported2"


def test_a_published_file_answers_by_example_but_not_in_words(
    trained_store: Store, tmp_path: Path
) -> None:
    export_model(trained_store, NAME, tmp_path / "town.pth")
    model = import_model(trained_store, tmp_path / "town.pth", SLUG)
    assert (model.name, model.encoder, model.recipe) == ("town", "unknown", "unknown")
    assert model.answers_no_text
    use_model(trained_store, SLUG, "town")
    lon, lat = similar_cells(trained_store, SLUG, *_middle(trained_store)).lonlat[3]
    mine = similar_cells(trained_store, SLUG, lon, lat).score
    trained = similar_cells(trained_store, SLUG, lon, lat, model=NAME).score
    np.testing.assert_array_equal(mine, trained)
    for ask in (search_cells, search_places):
        with pytest.raises(InputError, check=fault("model-without-encoder", "town")):
            ask(trained_store, SLUG, "park")
    assert task_city(trained_store, SLUG).model == "town"


def test_weights_with_their_encoder_named_answer_in_words(
    trained_store: Store, tmp_path: Path
) -> None:
    heads = load_heads(list_models(trained_store, SLUG)[0].folder)
    model = import_model(
        trained_store,
        bare(tmp_path / "w", heads),
        SLUG,
        name="mine",
        encoder=_encoder(trained_store),
    )
    assert (model.name, model.encoder) == ("mine", _encoder(trained_store))
    there = search_places(trained_store, SLUG, "school", top=5)
    assert there == search_places(trained_store, SLUG, "school", top=5, model="mine")


def test_the_first_model_of_a_city_is_put_in_use(
    store: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    add_city(store, city_files.request())
    assert import_model(store, bare(tmp_path / "w", Heads()), SLUG).in_use
    assert not import_model(store, tmp_path / "w", SLUG, name="second").in_use


def test_a_model_of_another_city_brings_its_credits_and_not_its_grades(
    trained_store: Store, tmp_path: Path
) -> None:
    folder = export_model(trained_store, NAME, tmp_path / "m").path
    card = json.loads((folder / CARD_FILE).read_text())
    card |= {"city": "elsewhere", "attribution": ["Somebody's places"]}
    (folder / CARD_FILE).write_text(json.dumps(card))
    model = import_model(trained_store, folder, SLUG, name="foreign")
    assert model.card["validation"] is None
    assert model.card["city"] == "elsewhere"
    assert "Somebody's places" in model_for(trained_store, SLUG, "foreign").attribution
    assert "Somebody's places" in task_city(trained_store, SLUG, model="foreign").attribution


@pytest.mark.parametrize(
    ("options", "code", "facts"),
    [
        ({"name": "../evil"}, "model-name-unusable", ["../evil"]),
        ({"name": ""}, "model-name-unusable", []),
        ({"name": "tinytown-7"}, "model-name-kept-for-runs", ["tinytown-7", "try tinytown"]),
        (
            {"encoder": "text-embedding-3-large"},
            "encoder-contradicts-card",
            ["text-embedding-3-large"],
        ),
        ({"slug": "atlantis"}, "no-such-city", ["atlantis"]),
    ],
)
def test_requests_that_cannot_be_met_leave_no_trace(
    trained_store: Store, tmp_path: Path, options: dict[str, str], code: str, facts: list[str]
) -> None:
    folder = export_model(trained_store, NAME, tmp_path / "m").path
    before = everything(trained_store)
    with pytest.raises(InputError, check=fault(code, *facts)):
        import_model(trained_store, folder, **({"slug": SLUG} | options))
    assert everything(trained_store) == before


@pytest.mark.parametrize(
    ("shape", "encoder", "code", "facts"),
    [
        (HeadShape(eo_dim=128), None, "embedding-length-mismatch", [128, SLUG, 64]),
        (HeadShape(text_dim=1024), "own", "text-length-mismatch", [1024]),
        (
            HeadShape(),
            "text-embedding-3-large",
            "model-of-another-encoder",
            ["text-embedding-3-large"],
        ),
    ],
)
def test_models_that_do_not_go_with_the_city_are_refused(
    trained_store: Store,
    tmp_path: Path,
    shape: HeadShape,
    encoder: str | None,
    code: str,
    facts: list[object],
) -> None:
    before = everything(trained_store)
    named = _encoder(trained_store) if encoder == "own" else encoder
    with pytest.raises(InputError, check=fault(code, *facts)):
        import_model(trained_store, bare(tmp_path / "w", Heads(shape)), SLUG, encoder=named)
    assert everything(trained_store) == before


def test_a_card_of_another_encoder_names_both(trained_store: Store, tmp_path: Path) -> None:
    folder = export_model(trained_store, NAME, tmp_path / "m").path
    card = json.loads((folder / CARD_FILE).read_text())
    card["encoder"]["name"] = "glove"
    (folder / CARD_FILE).write_text(json.dumps(card))
    with pytest.raises(
        InputError, check=fault("model-of-another-encoder", "glove", _encoder(trained_store))
    ):
        import_model(trained_store, folder, SLUG)


def test_names_are_never_taken_twice(trained_store: Store, tmp_path: Path) -> None:
    folder = bare(tmp_path / "w", Heads())
    kept = import_model(trained_store, folder, SLUG, name="mine")
    with pytest.raises(ConflictError, check=fault("model-exists", "mine")):
        import_model(trained_store, bare(tmp_path / "v", Heads()), SLUG, name="mine")
    assert same(load_heads(kept.folder), load_heads(folder))


def _full(limit: int) -> tuple[int, int]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    return before


@pytest.mark.parametrize("target", ["out", "out.zip", "out.pth"])
def test_a_full_disk_leaves_nothing_of_an_export(
    trained_store: Store, tmp_path: Path, target: str
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    before = _full(300_000)
    try:
        with pytest.raises(DiskFullError, check=fault("disk-full")):
            export_model(trained_store, NAME, folder / target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(folder.iterdir()) == []


def test_a_full_disk_leaves_nothing_of_an_import(trained_store: Store, tmp_path: Path) -> None:
    folder = export_model(trained_store, NAME, tmp_path / "m").path
    before = everything(trained_store)
    limit = _full(300_000)
    try:
        with pytest.raises(DiskFullError, check=fault("disk-full")):
            import_model(trained_store, folder, SLUG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert everything(trained_store) == before


def test_an_import_that_the_store_refuses_leaves_no_files(
    trained_store: Store, tmp_path: Path
) -> None:
    folder = export_model(trained_store, NAME, tmp_path / "m").path
    before = everything(trained_store)
    with trained_store.session() as session:  # checked when the import commits, after its files
        session.execute(
            text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'refused'; END $$"
            )
        )
        session.execute(
            text(
                "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON model DEFERRABLE INITIALLY "
                "DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        )
    with pytest.raises(ProgrammingError, match="refused"):
        import_model(trained_store, folder, SLUG)
    assert everything(trained_store) == before


def test_folders_of_others_are_never_replaced(trained_store: Store, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    export_model(trained_store, NAME, mine)  # an empty folder is as good as none
    with pytest.raises(ConflictError, check=fault("folder-exists", mine)):
        export_model(trained_store, NAME, mine)
    export_model(trained_store, NAME, mine, layout="published", force=True)
    assert sorted(child.name for child in mine.iterdir()) == [CARD_FILE, f"{NAME}.pth"]
    (mine / "notes.txt").write_text("keep me")
    with pytest.raises(InputError, check=fault("folder-holds-other-things", "notes.txt")):
        export_model(trained_store, NAME, mine, force=True)
    assert (mine / "notes.txt").read_text() == "keep me"
    with pytest.raises(InputError, check=fault("no-such-output-folder", tmp_path / "no")):
        export_model(trained_store, NAME, tmp_path / "no" / "where")


@pytest.mark.parametrize(
    ("target", "layout", "code"),
    [("m", "onnx", "no-such-layout"), ("m.pth", "aether", "layout-not-for-output")],
)
def test_layouts_that_do_not_fit(
    trained_store: Store, tmp_path: Path, target: str, layout: str, code: str
) -> None:
    with pytest.raises(InputError, check=fault(code, layout)):
        export_model(trained_store, NAME, tmp_path / target, layout=layout)


def test_heads_without_a_part_do_not_go_out_in_the_published_layout(
    trained_store: Store, tmp_path: Path
) -> None:
    folder = bare(tmp_path / "w", Heads(HeadShape(post_mlp=False)))
    import_model(trained_store, folder, SLUG, name="ablated")
    with pytest.raises(InputError, check=fault("layout-cannot-hold-model", "ablated", "MLP")):
        export_model(trained_store, "ablated", tmp_path / "m.pth")
    assert not (tmp_path / "m.pth").exists()
    written = export_model(trained_store, "ablated", tmp_path / "m").path
    assert load_heads(written).shape == HeadShape(post_mlp=False)


def test_a_model_of_another_length_is_refused_where_it_is_used(trained_store: Store) -> None:
    (model,) = list_models(trained_store, SLUG)
    card = load_card(model.folder)
    shutil.rmtree(model.folder)
    written = save_model(model.folder, Heads(HeadShape(eo_dim=128)), card)
    with trained_store.session() as session:
        row = model_rows.model_by_name(session, model.name)
        row.card = written.model_dump(mode="json")
    for use in (
        lambda: search_cells(trained_store, SLUG, "park"),
        lambda: search_places(trained_store, SLUG, "park"),
        lambda: task_city(trained_store, SLUG),
    ):
        with pytest.raises(InputError, check=fault("embedding-length-mismatch", 128, 64)):
            use()


def test_a_model_whose_files_are_gone_says_so(trained_store: Store, tmp_path: Path) -> None:
    shutil.rmtree(list_models(trained_store, SLUG)[0].folder)
    with pytest.raises(NotFoundError, check=fault("no-such-weights")):
        search_cells(trained_store, SLUG, "park")
    with pytest.raises(NotFoundError, check=fault("no-such-weights")):
        export_model(trained_store, NAME, tmp_path / "m")


def test_a_published_file_with_other_dims_of_text_still_serves(
    trained_store: Store, tmp_path: Path
) -> None:
    (tmp_path / "t3l.pth").write_bytes(published_bytes(Heads(HeadShape(text_dim=1536)), "t3l"))
    model = import_model(trained_store, tmp_path / "t3l.pth", SLUG)
    assert len(similar_cells(trained_store, SLUG, *_middle(trained_store), model=model.name).score)


def _middle(store: Store) -> tuple[float, float]:
    found = search_cells(store, SLUG, "park", model=NAME)
    lon, lat = found.lonlat[len(found.lonlat) // 2]
    return float(lon), float(lat)


def _encoder(store: Store) -> str:
    return next(model.encoder for model in list_models(store, SLUG) if model.name == NAME)
