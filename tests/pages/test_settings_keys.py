"""Keys in the settings: made, shown once, listed with their use, and revoked."""

from __future__ import annotations

import re
from collections.abc import Callable

import entered
import pytest
from browser import BOTH_LOOKS, HOSTILE, NARROW, is_too_wide, violations
from paged import Reader
from playwright.sync_api import Page

from trailbook.access.model import Account
from trailbook.directory.viewer import GroupScope, TenantScope
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]


def made(reader: Reader, **more: object) -> str:
    """Makes a key; gives its text."""
    given = {"name": "Shop", "tenant": "acme", "uses": ["ingest"], **more}
    page = reader.send(reader.get("/settings/keys/new"), "/settings/keys", **given)
    assert page.status == 200, page.text
    found = re.search(r"tb_[a-z2-7]{8}_\S+", page.text)
    assert found is not None
    return found[0]


def test_a_key_is_shown_once_and_works(read: Read, amy: Account, served: Service) -> None:
    reader = read(amy)
    text = made(reader, applications="web\n shop \n\n", expires_at="2022-01-01T10:00")
    listed = reader.get("/settings/keys")
    assert text not in listed.answer.text
    assert "Shop tb_" in listed.text
    assert "acme web, shop" in listed.text
    assert "Jan 1, 2022, 10:00 AM" in listed.text
    assert "9:00 AM amy" in listed.text
    sent = reader.client.get("/api/v1/keys", headers={"Authorization": f"Bearer {text}"})
    assert sent.status_code == 403
    assert [event.action for event in entered.told(served, "keys")] == ["create"]


def test_loading_the_page_of_a_new_key_again_makes_no_other(visit: Open, amy: Account, served: Service) -> None:
    page = visit("/settings/keys/new", amy)
    page.get_by_role("textbox", name="Name").fill("Shop")
    page.get_by_label("Send events").check()
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("heading", name="The key “Shop”").wait_for()
    page.reload()
    page.get_by_text("This key is made already").wait_for()
    assert page.locator("tbody tr").count() == 1
    assert [event.action for event in entered.told(served, "keys")] == ["create"]


def test_an_id_that_names_no_key_is_refused(read: Read, amy: Account) -> None:
    reader = read(amy)
    given = {"name": "Shop", "tenant": "acme", "uses": ["ingest"], "id": "../../x"}
    assert reader.send(reader.get("/settings/keys/new"), "/settings/keys", **given).status == 400


def test_a_key_is_revoked_after_a_question_and_not_by_a_link(read: Read, amy: Account) -> None:
    reader = read(amy)
    text = made(reader)
    page = reader.get("/settings/keys")
    (action,) = [one.attributes["action"] for one in page.root.all("form") if "revoke" in one.attributes["action"]]
    assert "is refused from its next request on" in page.root.one("details", class_="confirm danger").text
    assert reader.get(action).status == 405
    assert reader.send(page, action).headers["location"] == "/settings/keys"
    assert "revoked" in reader.get("/settings/keys").text
    answer = reader.client.get("/api/v1/events", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 401


def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_stays(read: Read, amy: Account) -> None:
    reader = read(amy)
    form = reader.get("/settings/keys/new")
    for given, field in (
        ({"name": ""}, "name"),
        ({"uses": []}, "uses"),
        ({"expires_at": "2021-11-01T00:00"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"hidden": ["secrets"]}, "hidden"),
    ):
        sent = {"name": HOSTILE, "tenant": "acme", "uses": ["ingest", "read"], **given}
        page = reader.send(form, "/settings/keys", **sent)
        assert page.status == 400
        assert page.root.all("p", id=f"{field}-fault"), field
        assert page.links["To the field"] == f"#{field}"
        if "name" not in given:
            name = page.root.one("input", id="name").attributes["value"]
            assert name == HOSTILE.replace("\u202e", "\ufffd")
    assert reader.send(form, "/settings/keys", name="x", tenant="globex", uses=["read"]).status == 403


def test_nobody_gives_more_than_they_have(read: Read, served: Service) -> None:
    bea = entered.add(
        served, "bea", role="administrator", scope=TenantScope("acme"), expires_at=served.clock().replace(year=2022)
    )
    page = read(bea).send(read(bea).get("/settings/keys/new"), "/settings/keys", name="x", tenant="acme", uses=["read"])
    assert page.status == 403


def test_who_does_not_manage_access_neither_sees_nor_opens_the_page(read: Read, ann: Account, served: Service) -> None:
    cem = entered.add(served, "cem", role="administrator", scope=GroupScope("acme", ("g1",)))
    for account in (ann, cem):
        reader = read(account)
        assert "API keys" not in reader.get("/settings").links
        for path in ("/settings/keys", "/settings/keys/new"):
            assert reader.get(path).status == 403
    reader = read(ann)
    assert reader.send(reader.get("/settings"), "/sign-out").status == 303


def test_who_manages_all_tenants_is_offered_those_that_have_books(read: Read, amy: Account, root: Account) -> None:
    made(read(amy))
    page = read(root).get("/settings/keys/new")
    assert page.root.one("input", id="tenant").attributes["list"] == "tenants"
    offered = page.root.one("datalist", id="tenants").all("option")
    assert [one.attributes["value"] for one in offered] == ["acme"]
    assert read(amy).get("/settings/keys/new").root.all("datalist") == []


def test_a_tenant_sees_its_own_keys_and_root_those_of_the_tenant_named(read: Read, amy: Account, root: Account) -> None:
    made(read(root), name="Globex's", tenant="globex")
    made(read(amy))
    assert "Globex's" not in read(amy).get("/settings/keys").text
    assert "Globex's" not in read(amy).get("/settings/keys?tenant=globex").text
    assert "Globex's" in read(root).get("/settings/keys").text
    page = read(root).get("/settings/keys?tenant=acme")
    assert "Shop" in page.text
    assert "Globex's" not in page.text
    assert page.links["All tenants"] == "/settings/keys"


def test_many_keys_go_by_pages(read: Read, amy: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailbook.web.pages.settings.sections.PAGE", 2)
    reader = read(amy)
    for number in range(3):
        made(reader, name=f"Key {number}")
    first = reader.get("/settings/keys")
    second = reader.get(first.links["Further"])
    assert first.text.count("tb_") + second.text.count("tb_") == 3
    assert second.links["To the beginning"] == "/settings/keys"


def test_keys_read_well_in_any_browser(visit: Open, read: Read, amy: Account) -> None:
    for _state in ("empty", "full"):
        for more in BOTH_LOOKS:
            page = visit("/settings/keys", amy, **more)
            assert violations(page) == []
            assert not is_too_wide(page)
        made(read(amy), name=HOSTILE, uses=["ingest", "read"], hidden=["ip", "data"])
    page = visit("/settings/keys/new", amy, viewport=NARROW)
    page.locator("summary").click()
    assert violations(page) == []
    assert not is_too_wide(page)


def test_the_keys_text_is_copied_by_a_button(visit: Open, root: Account) -> None:
    page = visit("/settings/keys/new", root, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("textbox", name="Name").fill("Shop")
    page.get_by_role("combobox", name="Tenant").fill("acme")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("link", name="To the field").click()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.get_by_label("Send events").is_checked()
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_text("Copied").wait_for()
    text = page.locator("[data-copy] code").first.inner_text()
    assert text.startswith("tb_")
    assert page.evaluate("navigator.clipboard.readText()") == text
    assert violations(page) == []
