"""`mcp`: lets an assistant ask the city."""

from aether_core.errors import InputError


def mcp() -> None:
    """Let an assistant ask a city (Model Context Protocol).

    On standard input and output, for a program that starts it, such as an assistant on this
    machine; off unless AETHER_MCP=true.
    """
    from workflows.home.settings import read_settings

    if not read_settings().mcp:
        raise InputError(
            "asking by the Model Context Protocol is off",
            "AETHER_MCP",
            "set AETHER_MCP=true to let an assistant read what this home holds",
            code="mcp-off",
        )
    from api.tools import serve_on_stdio
    from workflows.home.store import open_store

    serve_on_stdio(open_store())
