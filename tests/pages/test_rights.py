"""What a role leaves open: no page offers somebody what would end in a refusal."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.app_fixtures import SLUG
from tests.pages.visit import open_page, open_popover, popovers
from workflows.accounts import acting
from workflows.accounts.acting import NotAllowedError, Person, Role, people_are_told_by
from workflows.home.store import Store
from workflows.jobs.job import list_jobs
from workflows.layers.layers import list_layers
from workflows.training.train import start_training

pytestmark = pytest.mark.usefixtures("no_worker")

PAGES = sorted(path.stem for path in Path("pages").glob("*.py"))
ADDRESSES = [(name, {}) for name in PAGES if name not in {"city", "search"}] + [
    ("city", {}),
    ("city", {"do": "fetch"}),
    ("city", {"do": "files"}),
    ("city", {"do": "many"}),
    ("search", {"q": "a night out"}),
]


@pytest.fixture
def viewer(kept: Store) -> Iterator[Store]:
    """Everybody is a viewer, and a training waits that somebody else has begun."""
    start_training(kept, SLUG)
    people_are_told_by(lambda: Person("vera", Role.VIEWER))
    yield kept
    people_are_told_by(acting._operator)


def blocks(block: Any, *, open_: bool = True) -> Iterator[tuple[Any, bool]]:
    """Every element under a block, with whether no disabled popover keeps it out of reach."""
    for child in block.children.values():
        if not hasattr(child, "children"):
            yield child, open_
            continue
        proto = getattr(child, "proto", None)
        shut = getattr(getattr(proto, "popover", None), "disabled", False)
        yield from blocks(child, open_=open_ and not shut)


def offered(visit: AppTest) -> list[str]:
    """Keys of the buttons that can be pressed."""
    every = [*blocks(visit.main), *blocks(visit.sidebar)]
    buttons = [
        one for one, within in every if within and one.type in {"button", "form_submit_button"}
    ]
    return [one.key for one in buttons if not one.disabled and one.key]


def trainings(store: Store) -> list[tuple[int, str]]:
    """What a viewer must not touch; reports and exports may come."""
    return [(one.job, one.state) for one in list_jobs(store, kinds=["train"])]


def test_a_viewer_is_offered_nothing_that_ends_in_a_refusal(
    viewer: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []
    told: Callable[..., None] = NotAllowedError.__init__

    def telling(self: NotAllowedError, *words: Any, **more: Any) -> None:
        refused.append(str(words))
        told(self, *words, **more)

    monkeypatch.setattr(NotAllowedError, "__init__", telling)
    jobs = trainings(viewer)
    layers = list_layers(viewer, SLUG)
    disabled: set[str] = set()
    for name, address in ADDRESSES:
        visit = open_page(name, city=SLUG, **address)
        for start in popovers(visit):
            if start.startswith(("Add", "How it was read")):
                open_popover(visit, start)
        disabled |= {
            one.key or one.label
            for one in visit.main.button
            if one.disabled and "role analyst" in (one.help or "")
        }
        for key in offered(visit):
            there = [one for one in visit.button if one.key == key]
            if there:  # a button before it may have taken it away
                there[0].click().run()
                assert not visit.exception, (name, key)
                assert not refused, (name, key)
    assert {"landuse-go", "shares-go", "add-go", "compare-go", "model-import"} <= disabled
    assert trainings(viewer) == jobs
    assert list_layers(viewer, SLUG) == layers
    people_are_told_by(acting._operator)
    assert "Start training" not in {one.label for one in open_page("train").button if one.disabled}
