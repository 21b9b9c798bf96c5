"""PDFs for the tests: made of reports and of plain cells, and read back with poppler's programs."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image
from trails import report_on

from trailbook.render import pdf
from trailbook.render.options import Options
from trailbook.report.result import Heading, Report

SCRIPTS = {
    "Latin": "Grüße, señor Łukasz – naïve “quotes”, office",
    "Greek": "Καλημέρα κόσμε",
    "Cyrillic": "Привет, мир",
    "Armenian": "Բարեւ աշխարհ",
    "Georgian": "გამარჯობა მსოფლიო",
    "Devanagari": "नमस्ते दुनिया क्षत्रिय",
    "Bengali": "ওহে বিশ্ব",
    "Tamil": "வணக்கம் உலகம்",
    "Thai": "สวัสดีชาวโลก ที่นี่",
    "Ethiopic": "ሰላም ልዑል",
    "Chinese": "你好，世界",
    "Japanese": "こんにちは世界カタカナ",
    "Korean": "안녕하세요 세계",
    "Arabic": "مرحبا بالعالم",
    "Hebrew": "שלום עולם",
}
"""A greeting in each of fifteen scripts, the last two from right to left."""


def plain(rows: Sequence[tuple[str, ...]], labels: Sequence[str] = (), **definition: Any) -> Report:
    """A report of these cells, with columns C0, C1 and so on."""
    names = labels or [f"C{at}" for at in range(len(rows[0]))]
    headings = tuple(Heading(name, name, "text") for name in names)
    return Report(report_on([], **definition).header, headings, lambda: iter(rows), lambda row: row, lambda row: row)


def made(report: Report, **options: Any) -> bytes:
    """The report as a PDF."""
    out = io.BytesIO()
    pdf.write(report, out, Options(**options))
    return out.getvalue()


def read(paper: bytes, *arguments: str) -> str:
    """Its text as pdftotext reads it, in the order in which it is drawn unless asked otherwise; the file is sound."""
    command = ["pdftotext", *(arguments or ["-raw"]), "-", "-"]
    done = subprocess.run(command, input=paper, capture_output=True, check=True)
    assert done.stderr == b""
    # Marks of direction are pdftotext's own.
    return re.sub("[\u202a-\u202e]", "", done.stdout.decode())


def bare(text: str) -> str:
    """The text without any white space."""
    return re.sub(r"\s", "", text)


def pages(paper: bytes) -> list[str]:
    """The text of each page."""
    return read(paper).split("\f")[:-1]


def picture(paper: bytes, page: int = 1, dots: int = 150) -> Image.Image:
    """A page as it looks, in shades of grey."""
    done = subprocess.run(
        ["pdftoppm", "-png", "-gray", "-r", str(dots), "-f", str(page), "-l", str(page), "-"],
        input=paper, capture_output=True, check=True,
    )  # fmt: skip
    return Image.open(io.BytesIO(done.stdout))


@lru_cache
def font(name: str) -> Path:
    """The file of a font that the tests install."""
    return next(Path("/usr/share/fonts").rglob(name))
