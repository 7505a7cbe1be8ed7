"""GeoParquet 1.0, with the metadata as keys of the file's footer."""

from collections.abc import Mapping
from io import BytesIO
from typing import BinaryIO

import geopandas as gpd
import pyarrow.parquet as pq

from aether_core.export.values import text_metadata

_RESERVED = frozenset({"geo", "pandas", "ARROW:schema"})


def write_geoparquet(
    frame: gpd.GeoDataFrame, file: BinaryIO, metadata: Mapping[str, object]
) -> None:
    """Write a layer as GeoParquet (WKB, zstd). Lists stay lists.

    Raises:
        ValueError: A metadata key is one the format uses itself.
    """
    clash = _RESERVED & set(metadata)
    if clash:
        raise ValueError(f"Parquet gives these keys another meaning: {sorted(clash)}")
    # geopandas writes the geo metadata but takes none of ours: they are joined on the way.
    plain = BytesIO()
    frame.to_parquet(plain, index=False)
    plain.seek(0)
    table = pq.read_table(plain)
    ours = {key.encode(): text.encode() for key, text in text_metadata(metadata).items()}
    pq.write_table(
        table.replace_schema_metadata({**(table.schema.metadata or {}), **ours}),
        file,
        compression="zstd",
    )
