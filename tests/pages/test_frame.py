"""The frame of every page: who is signed in, the language, problems, files that browsers keep."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import entered
import pytest
from browser import NARROW, is_too_wide, violations
from paged import Reader
from playwright.sync_api import Page

from trailbook.access.model import Account
from trailbook.web.entering import local
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]


def test_who_is_not_signed_in_is_sent_to_where_one_signs_in_and_comes_back(read: Read) -> None:
    assert read().get("/").headers["location"] == "/sign-in"
    for asked in ("/users/a%2Fb/%C3%A9%3F", "/reports/new?query=%C3%A9+%26"):
        (back,) = parse_qs(urlsplit(read().get(asked).headers["location"]).query)["next"]
        assert back == local(back) == asked


def test_whose_second_factor_is_missing_is_sent_to_it(read: Read, root: Account, served: Service) -> None:
    reader = read()
    entered.sign_in(reader.client, "root")
    assert reader.get("/").headers["location"] == "/second-factor?next=%2F"


def test_nobody_is_sent_to_another_site() -> None:
    for path in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "", "/\n/x", "/ä"):
        assert local(path) == "/"
    assert local("/reports/new?query=user%3Aann") == "/reports/new?query=user%3Aann"


def test_a_name_is_shown_as_it_is_and_never_as_markup(read: Read, served: Service) -> None:
    eve = entered.add(served, "eve", label="<b>Eve</b> \u202e{{ 7 * 7 }} %(x)s")
    page = read(eve).get("/")
    assert "<b>Eve</b> \ufffd{{ 7 * 7 }} %(x)s" in page.root.one("header").text


def test_a_problem_is_a_page_for_people_and_stays_details_for_programs(read: Read, ann: Account) -> None:
    page = read(ann).get("/nowhere")
    assert page.status == 404
    assert page.heading == "There is nothing here"
    assert "api" not in page.text
    assert page.links["To the start page"] == "/"
    for path, accept in (("/nowhere", "*/*"), ("/api/v1/nowhere", "text/html")):
        answer = read(ann).client.get(path, headers={"Accept": accept})
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_parameter_that_there_is_none_of_gets_a_clear_message(read: Read, ann: Account) -> None:
    page = read(ann).get("/?nothing=%3Cscript%3E")
    assert page.status == 400
    assert "There is no such parameter here. Where: query.nothing" in page.text


def test_what_goes_wrong_within_is_a_page_too(read: Read, ann: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = read(ann)
    monkeypatch.setattr("trailbook.web.pages.screens.check_seat", lambda *_: [][1])
    page = reader.get("/")
    assert page.status == 500
    assert page.heading == "Something went wrong"
    assert page.headers["x-request-id"] in page.text


def test_a_form_has_to_come_from_a_page_of_the_session(read: Read, ann: Account) -> None:
    reader = read(ann)
    for token in ("", "x.y", "é"):
        assert reader.post("/sign-out", csrf=token).status == 403
    sent = reader.send(reader.get("/"), "/sign-out")
    assert (sent.status, sent.headers["location"]) == (303, "/sign-in")
    answer = reader.client.post("/language", data={"language": "de"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_a_page_is_in_the_language_that_was_chosen_else_in_the_browsers(read: Read, ann: Account) -> None:
    reader = read(ann)
    assert reader.get("/").root.one("html").attributes["lang"] == "en"
    page = reader.get("/", Accept_Language="fr, de-AT;q=0.8, en;q=0.5")
    assert page.root.one("html").attributes["lang"] == "de"
    assert "Abmelden" in page.root.one("header").text
    for accepted, language in (
        ("en;q=0.7, de;q=0.9", "de"),
        ("de;q=0, fr", "en"),
        ("x" * 5_000, "en"),
        (";q=,,;", "en"),
    ):
        assert reader.get("/", Accept_Language=accepted).root.one("html").attributes["lang"] == language
    answer = reader.send(page, "/language", language="en")
    assert answer.headers["location"] == "/"
    assert reader.get("/", Accept_Language="de").root.one("html").attributes["lang"] == "en"


def test_files_are_kept_by_browsers_until_any_of_them_changes(read: Read, ann: Account) -> None:
    reader = read(ann)
    sheet = reader.get("/").root.all("link", rel="stylesheet")[0].attributes["href"]
    answer = reader.client.get(sheet, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert "--ground" in answer.text
    plain = reader.client.get(sheet, headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers
    again = reader.client.get(sheet, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    older = reader.client.get(f"/static/000000000000/{sheet.rpartition('/')[2]}")
    assert older.headers["cache-control"] == "no-cache"
    assert reader.client.get("/static/x/..%2Fscreens.py").status_code == 404


def test_a_page_is_packed_for_browsers_that_unpack(read: Read, ann: Account) -> None:
    client = read(ann).client
    with client.stream("GET", "/", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw).startswith(b"<!doctype html>")


def test_a_problem_reads_well_in_any_browser(visit: Open) -> None:
    for more in ({}, {"color_scheme": "dark"}, {"viewport": NARROW}):
        page = visit("/nowhere", **more)
        assert page.locator("h1").inner_text() == "There is nothing here"
        assert violations(page) == []
        assert not is_too_wide(page)
