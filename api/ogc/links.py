"""What both standards share: addresses, media types, faults in parameters."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import Response

from api.problems import ParameterError

ROOT: Final = "/ogc"
JSON: Final = "application/json"
GEOJSON: Final = "application/geo+json"
MVT: Final = "application/vnd.mapbox-vector-tile"
Name = Annotated[str, Path(max_length=500, description="Name of the collection.")]


class OgcRoute(APIRoute):
    """A route that answers 400 to a parameter that cannot be used, as the standards have it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own, with another class of error."""
        answer = super().get_route_handler()

        async def checked(request: Request) -> Response:
            try:
                return await answer(request)
            except RequestValidationError as error:
                first = error.errors()[0]
                where = ".".join(map(str, first["loc"]))
                raise ParameterError(where, first["msg"], "see the description") from error

        return checked


def address(request: Request, path: str = "") -> str:
    """The full address of something of this part of the API.

    Args:
        request: The address it was asked at tells where it is reached.
        path: Below this part of the API.
    """
    public: str | None = request.app.state.public_url
    host = public or f"{request.url.scheme}://{request.url.netloc}"
    return f"{host}{request.scope['root_path']}{ROOT}{path}"


def link(href: str, rel: str, kind: str = JSON, title: str | None = None) -> dict[str, str]:
    """A link as both standards write it."""
    plain = {"href": href, "rel": rel, "type": kind}
    return plain if title is None else {**plain, "title": title}
