"""A report whose cells are as hostile as events may make them, for the round trips of all formats."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from trails import event, report_on

from trailbook.event.model import Change, Event, Initiator
from trailbook.report.result import Report

SCRIPTS = (
    "Zoë Ångström", "Ελένη Παππά", "Юлия Ёлкина", "עברית שלום", "العربية مرحبا", "हिन्दी नमस्ते", "বাংলা নমস্কার",
    "தமிழ் வணக்கம்", "ไทย สวัสดี", "ქართული გამარჯობა", "Հայերեն բարև", "漢字 日本語 かな", "한국어 안녕", "አማርኛ ሰላም",
)  # fmt: skip
"""Fourteen scripts."""

FORMULAS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "''=1", "'x", "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x.example","y")', " =1", "{=1}",
)  # fmt: skip

OTHERS = (
    "", " ", "<script>alert(1)</script>", "</td></tr></table>", "&amp;&#61;&lt;", "<r><t>markup</t></r>", "]]>",
    '","', '"', "_x0000_", "_x0000_x0000_", "_x005F_x0041_", "\x01\x08\x0b\x1f\x7f\x85\x9b31m", "a\r\nb\rc\nd",
    "\ufffe\uffff\ufeff",
    "\u202egpj.exe\u202c", "\u2028\u2029\u2066", "😀👩‍👩‍👧", "http://x.example",
    "mailto:x@y", "0012", "1e5", "TRUE", "2021-11-17", "e\u0301",
    "/*", "-->", "{{7*7}}", "${x}", "%s%n", "a" * 300,
)  # fmt: skip

LONG = ("x" * 32_767, "x" * 32_768, "=" + "y" * 40_000, "😀" * 16_384, "漢" * 33_000, "<" * 33_000)

ZONE = "Europe/Berlin"
_OVERLAP = datetime(2021, 10, 31, 0, 10, 7, 123_456, UTC)
_GAP = datetime(2021, 3, 28, 0, 59, 59, 999_999, UTC)
MOMENTS = (
    *(_OVERLAP + timedelta(minutes=30 * step) for step in range(5)),
    *(_GAP + timedelta(microseconds=step) for step in range(3)),
    datetime(2021, 11, 17, tzinfo=UTC), datetime(1899, 12, 31, 12, tzinfo=UTC),
    datetime(1900, 2, 28, 23, 30, tzinfo=UTC),
    datetime(1900, 3, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 1, UTC), datetime(2150, 6, 1, tzinfo=UTC),
)  # fmt: skip
"""Both hours of an overlap, both sides of a gap, and days that spreadsheets count differently or not at all."""


def events(rows: int) -> Iterator[Event]:
    """So many events, each with other texts at other moments; few are long."""
    texts = (*SCRIPTS, *FORMULAS, *OTHERS)
    for number in range(rows):
        text = texts[number % len(texts)]
        other = texts[(number * 7 + 3) % len(texts)]
        long = LONG[number // 50 % len(LONG)] if number % 50 == 0 else other
        yield event(
            number + 1,
            MOMENTS[number % len(MOMENTS)] + timedelta(microseconds=number // len(MOMENTS) * 1_000),
            initiator=Initiator("u1", text or "Ann", "acme", ip="85.223.209.22"),
            details=long or "-",
            data=({"text": text, "n": [1, None, 2.5, True]}, other, None, 5, [], {})[number % 6],
            changes={"field": Change(text, None), "other": Change({"a": 1}, other)} if number % 2 else {},
        )


def hostile(rows: int, **definition: object) -> Report:
    """The report of so many."""
    columns = [
        "id", "date_time", "initiator", "resource", "action", "details", "date", "time", "application", "ip", "tenant",
        "groups", "related", "data", "changes", "recorded_at", "position",
    ]  # fmt: skip
    return report_on(events(rows), **{"columns": columns, "zone": ZONE, **definition})
