"""What every endpoint stands on: the store, the settings, the clock, the directory, and keeping what changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cached_property

from anyio import CapacityLimiter
from msgspec.structs import replace
from starlette.requests import Request

from ..access.model import Origin
from ..directory.directory import Directory
from ..event.canonical import Sealed
from ..event.ids import uuid7
from ..event.model import Event
from ..ingest.accept import Context, prepare, read
from ..masking.mask import MaskPath, mask_path
from ..settings import Settings
from ..store.ports import Reader, Receipt, Record, Store
from .intake import Intake
from .metrics import Metrics
from .quotas import Quotas
from .streams import Streams

RECEIVING_THREADS = 2
"""Threads for finding out who asks, for events that come in, readiness and figures: no query holds these up."""
ENTERING_THREADS = 4
"""Threads for signing in and out, which hashes and asks the provider: no query holds it up, nor it anything else."""


class Service:
    """One running Trailbook. Any thread may use it."""

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
        self.receiving = CapacityLimiter(RECEIVING_THREADS)
        self.entering = CapacityLimiter(ENTERING_THREADS)
        self.streams = Streams(max(1, settings.threads // 2))
        self._directory: tuple[int, Directory] = (-1, Directory([], []))
        self.metrics = Metrics()
        self.quotas = Quotas(settings.events_per_second, settings.key_events_per_second)
        self.intake = Intake(
            store,
            self.context,
            events=max(settings.queue_events, settings.max_batch_events),
            bytes_=max(settings.queue_bytes, settings.max_body_bytes + settings.max_batch_bytes),
            metrics=self.metrics,
        )

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

    def directory(self) -> Directory:
        """The directory as it is, read anew only when it has changed."""
        version = self.store.directory_version()
        if self._directory[0] != version:
            self._directory = (version, self.store.directory())
        return self._directory[1]

    def context(self) -> Context:
        """What events that come in now are decided by."""
        return Context(self.clock(), self.directory(), mask_paths=self.mask_paths)

    def seal(self, events: Iterable[Event]) -> list[Sealed]:
        """Trailbook's own events, checked and sealed."""
        context = replace(self.context(), allow_own_application=True)
        return [prepare(read(event, context), context) for event in events]

    def keep(
        self, changed: Sequence[Record], *, removed: Sequence[Record] = (), events: Iterable[Event] = ()
    ) -> list[Receipt]:
        """Keep what changed together with the events that tell of it: both, or neither. Raises Outdated, StoreError."""
        return self.store.keep(changed, now=self.clock(), removed=removed, events=self.seal(events))


def service_of(request: Request) -> Service:
    """The service that answers a request."""
    service: Service = request.app.state.service
    return service


def origin_of(request: Request) -> Origin:
    """Where a request came from; the middleware has found it out."""
    origin: Origin = request.state.origin
    return origin
