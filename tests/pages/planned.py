"""What the tests of the pages of saved reports, schedules and alerts do beside the pages."""

from __future__ import annotations

from typing import Any

from paged import Reader

from trailbook.deliver.channel import Message
from trailbook.deliver.handlers import handlers
from trailbook.deliver.worker import Worker
from trailbook.web.service import Service

HOSTILE = "<img src=x onerror=alert(1)>{{ 7*7 }} %(x)s \u202eevil مريم"


def saved(reader: Reader, **given: Any) -> str:
    """The path of a report that is saved over the API."""
    token = reader.client.get("/api/v1/session").json()["csrf"]
    body = {"title": "Plays", "definition": {"query": "action:play"}, **given}
    answer = reader.client.post("/api/v1/reports", json=body, headers={"X-CSRF-Token": token})
    assert answer.status_code == 201, answer.text
    return f"/reports/{answer.json()['id']}"


def kept(reader: Reader, address: str) -> Any:
    """What has a page at this address, as the API has it."""
    return reader.client.get(f"/api/v1{address}").json()


def work(served: Service, error: Exception | None = None) -> list[Message]:
    """Do what is due now; what was sent by mail."""
    sent: list[Message] = []

    def send(message: Message) -> None:
        if error:
            raise error
        sent.append(message)

    Worker(served, handlers(served.settings, {"mail": send})).run_due()
    return sent
