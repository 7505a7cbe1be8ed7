"""An Overpass server: answers questions of the product's form from a handful of elements."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.public_server.messages import Reply, Request

TIMESTAMP = "2026-11-23T20:15:00Z"

_BOX = re.compile(r"\[bbox:([-\d.]+),([-\d.]+),([-\d.]+),([-\d.]+)\]")
_FILTER = re.compile(r'nwr\["([\w:]+)"(?:~"\^\(([\w|]+)\)\$")?\];')


def node(number: int, lon: float, lat: float, **tags: str) -> dict[str, Any]:
    """Return a node as Overpass prints it."""
    return {"type": "node", "id": number, "lat": lat, "lon": lon, "tags": tags}


def way(number: int, lon: float, lat: float, *, kind: str = "way", **tags: str) -> dict[str, Any]:
    """Return a way or relation as Overpass prints it with its centre."""
    return {"type": kind, "id": number, "center": {"lat": lat, "lon": lon}, "tags": tags}


@dataclass
class Overpass:
    """Handler for `PublicServer.handle`.

    Attributes:
        elements: All there is.
        patience_km: Height of a box above which it runs out of time.
        remark: Put into every answer where it is not "".
        asked: Boxes asked for: south, west, north, east.
        questions: The questions themselves.
    """

    elements: Sequence[dict[str, Any]]
    patience_km: float = float("inf")
    remark: str = ""
    asked: list[tuple[float, ...]] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        """Answer a question, or refuse what is none."""
        question = parse_qs(request.body.decode()).get("data", [""])[0]
        box = _BOX.search(question)
        if not (box and question.startswith("[out:json][timeout:") and "[maxsize:" in question):
            return Reply(b"<html>Error: parse error</html>", "text/html", 400)
        south, west, north, east = bounds = tuple(float(each) for each in box.groups())
        self.asked.append(bounds)
        self.questions.append(question)
        wanted = {
            key: values.split("|") if values else [] for key, values in _FILTER.findall(question)
        }
        found = [
            each
            for each in self.elements
            if south <= _at(each)["lat"] <= north
            and west <= _at(each)["lon"] <= east
            and any(
                key in each["tags"] and (not values or each["tags"][key] in values)
                for key, values in wanted.items()
            )
        ]
        if (north - south) * 111.32 > self.patience_km:
            remark = 'runtime error: Query timed out in "query" at line 1 after 91 seconds.'
            return _document(found[: len(found) // 2], remark)
        if "out count" in question:
            found = [{"type": "count", "id": 0, "tags": {"total": str(len(found))}}]
        return _document(found, self.remark)


def _at(element: dict[str, Any]) -> dict[str, float]:
    return element.get("center", element)


def _document(elements: list[dict[str, Any]], remark: str) -> Reply:
    document = {
        "version": 0.6,
        "generator": "Overpass API",
        "osm3s": {"timestamp_osm_base": TIMESTAMP, "copyright": "OpenStreetMap, ODbL"},
        "elements": elements,
    }
    return Reply(json.dumps(document | ({"remark": remark} if remark else {})).encode())
