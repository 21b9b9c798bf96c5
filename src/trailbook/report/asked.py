"""A definition as a viewer asks it now: resolved, checked against what is hidden, and at which heads; not counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from ..directory.viewer import Viewer
from ..errors import BadInput, OtherHead
from ..event.model import Kind as PartyKind
from ..event.model import PartyKey
from ..event.wording import counted
from ..query.resolve import Named, resolve
from ..query.tree import EVERYTHING, And, Condition, Field, Occurred, Or, Parties, both
from ..store.ports import Head, Heads, Reader
from .columns import Setting
from .definition import Definition
from .hidden import WHO, Hidden
from .result import About

Names = Callable[[PartyKind, str], Sequence[PartyKey]]
Members = Callable[[PartyKey], Sequence[PartyKey]]
LATE = Field("is", ("late",))


class Asked(Struct, frozen=True):
    """What is to be read, as whom and from where, and how it is to be shown."""

    reader: Reader
    viewer: Viewer
    definition: Definition
    hidden: Hidden
    condition: Condition
    parties: tuple[Named, ...]
    heads: Heads
    setting: Setting
    now: datetime

    def count(self, at_most: int | None = None) -> int:
        """The number of matching events, or `at_most` if there are at least that many."""
        return self.reader.count(self.viewer, self.condition, at_most=at_most, heads=self.heads)

    def late(self, at_most: int | None = None) -> int | None:
        """How many of them were recorded more than 24 hours after they occurred; None if the viewer may not know."""
        if self.hidden.tells("time", "recorded"):
            return None
        return self.reader.count(self.viewer, both(self.condition, LATE), at_most=at_most, heads=self.heads)

    def about(self, warnings: Sequence[str] = ()) -> About:
        """What it is, with these warnings beside those about the parties of the query."""
        definition, clock = self.definition, self.setting.clock
        since, until = _period(self.condition)
        parties = () if self.hidden.tells(*WHO) else self.parties
        return About(
            title=definition.title,
            query=definition.query,
            since=since and clock.local(since),
            until=until and clock.local(until),
            zone=definition.zone,
            locale=definition.locale,
            viewer=self.viewer.name,
            generated_at=clock.local(self.now),
            order=definition.order,
            group_by=definition.group_by,
            parties=parties,
            heads=dict(self.heads),
            warnings=(*filter(None, map(_warning, parties)), *warnings),
        )


def ask(
    reader: Reader,
    viewer: Viewer,
    definition: Definition,
    *,
    now: datetime,
    names: Names | None = None,
    members: Members | None = None,
    heads: Heads | None = None,
    also: Condition = EVERYTHING,
) -> Asked:
    """What `definition` asks for, and `also` (as written), within what `viewer` may see, as of `now` (aware).

    `names` gives further parties that the viewer may know for a value of the query (by id, `tenant/id` or name), such
    as the directory's; those of the viewer's events are always known. `members` gives a group's or role's present
    members, for a definition as of now. `heads` leaves out what the books received after them. Raises NotAllowed for
    a condition or group that tells what is hidden, BadQuery for a query that cannot be resolved, BadInput for heads
    that are ahead of the store.
    """

    def parties(kind: PartyKind, text: str) -> list[PartyKey]:
        known = set(reader.parties(viewer, kind, text, heads=heads))
        return sorted(known.union(names(kind, text)) if names is not None else known)

    hidden = Hidden(viewer)
    written = both(definition.condition(), also)
    hidden.check_query(written)
    hidden.check_groups(definition.group_by)
    clock = definition.clock()
    at_present = members if definition.as_of == "now" else None
    resolution = resolve(written, names=parties, now=now, zone=clock.zone, members=at_present)
    return Asked(
        reader,
        viewer,
        definition,
        hidden,
        resolution.condition,
        resolution.parties,
        _heads(reader, viewer, heads),
        Setting(clock, definition.data == "full", tuple(_parties(resolution.condition))),
        now,
    )


def _warning(named: Named) -> str:
    """A sentence if a value of the query means no party or several, else nothing."""
    kind, value, means = named
    if not means:
        return f"No {kind} '{value}' is known in what you may see: that condition matches nothing."
    if len(means) > 1:
        return f"The {kind} '{value}' means {len(means)} parties: {', '.join(f'{p.tenant}/{p.id}' for p in means)}."
    return ""


def _heads(reader: Reader, viewer: Viewer, wanted: Heads | None) -> Heads:
    """The heads to report at: those there now, or those wanted if the books have come as far."""
    present = reader.heads(viewer)
    if wanted is None:
        return present
    for book, head in wanted.items():
        there = present.get(book, Head(book, 0, b""))
        if there.size < head.size:
            raise BadInput(
                f"The head names {counted(head.size, 'event')} of book {book}, of which you may see {there.size:,}.",
                place="heads",
                remedy="Report on the store that the heads are from, as the same viewer.",
            )
        if there.size == head.size and there.root != head.root:
            raise OtherHead(
                f"Book {book} does not hold the events that the head was made of.",
                place="heads",
                remedy="Check the store with 'trailbook verify'.",
            )
    return wanted


def _period(condition: Condition) -> tuple[datetime | None, datetime | None]:
    """The period that all of the rows lie in, as far as the top level of the condition says."""
    items = condition.items if isinstance(condition, And) else (condition,)
    moments = [item for item in items if isinstance(item, Occurred)]
    return (
        max((one.since for one in moments if one.since is not None), default=None),
        min((one.until for one in moments if one.until is not None), default=None),
    )


def _parties(condition: Condition) -> Iterator[Parties]:
    """The conditions on parties that are asked for, not those that are excluded."""
    match condition:
        case And(items) | Or(items):
            for item in items:
                yield from _parties(item)
        case Parties():
            yield condition
