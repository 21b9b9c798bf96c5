"""Accounts in the settings: made with a one-time link, changed by one at a time, disabled, signed out."""

from __future__ import annotations

import re
from collections.abc import Callable

import entered
from browser import BOTH_LOOKS, HOSTILE, is_too_wide, violations
from paged import Reader, Seen
from playwright.sync_api import Page

from trailbook.access.kept import ACCOUNTS
from trailbook.access.model import Account
from trailbook.directory.viewer import GroupScope, Root, SelfScope, TenantScope
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]
PATH = "/settings/accounts"


def made(reader: Reader, **more: object) -> Seen:
    """Makes an account; gives the page with its one-time link."""
    given = {"name": "new@acme.example", "role": "reader", "scope": "tenant", "tenant": "acme", **more}
    page = reader.send(reader.get(f"{PATH}/new"), PATH, **given)
    assert page.status == 200, page.text
    return page


def kept(served: Service, name: str) -> Account:
    found = [one.value for one in ACCOUNTS.each(served.store, served.clock()) if one.value.name == name]
    assert len(found) == 1
    return found[0]


def filled(page: Seen, path: str) -> dict[str, str]:
    """What the form of an account sends as it stands, what is chosen in its lists included."""
    form = page.root.one("form", action=path)
    chosen = {
        one.attributes["name"]: option.attributes["value"]
        for one in form.all("select")
        for option in one.all("option")
        if "selected" in option.attributes
    }
    groups = "".join(str(one) for one in form.one("textarea", id="groups").children).strip()
    return {**page.form(path), **chosen, "groups": groups}


def test_an_account_is_made_with_a_link_that_is_shown_once_and_works(read: Read, amy: Account, served: Service) -> None:
    reader = read(amy)
    page = made(reader, label="Newt")
    token = re.search(r"http://127.0.0.1:8080/sign-in#(\S+)", page.text)
    assert token is not None
    newt = kept(served, "new@acme.example")
    assert (newt.label, newt.scope, newt.user.id) == ("Newt", TenantScope("acme"), "new@acme.example")
    assert page.links["Done"] == f"{PATH}/{newt.id}"
    assert token[1] not in reader.get(f"{PATH}/{newt.id}").answer.text
    assert "no password yet" in reader.get(PATH).text
    used = read().post("/sign-in/link", token=token[1], password="a long enough one", again="a long enough one")
    assert used.status == 303
    assert "can sign in" in reader.get(f"{PATH}/{newt.id}").text


def test_each_scope_is_made_as_it_is_chosen(read: Read, root: Account, served: Service) -> None:
    reader = read(root)
    made(reader, name="a", scope="root", tenant="")
    made(reader, name="b", scope="groups", groups="g1\r\n g 2 \r\n", since="2021-01-01T00:00", until="2021-07-01T00:00")
    made(reader, name="c", scope="self", user="u3")
    made(reader, name="d", scope="self")
    assert kept(served, "a").scope == Root()
    assert kept(served, "b").scope == GroupScope("acme", ("g1", "g 2"))
    assert (kept(served, "b").since or served.clock()).isoformat() == "2021-01-01T00:00:00+00:00"
    assert kept(served, "c").scope == SelfScope("acme", "u3")
    assert kept(served, "d").scope == SelfScope("acme", "d")
    text = reader.get(PATH).text
    assert "What involves the groups g1 and g 2 of the tenant acme" in text
    assert "What involves the user u3 of the tenant acme" in text


def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_stays(read: Read, root: Account) -> None:
    reader = read(root)
    form = reader.get(f"{PATH}/new")
    for given, field in (
        ({"name": ""}, "name"),
        ({"name": "root"}, "name"),
        ({"role": "nobody"}, "role"),
        ({"tenant": ""}, "tenant"),
        ({"scope": "groups"}, "groups"),
        ({"scope": "moon"}, "scope"),
        ({"since": "2021-01-01T00:00", "until": "2020-01-01T00:00"}, "until"),
        ({"since": "yesterday"}, "since"),
        ({"expires_at": "2021-11-01T00:00"}, "expires_at"),
        ({"issuer": "https://x.example"}, "issuer"),
    ):
        sent = {"name": "x", "label": HOSTILE, "role": "reader", "scope": "tenant", "tenant": "acme", **given}
        page = reader.send(form, PATH, **sent)
        assert page.status == 400, given
        assert page.root.all("p", id=f"{field}-fault"), given
        assert "<script>alert(1)" in page.root.one("input", id="label").attributes["value"]


def test_an_account_is_changed_and_keeps_what_its_fields_do_not_show(read: Read, amy: Account, served: Service) -> None:
    since = served.clock().replace(second=17)
    bea = entered.add(served, "bea", since=since, scope=GroupScope("acme", ("g1", "g2")))
    reader, path = read(amy), f"{PATH}/{bea.id}"
    page = reader.get(path)
    assert reader.post(path, **{**filled(page, path), "label": "Bea", "role": "analyst"}).status == 303
    changed = kept(served, "bea")
    assert (changed.label, changed.role, changed.since, changed.scope) == ("Bea", "analyst", since, bea.scope)
    page = reader.get(path)
    sent = {**filled(page, path), "label": "", "since": "", "expires_at": "2022-01-01T00:00", "scope": "tenant"}
    assert reader.post(path, **sent).headers["location"] == path
    changed = kept(served, "bea")
    assert (changed.label, changed.since, changed.scope) == ("", None, TenantScope("acme"))
    assert "Jan 1, 2022" in reader.get(PATH).text


def test_moments_are_typed_and_shown_in_the_zone_of_the_settings(read: Read, amy: Account, served: Service) -> None:
    served.settings = served.settings.model_copy(update={"zone": "Europe/Berlin"})
    reader = read(amy)
    path = made(reader, name="zoe", since="2021-07-01T12:00").links["Done"]
    assert (kept(served, "zoe").since or served.clock()).isoformat() == "2021-07-01T10:00:00+00:00"
    assert reader.get(path).root.one("input", id="since").attributes["value"] == "2021-07-01T12:00"


def test_a_form_that_is_stale_overwrites_nothing_and_shows_both(read: Read, amy: Account, served: Service) -> None:
    bea = entered.add(served, "bea")
    reader, path = read(amy), f"{PATH}/{bea.id}"
    mine, theirs = (filled(reader.get(path), path) for _ in range(2))
    assert reader.post(path, **{**theirs, "label": "Theirs"}).status == 303
    page = reader.post(path, **{**mine, "label": "Mine"})
    assert page.status == 412
    assert "Somebody else has changed this since you opened the page." in page.text
    assert "You had entered: Mine" in page.text
    assert page.root.one("input", id="label").attributes["value"] == "Theirs"
    assert kept(served, "bea").label == "Theirs"
    page = reader.post(f"{path}/disable", csrf=page.token, version=mine["version"])
    assert page.status == 412
    assert not kept(served, "bea").disabled


def test_an_account_is_disabled_after_a_question_and_enabled_again(read: Read, amy: Account, served: Service) -> None:
    bea = entered.add(served, "bea")
    her, reader, path = read(bea), read(amy), f"{PATH}/{bea.id}"
    page = reader.get(path)
    questions = [one.text for one in page.root.all("details", class_="confirm danger")]
    assert any("“bea” is signed out everywhere at once" in one for one in questions)
    assert reader.send(page, f"{path}/disable").headers["location"] == path
    assert her.get("/").headers["location"] == "/sign-in"
    page = reader.get(path)
    assert "The account is disabled" in page.text
    assert f"{path}/link" not in page.answer.text
    assert reader.send(page, f"{path}/enable").status == 303
    assert not kept(served, "bea").disabled


def test_a_new_link_and_a_lost_second_factor(read: Read, amy: Account, served: Service) -> None:
    bea = entered.add(served, "bea", otp="JBSWY3DPEHPK3PXP")
    reader, path = read(amy), f"{PATH}/{bea.id}"
    page = reader.send(reader.get(path), f"{path}/link")
    assert "A one-time link for “bea”" in page.heading
    assert "/sign-in#" in page.text
    assert reader.send(reader.get(path), f"{path}/second-factor").headers["location"] == path
    assert kept(served, "bea").otp == ""
    assert "Second factor Not set up" in reader.get(path).text


def test_sessions_are_ended_one_by_one_or_all(read: Read, amy: Account, served: Service) -> None:
    bea = entered.add(served, "bea")
    places = [read(bea) for _ in range(3)]
    reader, path = read(amy), f"{PATH}/{bea.id}"
    page = reader.get(path)
    ids = [one.attributes["value"] for one in page.root.all("input", name="id", type="hidden")]
    assert len(ids) == 3
    token = page.token
    assert reader.post("/settings/sessions/end", csrf=token, id=ids[0], account=bea.id).headers["location"] == path
    assert sum(place.get("/").status == 200 for place in places) == 2
    assert reader.post("/settings/sessions/end-all", csrf=token, account=bea.id).headers["location"] == path
    assert not any(place.get("/").status == 200 for place in places)
    assert "Nowhere." in reader.get(path).text


def test_ones_own_sessions_end_but_the_one_that_asks(read: Read, ann: Account) -> None:
    reader, *others = (read(ann) for _ in range(3))
    page = reader.get("/settings/sessions")
    assert page.text.count("End this session") == 2
    assert reader.send(page, "/settings/sessions/end-all").headers["location"] == "/settings/sessions"
    assert [other.get("/").headers["location"] for other in others] == ["/sign-in", "/sign-in"]
    assert "this one" in reader.get("/settings/sessions").text


def test_ones_own_account_cannot_be_taken_over_and_the_last_root_stays(read: Read, root: Account) -> None:
    reader, path = read(root), f"{PATH}/{root.id}"
    page = reader.get(path)
    assert f"{path}/link" not in page.answer.text
    assert page.links["This is your own account: your password and second factor are there."] == "/account"
    assert reader.post(f"{path}/link", csrf=page.token).status == 403
    refused = reader.send(page, f"{path}/disable")
    assert refused.status == 403
    assert "This is the last root account." in refused.text


def test_who_may_do_more_is_shown_and_not_changed(read: Read, served: Service) -> None:
    amy = entered.add(served, "amy", role="administrator", expires_at=served.clock().replace(year=2022))
    bea = entered.add(served, "bea", role="administrator")
    reader, path = read(amy), f"{PATH}/{bea.id}"
    page = reader.get(path)
    assert "This account may do more than you" in page.text
    assert page.root.all("form", action=path) == []
    assert reader.post(f"{path}/disable", csrf=page.token, version="*").status == 403


def test_accounts_of_others_are_not_there(read: Read, amy: Account, ann: Account, root: Account) -> None:
    assert read(amy).get(f"{PATH}/{root.id}").status == 404
    assert "Root" not in read(amy).get(PATH).text
    assert "root" not in read(amy).get(f"{PATH}/new").root.one("select", id="scope").text.lower()
    for path in (PATH, f"{PATH}/new", f"{PATH}/{amy.id}"):
        assert read(ann).get(path).status == 403
    assert "Accounts" not in read(ann).get("/settings").links


def test_accounts_read_well_in_any_browser(visit: Open, read: Read, amy: Account, served: Service) -> None:
    bea = entered.add(served, "bea", label=HOSTILE * 4, otp="JBSWY3DPEHPK3PXP")
    read(bea)
    for path in (PATH, f"{PATH}/new", f"{PATH}/{bea.id}", f"{PATH}/{amy.id}", "/settings/sessions", "/settings"):
        for more in BOTH_LOOKS:
            page = visit(path, amy, **more)
            assert violations(page) == [], path
            assert not is_too_wide(page), path


def test_an_account_is_made_with_the_keyboard_alone_and_its_link_copied(visit: Open, amy: Account) -> None:
    page = visit(PATH, amy, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="New account").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name to sign in").focus()
    page.keyboard.type("kim")
    page.keyboard.press("Enter")
    page.get_by_text("“kim” can sign in now").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Copy").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Copied").wait_for()
    assert "/sign-in#" in page.evaluate("navigator.clipboard.readText()")
