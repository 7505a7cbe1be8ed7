"""Features of a layer's view, or of a city's places, for maps elsewhere: as GeoJSON and as tiles.

Which rows and columns there are is said by a `Source`, which is made from rows of the store alone.
Nothing a visitor writes becomes SQL: numbers come as literals, names as identifiers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql
from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from db.columns.copy import driver
from db.layers.field_types import FIELD_TYPES
from db.layers.units import SPATIAL_UNITS
from db.layers.view import view_columns
from db.schema import Layer

Box = tuple[float, float, float, float]
_DECIMALS = 7
"""Of degrees: a centimetre."""
_MERCATOR = 3857
_AS_IT_IS = ("{column}", "{column}")
_OTHER_NAMES = ("other_names", "NULLIF({column}, '{{}}')", "NULL::text")
"""In GeoJSON as an object by language, null where there are none; a tile would carry them all."""
_TILE = sql.SQL("ST_TileEnvelope({}, {}, {})")


@dataclass(frozen=True)
class Source:
    """Where features come from.

    Attributes:
        rows: SQL of the rows: a table or view, and what limits it to one city.
        key: Column with the number of a feature, unique among the rows.
        columns: Columns that are told, each with SQL of it for GeoJSON and for tiles.
    """

    rows: sql.Composable
    key: str
    columns: Sequence[tuple[str, str, str]]

    def written(self) -> sql.Composable:
        """SQL of the columns for GeoJSON."""
        return self._told([(name, written) for name, written, _ in self.columns])

    def tiled(self) -> sql.Composable:
        """SQL of the columns for tiles."""
        return self._told([(name, tiled) for name, _, tiled in self.columns])

    @staticmethod
    def _told(columns: Sequence[tuple[str, str]]) -> sql.Composable:
        return sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(
                sql.SQL(made).format(column=sql.Identifier(name)), sql.Identifier(name)
            )
            for name, made in columns
        )


def layer_source(layer: Layer) -> Source:
    """The features of a layer: rows of its view."""
    unit = SPATIAL_UNITS[layer.spatial_unit]
    called = view_columns(layer)
    types = [(called[one["name"]], FIELD_TYPES[one["type"]]) for one in layer.fields]
    fields = [(name, kind.written, f"{{column}}{kind.tiled}") for name, kind in types]
    rows = sql.SQL("{} WHERE true").format(sql.Identifier(layer.view_name))
    return Source(rows, unit.id_column, [(unit.column, *_AS_IT_IS), *fields])


def place_source(city_id: int) -> Source:
    """A city's places."""
    rows = sql.SQL("poi WHERE city_id = {}").format(sql.Literal(city_id))
    told = ("name", "category", "group", "source")
    return Source(rows, "id", [*((name, *_AS_IT_IS) for name in told), _OTHER_NAMES])


def count(session: Session, source: Source, boxes: Sequence[Box]) -> int:
    """How many features lie in any of the boxes; in all of them where there is none."""
    statement = sql.SQL("SELECT count(*) FROM {} {}").format(source.rows, _within(boxes))
    row = driver(session).execute(statement).fetchone()
    return int(row[0]) if row else 0


def features(
    session: Session, source: Source, boxes: Sequence[Box], limit: int, offset: int
) -> list[str]:
    """Features as GeoJSON, each a text, in the order of their numbers.

    Args:
        session: In a transaction.
        source: Which.
        boxes: West, south, east, north; those that touch any of them. None: everywhere.
        limit: At most so many.
        offset: So many are passed over.
    """
    statement = sql.SQL("{} {} ORDER BY {} LIMIT {} OFFSET {}").format(
        _selected(source),
        _within(boxes),
        sql.Identifier(source.key),
        sql.Literal(limit),
        sql.Literal(offset),
    )
    return [str(row[0]) for row in driver(session).execute(statement)]


def feature(session: Session, source: Source, number: int) -> str:
    """One feature as GeoJSON.

    Raises:
        NotFoundError: There is none of that number.
    """
    statement = sql.SQL("{} AND {} = {}").format(
        _selected(source), sql.Identifier(source.key), sql.Literal(number)
    )
    row = driver(session).execute(statement).fetchone()
    if row is None:
        raise NotFoundError(
            "no such feature", number, "list them at /items", code="no-such-feature"
        )
    return str(row[0])


def tile(session: Session, source: Source, name: str, zoom: int, x: int, y: int) -> bytes:
    """A tile of the web's usual grid as a Mapbox vector tile; empty where nothing lies in it.

    Args:
        session: In a transaction.
        source: Which features.
        name: What the tile calls them.
        zoom: From 0, the whole world.
        x: From 0 in the west.
        y: From 0 in the north.
    """
    envelope = _TILE.format(*map(sql.Literal, (zoom, x, y)))
    statement = sql.SQL(
        "SELECT ST_AsMVT(drawn, {name}, 4096, 'geom', {number}) FROM ("
        "SELECT {key}, {columns}, "
        "ST_AsMVTGeom(ST_Transform(geom, {mercator}), {envelope}) AS geom "
        "FROM {rows} AND geom && ST_Transform({envelope}, 4326)"
        ") AS drawn WHERE geom IS NOT NULL"
    ).format(
        name=sql.Literal(name),
        number=sql.Literal(source.key),
        key=sql.Identifier(source.key),
        columns=source.tiled(),
        mercator=sql.Literal(_MERCATOR),
        envelope=envelope,
        rows=source.rows,
    )
    with driver(session).cursor(binary=True) as cursor:
        row = cursor.execute(statement).fetchone()
    return bytes(row[0]) if row else b""


def _selected(source: Source) -> sql.Composable:
    return sql.SQL(
        "SELECT json_build_object('type', 'Feature', 'id', {key}, "
        "'geometry', ST_AsGeoJSON(geom, {decimals})::json, "
        "'properties', (SELECT to_json(told) FROM (SELECT {columns}) AS told))::text FROM {rows}"
    ).format(
        key=sql.Identifier(source.key),
        decimals=sql.Literal(_DECIMALS),
        columns=source.written(),
        rows=source.rows,
    )


def _within(boxes: Sequence[Box]) -> sql.Composable:
    if not boxes:
        return sql.SQL("")
    touched = sql.SQL(" OR ").join(
        sql.SQL("ST_Intersects(geom, ST_MakeEnvelope({}, {}, {}, {}, 4326))").format(
            *map(sql.Literal, box)
        )
        for box in boxes
    )
    return sql.SQL("AND ({})").format(touched)
