"""The moment at which a scene of the demo plays, and the data that scenes have in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any

from msgspec import Struct

from ..event.model import Change, Event, Initiator, Outcome, Reference, Target
from .words import QUEUES, TAGS
from .world import Company, Person, Version, World


class Moment(Struct):
    """Where and when a scene plays: the event's id, the instant, the company, the world around it, and the dice."""

    id: str
    at: datetime
    company: Company
    world: World
    dice: Random

    def someone(self, people: tuple[Person, ...]) -> Version:
        """One of `people` as of the instant; the first are busy, the last are rarely seen."""
        chance = self.dice.random()
        return people[int(chance * chance * len(people))].as_of(self.at)

    def uuid(self) -> str:
        """A random UUID (version 4)."""
        digits = f"{self.dice.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def desk(self, version: Version) -> Initiator:
        """The person at work: mostly at the office, one time in five at home."""
        return version.home if self.dice.random() < 0.2 else version.office

    def event(
        self,
        initiator: Initiator | None,
        resource: str,
        action: str,
        data: dict[str, Any],
        *,
        application: str = "web",
        outcome: Outcome = "success",
        reason: str = "",
        details: str = "",
        targets: tuple[Target, ...] = (),
        related: tuple[Reference, ...] = (),
        changes: dict[str, Change] | None = None,
    ) -> Event:
        """The event of this moment, in the book of the company."""
        return Event(
            id=self.id, occurred_at=self.at, resource=resource, action=action, tenant=self.company.id,
            application=application, initiator=initiator, outcome=outcome, reason=reason, details=details,
            targets=targets, related=related, request_id=f"req-{self.dice.getrandbits(48):012x}",
            changes=changes or {}, data=data,
        )  # fmt: skip


Scene = Callable[[Moment], Event]


def web_request(m: Moment, method: str, path: str, status: int) -> dict[str, Any]:
    """The web request behind the event, as gateways log it."""
    bits = m.dice.getrandbits(64)
    return {
        "method": method, "path": path, "status": status, "duration_ms": 4 + bits % 400,
        "bytes_out": 300 + (bits >> 12) % 60_000, "host": f"{m.company.id}.desk.example",
        "node": f"web-{(bits >> 30) % 6}", "region": "eu-central" if m.company.offset >= 0 else "us-east",
        "tls": "TLSv1.3", "session": f"s-{bits:016x}", "build": "2025.3.1+g5d1c0f2",
    }  # fmt: skip


def recorded_call(m: Moment, call_id: str) -> dict[str, Any]:
    """A recorded call."""
    bits = m.dice.getrandbits(64)
    agent = m.someone(m.company.agents).target
    seconds = 20 + bits % 1500
    return {
        "id": call_id, "direction": "outbound" if bits & 1 else "inbound", "queue": QUEUES[(bits >> 8) % len(QUEUES)],
        "agent": {"id": agent.id, "name": agent.name, "extension": f"4{(bits >> 14) % 1000:03d}"},
        "customer": {"number": f"+1555{(bits >> 20) % 10_000_000:07d}", "id": f"C{(bits >> 24) % 1_000_000:06d}"},
        "duration_s": seconds, "talk_s": seconds * 4 // 5, "hold_s": seconds // 12,
        "tags": [TAGS[(bits >> 44) % len(TAGS)], TAGS[(bits >> 50) % len(TAGS)]],
        "recording": {"codec": "opus", "channels": 2, "size": seconds * 4_000, "retention": "P180D"},
    }  # fmt: skip
