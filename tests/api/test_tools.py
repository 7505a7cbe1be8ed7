"""What an assistant may ask, through the official client."""

import json
from typing import Any

import anyio
import pytest
from mcp import Client

from api.tools import TOOLS, server_for
from cli.__main__ import run
from tests.app_fixtures import SLUG, set_environment
from workflows.home.store import Store


def test_an_assistant_asks_and_gets_what_commands_print(
    module_store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_environment(module_store, monkeypatch)
    assert run(["mcp", "--json"]) == 2  # off unless it is switched on
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "mcp-off"

    told = anyio.run(conversation, module_store)
    assert set(told["tools"]) == set(TOOLS)
    assert run(["search", SLUG, "a night out", "--top", "2", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert told["search"]["results"] == printed["results"]
    assert told["search"]["support"] == printed["support"]
    assert [city["slug"] for city in told["cities"]] == [SLUG]
    assert "boundary" not in told["cities"][0]
    assert told["codes"] == ["no-such-city", "request-invalid", "request-invalid", "no-such-tool"]


async def conversation(store: Store) -> dict[str, Any]:
    """What a client is told."""
    async with Client(server_for(store)) as client:

        async def ask(name: str, **asked: Any) -> tuple[Any, bool]:
            answer = await client.call_tool(name, asked)
            return json.loads(answer.content[0].text), answer.is_error  # type: ignore[union-attr]

        refused = [
            await ask("show_city", city="nowhere"),
            await ask("search_city", city=SLUG, query="a park", colour="red"),
            await ask("change_in_city", city=SLUG, query="a park"),
            await ask("remove_city", city=SLUG),
        ]
        assert all(failed for _, failed in refused)
        found, failed = await ask("search_city", city=SLUG, query="a night out", top=2)
        assert not failed
        for name, asked in {
            "ask_city": {"question": "parks near shops"},
            "similar_cells": {"lon": found["results"][0]["lon"], "lat": found["results"][0]["lat"]},
            "rank_places": {"query": "pub"},
            "list_maps": {},
        }.items():
            assert not (await ask(name, city=SLUG, **asked))[1], name
        return {
            "tools": [tool.name for tool in (await client.list_tools()).tools],
            "cities": (await ask("list_cities"))[0],
            "search": found,
            "codes": [told["error"]["code"] for told, _ in refused],
        }
