"""Parquet: typed columns for engines that read them; what the report is stands in the file's metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from itertools import islice
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
from pyarrow import parquet

from ..report.result import Heading, Report
from .options import Options

ABOUT = "trailbook"
"""The key of the metadata that holds `{"report": …, "columns": […]}` as JSON."""

BATCH_ROWS = 200
"""Rows that are held as Python objects before they are put into columns."""
GROUP_ROWS, GROUP_BYTES = 50_000, 32 * 2**20
"""What a row group holds at most, give or take a batch."""

_json = msgspec.json.Encoder().encode


def write(report: Report, out: BinaryIO, options: Options) -> int:
    """Write the report as Parquet and return the number of its rows.

    Moments are instants in UTC to the microsecond (the zone is in the metadata), dates are dates, times of day are
    local ones, numbers are integers, `data` and `changes` are JSON, all else is text. The Arrow schema is left out, as
    readers other than Arrow stumble over its time zones.
    """
    shapes = [_shape(heading) for heading in report.headings]
    schema = pa.schema(
        [pa.field(heading.key, kind) for heading, (kind, _) in zip(report.headings, shapes, strict=True)]
    )
    written = 0
    with parquet.ParquetWriter(out, schema, compression="zstd", store_schema=False) as file:
        for group in _groups(report.values(), schema, [read for _, read in shapes]):
            file.write_table(group, row_group_size=group.num_rows)
            written += group.num_rows
        if options.header:
            file.add_key_value_metadata({ABOUT: _json(report.about()).decode()})
    return written


def _groups(
    rows: Iterator[Sequence[Any]], schema: pa.Schema, reads: Sequence[Callable[[Any], Any] | None]
) -> Iterator[pa.Table]:
    batches: list[pa.RecordBatch] = []
    held = size = 0
    while batch := list(islice(rows, BATCH_ROWS)):
        columns = [
            pa.array(column if read is None else map(read, column), field.type)
            for column, read, field in zip(zip(*batch, strict=True), reads, schema, strict=True)
        ]
        batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
        held += len(batch)
        size += batches[-1].nbytes
        if held >= GROUP_ROWS or size >= GROUP_BYTES:
            yield pa.Table.from_batches(batches, schema)
            batches, held, size = [], 0, 0
    if batches:
        yield pa.Table.from_batches(batches, schema)


def _shape(heading: Heading) -> tuple[pa.DataType, Callable[[Any], Any] | None]:
    """The type of a column, and what makes of a JSON value what goes into it (None: it goes in as it is)."""
    if heading.key == "time":
        return pa.time64("us"), time.fromisoformat
    match heading.kind:
        case "time":
            return pa.timestamp("us", "UTC"), lambda value: datetime.fromisoformat(value) if value else None
        case "date":
            return pa.date32(), date.fromisoformat
        case "number":
            return pa.int64(), None
        case "json":
            return pa.string(), lambda value: None if value is None else _json(value)
        case "text":
            return pa.string(), None
