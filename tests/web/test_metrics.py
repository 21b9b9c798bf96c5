"""Figures for Prometheus: what is counted, and that no label grows with what clients send."""

from __future__ import annotations

from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families
from served import client, service

from trailbook.web.metrics import MOST_APPLICATIONS, Metrics

AT = datetime(2021, 12, 1, 9, tzinfo=UTC)


def figures(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.text({"events": 4096}).decode())
        for sample in family.samples
    }


def test_requests_are_counted_by_the_template_of_their_path() -> None:
    served = service()
    asked = client(served)
    asked.get("/healthz")
    asked.get("/healthz")
    for number in range(50):
        asked.get(f"/none/{number}")
        asked.request(f"M{number}", "/healthz")
    found = {labels[1:]: value for labels, value in figures(served.metrics).items() if "requests_total" in labels[0]}
    assert found == {("GET", "/healthz", "200"): 2, ("GET", "", "404"): 50, ("other", "/healthz", "405"): 50}


def test_what_became_of_events_and_what_waits() -> None:
    metrics = Metrics()
    metrics.received({"stored": 3, "rejected": 1})
    metrics.received({"stored": 2})
    metrics.committed(5, 0.02)
    metrics.waiting(7, 900)
    metrics.not_captured(4)
    found = figures(metrics)
    assert found["trailbook_events_total", "stored"] == 5
    assert found["trailbook_events_total", "rejected"] == 1
    assert found["trailbook_commit_events_sum",] == 5
    assert found["trailbook_commit_seconds_bucket", "0.025"] == 1
    assert found["trailbook_commit_seconds_bucket", "0.01"] == 0
    assert (found["trailbook_queue_events",], found["trailbook_queue_bytes",]) == (7, 900)
    assert found["trailbook_not_captured_total",] == 4
    assert found["trailbook_store_bytes", "events"] == 4096


def test_applications_are_told_apart_up_to_a_bound() -> None:
    metrics = Metrics()
    for number in range(MOST_APPLICATIONS + 50):
        metrics.seen(f"app{number}", AT)
    seen = {labels[1]: value for labels, value in figures(metrics).items() if labels[0].endswith("event_seconds")}
    assert len(seen) == MOST_APPLICATIONS + 1
    assert seen["app0"] == seen["other"] == 1_638_349_200
