"""What an assistant may ask the city by the Model Context Protocol: the verbs that only read."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Final, NamedTuple

import anyio
import anyio.to_thread
import mcp_types as protocol
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.search import (
    Ask,
    Change,
    Places,
    Search,
    Similar,
    answered,
    changed,
    likened,
    places_ranked,
    searched,
)
from workflows.accounts.acting import Person, Role, asked_by
from workflows.cities.cities import CitySummary, city_document, list_cities, show_city
from workflows.home.json_values import json_text
from workflows.home.store import Store
from workflows.home.unforeseen import in_plain_words, note
from workflows.layers.layers import layer_document, list_layers

ASSISTANT: Final = Person("assistant", Role.VIEWER)
"""Who asks: somebody who may look, whatever a tool does."""
_City = Annotated[str, Field(max_length=200, description="Short name of the city.")]


class Nothing(BaseModel):
    """A question without parts."""

    model_config = ConfigDict(extra="forbid")


class OfCity(Nothing):
    """A question about a city."""

    city: _City


class CitySearch(Search, OfCity):
    """A text query of a city."""


class CitySimilar(Similar, OfCity):
    """An example in a city."""


class CityAsk(Ask, OfCity):
    """A question to a city."""


class CityPlaces(Places, OfCity):
    """A query of a city's places."""


class CityChange(Change, OfCity):
    """A query of change in a city."""


class Tool(NamedTuple):
    """One tool.

    Attributes:
        about: What it does, for the assistant.
        asks: What it is asked with.
        tell: Answers.
    """

    about: str
    asks: type[BaseModel]
    tell: Callable[[Store, Any], Any]


def _short(city: CitySummary) -> dict[str, Any]:
    """A city without its outlines, which are long."""
    facts = city_document(city)
    for name in ("boundary", "footprint"):
        del facts[name]
    return facts


TOOLS: Final = {
    "list_cities": Tool(
        "List the cities that can be asked, with their years and sizes.",
        Nothing,
        lambda store, _: [_short(city) for city in list_cities(store)],
    ),
    "show_city": Tool(
        "Show one city: years, places, sources, model in use.",
        OfCity,
        lambda store, asked: _short(show_city(store, asked.city)),
    ),
    "ask_city": Tool(
        "Answer a question in words such as 'quiet streets near schools away from main roads': "
        "best cells first, with every part, and what was not understood.",
        CityAsk,
        lambda store, asked: answered(store, asked.city, asked),
    ),
    "search_city": Tool(
        "Rank a city's cells by how well they match a text; `support` says how far the data "
        "carries the words.",
        CitySearch,
        lambda store, asked: searched(store, asked.city, asked),
    ),
    "similar_cells": Tool(
        "Rank a city's cells by likeness to the cell at a point (WGS84).",
        CitySimilar,
        lambda store, asked: likened(store, asked.city, asked),
    ),
    "rank_places": Tool(
        "Rank a city's places (shops, stations, schools ...) by a text.",
        CityPlaces,
        lambda store, asked: places_ranked(store, asked.city, asked),
    ),
    "change_in_city": Tool(
        "Where a city has moved towards a text between two of its years, and beyond noise.",
        CityChange,
        lambda store, asked: changed(store, asked.city, asked),
    ),
    "list_maps": Tool(
        "List the maps that are kept of a city.",
        OfCity,
        lambda store, asked: [layer_document(one) for one in list_layers(store, asked.city)],
    ),
}
"""By name."""


def server_for(store: Store) -> Server[Any]:
    """A server of these tools, to be run on some transport.

    Args:
        store: What is asked.
    """

    async def list_tools(
        _context: ServerRequestContext[Any], _asked: protocol.PaginatedRequestParams | None
    ) -> protocol.ListToolsResult:
        reads = protocol.ToolAnnotations(read_only_hint=True)
        return protocol.ListToolsResult(
            tools=[
                protocol.Tool(
                    name=name,
                    description=one.about,
                    input_schema=one.asks.model_json_schema(),
                    annotations=reads,
                )
                for name, one in TOOLS.items()
            ]
        )

    async def call_tool(
        _context: ServerRequestContext[Any], asked: protocol.CallToolRequestParams
    ) -> protocol.CallToolResult:
        text, failed = await anyio.to_thread.run_sync(
            _called, store, asked.name, asked.arguments or {}
        )
        content = protocol.TextContent(type="text", text=text)
        return protocol.CallToolResult(content=[content], is_error=failed)

    return Server(
        "aether",
        title="Aether",
        instructions="Ask a city in plain words. Begin with list_cities.",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def serve_on_stdio(store: Store) -> None:
    """Serve the tools on standard input and output until the input ends.

    Args:
        store: What is asked.
    """

    async def run() -> None:
        server = server_for(store)
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())

    anyio.run(run)


def _called(store: Store, name: str, arguments: dict[str, Any]) -> tuple[str, bool]:
    """What a tool tells as JSON, and whether that is an error."""
    tool = TOOLS.get(name)
    if tool is None:
        return _fault("no-such-tool", f"no such tool: {name}; there are {', '.join(TOOLS)}")
    try:
        with asked_by(ASSISTANT):
            return json_text(tool.tell(store, tool.asks.model_validate(arguments))), False
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        told = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults]
        return _fault("request-invalid", "; ".join(told))
    except Exception as error:  # noqa: BLE001 - an assistant goes on asking after a defect of ours
        plain = in_plain_words(error)
        if plain is None:
            kept = note(error)
            return _fault("internal", f"an internal error{f' ({kept[1]})' if kept else ''}")
        return _fault(plain.code, str(plain))


def _fault(code: str, message: str) -> tuple[str, bool]:
    return json.dumps({"error": {"code": code, "message": message}}), True
