"""What a delivery carries: files of the report as its recipient may see it, and the words around them."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from ..access.kept import Shelf
from ..directory.viewer import Viewer, sees_book
from ..errors import NotThere, Outdated
from ..render import FORMATS, Options
from ..render.chart import Drawing, of_report, plot
from ..render.counting import counted
from ..render.picture import png
from ..report import run as reporting
from ..report.clock import Clock, locale_named
from ..report.definition import from_dict
from ..report.result import Report, read_heads
from .base import Base
from .channel import Attachment, Message, Refused
from .deliveries import Delivery, FileSent
from .exports import CLEAR
from .files import Files, Made, files_needed, files_of
from .letter import Letter, first_rows, written
from .manifest import Manifest, manifest_of
from .reading import ask_as
from .recipients import Kind
from .runs import Run
from .schedules import Schedule, filled
from .tasks import TASKS, Claim, Task
from .webhook import MOST_FILES

_TEST = "This is a test. It was sent to you alone, who asked for it."
_encode = msgspec.json.Encoder(order="deterministic").encode


class Sheet(Struct, frozen=True):
    """A file of a run in one format, as one viewer may see it; deliveries with the same viewer share it."""

    id: str
    run: str
    format: str
    made: Made
    manifest: Manifest
    expires_at: datetime | None = None


SHEETS = Shelf("run_file", Sheet, owner=attrgetter("run"), expires_at=attrgetter("expires_at"))


class Sheets(Struct, frozen=True):
    """The report of a run as one viewer may see it, and its files."""

    report: Report
    files: tuple[tuple[Sheet, Path], ...]

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(sheet.made.bytes for sheet, _ in self.files)

    @property
    def sent(self) -> tuple[FileSent, ...]:
        """What is noted of the files."""
        return tuple(
            FileSent(sheet.format, sheet.made.rows, sheet.made.bytes, sheet.made.sha256) for sheet, _ in self.files
        )


def report_of(base: Base, run: Run, viewer: Viewer) -> Report:
    """The report of a run as `viewer` may see it: as of its due time, at the heads that were there when it ran.

    Raises NotAllowed for a column or condition that is hidden from them, and as `ask` does.
    """
    heads = {book: head for book, head in read_heads(run.heads).items() if sees_book(viewer, book)}
    found = ask_as(base, viewer, from_dict(run.definition), now=run.due_at, reader=base.store, heads=heads)
    return reporting.report(found)


def sheets_of(base: Base, held: Claim, run: Run, viewer: Viewer, formats: tuple[str, ...]) -> Sheets:
    """The report and its files, made now unless they are there. Raises as `report_of`, StoreError and Unreachable."""
    files = files_needed(base.settings)
    report = report_of(base, run, viewer)
    made = [_sheet(base, held, files, run, viewer, report, format) for format in formats]
    return Sheets(report, tuple((one, files.path(one.made.name)) for one in made))


def _sheet(
    base: Base, held: Claim, files: Files, run: Run, viewer: Viewer, report: Report, format: str
) -> Sheet:  # fmt: skip
    key, id = _key(viewer), _id(run, viewer, format)
    was = SHEETS.find(base.store, id, base.clock())
    if was is not None and _is_there(files, was.value.made):
        return was.value
    writer, token = FORMATS[format], base.randomness(4).hex()

    def write(out: BinaryIO) -> int:
        return writer.write(counted(report, lambda rows: held.check()), out, Options(fonts=base.settings.fonts))

    stem = f"{run.id}.{key}.{token}"
    # Kept before there is a file: whatever dies and however late it is made, it goes away.
    held.renew([TASKS.record(Task(CLEAR, stem, base.clock() + timedelta(days=base.settings.export_days)))])
    made = files.make(f"{stem}.{writer.suffix}", write)
    manifest = manifest_of(report, format, made, viewer=viewer, definition=from_dict(run.definition), saved=run.report)
    sheet = Sheet(id, run.id, format, made, manifest, run.expires_at)
    try:
        held.renew([SHEETS.record(sheet, was)])
    except Outdated:
        files.clear(stem)
        there = SHEETS.find(base.store, id, base.clock())
        if held.lost or there is None or not _is_there(files, there.value.made):
            raise
        return there.value  # Another delivery made the same at the same time, and was done first.
    return sheet


def kept_sheet(base: Base, run: Run, viewer: Viewer, format: str) -> tuple[Sheet, Path] | None:
    """The file of a run in this format as `viewer` may see it, as it was made; None if it has to be made anew."""
    files = files_of(base.settings)
    found = SHEETS.find(base.store, _id(run, viewer, format), base.clock())
    if files is None or found is None or not _is_there(files, found.value.made):
        return None
    return found.value, files.path(found.value.made.name)


def _id(run: Run, viewer: Viewer, format: str) -> str:
    """The one of all that may be seen alike."""
    return f"{run.id}.{_key(viewer)}.{format}"


def _key(viewer: Viewer) -> str:
    return hashlib.sha256(_encode(viewer)).hexdigest()[:16]


def _is_there(files: Files, made: Made) -> bool:
    try:
        files.path(made.name)
    except NotThere:
        return False
    return True


def message_of(base: Base, schedule: Schedule, run: Run, delivery: Delivery, to: str, sheets: Sheets) -> Message:
    """The message of a delivery. Raises Refused for files too large to attach for somebody who cannot sign in."""
    header = sheets.report.header
    values = placeholders(schedule, run, sheets.report)
    subject = filled(schedule.subject, values)
    linked = sheets.bytes > _most_bytes(base, schedule, delivery.recipient.kind)
    if linked and delivery.recipient.outside:
        raise Refused(
            f"The files have {sheets.bytes:,} bytes, more than may be attached, and a link needs an account.",
            place="attach_bytes",
            remedy="Narrow the report, send it to an account, or raise the bound.",
        )
    chart = _chart(sheets.report) if delivery.recipient.kind in ("account", "mail") else None
    labels, rows = first_rows([one.label for one in sheets.report.headings], sheets.report.texts())
    notes = [f"The first {len(rows)} of {header.available:,} rows."] if len(rows) < header.available else []
    if linked:
        notes.append("The files are too large to attach.")
    facts = [
        ("Report", header.title),
        ("Schedule", schedule.title),
        ("Period", f"{values['since']} – {values['until']}" if header.since or header.until else "All time"),
        ("Time zone", header.zone),
        ("As seen by", header.viewer),
        ("Rows", f"{header.rows:,}"),
    ]
    letter = Letter(
        subject,
        text=(*filled(schedule.text, values).split("\n\n"), _TEST if run.test else ""),
        facts=tuple((label, text) for label, text in facts if text),
        labels=labels,
        rows=rows,
        note=" ".join(notes),
        chart=f"{chart.title}: {chart.description}" if chart else "",
        link="" if delivery.recipient.outside else f"{base.settings.address}/deliveries/{delivery.id}",
        link_says="Download the files (you will be asked to sign in)" if linked else "See it in Trailbook",
    )
    text, html = written(letter)
    name = f"{header.title} {values['date']}"
    attached = tuple(
        Attachment(f"{name}.{FORMATS[sheet.format].suffix}", FORMATS[sheet.format].media_type, path)
        for sheet, path in sheets.files
        if not linked
    )
    data: dict[str, Any] = {
        "schedule": {"id": schedule.id, "title": schedule.title, "tenant": schedule.tenant},
        "due_at": run.due_at,
        "test": run.test,
        "manifests": [msgspec.to_builtins(sheet.manifest) for sheet, _ in sheets.files],
    }
    picture = png(chart, fonts=base.settings.fonts) if chart else None
    return Message(delivery.id, to, subject, text, html, picture, attached, data)


def _chart(report: Report) -> Drawing | None:
    """The chart of a grouped report; None of another, and of one whose groups have no rows."""
    figure = of_report(report)
    return None if figure is None else plot(figure, report.header.locale)


def _most_bytes(base: Base, schedule: Schedule, kind: Kind) -> float:
    """How large the files may be together to go with a message."""
    match kind:
        case "account" | "mail":
            return min(schedule.attach_bytes, base.settings.mail_attach_bytes)
        case "webhook":
            return MOST_FILES
        case "folder":
            return math.inf  # it has a bound of its own


def placeholders(schedule: Schedule, run: Run, report: Report) -> dict[str, str]:
    """What each placeholder stands for, as its zone and language write it."""
    header = report.header
    clock = Clock(schedule.place(), locale_named(header.locale))
    _, day, time = clock.show(run.due_at)
    return {
        "title": header.title,
        "schedule": schedule.title,
        "date": day,
        "time": time,
        "since": clock.show(header.since)[0] if header.since else "…",
        "until": clock.show(header.until)[0] if header.until else "…",
        "rows": f"{header.rows:,}",
    }
