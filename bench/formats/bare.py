"""The bare libraries: each writes rows of strings, and does nothing else."""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

Rows = Iterator[Sequence[str]]
BATCH = 1_000


def rows_of(lines: Path) -> Rows:
    """The rows of a file of JSON lists; reading them takes about two millionths of a second each."""
    decode = msgspec.json.Decoder(list[str]).decode
    with lines.open("rb") as file:
        yield from map(decode, file)


def to_csv(rows: Rows, path: Path) -> None:
    """By csv.writer."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def to_jsonl(rows: Rows, path: Path) -> None:
    """By json.dumps, a list a line."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def to_xlsx(rows: Rows, path: Path) -> None:
    """By XlsxWriter in constant memory."""
    from xlsxwriter import Workbook

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = Workbook(str(path), {"constant_memory": True, **options})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            sheet.write_string(number, column, text)
    book.close()


def to_parquet(rows: Rows, path: Path) -> None:
    """By pyarrow, all columns strings, in row groups of 50,000."""
    import pyarrow as pa
    from pyarrow import parquet

    first = next(rows)
    schema = pa.schema([(f"c{at}", pa.string()) for at in range(len(first))])
    with parquet.ParquetWriter(path, schema, compression="zstd", store_schema=False) as file:
        batches = [pa.RecordBatch.from_arrays([pa.array([one]) for one in first], schema=schema)]
        while batch := list(islice(rows, BATCH)):
            columns = [pa.array(column) for column in zip(*batch, strict=True)]
            batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
            if len(batches) >= 50:
                file.write_table(pa.Table.from_batches(batches, schema))
                batches = []
        if batches:
            file.write_table(pa.Table.from_batches(batches, schema))


def to_html(rows: Rows, path: Path) -> None:
    """By html.escape."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(f"<tr>{''.join(f'<td>{html.escape(one, quote=False)}</td>' for one in row)}</tr>\n")


def to_pdf(rows: Rows, path: Path) -> None:
    """By ReportLab's canvas: each text on one line, not wrapped, in an embedded font that has Latin letters alone."""
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    registerFont(TTFont("Vera", "Vera.ttf"))
    canvas = Canvas(str(path), pagesize=(842, 595))
    for number, row in enumerate(rows):
        if number % 60 == 0:
            canvas.showPage()
            canvas.setFont("Vera", 6.5)
        for column, text in enumerate(row):
            canvas.drawString(28 + 49 * column, 560 - 9 * (number % 60), text)
    canvas.save()


BARE: dict[str, Callable[[Rows, Path], None]] = {
    "csv": to_csv,
    "jsonl": to_jsonl,
    "json": to_jsonl,
    "xlsx": to_xlsx,
    "parquet": to_parquet,
    "pdf": to_pdf,
    "html": to_html,
}
