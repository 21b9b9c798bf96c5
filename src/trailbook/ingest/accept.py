"""The way in: from what a producer sent to a sealed event, and from a batch of these to what became of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from ..directory.enrich import Known, enrich
from ..errors import BadEvent, BadInput
from ..event.canonical import Sealed, encode, seal
from ..event.limits import MakeId, check_event, decode_event
from ..event.model import DEFAULT_TENANT, LONGEST_KEY, OWN_APPLICATION, Belonging, Event, Initiator, Target, utc
from ..event.text import fold
from ..masking.hints import may_hold_secret
from ..masking.mask import MaskPath, mask_event
from ..store.ports import Appender, Receipt
from .derive import claimed, derive

_User = TypeVar("_User", Initiator, Target)
_REMEMBERED = 50_000


class Context(Struct, frozen=True):
    """What an ingest decides by, besides the events: all of it given, nothing asked for.

    `recorded_at` is the moment (with a zone) at which the events come in. `tenant` and `application` stand in for what
    an event leaves out. `make_id` gives ids to events without one; None refuses these. Only Trailbook itself may write
    as the application `trailbook`. Raises BadInput for a tenant or application that no event could have.
    """

    recorded_at: datetime
    directory: Known
    tenant: str = DEFAULT_TENANT
    application: str = ""
    mask_paths: tuple[MaskPath, ...] = ()
    make_id: MakeId | None = None
    allow_own_application: bool = False

    def __post_init__(self) -> None:
        for place, value in (("tenant", self.tenant), ("application", self.application)):
            if len(value) > LONGEST_KEY or not value.isprintable():
                raise BadInput(
                    f"The {place} that stands in is longer than {LONGEST_KEY:,} characters, or cannot be printed.",
                    place=place,
                    remedy="Give a short name.",
                )
        if not self.tenant:
            raise BadInput("The tenant that stands in has no name.", place="tenant", remedy="Give a name or id.")


class Rejected(Struct, frozen=True, gc=False):
    """An event of a batch that was refused: its index there, and what is wrong."""

    index: int
    error: BadEvent


class Outcome(Struct, frozen=True):
    """What became of a batch: one receipt or rejection for every event, in its order."""

    results: tuple[Receipt | Rejected, ...]

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """Of those that the store has seen: stored, duplicate or in conflict."""
        return tuple(one for one in self.results if isinstance(one, Receipt))

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """Those that broke a rule and were not given to the store."""
        return tuple(one for one in self.results if isinstance(one, Rejected))

    def count(self, status: str) -> int:
        """The number of events that were `stored`, `duplicate`, in `conflict` or `rejected`."""
        if status == "rejected":
            return len(self.rejected)
        return sum(receipt.status == status for receipt in self.receipts)


Batch = tuple[Sequence[bytes | Event], Context]
"""Events, each as its JSON or built here, and what an ingest decides by."""


def accept(batch: Sequence[bytes | Event], context: Context, appender: Appender) -> Outcome:
    """Check, prepare and append a batch; a bad event is rejected by itself and never takes the others down.

    Bytes are an event's JSON; events that were built here are checked by the same rules. Raises StoreError when
    nothing was appended; giving the batch again is then safe.
    """
    checking = _Checking(batch, context)
    return checking.outcome(appender.append(checking.fitting()))


def accept_each(batches: Iterable[Batch], appender: Appender) -> Iterator[Outcome]:
    """The same with batch after batch; the next may be checked and prepared while one is appended."""
    under_way: deque[_Checking] = deque()

    def each() -> Iterator[Iterator[Sealed]]:
        for batch, context in batches:
            checking = _Checking(batch, context)
            under_way.append(checking)
            yield checking.fitting()

    for receipts in appender.append_each(each()):
        yield under_way.popleft().outcome(receipts)


class _Checking:
    """A batch that is checked while it is appended."""

    def __init__(self, batch: Sequence[bytes | Event], context: Context) -> None:
        self._batch = batch
        self._context = context
        self._results: list[Rejected | None] = []

    def fitting(self) -> Iterator[Sealed]:
        """One at a time, so that the store takes what it needs of each before the next is made."""
        context, results = self._context, self._results
        for index, item in enumerate(self._batch):
            try:
                sealed = prepare(read(item, context), context)
            except BadEvent as error:
                results.append(Rejected(index, error))
            else:
                results.append(None)
                yield sealed

    def outcome(self, receipts: Iterable[Receipt]) -> Outcome:
        """What became of the batch, given the receipts of those that were fitting."""
        in_order = iter(receipts)
        return Outcome(tuple(next(in_order) if result is None else result for result in self._results))


def read(item: bytes | Event, context: Context) -> Event:
    """The checked event of its JSON, or of an event that was built. Raises BadEvent."""
    if isinstance(item, Event):
        return check_event(item)
    return decode_event(item, make_id=context.make_id)


def prepare(event: Event, context: Context) -> Sealed:
    """A checked event as it will be stored: normalised, masked, enriched, with derived targets, sealed.

    The digest of the submission is taken after masking, so that nothing stored depends on a secret: two submissions
    under one id that differ only in what was masked are duplicates. Raises BadEvent for a reserved application.
    """
    event = normalise(event, context)
    if fold(event.application) == OWN_APPLICATION and not context.allow_own_application:
        raise BadEvent(
            f"The application `{OWN_APPLICATION}` is reserved for Trailbook's own events.",
            place="application",
            remedy="Send the name of the component that the event comes from.",
        )
    sent = encode(event)
    masked: tuple[str, ...] = ()
    if context.mask_paths or may_hold_secret(sent):
        covered = mask_event(event, context.mask_paths)
        if covered is not event:
            masked = covered.masked
            event = replace(covered, masked=())
            sent = encode(event)
    derived = claimed(event) + derive(event)
    event = replace(event, recorded_at=utc(context.recorded_at), derived=derived, masked=masked)
    return seal(enrich(event, context.directory), sent)


def normalise(event: Event, context: Context) -> Event:
    """The event in UTC, with its book, its application and every party's tenant filled in."""
    changed: dict[str, Any] = {}
    initiator = event.initiator
    book = event.tenant or (initiator.tenant if initiator is not None else "") or context.tenant
    if not event.tenant:
        changed["tenant"] = book
    if not event.application and context.application:
        changed["application"] = context.application
    if (moment := utc(event.occurred_at)) is not event.occurred_at:
        changed["occurred_at"] = moment
    if initiator is not None:
        changed["initiator"] = _initiator(initiator, book)
    for target in event.targets:
        if not target.tenant or target.groups or target.roles or target.kind == "tenant":
            changed["targets"] = tuple([_target(one, book) for one in event.targets])
            break
    return replace(event, **changed) if changed else event


@lru_cache(maxsize=_REMEMBERED)
def _initiator(initiator: Initiator, book: str) -> Initiator:
    at_home = _at_home(initiator, book)
    if initiator.acts_as is not None:
        return replace(at_home, acts_as=_target(initiator.acts_as, book))
    return at_home


def _target(target: Target, book: str) -> Target:
    if target.kind == "user":
        return _user(target, book)
    if target.kind == "tenant":
        return target if target.tenant == target.id else replace(target, tenant=target.id)
    return _at_home(target, book)


def _at_home(user: _User, book: str) -> _User:
    tenant = user.tenant or book
    if not user.groups and not user.roles:
        return user if user.tenant else replace(user, tenant=tenant)
    changed: dict[str, Any] = {} if user.tenant else {"tenant": tenant}
    if user.groups and (groups := _belongings(user.groups, tenant)) is not user.groups:
        changed["groups"] = groups
    if user.roles and (roles := _belongings(user.roles, tenant)) is not user.roles:
        changed["roles"] = roles
    return replace(user, **changed) if changed else user


@lru_cache(maxsize=_REMEMBERED)
def _user(target: Target, book: str) -> Target:
    """The same for users, most of whom come again and again; other targets are many, and seldom seen twice."""
    return _at_home(target, book)


def _belongings(belongings: tuple[Belonging, ...], tenant: str) -> tuple[Belonging, ...]:
    for one in belongings:
        if not one.tenant:
            return tuple([each if each.tenant else Belonging(each.id, each.name, tenant) for each in belongings])
    return belongings
