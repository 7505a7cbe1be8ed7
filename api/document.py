"""The API's description as a page that needs no script, and nothing of another server."""

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment
from starlette.responses import HTMLResponse, Response

_TEMPLATE: Final = Environment(autoescape=True).from_string(
    Path(__file__).with_name("document.html").read_text(encoding="utf-8")
)
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}


def as_page(schema: dict[str, Any], base: str) -> Response:
    """The page.

    Args:
        schema: As OpenAPI has it.
        base: Where the API lies.
    """
    rooms: dict[str, list[dict[str, Any]]] = {}
    for path, verbs in schema["paths"].items():
        for method, verb in verbs.items():
            told = {"method": method.upper(), "path": f"{base}{path}", **verb}
            rooms.setdefault(verb.get("tags", ["other"])[0], []).append(told)
    text = _TEMPLATE.render(info=schema["info"], rooms=rooms, base=base, schemas=_schemas(schema))
    return HTMLResponse(text, headers=_HEADERS)


def _schemas(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Requests with their fields, by name."""
    found = schema["components"]["schemas"]
    return {name: one for name, one in found.items() if one.get("properties")}
