"""LibreOffice opens what is exported, and no cell became a formula; at full size only, as LibreOffice is big."""

from __future__ import annotations

import csv
import re
import subprocess
import zipfile
from pathlib import Path

from render.hostile import hostile
from size import FULL

from trailbook.render import FORMATS, Options
from trailbook.render.formulas import FORMULA_STARTS

ROWS = 10_000


def opened(tmp_path: Path, name: str) -> str:
    """The content of the flat document that LibreOffice makes of a file, with formulas where it took cells for some."""
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "ods"]
    subprocess.run([*command, "--outdir", tmp_path, tmp_path / name], check=True, timeout=580, capture_output=True)
    with zipfile.ZipFile((tmp_path / name).with_suffix(".ods")) as document:
        return document.read("content.xml").decode()


def assert_opens(tmp_path: Path, format: str) -> None:
    """What LibreOffice has opened holds all rows, the hostile ones as text."""
    name = f"report.{FORMATS[format].suffix}"
    report = hostile(ROWS)
    with (tmp_path / name).open("wb") as out:
        FORMATS[format].write(report, out, Options())
    content = opened(tmp_path, name)
    assert "table:formula" not in content
    assert "xlink:href" not in content
    assert "SUM(A1)" in content
    assert all(id in content for (id, *_) in report.texts())


if FULL:

    def test_a_workbook_opens_without_a_formula_or_a_link(tmp_path: Path) -> None:
        assert_opens(tmp_path, "xlsx")

    def test_csv_opens_without_a_formula(tmp_path: Path) -> None:
        assert_opens(tmp_path, "csv")


def test_what_would_be_a_formula_is_marked_in_both_before_it_is_opened(tmp_path: Path) -> None:
    report = hostile(200)
    path = tmp_path / "report.xlsx"
    for format in ("xlsx", "csv"):
        with path.with_suffix(f".{format}").open("wb") as out:
            FORMATS[format].write(report, out, Options())
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    cells = re.findall(r"<t xml:space=\"preserve\">(.)", sheet, re.DOTALL)
    assert len(cells) > 1_000
    assert not FORMULA_STARTS & set(cells)
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        assert not FORMULA_STARTS & {cell[:1] for row in csv.reader(file) for cell in row}
