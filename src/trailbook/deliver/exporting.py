"""Making the file of an export: as whoever asked for it may see it now, told how far it is, and ended when given up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from msgspec.structs import replace

from ..access import decide
from ..access.kept import Found
from ..access.model import Origin
from ..access.own import Doing
from ..access.present import present
from ..errors import DiskFull, Outdated, StoreError, TrailbookError
from ..render import FORMATS, Options
from ..render.counting import counted
from ..report import run
from ..report.definition import from_dict
from ..report.result import Report, read_heads
from ..store.ports import Record
from .base import Base
from .exports import CLEAR, EXPORTS, MANIFESTS, OPEN, Export, KeptManifest, made_event
from .files import Files, Made, files_needed
from .manifest import Manifest, manifest_of
from .reading import ask_as
from .tasks import TASKS, Claim, Stopping, Task

MOST_TRIES = 20
"""After so many times of not coming to its end, an export has failed."""
TOLD_EVERY = timedelta(seconds=1)
"""How often it is kept how far it is."""


def make(base: Base, held: Claim) -> None:
    """Make the file of the export that the task is about."""
    found = EXPORTS.find(base.store, held.task.subject, base.clock())
    if found is None or found.value.state not in OPEN:
        held.finish([_clearing(held.task.subject, base.clock())])
        return
    _Making(base, held, found, files_needed(base.settings)).run()


def clear(base: Base, held: Claim) -> None:
    """Remove what was made of the export, or for the delivery, that the task is about."""
    id = held.task.subject
    files_needed(base.settings).clear(id)
    manifest = MANIFESTS.find(base.store, id, base.clock())
    held.finish(removed=[manifest.record] if manifest else [])


def _clearing(id: str, at: datetime) -> Record:
    return TASKS.record(Task(CLEAR, id, at))


class _GivenUp(Exception):
    """Whoever asked for it wants it no longer."""


class _Making:
    """An export that is being made: how it was found, or kept last."""

    def __init__(self, base: Base, held: Claim, found: Found[Export], files: Files) -> None:
        self._base = base
        self._held = held
        self._found = found
        self._files = files
        self._told_at = base.clock()
        self._doing = Doing(None, Origin(), base.clock(), base.new_id)
        self._columns: list[str] = []

    def run(self) -> None:
        """Make it, and keep what became of it; nothing, if the claim is lost or it was given up."""
        try:
            self._try()
        except _GivenUp:
            self._held.finish([_clearing(self._found.value.id, self._base.clock())])

    def _try(self) -> None:
        try:
            if self._held.task.tries > MOST_TRIES:
                self._fail(f"It was begun {MOST_TRIES} times and did not come to its end.")
            else:
                self._make()
        except (_GivenUp, Outdated, Stopping):
            raise
        except TrailbookError as error:
            if isinstance(error, StoreError) and not isinstance(error, DiskFull):
                raise  # Another time it may work.
            self._fail(error.problem)
        except Exception:
            self._fail("Something went wrong here; the log of the service says where.")
            raise

    def _make(self) -> None:
        base, export, now = self._base, self._found.value, self._base.clock()
        caller = present(base.store, export.kind, export.by, now)
        self._doing = self._doing._replace(caller=caller)
        decide.require(caller, "export", now)
        viewer = decide.viewer(caller, now)
        definition = from_dict(export.definition)
        report = run.report(
            ask_as(
                base,
                viewer,
                definition,
                # Yesterday is the day before it was asked for, however long it waited.
                now=export.asked_at,
                reader=base.store,
                heads=read_heads(export.heads) if export.heads else None,
                also=from_dict(export.narrowed).condition(),
            )
        )
        self._columns = [heading.key for heading in report.headings]
        before, token = export.token, base.randomness(4).hex()
        self._change(state="running", token=token, viewer=viewer, started_at=now, rows=0, of=report.header.shown)
        if before:
            self._files.clear(f"{export.id}.{before}")
        made = self._written(report, f"{export.id}.{token}")
        manifest = manifest_of(
            report,
            export.format,
            made,
            viewer=viewer,
            definition=definition,
            narrowed=export.narrowed,
            saved=export.saved,
        )
        self._end(made, manifest)

    def _written(self, report: Report, stem: str) -> Made:
        export = self._found.value
        format = FORMATS[export.format]
        options = Options(bom=export.bom, paper=export.paper, fonts=self._base.settings.fonts)

        def write(out: BinaryIO) -> int:
            return format.write(counted(report, self._tell), out, options)

        return self._files.make(f"{stem}.{format.suffix}", write)

    def _tell(self, rows: int) -> None:
        self._held.check()
        if self._base.clock() - self._told_at >= TOLD_EVERY:
            self._change(rows=rows)

    def _change(self, **fields: Any) -> None:
        self._kept(lambda: self._held.renew([self._changed(**fields)]))
        self._found = self._again()
        self._told_at = self._base.clock()

    def _end(self, made: Made, manifest: Manifest) -> None:
        ended, expires_at = self._ended()
        fields = {"state": "done", "rows": made.rows, "made": made, "ended_at": ended, "expires_at": expires_at}

        def keep() -> None:
            done = self._changed(**fields)
            self._held.finish(
                [
                    done,
                    MANIFESTS.record(KeptManifest(self._found.value.id, manifest, expires_at)),
                    _clearing(self._found.value.id, expires_at),
                ],
                events=[made_event(EXPORTS.read(done).value, self._doing._replace(at=ended), self._columns)],
            )

        try:
            self._kept(keep)
        except Outdated:
            self._files.clear(made.name.rpartition(".")[0])
            raise
        # A worker that had lost its claim without knowing may have left one, and died.
        self._files.clear(self._found.value.id, but=made.name)

    def _fail(self, problem: str) -> None:
        ended, expires_at = self._ended()

        def keep() -> None:
            failed = self._changed(state="failed", error=problem, ended_at=ended, expires_at=expires_at)
            event = made_event(EXPORTS.read(failed).value, self._doing._replace(at=ended), self._columns)
            self._held.finish([failed, _clearing(self._found.value.id, ended)], events=[event])

        self._kept(keep)

    def _changed(self, **fields: Any) -> Record:
        return EXPORTS.record(replace(self._found.value, **fields), self._found)

    def _kept(self, keep: Callable[[], None]) -> None:
        """Keep it; once more, if the record is not as it was left but may be changed. Raises _GivenUp, Outdated."""
        try:
            keep()
        except Outdated:
            if self._held.lost:
                raise
            self._found = self._again()
            keep()

    def _again(self) -> Found[Export]:
        found = EXPORTS.find(self._base.store, self._found.value.id, self._base.clock())
        if found is None or found.value.state not in OPEN:
            raise _GivenUp
        return found

    def _ended(self) -> tuple[datetime, datetime]:
        now = self._base.clock()
        return now, now + timedelta(days=self._base.settings.export_days)
