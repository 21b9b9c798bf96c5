"""The domains that a tenant lets mail and webhooks leave to, in the settings."""

from __future__ import annotations

from collections.abc import Callable

import entered
import pytest
from browser import BOTH_LOOKS, is_too_wide, violations
from paged import Reader
from playwright.sync_api import Page

from trailbook.access.model import Account
from trailbook.deliver.recipients import allowed
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]

PATH = "/settings/domains"


def test_who_manages_a_tenant_says_where_its_mail_may_go(read: Read, amy: Account, served: Service) -> None:
    reader = read(amy)
    assert PATH in reader.get("/settings").links.values()
    first = reader.get(PATH)
    sent = reader.send(first, PATH, domains="example.org\r\n\r\n Example.COM \r\nmüller.example")
    assert sent.headers["location"] == PATH
    assert allowed(served.store, "acme", served.clock()) == ("example.com", "example.org", "xn--mller-kva.example")
    assert reader.get(PATH).root.one("textarea").text.split() == [
        "example.com", "example.org", "xn--mller-kva.example",
    ]  # fmt: skip
    stale = reader.send(first, PATH, domains="example.net")
    assert (stale.status, "Somebody else has changed this" in stale.text) == (412, True)
    (event,) = entered.told(served, "domains")
    assert (event.tenant, event.action) == ("acme", "update")


def test_what_is_no_domain_is_told_at_the_field_and_stays(read: Read, amy: Account, served: Service) -> None:
    reader = read(amy)
    page = reader.send(reader.get(PATH), PATH, domains="example.org\n<b>no domain</b>")
    assert page.status == 400
    assert "'<b>no domain</b>' is no domain that mail can be sent to." in page.text
    assert "<b>no domain</b>" in page.root.one("textarea").text
    assert allowed(served.store, "acme", served.clock()) == ()


def test_root_says_so_of_any_tenant_and_others_of_theirs_alone(
    read: Read, amy: Account, ann: Account, root: Account, served: Service
) -> None:
    every = read(root)
    page = every.get(f"{PATH}?tenant=globex")
    form = {one.attributes["name"]: one.attributes["value"] for one in page.root.all("input", type="hidden")}
    assert form["tenant"] == "globex"
    assert every.post(PATH, **form, domains="example.org").headers["location"] == f"{PATH}?tenant=globex"
    assert allowed(served.store, "globex", served.clock()) == ("example.org",)
    reader = read(amy)
    assert reader.get(f"{PATH}?tenant=globex").status == 403
    token = reader.get(PATH).token
    assert reader.post(PATH, csrf=token, tenant="globex", domains="x.example", version='"1"').status == 403
    assert read(ann).get(PATH).status == 403
    assert PATH not in read(ann).get("/settings").links.values()


@pytest.mark.parametrize("more", BOTH_LOOKS)
def test_it_reads_well_in_any_browser(read: Read, amy: Account, visit: Open, more: dict[str, object]) -> None:
    read(amy)
    page = visit(PATH, amy, **more)
    assert violations(page) == []
    assert not is_too_wide(page)
