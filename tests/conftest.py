"""Fixtures every test may use."""

import gc
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests.in_memory import write_in_memory

_MAIN = sys.modules["__main__"]
# Nothing of whoever runs the tests is theirs: no store, database, proxy or terminal.
for _name in list(os.environ):
    if _name.startswith(("AETHER_", "AWS_", "PG", "STREAMLIT_")) or _name.lower().endswith(
        "_proxy"
    ):
        del os.environ[_name]
for _name in ("COLUMNS", "FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS"):
    os.environ.pop(_name, None)
# Some hundred processes load the same modules: without their compiled form each compiles them anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# One thread a test process, which is set here before pytest-xdist starts any: with two threads
# each, spinning while they wait, two processes on two cores took ten times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["AETHER_BASEMAP_STYLE"] = "none"  # no test asks a server of somebody else
write_in_memory()
# Who asks for no home gets one of the session's, never the checkout's own.
os.environ["AETHER_HOME"] = str(Path(tempfile.gettempdir()) / f"aether-nobodys-{os.getpid()}")

pytest_plugins = [
    "tests.db_fixtures",
    "tests.app_fixtures",
    "tests.task_fixtures",
    "tests.layer_fixtures",
    "tests.year_fixtures",
    "tests.fetch_fixtures",
]

# The same examples every time, and no verdict on how fast a busy machine was.
settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", deadline=None, max_examples=20_000)
settings.load_profile("suite")

BROWSER = "tests/browser/"
LONG = ("browser", "workflows", "pages")
"""Folders whose tests take longest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process waits for the other at the end."""
    tests = Path(__file__).parent
    rank = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(tests).parts[0], len(LONG)))


def pytest_collection_finish() -> None:
    """Keep what was imported out of later collections, each of which takes a second otherwise."""
    gc.collect()
    gc.freeze()


class BrowsersOneByOne(LoadScopeScheduling):
    """Hands out files whole, and all journeys in a browser as one.

    Two of them at once, each drawn by software, leave each other no processor to answer a click.
    """

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> BrowsersOneByOne:
    return BrowsersOneByOne(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: Sequence[Any]) -> None:
    """Fork all test processes from one that has imported the tests."""
    from tests.fork_server import begin, xdist_python

    begin(config.invocation_params.args)
    for spec in specs:
        spec.python = xdist_python()


@pytest.fixture(scope="session", autouse=True)
def forked_workers() -> Iterator[None]:
    """Whoever sees to a worker in a test's process gets one that has loaded its libraries."""
    from tests.forked_workers import start_worker

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workflows.jobs.queue.start_worker", start_worker)
        yield


@pytest.fixture(scope="session", autouse=True)
def remembered_sentences(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What one process of the session asked the installation's encoder, none computes again."""
    from tests.made_once import common_folder
    from tests.remembered_sentences import FOLDER, RememberingEncoder

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER, str(common_folder(tmp_path_factory) / "sentences"))
        patch.setattr("workflows.encoders.encoders.MiniLMEncoder", RememberingEncoder)
        yield


@pytest.fixture(autouse=True)
def own_main() -> None:
    """Give a test's process its main module back.

    Streamlit's AppTest leaves the page there, and processes that are started afterwards run it:
    they opened a store, and a database, of their own.
    """
    sys.modules["__main__"] = _MAIN


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with conformance and genuine data beside the checkout, where there is one."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "conformance").is_dir():
        pytest.skip(f"reference data not present: {folder} (see docs/data.md)")
    return folder
