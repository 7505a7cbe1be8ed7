"""POIs from any file a user may bring."""

from pathlib import Path

import geopandas as gpd

from aether_core.poi.fields import PoiFields, poi_columns
from aether_core.poi.frame import poi_frame
from aether_core.poi.osm.extract import PBF_SUFFIXES, read_osm_pois
from aether_core.reading import in_own_process
from aether_core.vector import DEFAULT_LIMITS, Limits, read_vector

_DEFAULT_FIELDS = PoiFields()


@in_own_process
def read_pois(
    path: str | Path,
    *,
    fields: PoiFields = _DEFAULT_FIELDS,
    crs: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> gpd.GeoDataFrame:
    """Read POIs from a vector file or an OpenStreetMap extract.

    Args:
        path: A local file: a vector file, or an extract ending in `.osm.pbf`.
        fields: Columns of name, category and group; what is not given is detected. OSM tag columns
            (`amenity`, `shop`, ...) are understood through the taxonomy.
        crs: The file's CRS where it does not say one.
        limits: Upper bounds on the file.

    Returns:
        Columns `source`, `source_id`, `name`, `category`, `group` (text, "" when missing) and
        `geometry` (WGS84 points; areas and lines become a point on them; None when missing), in
        the file's order.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be read, or a column is not there (names those that are).
    """
    if Path(path).suffix.lower() in PBF_SUFFIXES:
        return read_osm_pois(path, limits=limits)
    frame = read_vector(path, crs=crs, typed=False, limits=limits)
    columns = poi_columns(frame.drop(columns="geometry"), fields, Path(path).name)
    return poi_frame(columns, frame.geometry.to_numpy())
