"""Access roles in the settings: rights in plain words; made, changed by one at a time, taken away when unused."""

from __future__ import annotations

from collections.abc import Callable

import entered
from browser import BOTH_LOOKS, HOSTILE, is_too_wide, violations
from paged import Reader
from playwright.sync_api import Page

from trailbook.access.model import Account
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]
PATH = "/settings/access-roles"


def made(reader: Reader, **more: object) -> str:
    """Makes a role; gives the path of its page."""
    given = {"name": "Clerk", "rights": ["view"], **more}
    page = reader.send(reader.get(f"{PATH}/new"), PATH, **given)
    assert page.status == 303, page.text
    return str(page.headers["location"])


def test_a_role_is_made_of_rights_in_plain_words_and_hidden_columns(read: Read, amy: Account, served: Service) -> None:
    reader = read(amy)
    form = reader.get(f"{PATH}/new")
    assert "Take events out Download what may be seen, as files." in form.text
    path = made(reader, rights=["view", "export"], hidden=["ip"])
    assert "The access role is made." in reader.get(path).text
    listed = reader.get(PATH)
    assert listed.links["Clerk"] == path
    assert "Clerk See events, Take events out Audit - Initiator IP acme" in listed.text
    assert [event.action for event in entered.told(served, "access_roles")] == ["create"]


def test_a_role_is_changed(read: Read, amy: Account) -> None:
    reader = read(amy)
    path = made(reader, hidden=["ip"])
    assert reader.send(reader.get(path), path, name="Clerks", rights=["reports"]).headers["location"] == path
    page = reader.get(path)
    assert page.heading == "Clerks"
    ticked = {one.attributes["value"] for one in page.root.all("input", type="checkbox") if "checked" in one.attributes}
    assert ticked == {"reports"}


def test_a_form_that_is_stale_overwrites_nothing_and_shows_both(read: Read, amy: Account) -> None:
    reader = read(amy)
    path = made(reader)
    mine, theirs = reader.get(path), reader.get(path)
    reader.send(theirs, path, name="Theirs", rights=["view", "export"])
    page = reader.send(mine, path, name="Mine <b>", rights=["view", "reports"])
    assert page.status == 412
    assert "Somebody else has changed this since you opened the page." in page.text
    assert page.root.one("input", id="name").attributes["value"] == "Theirs"
    assert "You had entered: Mine <b>" in page.text
    assert "Take events out Download what may be seen, as files. You had not ticked this." in page.text
    assert "others have saved in the tenant. You had ticked this." in page.text
    assert reader.send(page, path, name="Both", rights=["view"]).status == 303
    assert reader.get(path).heading == "Both"


def test_a_role_that_accounts_have_is_not_taken_away(read: Read, amy: Account, served: Service) -> None:
    reader = read(amy)
    path = made(reader)
    entered.add(served, "bea", role=path.rpartition("/")[2])
    page = reader.send(reader.get(path), f"{path}/delete")
    assert page.status == 400
    assert "Accounts have this role. Give them another one first." in page.text
    assert reader.get(path).status == 200


def test_a_role_is_taken_away_after_a_question(read: Read, amy: Account) -> None:
    reader = read(amy)
    path = made(reader)
    page = reader.get(path)
    assert "That works only when no account has it." in page.root.one("details", class_="confirm danger").text
    assert reader.send(page, f"{path}/delete").headers["location"] == PATH
    assert reader.get(path).status == 404


def test_what_may_not_be_changed_is_only_shown(read: Read, amy: Account, root: Account) -> None:
    everybodys = made(read(root), name="Everybody's")
    for path in (f"{PATH}/administrator", everybodys):
        page = read(amy).get(path)
        assert page.status == 200
        assert f"{path}/delete" not in page.answer.text
        token = read(amy).get(f"{PATH}/new").token
        assert read(amy).post(path, csrf=token, name="x").status == 403
    assert read(root).get(everybodys).root.all("form", action=everybodys)


def test_what_is_wrong_is_told_at_its_field(read: Read, amy: Account) -> None:
    reader = read(amy)
    form = reader.get(f"{PATH}/new")
    for given, field in (({"name": ""}, "name"), ({"hidden": ["x"]}, "hidden"), ({"rights": ["fly"]}, "rights")):
        page = reader.send(form, PATH, **{"name": HOSTILE, **given})
        assert page.status == 400
        assert page.root.all("p", id=f"{field}-fault"), field


def test_who_does_not_manage_access_may_not_open_them(read: Read, ann: Account) -> None:
    for path in ("", "/new", "/reader"):
        assert read(ann).get(f"{PATH}{path}").status == 403
    assert "Access roles" not in read(ann).get("/settings").links


def test_roles_read_well_in_any_browser(visit: Open, read: Read, amy: Account) -> None:
    own = made(read(amy), name=HOSTILE * 3, rights=["view", "export"], hidden=["ip", "data"])
    for path in (PATH, own, f"{PATH}/new", f"{PATH}/auditor"):
        for more in BOTH_LOOKS:
            page = visit(path, amy, **more)
            assert violations(page) == [], path
            assert not is_too_wide(page), path
