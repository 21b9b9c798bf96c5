"""Bringing a file into the directory: all of it or nothing, with what is wrong and where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import entered
import pytest
from browser import BOTH_LOOKS, is_too_wide, violations
from paged import Reader, Seen
from playwright.sync_api import Page

from trailbook.access.model import Account
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]
PATH = "/settings/directory/import"
PEOPLE = "kind,id,name,groups\ngroup,g1,Call center,\nuser,u1,Ann,g1\nuser,u2,Bob,\n"


def sent(reader: Reader, body: str | bytes, name: str = "people.csv", **more: str) -> Seen:
    """Sends a file; gives the answer."""
    fields = {**reader.get(PATH).form(PATH), **more}
    files = {"file": (name, body, "text/csv")}
    answer = reader.client.post(PATH, data=fields, files=files, headers={"Accept": "text/html"}, follow_redirects=False)
    return Seen(answer)


def people(reader: Reader) -> str:
    return reader.get("/settings/directory").text


def test_a_file_is_taken_in_and_told_of(read: Read, amy: Account, served: Service) -> None:
    reader = read(amy)
    answer = sent(reader, PEOPLE, as_of="2021-01-01T00:00")
    assert answer.headers["location"] == "/settings/directory?tenant=acme"
    assert "Taken in: 4 entries added, 0 ended." in people(reader)
    entry = reader.get("/settings/directory/entry?kind=users&tenant=acme&id=u1")
    assert "Call center g1 Group Jan 1, 2021, 12:00 AM open" in entry.text
    assert len(entered.told(served, "users")) == 2


def test_a_file_is_looked_through_first(read: Read, amy: Account) -> None:
    reader = read(amy)
    page = sent(reader, PEOPLE, **{"try": "on"})
    assert page.status == 200
    assert "It would add 4 entries and end 0. Nothing is changed yet" in page.text
    assert "There is nobody here yet." in people(reader)


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("people.csv", PEOPLE + "alien,u3,Zed,\n", "'alien' is no kind; there are user"),
        ("people.csv", PEOPLE + "user,u3\n", "Where: people.csv, line 5"),
        ("people.csv", "kind,id,tenant\nuser,u1,acme\nuser,u9,globex\n", "You may not change anything of globex."),
        ("people.csv", b"kind,id\nuser,\xff\n", "This is not UTF-8."),
        ("people.json", '{"users": [{"id": "u1"}, {"nom": "x"}]}', "Where: people.json, users[1]"),
        ("people.json", "{", "This is not JSON"),
        ("people.xlsx", "x", "A directory is a .json or .csv file."),
        ("<b>.csv", "", "Where: <b>.csv"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_taken_in(
    name: str, body: str | bytes, told: str, read: Read, amy: Account, served: Service
) -> None:
    reader = read(amy)
    page = sent(reader, body, name)
    assert page.status in (400, 403)
    assert told in page.text
    assert "The directory is as it was." in page.text
    assert served.directory().is_empty


def test_without_a_file_its_text_is_taken(read: Read, amy: Account) -> None:
    reader = read(amy)
    page = reader.send(reader.get(PATH), PATH, text=PEOPLE, **{"try": "on"})
    assert "It would add 4 entries" in page.text
    assert page.form(PATH)["text"].startswith("kind,id,name,groups")
    assert reader.send(page, PATH, text='{"users": [{"id": "u7", "name": "Zoe"}]}').status == 303
    assert "Zoe" in people(reader)
    page = reader.send(reader.get(PATH), PATH)
    assert page.root.one("p", id="file-fault").text == "There is no file."


def test_a_file_has_to_come_from_a_page_of_the_session(read: Read, amy: Account, ann: Account) -> None:
    reader = read(amy)
    assert sent(reader, PEOPLE, csrf="x.y").status == 403
    assert read(ann).get(PATH).status == 403
    fields = {"csrf": read(ann).get("/settings").root.all("input", name="csrf")[0].attributes["value"]}
    files = {"file": ("people.csv", PEOPLE, "text/csv")}
    assert read(ann).client.post(PATH, data=fields, files=files).status_code == 403
    assert "There is nobody here yet." in people(reader)


def test_the_import_reads_well_in_any_browser(visit: Open, amy: Account, tmp_path: Path) -> None:
    for more in BOTH_LOOKS:
        page = visit(PATH, amy, **more)
        page.locator("summary").click()
        assert violations(page) == []
        assert not is_too_wide(page)
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE + "alien,u3,Zed,\n")
    for scripts in (True, False):
        page = visit(PATH, amy, java_script_enabled=scripts)
        page.get_by_label("File").set_input_files(file)
        page.get_by_role("button", name="Take it in").click()
        page.get_by_text("'alien' is no kind").wait_for()
    file.write_text(PEOPLE)
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Take it in").click()
    page.get_by_text("Taken in: 4 entries added, 0 ended.").wait_for()
