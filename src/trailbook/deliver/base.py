"""What all that is done for people stands on: store, settings, clock, directory, and keeping what changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from ..access.model import Caller, Origin
from ..access.own import own_event
from ..directory.directory import Directory
from ..event.canonical import Sealed
from ..event.ids import uuid7
from ..event.model import Event, Outcome, Reference
from ..ingest.accept import Context, prepare, read
from ..masking.mask import MaskPath, mask_path
from ..settings import Settings
from ..store.ports import Reader, Receipt, Record, Store


class Base:
    """A store with the settings, and the time (UTC) and randomness of this machine. Any thread may use it."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        clock: Callable[[], datetime],
        randomness: Callable[[int], bytes],
    ) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock
        self.randomness = randomness
        self._directory: tuple[int, Directory] = (-1, Directory([], []))

    def new_id(self) -> str:
        """A UUID version 7."""
        return uuid7(self.clock(), self.randomness(10))

    @property
    def reader(self) -> Reader:
        """The store's reads, each within the time that a request may take."""
        return self.store.limited(self.settings.query_seconds)

    @cached_property
    def mask_paths(self) -> tuple[MaskPath, ...]:
        """What the settings say is never stored."""
        return tuple(mask_path(path) for path in self.settings.mask)

    @property
    def least_between_runs(self) -> timedelta:
        """How far apart the runs of a schedule are at least."""
        return timedelta(minutes=self.settings.schedule_minutes)

    def directory(self) -> Directory:
        """The directory as it is, read anew only when it has changed."""
        version = self.store.directory_version()
        if self._directory[0] != version:
            self._directory = (version, self.store.directory())
        return self._directory[1]

    def context(self) -> Context:
        """What events that come in now are decided by."""
        return Context(self.clock(), self.directory(), mask_paths=self.mask_paths)

    def event(
        self,
        caller: Caller | None,
        tenant: str,
        resource: str,
        action: str,
        related: tuple[Reference, ...],
        outcome: Outcome = "success",
        reason: str = "",
        **data: Any,
    ) -> Event:
        """The event of what is done now as `caller`, in a tenant's book; whom it is about is text in its data.

        What has a reason says of what and why in its details, since that is what reports and mail show.
        """
        return own_event(
            caller,
            Origin(),
            self.clock(),
            id=self.new_id(),
            tenant=tenant,
            resource=resource,
            action=action,
            details=f"{related[0].name}: {reason}" if reason else "",
            outcome=outcome,
            reason=reason,
            related=related,
            data=data,
        )

    def seal(self, events: Iterable[Event]) -> list[Sealed]:
        """Trailbook's own events, checked and sealed."""
        context = replace(self.context(), allow_own_application=True)
        return [prepare(read(event, context), context) for event in events]

    def keep(
        self, changed: Sequence[Record], *, removed: Sequence[Record] = (), events: Iterable[Event] = ()
    ) -> list[Receipt]:
        """Keep what changed together with the events that tell of it: both, or neither. Raises Outdated, StoreError."""
        return self.store.keep(changed, now=self.clock(), removed=removed, events=self.seal(events))
