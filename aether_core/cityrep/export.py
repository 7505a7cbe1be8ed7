"""An embedding of ours as the benchmark takes it: a table of H3 cells and its manifest row."""

import io
import json
from collections.abc import Sequence

import h3.api.numpy_int as h3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

REGION_ID = "h3_id"


def region_table(cells: NDArray[np.uint64], vectors: NDArray[np.float32]) -> bytes:
    """Write vectors of H3 cells as the benchmark reads them.

    Args:
        cells: H3 indexes, uint64 `[m]`.
        vectors: Finite float32 `[m, d]`; the benchmark brings rows to length 1 itself.

    Returns:
        A Parquet file: `h3_id` as text, `e000` and so on as float32.
    """
    columns = {REGION_ID: pa.array([h3.int_to_str(cell) for cell in cells.tolist()])}
    columns |= {f"e{k:03}": pa.array(vectors[:, k]) for k in range(vectors.shape[1])}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, compression="zstd")
    return buffer.getvalue()


def region_description(
    *, model: str, city: str, file: str, resolution: int, dim: int, attribution: Sequence[str]
) -> bytes:
    """Write what the manifest's row of such a table says, but for the task it is used on.

    Args:
        model: Its name in the benchmark.
        city: The city, as we call it.
        file: Name of the table.
        resolution: Of its cells.
        dim: Length of its vectors.
        attribution: Whom the vectors are owed to.

    Returns:
        JSON.
    """
    row = {
        "model": model,
        "model_label": model,
        "city": city,
        "embedding_source_type": "region_table",
        "embedding_config": {
            "type": "region_table",
            "path": f"baselines/artifacts/{model}/{city}/{file}",
            "name": model,
            "region_id_col": REGION_ID,
            "region_type": "h3",
            "h3_resolution": resolution,
            "embedding_dim": dim,
        },
        "source_role": "native_h3_region_table",
        "alignment_policy": f"sample points are looked up by their H3 cell of level {resolution}",
        "available": True,
        "attribution": list(attribution),
    }
    return json.dumps(row, indent=2, ensure_ascii=False).encode() + b"\n"
