"""A server with one file, and a web that may ask it."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from aether_core.net import RequestPolicy, Web
from tests.public_server.server import PublicServer

QUICK = RequestPolicy(attempts=3, first_s=0.01, longest_s=2.0, silence_s=5.0)
DATA = random.Random(6).randbytes(600_000)  # noqa: S311 - any bytes do

MakeWeb = Callable[..., Web]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PublicServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "x.tiff").write_bytes(DATA)
    with PublicServer(folder) as running:
        yield running


@pytest.fixture
def make_web() -> Iterator[MakeWeb]:
    with ExitStack() as open_webs:

        def make(*addresses: str, policy: RequestPolicy = QUICK, **options: Any) -> Web:
            options = {"allow_http": True, **options}
            return open_webs.enter_context(Web(addresses=addresses, policy=policy, **options))

        yield make


@pytest.fixture
def web(server: PublicServer, make_web: MakeWeb) -> Web:
    return make_web(server.url)
