"""What running a definition gives: a header that says what it is, headings, and a stream of rows or groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from ..errors import BadInput
from ..event.facets import party_text
from ..query.resolve import Named
from ..store.ports import Head, Heads, Order
from .columns import Kind


class Heading(Struct, frozen=True):
    """A column of the output: its key, the label above it, and its kind."""

    key: str
    label: str
    kind: Kind


class About(Struct, frozen=True):
    """What is asked for, once it is resolved: everything that rows must say of themselves without being counted.

    `since` and `until` are the period as resolved, half-open, in the report's zone (None: open), `query` and
    `group_by` as asked. `parties`: what each user, group, role or tenant in the query was taken to mean. `heads`: the
    state of the books that it shows. `warnings`: sentences to read before the rows.
    """

    title: str
    query: str
    since: datetime | None
    until: datetime | None
    zone: str
    locale: str
    viewer: str
    generated_at: datetime
    order: Order
    group_by: tuple[str, ...]
    parties: tuple[Named, ...]
    heads: dict[str, Head]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values: moments in RFC 3339, roots in hexadecimal, parties as `user:tenant/id`."""
        return {
            **{
                field: msgspec.to_builtins(getattr(self, field))
                for field in self.__struct_fields__
                if field not in ("parties", "heads")
            },
            "parties": [
                {"kind": kind, "value": value, "means": [party_text(party) for party in means]}
                for kind, value, means in self.parties
            ],
            "heads": heads_dict(self.heads),
        }


class Header(About, frozen=True):
    """What a report is: everything that it must say of itself.

    `rows` is the number of matching events (`# of rows`); `shown` of `available` rows of output are given, which
    differ if a limit cut it. `late`: matching events recorded more than 24 hours after they occurred (None if the
    viewer may not know).
    """

    rows: int
    shown: int
    available: int
    late: int | None

    @property
    def truncated(self) -> bool:
        """Whether a limit left rows (or groups) out."""
        return self.shown < self.available

    def to_dict(self) -> dict[str, Any]:
        """As `About.to_dict`, with the numbers."""
        return {**super().to_dict(), "truncated": self.truncated}


def heads_dict(heads: Heads) -> dict[str, Any]:
    """Heads as JSON values, by book: `{"acme": {"size": 3, "root": "…"}}`; `read_heads` reads them."""
    return {book: {"size": head.size, "root": head.root.hex()} for book, head in heads.items()}


class _NotedHead(Struct, frozen=True):
    """A head as it is written down."""

    size: Annotated[int, Meta(ge=0)]
    root: Annotated[str, Meta(min_length=64, max_length=64)]


def read_heads(json: bytes | str) -> dict[str, Head]:
    """The heads in a JSON document such as `heads_dict` gives. Raises BadInput."""
    try:
        noted = msgspec.json.decode(json, type=dict[str, _NotedHead])
        return {book: Head(book, one.size, bytes.fromhex(one.root)) for book, one in noted.items()}
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadInput(
            f"These are not heads: {error}.", place="heads", remedy="Give heads as they were told, unchanged."
        ) from error


class Report(Struct, frozen=True):
    """A header, headings, and the rows, read anew and in bounded memory each time they are asked for.

    `read` starts reading; `text` and `value` turn what it yields into a row's cells.
    """

    header: Header
    headings: tuple[Heading, ...]
    read: Callable[[], Iterator[Any]]
    text: Callable[[Any], tuple[str, ...]]
    value: Callable[[Any], tuple[Any, ...]]

    def about(self) -> dict[str, Any]:
        """All that it says of itself apart from its rows, as JSON values: `{"report": header, "columns": headings}`."""
        return {"report": self.header.to_dict(), "columns": msgspec.to_builtins(self.headings)}

    def texts(self) -> Iterator[tuple[str, ...]]:
        """The rows for people: one text per heading."""
        return map(self.text, self.read())

    def values(self) -> Iterator[tuple[Any, ...]]:
        """The rows for programs: one JSON value per heading, dates and times as in ISO 8601."""
        return map(self.value, self.read())
