"""Malformed requests about exports, schedules, deliveries, domains and alerts, each with its status and kind."""

from __future__ import annotations

from typing import Any

import pytest
from robust.malformed import Askers, Bad, askers, check, json_of
from served import NOW

from trailbook.access.kept import REPORTS
from trailbook.report.saved import SavedReport

__all__ = ["askers"]

ANN = {"kind": "account", "to": "id-ann"}


def schedule(**given: Any) -> bytes:
    """A schedule to make, of a report that is there."""
    usual = {"title": "x", "report": "there", "timing": {"every": "day"}, "zone": "UTC", "recipients": [ANN]}
    return json_of({**usual, **given})


def alert(**given: Any) -> bytes:
    """An alert to make."""
    return json_of({"title": "x", "recipients": [ANN], **given})


EXPORTS = [
    Bad("an export without a body", "POST /api/v1/exports", 422, "invalid", "Field required.", "body", b""),
    Bad("an export in no format", "POST /api/v1/exports", 422, "invalid",
        "Input should be 'csv', 'jsonl', 'json', 'xlsx', 'parquet', 'pdf' or 'html'.", "body.format",
        json_of({"definition": {}, "format": "docx"})),
    Bad("an export as a table", "POST /api/v1/exports", 422, "invalid",
        "Input should be 'csv', 'jsonl', 'json', 'xlsx', 'parquet', 'pdf' or 'html'.", "body.format",
        json_of({"definition": {}, "format": "table"})),
    Bad("an export of no report", "POST /api/v1/exports", 404, "not-there",
        "There is nothing of this id, or nothing that you may know of.", "",
        json_of({"report": "nope", "format": "csv"})),
    Bad("a mistyped field of an export", "POST /api/v1/exports", 422, "invalid", "Extra inputs are not permitted.",
        "body.colums", json_of({"definition": {}, "format": "csv", "colums": []})),
    Bad("an export with a bad query", "POST /api/v1/exports", 400, "bad-query", "This quotation mark is never closed.",
        "query, character 1", json_of({"definition": {"query": '"'}, "format": "csv"})),
    Bad("an export of a column that there is none of", "POST /api/v1/exports", 400, "bad-definition",
        "There is no column 'nam'.", "columns", json_of({"definition": {"columns": ["nam"]}, "format": "csv"})),
    Bad("an export for a sender", "POST /api/v1/exports", 403, "not-allowed", "You may not export events.", "access",
        json_of({"definition": {}, "format": "csv"}), asker="sender"),
    Bad("the file of no export", "GET /api/v1/exports/nope/file", 404, "not-there",
        "There is nothing of this id, or nothing that you may know of."),
    Bad("the manifest of no export", "GET /api/v1/exports/nope/manifest", 404, "not-there",
        "There is nothing of this id, or nothing that you may know of."),
    Bad("PUT on an export", "PUT /api/v1/exports/nope", 405, "not-this-method", "The path does not take this method.",
        "", json_of({})),
    Bad("exports for nobody", "GET /api/v1/exports", 401, "not-signed-in", "No key or session was given.",
        "Authorization", asker="nobody"),
    Bad("an unknown parameter of exports", "GET /api/v1/exports?state=done", 400, "bad-input",
        "There is no such parameter here.", "query.state"),
]  # fmt: skip

SCHEDULES = [
    Bad("a schedule without a report", "POST /api/v1/schedules", 422, "invalid", "Field required.", "body.report",
        json_of({"title": "x", "timing": {"every": "day"}, "zone": "UTC", "recipients": [ANN]})),
    Bad("a schedule of no report", "POST /api/v1/schedules", 404, "not-there",
        "There is nothing of this id, or nothing that you may know of.", "", schedule(report="nope")),
    Bad("a schedule at 25 o'clock", "POST /api/v1/schedules", 400, "bad-input", "This is not a time of day.",
        "timing.at", schedule(timing={"every": "day", "at": "25:00"})),
    Bad("a schedule every fortnight", "POST /api/v1/schedules", 422, "invalid",
        "Input should be 'day', 'week', 'month' or 'cron'.", "body.timing.every",
        schedule(timing={"every": "fortnight"})),
    Bad("a week without days", "POST /api/v1/schedules", 400, "bad-input", "It is not said on which days.",
        "timing.days", schedule(timing={"every": "week"})),
    Bad("the 31st of a month", "POST /api/v1/schedules", 422, "invalid", "Input should be less than or equal to 28.",
        "body.timing.day", schedule(timing={"every": "month", "day": 31})),
    Bad("rubbish as cron", "POST /api/v1/schedules", 400, "bad-input",
        "A cron expression has five fields: minute, hour, day, month and day of the week.", "timing.cron",
        schedule(timing={"every": "cron", "cron": "* * *"})),
    Bad("every minute", "POST /api/v1/schedules", 400, "bad-input", "This is due more often than every 5 minutes.",
        "timing.cron", schedule(timing={"every": "cron", "cron": "* * * * *"})),
    Bad("February 30th", "POST /api/v1/schedules", 400, "bad-input", "This is not a cron expression: Bad day-of-month.",
        "timing.cron", schedule(timing={"every": "cron", "cron": "0 8 30 2 *"})),
    Bad("no zone", "POST /api/v1/schedules", 400, "bad-definition", "There is no time zone 'Mars/Olympus'.", "zone",
        schedule(zone="Mars/Olympus")),
    Bad("a path as a zone", "POST /api/v1/schedules", 400, "bad-definition",
        "There is no time zone '../../etc/passwd'.", "zone", schedule(zone="../../etc/passwd")),
    Bad("no recipients", "POST /api/v1/schedules", 422, "invalid",
        "List should have at least 1 item after validation, not 0.", "body.recipients", schedule(recipients=[])),
    Bad("a recipient twice", "POST /api/v1/schedules", 400, "bad-input", "It goes to nobody, or twice to somebody.",
        "recipients", schedule(recipients=[ANN, ANN])),
    Bad("51 recipients", "POST /api/v1/schedules", 422, "invalid",
        "List should have at most 50 items after validation, not 51.", "body.recipients",
        schedule(recipients=[ANN] * 51)),
    Bad("an account that there is none of", "POST /api/v1/schedules", 403, "not-allowed",
        "There is no such account, or there is nothing of this that it may see.", "recipients[0]",
        schedule(recipients=[{"kind": "account", "to": "nope"}])),
    Bad("a header in an address", "POST /api/v1/schedules", 422, "invalid",
        "String should match pattern '^[^\\x00-\\x1f\\x7f]*$'.", "body.recipients[0].to",
        schedule(recipients=[{"kind": "mail", "to": "a@example.com\r\nBcc: b@example.com"}])),
    Bad("two addresses in one", "POST /api/v1/schedules", 400, "bad-input",
        "'a@example.com, b@example.com' is not a mail address that can be sent to.", "recipients[0]",
        schedule(recipients=[{"kind": "mail", "to": "a@example.com, b@example.com"}])),
    Bad("a domain that is not allowed", "POST /api/v1/schedules", 403, "not-allowed",
        "Nothing may be sent to example.com.", "recipients[0]",
        schedule(recipients=[{"kind": "mail", "to": "a@example.com"}])),
    Bad("a folder above its own", "POST /api/v1/schedules", 400, "bad-input", "This is not a folder to deliver to.",
        "recipients[0]", schedule(recipients=[{"kind": "folder", "to": "../other"}])),
    Bad("a webhook that is a file", "POST /api/v1/schedules", 400, "bad-input", "This is not the address of a webhook.",
        "recipients[0]", schedule(recipients=[{"kind": "webhook", "to": "file:///etc/passwd"}])),
    Bad("a webhook to where nothing may be sent", "POST /api/v1/schedules", 403, "not-allowed",
        "Nothing may be sent to 169.254.169.254.", "recipients[0]",
        schedule(recipients=[{"kind": "webhook", "to": "http://169.254.169.254/"}])),
    Bad("a pigeon", "POST /api/v1/schedules", 422, "invalid",
        "Input should be 'account', 'mail', 'folder' or 'webhook'.", "body.recipients[0].kind",
        schedule(recipients=[{"kind": "pigeon", "to": "home"}])),
    Bad("no such format", "POST /api/v1/schedules", 400, "bad-input", "'docx' is no format.", "formats",
        schedule(formats=["docx"])),
    Bad("a format twice", "POST /api/v1/schedules", 400, "bad-input", "It is not said once in which formats.",
        "formats", schedule(formats=["csv", "csv"])),
    Bad("no such period", "POST /api/v1/schedules", 400, "bad-query",
        "'sometimes' is not a date, a time or the name of a period.", "query", schedule(during="sometimes")),
    Bad("a placeholder that there is none of", "POST /api/v1/schedules", 400, "bad-input",
        "There is nothing to put in the place of {password}.", "subject", schedule(subject="{password}")),
    Bad("a long subject", "POST /api/v1/schedules", 422, "invalid", "String should have at most 200 characters.",
        "body.subject", schedule(subject="x" * 201)),
    Bad("a mistyped field of a schedule", "POST /api/v1/schedules", 422, "invalid", "Extra inputs are not permitted.",
        "body.recipient", schedule(recipient=[{"kind": "account", "to": "id-ann"}])),
    Bad("a schedule of a reader", "POST /api/v1/schedules", 403, "not-allowed", "You may not schedule reports.",
        "access", schedule(), asker="reader"),
    Bad("times of no zone", "POST /api/v1/schedules/preview", 400, "bad-definition", "There is no time zone 'x'.",
        "zone", json_of({"timing": {"every": "day"}, "zone": "x"})),
    Bad("runs of no schedule", "GET /api/v1/schedules/nope/runs", 404, "not-there",
        "There is nothing of this id, or nothing that you may know of."),
    Bad("a test of no schedule", "POST /api/v1/schedules/nope/test", 404, "not-there",
        "There is nothing of this id, or nothing that you may know of."),
    Bad("a change of no schedule", "PUT /api/v1/schedules/nope", 404, "not-there",
        "There is nothing of this id, or nothing that you may know of.", "", schedule()),
    Bad("a delivery that there is none of", "GET /api/v1/deliveries/nope", 404, "not-there",
        "There is nothing of this id, or nothing that you may know of."),
    Bad("a retry of no delivery", "POST /api/v1/deliveries/nope/retry", 404, "not-there",
        "There is nothing of this id, or nothing that you may know of."),
    Bad("a file of no delivery", "GET /api/v1/deliveries/nope/files/csv", 404, "not-there",
        "There is nothing of this id, or nothing that you may know of."),
    Bad("a domain with a path", "PUT /api/v1/domains", 400, "bad-input",
        "'example.com/x' is no domain that mail can be sent to.", "domains",
        json_of({"tenant": "acme", "domains": ["example.com/x"]})),
    Bad("101 domains", "PUT /api/v1/domains", 422, "invalid",
        "List should have at most 100 items after validation, not 101.", "body.domains",
        json_of({"tenant": "acme", "domains": [f"d{number}.example" for number in range(101)]})),
    Bad("domains of a reader", "PUT /api/v1/domains", 403, "not-allowed", "You may not manage access.", "access",
        json_of({"tenant": "acme", "domains": []}), asker="reader"),
]  # fmt: skip

ALERTS = [
    Bad("an alert without recipients", "POST /api/v1/alerts", 422, "invalid",
        "List should have at least 1 item after validation, not 0.", "body.recipients",
        json_of({"title": "x", "recipients": []})),
    Bad("an alert without a title", "POST /api/v1/alerts", 422, "invalid", "String should have at least 1 character.",
        "body.title", json_of({"title": "", "recipients": [ANN]})),
    Bad("an alert with a bad query", "POST /api/v1/alerts", 400, "bad-query", "This quotation mark is never closed.",
        "query, character 1", alert(query='"')),
    Bad("an alert after no event", "POST /api/v1/alerts", 422, "invalid", "Input should be greater than or equal to 1.",
        "body.threshold", alert(threshold=0)),
    Bad("an alert after too many events", "POST /api/v1/alerts", 422, "invalid",
        "Input should be less than or equal to 1000.", "body.threshold", alert(threshold=1000000000)),
    Bad("a window of a year", "POST /api/v1/alerts", 422, "invalid", "Input should be less than or equal to 1440.",
        "body.minutes", alert(minutes=525600)),
    Bad("an alert by colour", "POST /api/v1/alerts", 422, "invalid",
        "Input should be '', 'initiator', 'target', 'user' or 'ip'.", "body.by", alert(by="colour")),
    Bad("more than NaN", "POST /api/v1/alerts", 400, "bad-input", "NaN is no number in JSON.", "body",
        b'{"title":"x","recipients":[{"kind":"account","to":"id-ann"}],"above":{"path":"n","number":NaN}}'),
    Bad("an alert with a period", "POST /api/v1/alerts", 400, "bad-input",
        "An alert looks at what is recorded, from now on: its query has no period.", "query",
        alert(query="since:2021-01-01")),
    Bad("an alert in no tenant", "POST /api/v1/alerts", 422, "invalid", "String should have at least 1 character.",
        "body.tenant", alert(tenant="")),
    Bad("a mistyped field of an alert", "POST /api/v1/alerts", 422, "invalid", "Extra inputs are not permitted.",
        "body.treshold", alert(treshold=5)),
    Bad("an alert of a reader", "POST /api/v1/alerts", 403, "not-allowed", "You may not schedule reports.", "access",
        alert(), asker="reader"),
    Bad("an alert of a key", "POST /api/v1/alerts", 403, "not-allowed", "You may not schedule reports.", "access",
        alert(), asker="key"),
    Bad("a try of nothing that can be asked", "POST /api/v1/alerts/try", 400, "bad-query",
        "There is no value after this colon.", "query, character 3", json_of({"query": "a:"})),
    Bad("a long id of an alert", f"GET /api/v1/alerts/{'x' * 65}", 422, "invalid",
        "String should have at most 64 characters.", "path.id"),
    Bad("occurrences of no alert", "GET /api/v1/alerts/nope/occurrences", 404, "not-there",
        "There is nothing of this id, or nothing that you may know of."),
    Bad("PATCH on an alert", "PATCH /api/v1/alerts/nope", 405, "not-this-method", "The path does not take this method.",
        "", json_of({})),
]  # fmt: skip


@pytest.fixture(autouse=True)
def there(askers: Askers) -> None:
    """A report to be scheduled."""
    if REPORTS.find(askers.served.store, "there", NOW) is None:
        askers.served.keep([REPORTS.record(SavedReport("there", "id-root", "default", "Logins", {}))])


@pytest.mark.parametrize("bad", EXPORTS, ids=lambda bad: bad.what)
def test_what_cannot_be_exported(askers: Askers, bad: Bad) -> None:
    check(askers.send(bad), bad)


@pytest.mark.parametrize("bad", SCHEDULES, ids=lambda bad: bad.what)
def test_what_cannot_be_done_to_schedules_and_deliveries(askers: Askers, bad: Bad) -> None:
    check(askers.send(bad), bad)


@pytest.mark.parametrize("bad", ALERTS, ids=lambda bad: bad.what)
def test_what_cannot_be_done_to_alerts(askers: Askers, bad: Bad) -> None:
    check(askers.send(bad), bad)
