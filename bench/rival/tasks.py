"""What django-auditlog is measured at: recording changes, and listing its entries."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from auditlog.context import disable_auditlog, set_actor
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client

from .models import Person

ACTORS = 500
BATCH = 100
END = datetime(2026, 1, 1, tzinfo=UTC)


def writing(changes: int) -> dict[str, float]:
    """Changes a CPU second: with a transaction for each hundred, and for each; `off`: without django-auditlog."""
    return {
        "by_100": write(changes, BATCH, audited=True),
        "by_1": write(changes // 10, 1, audited=True),
        "by_100_off": write(changes, BATCH, audited=False),
        "by_1_off": write(changes // 10, 1, audited=False),
    }


def reading(entries: int, requests: int) -> dict[str, dict[str, float]]:
    """What requests take that Django's test client makes in this process, for pages and for counts."""
    actors = people(entries)
    asked = [actors[number % ACTORS] for number in range(requests)]
    return {what: read([f"/{what}?actor={actor}" for actor in asked]) for what in ("entries", "count")}


def people(entries: int) -> list[int]:
    """Users who can be asked for, once there are so many entries of theirs."""
    if not User.objects.exists():
        User.objects.bulk_create(
            User(username=f"u{number}", email=f"u{number}@example.org") for number in range(ACTORS)
        )
    ids = list(User.objects.order_by("id").values_list("id", flat=True))
    kind = ContentType.objects.get_for_model(Person)
    there = LogEntry.objects.count()
    while there < entries:
        more = min(10_000, entries - there)
        LogEntry.objects.bulk_create(entry(kind, ids, number, entries) for number in range(there, there + more))
        there += more
    return ids


def entry(kind: ContentType, ids: Sequence[int], number: int, of: int) -> LogEntry:
    """An entry as an update makes it, of a year that ends with the last one."""
    actor = number * 7919 % ACTORS
    return LogEntry(
        content_type=kind, object_pk=str(number), object_id=number, object_repr=f"Person {number}",
        action=LogEntry.Action.UPDATE, changes={"phone": ["+49 30 1", "+49 30 2"], "role": ["clerk", "manager"]},
        actor_id=ids[actor], actor_email=f"u{actor}@example.org", remote_addr="192.0.2.7",
        timestamp=END - timedelta(days=365) * (1 - number / of),
    )  # fmt: skip


def write(changes: int, batch: int, *, audited: bool) -> float:
    """Changes a CPU second: one makes a person, the next updates two fields of theirs, and so on."""
    actor, _ = User.objects.get_or_create(username="ann", email="ann@example.org")
    with ExitStack() as stack:
        stack.enter_context(set_actor(actor, "192.0.2.7"))
        if not audited:
            stack.enter_context(disable_auditlog())
        before = LogEntry.objects.count()
        started = time.process_time()
        for start in range(0, changes, batch):
            with transaction.atomic():
                for number in range(start, min(start + batch, changes)):
                    if number % 2 == 0:
                        person = Person.objects.create(
                            name=f"Person {number}", email=f"p{number}@example.org", phone="+49 30 1", role="clerk"
                        )
                    else:
                        person.phone, person.role = "+49 30 2", "manager"
                        person.save()
        spent = time.process_time() - started
        kept = LogEntry.objects.count() - before
    if kept != (changes if audited else 0):
        raise SystemExit(f"{changes} changes left {kept} entries.")
    return changes / spent


def read(paths: Sequence[str]) -> dict[str, float]:
    """CPU for each request, and the percentiles of how long they took, in milliseconds."""
    client = Client()
    took = []
    client.get(paths[0])
    before = time.process_time()
    for path in paths:
        started = time.perf_counter()
        answer = client.get(path)
        took.append((time.perf_counter() - started) * 1000)
        if answer.status_code != 200 or b'"rows"' not in answer.content:
            raise SystemExit(f"{path}: {answer.status_code}")
    cpu = (time.process_time() - before) * 1000 / len(paths)
    cuts = statistics.quantiles(took, n=100, method="inclusive") if len(took) > 1 else took * 99
    return {"cpu": cpu, "p50": statistics.median(took), "p95": cuts[94], "p99": cuts[98]}


TASKS: dict[str, Callable[..., object]] = {"writing": writing, "reading": reading}
