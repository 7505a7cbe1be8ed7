"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest

# One core a test process: two that train at once would fight over the machine.
os.environ.setdefault("OMP_NUM_THREADS", "1" if "PYTEST_XDIST_WORKER" in os.environ else "2")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

pytest_plugins = ["tests.db_fixtures", "tests.app_fixtures", "tests.task_fixtures"]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with conformance and genuine data beside the checkout, where there is one."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "conformance").is_dir():
        pytest.skip(f"reference data not present: {folder} (see docs/data.md)")
    return folder
