"""What the API's description allows, and what it does not, at random: never a mistake of ours.

A hundred requests a test run, always the same ones. Thousands of others:

    .venv/bin/python -m pytest -n0 tests/api/test_any_request.py --hypothesis-profile=long
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import schemathesis
from hypothesis import given
from schemathesis.checks import not_a_server_error

from api.address import PATH
from tests.api.serving import app
from tests.app_fixtures import SLUG, set_environment
from workflows.home.store import Store

PROBLEM = "application/problem+json"
KNOWN = {"slug": SLUG, "collection": f"places.{SLUG}", "name": f"{SLUG}-1", "year": 2024}
"""What is there, for parts of addresses: at random none would be hit."""


@pytest.fixture
def served(module_store: Store) -> Iterator[Any]:
    """The API of a store without workers, as an operator sees it."""
    with pytest.MonkeyPatch.context() as patch:
        set_environment(module_store, patch)
        patch.setattr("workflows.jobs.job.ensure_worker", lambda *_: None)
        patch.setattr("workflows.jobs.queue.ensure_worker", lambda *_: None)
        yield app(module_store, required=False)


def test_no_request_is_a_mistake_of_ours(served: Any) -> None:
    schema = schemathesis.openapi.from_asgi(f"{PATH}/openapi.json", served)
    answered: dict[int, int] = {}

    @given(schema.as_strategy())
    def ask(case: Any) -> None:
        if len(repr(case.query)) % 2 and case.method != "DELETE":  # at random, and again the same
            case.path_parameters = {
                name: KNOWN.get(name, value) for name, value in (case.path_parameters or {}).items()
            }
        answer = case.call()
        case.validate_response(answer, checks=[not_a_server_error])
        # A client takes `..` out of an address, and a line break leads past the API's mount.
        path = unquote(urlsplit(answer.request.url).path)
        inside = path.startswith(f"{PATH}/") and path.isprintable()
        if inside and answer.status_code >= 400:
            assert answer.headers["content-type"][0] == PROBLEM, (path, answer.text)
            assert answer.json()["code"]
        answered[answer.status_code] = answered.get(answer.status_code, 0) + 1

    ask()
    assert {200, 404, 422} <= set(answered), answered
