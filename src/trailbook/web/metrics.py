"""Figures about the service for Prometheus, in a registry of its own; no label takes more than a few values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from prometheus_client.parser import text_string_to_metric_families

from ..deliver.tasks import NOTHING, Overdue

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder where several workers add up their figures; prometheus_client reads it too."""

MOST_APPLICATIONS = 100
OTHER = "other"
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000)


class Figures(NamedTuple):
    """Events received by what became of them, how many wait, how many producers could not capture, and the last ones.

    `seen`: when the last event of each application was received.
    """

    received: dict[str, int]
    waiting: int
    not_captured: int
    seen: dict[str, datetime]


class Metrics:
    """What is counted and measured while the service runs. Any thread may use it."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "trailbook_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "trailbook_request_seconds", "How long answering took.", ["route"], buckets=_SECONDS, registry=registry
        )
        self._events = Counter(
            "trailbook_events", "Events received, by what became of them.", ["result"], registry=registry
        )
        self._batch = Histogram(
            "trailbook_commit_events", "Events that were stored together.", buckets=_SIZES, registry=registry
        )
        self._commit = Histogram(
            "trailbook_commit_seconds", "How long checking and storing them took.", buckets=_SECONDS, registry=registry
        )
        self._queue_events = Gauge(
            "trailbook_queue_events", "Events waiting to be stored.", registry=registry, multiprocess_mode="livesum"
        )
        self._queue_bytes = Gauge(
            "trailbook_queue_bytes", "Bytes of events waiting.", registry=registry, multiprocess_mode="livesum"
        )
        self._last_seen = Gauge(
            "trailbook_last_event_seconds",
            "When the last event of an application was received, in seconds since 1970.",
            ["application"],
            registry=registry,
            multiprocess_mode="max",
        )
        self._not_captured = Counter(
            "trailbook_not_captured", "Events that producers say they could not capture.", registry=registry
        )
        self._tasks_failed = Counter(
            "trailbook_tasks_failed", "Tasks that failed, and are tried again if that can help.", ["kind"],
            registry=registry,
        )  # fmt: skip
        self._applications: set[str] = set()

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is the template of its path, empty if there is none."""
        self._requests.labels(method if method in _METHODS else OTHER, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def received(self, results: Mapping[str, int]) -> None:
        """So many events were received, by what became of them: `stored`, `duplicate`, `rejected`."""
        for result, events in results.items():
            self._events.labels(result).inc(events)

    def committed(self, events: int, seconds: float) -> None:
        """So many events were stored together."""
        self._batch.observe(events)
        self._commit.observe(seconds)

    def waiting(self, events: int, bytes: int) -> None:
        """So much waits to be stored."""
        self._queue_events.set(events)
        self._queue_bytes.set(bytes)

    def seen(self, application: str, at: datetime) -> None:
        """An event of this application was received; those after the first hundred are counted as one."""
        if application not in self._applications:
            if len(self._applications) >= MOST_APPLICATIONS:
                application = OTHER
            else:
                self._applications.add(application)
        self._last_seen.labels(application).set(at.timestamp())

    def not_captured(self, events: int) -> None:
        """A producer told that it could not capture so many events."""
        self._not_captured.inc(events)

    def task_failed(self, kind: str) -> None:
        """A task of this kind failed."""
        self._tasks_failed.labels(kind).inc()

    def text(self, store_bytes: Mapping[str, int], overdue: Overdue = NOTHING) -> bytes:
        """All figures, of all workers, in Prometheus' text format.

        `store_bytes`: the sizes of the store's files; `overdue`: the tasks that nobody has begun.
        """
        now = CollectorRegistry()
        Gauge("trailbook_tasks_overdue", "Tasks that are due and not begun.", registry=now).set(overdue.tasks)
        Gauge("trailbook_tasks_late_seconds", "For how long the first of them has been due.", registry=now).set(
            overdue.seconds
        )
        sizes = Gauge("trailbook_store_bytes", "The store's size on disk.", ["file"], registry=now)
        for file, size in store_bytes.items():
            sizes.labels(file).set(size)
        if not os.environ.get(MULTIPROCESS):
            return generate_latest(self._registry) + generate_latest(now)
        all_workers = CollectorRegistry()
        multiprocess.MultiProcessCollector(all_workers)  # type: ignore[no-untyped-call]
        return generate_latest(all_workers) + generate_latest(now)

    def figures(self) -> Figures:
        """What has become of events since the service started, of all workers."""
        received: dict[str, int] = {}
        seen: dict[str, datetime] = {}
        single: dict[str, int] = {}
        for family in text_string_to_metric_families(self.text({}).decode()):
            for sample in family.samples:
                if sample.name == "trailbook_events_total":
                    received[sample.labels["result"]] = int(sample.value)
                elif sample.name == "trailbook_last_event_seconds":
                    seen[sample.labels["application"]] = datetime.fromtimestamp(sample.value, UTC)
                elif not sample.labels:
                    single[sample.name] = int(sample.value)
        waiting = single.get("trailbook_queue_events", 0)
        return Figures(received, waiting, single.get("trailbook_not_captured_total", 0), seen)

    def stop(self) -> None:
        """This worker has ended: what it had waiting no longer counts."""
        if os.environ.get(MULTIPROCESS):
            multiprocess.mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]
