"""Importing a file: its records through a map into the store, batch by batch, and what became of them."""

from __future__ import annotations

import gc
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Required, Self, TypedDict, Unpack

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ..errors import BadEvent, BadFile
from ..event.ids import stable_id
from ..event.model import Event
from ..masking.mask import mask_text
from ..store.ports import Appender, Receipt
from .accept import Batch, Context, Outcome, Rejected, accept_each, prepare, read
from .mapping import NATIVE, Mapping, UnknownType
from .read import Record, records
from .source import DEFAULT_BOUNDS, Bounds, Source, opened

BATCH = 10_000
_BATCH_BYTES = 16 << 20
_TICK = 1_000
_LONGEST_REJECT = 64 << 10
_LOOKED_AT = 1_000
_CONTAINERS = 100_000

Progress = Callable[[int, int, int], None]
"""Is told the bytes of the file that were read, those in all (0 if not known), and the records read."""
Deliver = Callable[[Iterable[Batch]], Iterator[Outcome]]
"""Takes batches to where they belong, one after the other, as `accept_each` does with a store."""


class How(TypedDict, total=False):
    """How a file is brought in; see `bring_file`."""

    now: Required[Callable[[], datetime]]
    rejects_path: str
    keep_rejects: bool
    progress: Progress | None
    batch: int
    bounds: Bounds


class ImportSummary(Struct, frozen=True):
    """What became of a file's records. A record may hold several events, so `read` need not be the sum of the rest.

    `unknown` counts records by type where no map is named for it; they are among the rejected.
    """

    read: int
    stored: int
    duplicates: int
    conflicts: int
    rejected: int
    unknown: dict[str, int]
    warnings: tuple[str, ...]
    seconds: float


class Preview(Struct, frozen=True):
    """An event of line `line` as it would be stored, or why it would be rejected."""

    line: int
    event: Event | None
    error: BadEvent | None


def import_file(path: str, mapping: Mapping, context: Context, appender: Appender, **how: Unpack[How]) -> ImportSummary:
    """Bring a file into a store; see `bring_file`. Raises BadFile and StoreError."""
    return bring_file(path, mapping, context, lambda batches: accept_each(batches, appender), **how)


def bring_file(
    path: str,
    mapping: Mapping,
    context: Context,
    deliver: Deliver,
    *,
    now: Callable[[], datetime],
    rejects_path: str = "",
    keep_rejects: bool = False,
    progress: Progress | None = None,
    batch: int = BATCH,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> ImportSummary:
    """Read `path` (`-` is standard input) through `mapping` and deliver what fits, `batch` events at a time.

    What does not fit goes to `rejects_path`, one JSON object a line with line, reason, field, remedy and the record,
    its secrets masked. The file is written over; if nothing was rejected there is none, or with `keep_rejects` an empty
    one where one was. Events have stable ids: after an interruption, or with a file that has grown, running again adds
    what is missing and counts the rest as duplicates. `now` is asked for each batch, and replaces
    `context.recorded_at`. Raises BadFile, after delivering what was read before the damage, and what `deliver` does.
    """
    started = now()
    mapping.notes.clear()
    with ExitStack() as stack:
        stack.enter_context(_rare_collections())
        source = stack.enter_context(opened(path, bounds))
        rejects = stack.enter_context(_Rejects(rejects_path, keep_rejects))
        importer = _Import(mapping, replace(context, make_id=context.make_id or stable_id), rejects, now)

        def told() -> Iterator[Record]:
            for record in records(source, mapping.csv, raw_lines=mapping.name == NATIVE):
                yield record
                if progress is not None and importer.read % _TICK == 0:
                    progress(source.done, source.total, importer.read)

        batches = importer.batches(told(), batch)
        # Who writes into a pipe may take a break: what came before it is to be in by then.
        outcomes = deliver(batches) if source.total else (one for each in batches for one in deliver((each,)))
        for outcome in outcomes:
            importer.settle(outcome)
        if progress is not None:
            progress(source.done, source.total, importer.read)
    count = importer.count
    return ImportSummary(
        read=importer.read,
        stored=count["stored"],
        duplicates=count["duplicate"],
        conflicts=count["conflict"],
        rejected=count["rejected"],
        unknown=dict(importer.unknown.most_common()),
        warnings=_warnings(mapping),
        seconds=(now() - started).total_seconds(),
    )


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for cycles rarely: a batch makes many containers that live until it is stored, and next to no cycle."""
    usual = gc.get_threshold()
    gc.set_threshold(_CONTAINERS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def dry_run(
    path: str, mapping: Mapping, context: Context, *, first: int = 5, bounds: Bounds = DEFAULT_BOUNDS
) -> tuple[list[Preview], tuple[str, ...]]:
    """The first events of a file as they would be stored, and warnings from its first thousand records.

    Nothing is stored. Raises BadFile.
    """
    with opened(path, bounds) as source:
        return previews(source, mapping, context, first=first)


def previews(
    source: Source, mapping: Mapping, context: Context, *, first: int = 5
) -> tuple[list[Preview], tuple[str, ...]]:
    """The same of a file that is open."""
    context = replace(context, make_id=context.make_id or stable_id)
    mapping.notes.clear()
    shown: list[Preview] = []
    for number, record in enumerate(records(source, mapping.csv), 1):
        for item in _items(record, mapping):
            if len(shown) < first:
                shown.append(_preview(record.line, item, context))
        if number == _LOOKED_AT:
            break
    return shown, _warnings(mapping)


def _preview(line: int, item: bytes | Event | BadEvent, context: Context) -> Preview:
    if isinstance(item, BadEvent):
        return Preview(line, None, item)
    try:
        return Preview(line, prepare(read(item, context), context).event, None)
    except BadEvent as error:
        return Preview(line, None, error)


def _items(record: Record, mapping: Mapping) -> Sequence[bytes | Event | BadEvent]:
    """The events of a record; those of Trailbook's own format are still bytes, since that way is faster."""
    if record.error is not None:
        return (record.error,)
    if mapping.name == NATIVE:
        return (record.raw,)
    try:
        return mapping.events(record.value)
    except BadEvent as error:
        return (error,)


def _warnings(mapping: Mapping) -> tuple[str, ...]:
    notes = [f"{count} × {note}" for note, count in mapping.notes.most_common()]
    if mapping.shipped:
        return tuple(notes)
    return (*notes, *(f"this path of the map never found a value: {path}" for path in mapping.unmatched()))


class _Import:
    """The state of one import: the batches that are under way, and the counts so far."""

    def __init__(self, mapping: Mapping, context: Context, rejects: _Rejects, now: Callable[[], datetime]) -> None:
        self.read = 0
        self.count: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self._mapping = mapping
        self._context = context
        self._rejects = rejects
        self._now = now
        self._items: list[bytes | Event] = []
        self._records: list[Record] = []
        self._under_way: deque[list[Record]] = deque()

    def batches(self, given: Iterable[Record], size: int) -> Iterator[Batch]:
        """What fits of the records, about so many events at a time. Raises BadFile after what comes before it."""
        waiting = 0
        try:
            for record in given:
                self._take(record)
                waiting += len(record.raw)
                if len(self._items) >= size or (self._items and waiting >= _BATCH_BYTES):
                    yield self._batch()
                    waiting = 0
        except BadFile:
            if self._items:
                yield self._batch()
            raise
        if self._items:
            yield self._batch()

    def settle(self, outcome: Outcome) -> None:
        """Count what became of the batch that has been under way for longest."""
        for record, result in zip(self._under_way.popleft(), outcome.results, strict=True):
            if isinstance(result, Rejected):
                self._reject(record, result.error)
            else:
                self.count[result.status] += 1
                if result.status == "conflict":
                    self._rejects.write(record, _conflict(result))

    def _take(self, record: Record) -> None:
        """Put the events of a record into the batch, or reject them."""
        self.read += 1
        for item in _items(record, self._mapping):
            if isinstance(item, BadEvent):
                if isinstance(item, UnknownType):
                    self.unknown[item.type] += 1
                self._reject(record, item)
            else:
                self._items.append(item)
                self._records.append(record)

    def _batch(self) -> Batch:
        """The batch that was filled; the next one is empty."""
        batch = self._items, replace(self._context, recorded_at=self._now())
        self._under_way.append(self._records)
        self._items, self._records = [], []
        return batch

    def _reject(self, record: Record, error: BadEvent) -> None:
        self.count["rejected"] += 1
        self._rejects.write(record, error)


def _conflict(receipt: Receipt) -> BadEvent:
    where = f"in the book {receipt.book!r}" if receipt.book else "there"
    return BadEvent(
        f"An event with this id, {receipt.id}, is {where} with other contents, "
        "or was stored with other mask settings than now.",
        place="id",
        remedy="Give it an id of its own, if it is another event; what is stored is never changed.",
    )


class _Rejects:
    """The rejects file, made when the first record is rejected; only its owner may read it."""

    def __init__(self, path: str, keep: bool) -> None:
        self._path = path
        self._keep = keep
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        elif self._path and not self._keep:
            Path(self._path).unlink(missing_ok=True)
        elif self._path and Path(self._path).is_file():
            os.truncate(self._path, 0)

    def write(self, record: Record, error: BadEvent) -> None:
        """Add a record with what is wrong with it. Raises BadFile."""
        if not self._path:
            return
        text = record.raw[:_LONGEST_REJECT].decode(errors="replace")
        row = {
            "line": record.line,
            "reason": error.problem,
            "field": error.place,
            "remedy": error.remedy,
            "record": mask_text(text) + ("…" if len(record.raw) > _LONGEST_REJECT else ""),
        }
        try:
            if self._file is None:
                self._file = os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
            self._file.write(msgspec.json.encode(row) + b"\n")
        except OSError as problem:
            raise BadFile(
                f"The rejects file cannot be written: {problem.strerror}.",
                place=self._path,
                remedy="Name another place for it.",
            ) from None
