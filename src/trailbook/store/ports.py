"""What a store offers: narrow protocols and the values that pass through them. Every read takes a viewer."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

from ..directory.directory import Directory
from ..directory.model import Changes
from ..directory.viewer import Viewer
from ..event.canonical import Sealed
from ..event.model import Event, Kind, PartyKey
from ..query.tree import Condition

Order = Literal["newest", "oldest"]
Status = Literal["stored", "duplicate", "conflict"]
FACET_FIELDS = (
    "user", "group", "role", "tenant", "action", "resource", "app", "outcome", "ip", "book",
)  # fmt: skip
"""Fields whose most frequent values can be asked for; user, group, role and tenant are the initiator's."""


class Head(Struct, frozen=True):
    """A book's size and the RFC 6962 root over its events' canonical bytes, in order of position."""

    book: str
    size: int
    root: bytes


Heads = Mapping[str, Head]


SUBMISSION_BYTES = 8
"""How much of a submission's digest every store keeps: enough to tell a retry from a conflict."""


class Receipt(Struct, frozen=True, gc=False):
    """What became of one event of a batch. A conflict has nothing stored: the id is there with other contents."""

    id: str
    status: Status
    book: str
    position: int
    leaf_hash: bytes


class Row(Struct, frozen=True, gc=False):
    """A stored event: `key` orders rows (time first), `position` is its place in its book, from 0."""

    key: int
    position: int
    event: Event


class Page(Struct, frozen=True):
    """Some rows in the order asked for; `before` and `after` are cursors to the pages beside it, None at the ends."""

    rows: tuple[Row, ...]
    before: str | None
    after: str | None


class Dimension(Struct, frozen=True):
    """What a summary groups by: a name, the value that an event has in it, and the part of the event it looks at.

    `who`: nothing but the initiator (without ip and user agent). `what`: resource, action, application, outcome.
    `hour`, `day`: the hour or day of `occurred_at` in `zone`. `book`: nothing but the book. `event`: anything; the
    slow way.
    """

    name: str
    value: Callable[[Event], Hashable]
    part: Literal["who", "what", "hour", "day", "book", "event"] = "event"
    zone: ZoneInfo | None = None


class FacetCount(NamedTuple):
    """A value of a field, the name it bears most often if it is a party (else empty), and the number of its events."""

    value: str
    name: str
    events: int


class Reader(Protocol):
    """Reads, each within what `viewer` may see. `condition` is resolved. `heads` leaves out what came after them."""

    def page(
        self,
        viewer: Viewer,
        condition: Condition,
        *,
        order: Order = "newest",
        cursor: str | None = None,
        limit: int = 50,
        heads: Heads | None = None,
    ) -> Page:
        """At most `limit` rows, from the start or from `cursor`. Raises BadInput for a cursor not made here."""

    def scan(
        self,
        viewer: Viewer,
        condition: Condition,
        *,
        order: Order = "newest",
        limit: int | None = None,
        heads: Heads | None = None,
    ) -> Iterator[Row]:
        """All rows, in bounded memory; what is appended after the call is left out."""

    def count(
        self, viewer: Viewer, condition: Condition, *, at_most: int | None = None, heads: Heads | None = None
    ) -> int:
        """The number of rows, or `at_most` if there are at least that many."""

    def summary(
        self, viewer: Viewer, condition: Condition, *, by: Sequence[Dimension], heads: Heads | None = None
    ) -> dict[tuple[Any, ...], int]:
        """The number of rows for each combination of values of the dimensions `by`."""

    def facet_counts(
        self, viewer: Viewer, condition: Condition, field: str, *, limit: int = 10, heads: Heads | None = None
    ) -> list[FacetCount]:
        """The most frequent values of one of `FACET_FIELDS`, most frequent first, ties by value."""

    def events(self, viewer: Viewer, id: str) -> list[Row]:
        """The events of this id, at most one per book."""

    def parties(self, viewer: Viewer, kind: Kind, text: str, *, heads: Heads | None = None) -> list[PartyKey]:
        """The parties that did or were affected by visible events under this id, `tenant/id` or name (folded)."""

    def heads(self, viewer: Viewer) -> dict[str, Head]:
        """The heads of the books that the viewer may see any part of, by book."""


class Appender(Protocol):
    """The only way in."""

    def append(self, batch: Iterable[Sealed]) -> list[Receipt]:
        """Append durably, all or nothing, and answer in the batch's order. Raises StoreError: nothing was appended.

        The batch is gone through once, before anything is written; its events need not all be in memory together.
        """

    def append_each(self, batches: Iterable[Iterable[Sealed]]) -> Iterator[list[Receipt]]:
        """Append batch after batch, each as `append` does; gives the receipts of each once it is durable.

        The next batch may be asked for, and gone through, before that. What `batches` raises is raised after the
        receipts of those before.
        """


class DirectoryStore(Protocol):
    """Keeps the directory."""

    def directory(self) -> Directory:
        """All that is known of users, groups, roles and tenants."""

    def directory_version(self) -> int:
        """A number that grows with each change of the directory, so that who read it knows whether it still holds."""

    def change_directory(
        self,
        decide: Callable[[Directory], Changes],
        events: Callable[[Directory, Changes], Iterable[Sealed]] = lambda before, changes: (),
    ) -> Changes:
        """Let `decide` say what changes in the directory as it is, and keep that, while no one else changes it.

        What `events` makes of it is appended in the same transaction: both are kept, or neither. Both are called once
        more for each time that room has to be made on the disk, or that others got in the way; what they read of the
        store is as it was before.
        """


class Record(Struct, frozen=True):
    """A small document that may change, unlike an event: an account, a key, a session, a saved report.

    It is found by `kind` and `id`, or by `kind` and `owner`. `version` counts its changes: 0 is one not kept yet. From
    `expires_at` on it is as if it were not there.
    """

    kind: str
    id: str
    body: bytes
    owner: str = ""
    version: int = 0
    expires_at: datetime | None = None


class Records(Protocol):
    """Keeps records. Who reads one and changes it gives the version that was read."""

    def record(self, kind: str, id: str, now: datetime) -> Record | None:
        """The record, or None if there is none that holds now."""

    def records(
        self, kind: str, now: datetime, *, owner: str | None = None, after: str = "", limit: int = 1_000
    ) -> list[Record]:
        """The records of this kind (and owner) that hold now: by id, those after `after`, at most `limit`."""

    def keep(
        self,
        changed: Sequence[Record],
        *,
        now: datetime,
        removed: Sequence[Record] = (),
        events: Iterable[Sealed] = (),
    ) -> list[Receipt]:
        """Keep what changed, take away what is removed and append the events: durably, all or nothing.

        Each kept record's version grows by one. Raises Outdated if any record is not of the version given (0: is there
        already and holds `now`), and StoreError; then nothing was done.
        """

    def forget_expired(self, now: datetime) -> int:
        """Take away what expired; gives how many."""


class Problem(Struct, frozen=True):
    """Something that is not as it should be, and where."""

    place: str
    problem: str


Progress = Callable[[int, int], None]
"""Called with how many events are done, and of how many."""


class Checker(Protocol):
    """Looks for damage."""

    def verify(self, against: Heads, progress: Progress) -> list[Problem]:
        """Recompute every book from its events' bytes; compare it with its head and with those noted elsewhere."""

    def doctor(self, progress: Progress) -> list[Problem]:
        """Compare what queries are answered from with the events themselves."""


class Kept(NamedTuple):
    """An event as it is kept: its row's key, its place in its book, and as much of its submission as there is."""

    key: int
    position: int
    sealed: Sealed


class Whole(Protocol):
    """Everything as it is kept, whoever may see it: what copying a trail to another store takes beside appending."""

    def leaves(self, book: str, start: int, limit: int) -> list[bytes]:
        """The leaf hashes of a book's events from position `start` on, at most `limit`. Raises Damaged."""

    def kept(self, book: str, start: int, limit: int) -> list[Kept]:
        """A book's events from position `start` on, at most `limit`, by position. Raises Damaged."""

    def kept_records(self, after: tuple[str, str] = ("", ""), limit: int = 1_000) -> list[Record]:
        """Records, also those that have expired: by kind and id, those after `after`, at most `limit`."""

    def restore(self, directory: Directory, version: int, records: Iterable[Record]) -> None:
        """Put this directory, its version and these records in the place of what is there: durably, all or nothing."""


class Store(Reader, Appender, DirectoryStore, Records, Whole, Protocol):
    """All that every store can do, and an end. Any thread may call it; other processes may work on the same."""

    def limited(self, seconds: float) -> Reader:
        """The same reads, each of which raises TooSlow if it takes longer (a scan: if a step of it does)."""

    def close(self) -> None:
        """Let go of files and connections."""


class Migration(Struct, frozen=True):
    """The version that a store had (0: there was none), and the one that it was brought to."""

    before: int
    after: int


class LocalStore(Store, Checker, Protocol):
    """A store whose file is ours to look after."""

    def rebuild_index(self, progress: Progress) -> None:
        """Make the index anew from the events."""

    def statistics(self) -> dict[str, int]:
        """Figures about the file: events, books, and bytes of each part."""
