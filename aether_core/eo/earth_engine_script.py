"""A script for Earth Engine's Code Editor that exports a city's embedding as the dataset stores it.

It is for people who have an Earth Engine account and no public mirror in reach. What it writes is
read as it comes: one int8 GeoTIFF or several shards for each UTM zone, on the dataset's own pixels.
"""

import json
import math
import re
from dataclasses import dataclass

import shapely

from aether_core.eo.alphaearth import ATTRIBUTION, INT8_NODATA, INT8_SCALE, check_year
from aether_core.eo.mirror.zones import HALO_M, ZonePart, zone_parts
from aether_core.errors import InputError

_PIXEL_M = 10
_FILE_PIXELS = 4096
_CORNERS = 1000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True)
class Export:
    """One export task of the script.

    Attributes:
        name: Of the task and the beginning of its files' names.
        crs: Of its pixels, `EPSG:326xx` or `EPSG:327xx`.
        pixels: How many its rectangle has.
        files: Into how many files it is cut.
    """

    name: str
    crs: str
    pixels: int
    files: int


@dataclass(frozen=True)
class EarthEngineScript:
    """A script and what it will export.

    Attributes:
        text: JavaScript for the Code Editor.
        exports: A task a UTM zone.
    """

    text: str
    exports: tuple[Export, ...]


def earth_engine_script(
    boundary: shapely.MultiPolygon, year: int, name: str, *, halo_m: float = HALO_M
) -> EarthEngineScript:
    """Write the script for an area.

    Args:
        boundary: WGS84, checked as a city's.
        year: Year of the embedding.
        name: Beginning of the files' names: letters, digits, hyphens and underscores.
        halo_m: How far windows reach beyond the boundary, in metres.

    Raises:
        InputError: The year is none of the dataset's, or the name cannot begin a file's name there.
    """
    check_year(year)
    if not _NAME.fullmatch(name):
        raise InputError(
            "Earth Engine does not accept this file name",
            name,
            "use up to 80 letters, digits, hyphens and underscores",
            code="earth-engine-name-unusable",
        )
    parts = [_Part.of(part, f"{name}-{year}-{part.zone}") for part in zone_parts(boundary, halo_m)]
    zones = ",\n".join("  " + json.dumps(part.document(), sort_keys=True) for part in parts)
    text = _SCRIPT
    for key, value in {
        "@YEAR@": str(year),
        "@ZONES@": zones,
        "@ATTRIBUTION@": ATTRIBUTION,
        "@SCALE@": f"{INT8_SCALE:g}",
        "@NODATA@": str(INT8_NODATA),
        "@FILE_PIXELS@": str(_FILE_PIXELS),
    }.items():
        text = text.replace(key, value)
    return EarthEngineScript(text, tuple(part.export() for part in parts))


@dataclass(frozen=True)
class _Part:
    """What is exported in one zone; all numbers are whole metres of its CRS."""

    name: str
    crs: str
    outline: shapely.MultiPolygon
    west: int
    north: int
    columns: int
    rows: int

    @classmethod
    def of(cls, part: ZonePart, name: str) -> "_Part":
        outline = _light(part.outline)
        west, south, east, north = outline.bounds
        left, top = math.floor(west / _PIXEL_M) * _PIXEL_M, math.ceil(north / _PIXEL_M) * _PIXEL_M
        return cls(
            name=name,
            crs=f"EPSG:{part.epsg}",
            outline=outline,
            west=left,
            north=top,
            columns=math.ceil((east - left) / _PIXEL_M),
            rows=math.ceil((top - south) / _PIXEL_M),
        )

    def document(self) -> dict[str, object]:
        return {
            "name": self.name,
            "crs": self.crs,
            "crsTransform": [_PIXEL_M, 0, self.west, 0, -_PIXEL_M, self.north],
            "pixels": self.columns * self.rows,
            "outline": [
                [
                    [[int(x), int(y)] for x, y in ring.coords]
                    for ring in (part.exterior, *part.interiors)
                ]
                for part in self.outline.geoms
            ],
        }

    def export(self) -> Export:
        across = math.ceil(self.columns / _FILE_PIXELS)
        down = math.ceil(self.rows / _FILE_PIXELS)
        return Export(self.name, self.crs, self.columns * self.rows, across * down)


def _light(outline: shapely.Geometry) -> shapely.MultiPolygon:
    """Return an outline of few corners, in whole metres, that holds the one given."""
    tolerance = 0.0
    light = outline
    while shapely.get_num_coordinates(light) > _CORNERS:
        tolerance = max(2 * tolerance, float(_PIXEL_M))
        light = shapely.buffer(shapely.simplify(outline, tolerance), tolerance, quad_segs=1)
    whole = shapely.set_precision(shapely.buffer(light, 1, join_style="mitre"), 1.0)
    return shapely.MultiPolygon(
        [part for part in shapely.get_parts(whole) if part.geom_type == "Polygon"]
    )


_SCRIPT = """\
// AlphaEarth embedding of one area and year, exported as the dataset stores it.
// @ATTRIBUTION@
//
// 1. Paste this into a new script of the Earth Engine Code Editor and press Run.
// 2. Start each task of the Tasks tab; the files appear in the folder "aether" of your Drive.
// 3. Download all of them and give them, as they are, as the embedding of a city.

var YEAR = @YEAR@;
var ZONES = [
@ZONES@
];

// int8 as in the dataset's files: sign(v) * sqrt(|v|) * @SCALE@, @NODATA@ where there is no data.
function encode(image) {
  var levels = image.abs().sqrt().multiply(@SCALE@).round().min(127);
  return levels.multiply(image.signum()).unmask(@NODATA@, false).toInt8();
}

ZONES.forEach(function (zone) {
  var outline = ee.Geometry.MultiPolygon(zone.outline, zone.crs, false);
  var images = ee.ImageCollection('GOOGLE/SATELLITE_EMBEDDING/V1/ANNUAL')
    .filterDate(YEAR + '-01-01', (YEAR + 1) + '-01-01')
    .filterBounds(outline)
    .map(function (image) {
      return image.set('aether_crs', image.select(0).projection().crs());
    })
    .filter(ee.Filter.eq('aether_crs', zone.crs));
  print(zone.name + ': images found (none means no data of this year)', images.size());
  Export.image.toDrive({
    image: encode(images.mosaic().clip(outline)),
    description: zone.name,
    folder: 'aether',
    fileNamePrefix: zone.name,
    region: outline,
    crs: zone.crs,
    crsTransform: zone.crsTransform,
    maxPixels: zone.pixels + 100000000,
    fileDimensions: @FILE_PIXELS@,
    fileFormat: 'GeoTIFF',
    formatOptions: {cloudOptimized: true, noData: @NODATA@}
  });
});
"""
