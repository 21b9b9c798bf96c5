"""The texts in a file of any format, so that what must not be in it can be looked for."""

from __future__ import annotations

import io
import json
import zipfile

from papers import bare, read
from pyarrow import parquet


def unpacked(content: bytes) -> bytes:
    """The content as it is, or all that is packed in a workbook, a Parquet file or a PDF."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            return b"\n".join(map(file.read, file.namelist()))
    if content.startswith(b"PAR1"):
        file = parquet.ParquetFile(io.BytesIO(content))
        rows = json.dumps(file.read().to_pylist(), default=str, ensure_ascii=False).encode()
        return rows + b"\n".join((file.metadata.metadata or {}).values())
    if content.startswith(b"%PDF"):
        text = read(content)
        return f"{text}\n{bare(text)}".encode()
    return content
