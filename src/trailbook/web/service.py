"""What every endpoint stands on: what all stands on, with its queue of events, threads, quotas and figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from anyio import CapacityLimiter
from starlette.requests import Request

from ..access.model import Origin
from ..deliver.base import Base
from ..deliver.handlers import workers
from ..deliver.tasks import Task
from ..deliver.ways import ways_out
from ..settings import Settings
from ..store.ports import Store
from .intake import Intake
from .logs import log, where
from .metrics import Metrics
from .quotas import Quotas
from .streams import Streams

RECEIVING_THREADS = 2
"""Threads for finding out who asks, for events that come in, readiness and figures: no query holds these up."""
ENTERING_THREADS = 4
"""Threads for signing in and out, which hashes and asks the provider: no query holds it up, nor it anything else."""


class Service(Base):
    """One running Trailbook. Any thread may use it."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        clock: Callable[[], datetime],
        randomness: Callable[[int], bytes],
    ) -> None:
        super().__init__(store, settings, clock=clock, randomness=randomness)
        self.receiving = CapacityLimiter(RECEIVING_THREADS)
        self.entering = CapacityLimiter(ENTERING_THREADS)
        self.streams = Streams(max(1, settings.threads // 2))
        self.metrics = Metrics()
        self.quotas = Quotas(settings.events_per_second, settings.key_events_per_second)
        self.intake = Intake(
            store,
            self.context,
            events=max(settings.queue_events, settings.max_batch_events),
            bytes_=max(settings.queue_bytes, settings.max_body_bytes + settings.max_batch_bytes),
            metrics=self.metrics,
        )
        self.worker = workers(self, ways_out(settings, clock), failed=self._task_failed)

    def _task_failed(self, task: Task | None, error: Exception) -> None:
        kind = task.kind if task is not None else "none"
        self.metrics.task_failed(kind)
        log().warning("a task failed", task=kind, subject=task.subject if task else "", error=where(error))


def service_of(request: Request) -> Service:
    """The service that answers a request."""
    service: Service = request.app.state.service
    return service


def origin_of(request: Request) -> Origin:
    """Where a request came from; the middleware has found it out."""
    origin: Origin = request.state.origin
    return origin
