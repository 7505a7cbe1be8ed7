"""What every test of a page has."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import local_script_runner

from tests.app_fixtures import SLUG, Once
from workflows.home.store import Store
from workflows.layers.layers import keep_layer
from workflows.search.search import search_cells


@pytest.fixture(scope="session", autouse=True)
def installed_components() -> Iterator[None]:
    """Installed packages are looked through for components once, not for each visit.

    A visit of `AppTest` reads the metadata of every package anew: half the time of most tests.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner,
            "scan_component_manifests",
            cache(manifest_scanner.scan_component_manifests),
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_scripts() -> Iterator[None]:
    """The scripts of the pages are compiled once, not for each visit."""
    compile_script = ScriptCache.get_bytecode

    @cache
    def compiled(path: str) -> Any:
        return compile_script(ScriptCache(), path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptCache, "get_bytecode", lambda _cache, path: compiled(path))
        yield


@pytest.fixture(scope="session", autouse=True)
def waiting_without_asking() -> Iterator[None]:
    """A visit waits for its script's thread to end, instead of asking it each millisecond."""
    ended = local_script_runner.require_widgets_deltas

    def wait(runner: local_script_runner.LocalScriptRunner, timeout: float = 3) -> None:
        assert runner._script_thread is not None
        runner._script_thread.join(timeout)
        ended(runner, 0.01)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_script_runner, "require_widgets_deltas", wait)
        yield


@pytest.fixture
def kept(app_environment: Store, once: Once) -> Store:
    """A store whose city has two saved searches."""

    def keep(store: Store) -> None:
        for query in ("a night out", "school"):
            keep_layer(store, search_cells(store, SLUG, query))

    once("two searches", app_environment, keep)
    return app_environment
