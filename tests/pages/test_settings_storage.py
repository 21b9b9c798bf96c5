"""What an installation is, in the settings: figures of the store for root, formats for everybody."""

from __future__ import annotations

from collections.abc import Callable

import entered
import pytest
from browser import BOTH_LOOKS, HOSTILE, NARROW, is_too_wide, violations
from paged import Reader
from playwright.sync_api import Page

from trailbook.access.model import Account
from trailbook.directory.viewer import OPERATOR
from trailbook.web.pages.showing import Showing
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]
RECORD = '{"id": "018f3c2e-7d5a-7cc0-9e57-000000000001", "occurred_at": "2021-03-01T09:00:00Z", "resource": "calls", '


def test_root_sees_the_books_with_their_heads_and_what_became_of_events(
    read: Read, root: Account, served: Service
) -> None:
    served.metrics.received({"stored": 1_200, "duplicate": 3})
    served.metrics.seen("web", served.clock())
    page = read(root).get("/settings/storage")
    for book, head in served.store.heads(OPERATOR).items():
        assert f"{book} {head.size} {head.root.hex()}" in page.text
    assert "ready Events can be stored and found." in page.text
    assert "Stored 1,200 There already 3 Waiting to be stored 0" in page.text
    assert "web Dec 1, 2021, 9:00 AM" in page.text
    assert "Refused" not in page.text


def test_many_books_go_by_pages(read: Read, root: Account, served: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailbook.web.pages.settings.sections.PAGE", 2)
    for tenant in ("b", "c", "d"):
        entered.add(served, tenant, user=root.user._replace(tenant=tenant))
    reader = read(root)
    first = reader.get("/settings/storage")
    second = reader.get(first.links["Further"])
    books = [one.text for page in (first, second) for one in page.root.all("th", scope="row")]
    assert books == ["acme", "b", "c", "d"]
    assert "Further" not in second.links


def test_what_keeps_the_service_from_its_work_is_told(
    read: Read, root: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trailbook.web.health.disk", lambda service: (1 << 30, 1 << 20))
    page = read(root).get("/settings/storage")
    assert "The service is not ready. There is hardly any room left on the disk." in page.text


def test_nobody_but_root_sees_the_figures(read: Read, ann: Account, served: Service) -> None:
    amy = entered.add(served, "amy", role="administrator")
    for account in (ann, amy):
        assert read(account).get("/settings/storage").status == 403
        assert "Storage" not in read(account).get("/settings").links


def test_sizes_are_told_in_the_language_of_the_page(read: Read, root: Account) -> None:
    page = read(root).get("/settings/storage", Accept_Language="de")
    assert "In Reserve gehalten 67,1 MB" in page.text


@pytest.mark.parametrize(
    ("bytes", "told"), [(0, "0 byte"), (999, "999 byte"), (1_500, "1.5 kB"), (2_000_000, "2 MB"), (10**12, "1,000 GB")]
)
def test_sizes(bytes: int, told: str) -> None:
    assert Showing("UTC", "en").size(bytes) == told


def test_everybody_finds_how_logs_are_imported(read: Read, ann: Account) -> None:
    page = read(ann).get("/settings/formats")
    assert page.links["Okta System Log"] == "/settings/formats/okta"
    page = read(ann).get("/settings/formats/okta")
    assert "trailbook import --format okta --dry-run log.json" in page.text
    assert "eventType" in page.root.one("details", class_="more map").text
    assert read(ann).client.get(page.links["Download"]).status_code == 200
    assert read(ann).get("/settings/formats/nothing").status == 404


def test_a_format_is_tried_on_records_and_nothing_is_stored(read: Read, ann: Account, served: Service) -> None:
    before = served.store.heads(OPERATOR)
    reader, path = read(ann), "/settings/formats/native"
    form = reader.get(path)
    page = reader.send(form, path, sample=RECORD + f'"action": "play", "details": "{HOSTILE}"}}\n{{"id": 1}}')
    assert '"details": "<script>alert(1)</script> \ufffd{{ 7 * 7 }}"' in page.text
    assert "Record at line 2 does not fit" in page.text
    assert page.form(path)["sample"].startswith('{"id"')
    assert served.store.heads(OPERATOR) == before
    for sample in ("", "{"):
        page = reader.send(form, path, sample=sample)
        assert page.status in (200, 400)
        assert page.root.all("p", id="sample-fault") or "does not fit" in page.text


def test_what_the_directory_knows_of_others_is_not_told_by_trying(read: Read, ann: Account, root: Account) -> None:
    read(root).send(
        read(root).get("/settings/directory/new"), "/settings/directory", tenant="globex", id="u9", name="Zoe"
    )
    reader, path = read(ann), "/settings/formats/native"
    sample = RECORD + '"action": "play", "initiator": {"id": "u9", "tenant": "globex"}}'
    assert "Zoe" not in reader.send(reader.get(path), path, sample=sample).text


def test_they_read_well_in_any_browser(visit: Open, root: Account, served: Service) -> None:
    entered.add(served, "zed", user=root.user._replace(tenant=HOSTILE * 3))
    for path in ("/settings/storage", "/settings/formats", "/settings/formats/okta"):
        for more in BOTH_LOOKS:
            page = visit(path, root, **more)
            assert violations(page) == [], path
            assert not is_too_wide(page), path
    page = visit("/settings/formats/native", root, viewport=NARROW)
    page.get_by_label("Records").fill(RECORD + '"action": "play"}\n{"id": 1}')
    page.get_by_role("button", name="Show the events").click()
    page.get_by_text("does not fit").wait_for()
    assert violations(page) == []
    assert not is_too_wide(page)
