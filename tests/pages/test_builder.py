"""The report builder as a browser without scripts has it: what is asked for, what is found, and what leads on."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import entered
import pytest
from asked import BOB, EVENTS, looks
from msgspec import structs
from paged import Element, Reader, Seen
from trails import AT, NOW, event, sealed_trail

from trailbook.access.kept import REPORTS, ROLES
from trailbook.access.model import AccessRole, Account
from trailbook.demo.trail import demo_events
from trailbook.directory.model import Changes, Profile
from trailbook.directory.viewer import TenantScope
from trailbook.event.model import Initiator
from trailbook.report.columns import COLUMNS
from trailbook.web.service import Service

Read = Callable[..., Reader]
NEW = "/reports/new"


@pytest.fixture
def asks(served: Service, read: Read) -> Reader:
    """An analyst of acme, whose book holds four events."""
    served.store.append(sealed_trail(EVENTS))
    return read(entered.add(served, "bea", role="analyst", label="Bea"))


def at(**state: Any) -> str:
    return f"{NEW}?{urlencode(state)}"


def table(page: Seen) -> list[list[str]]:
    """The first words of each cell."""
    return [[_shown(cell) for cell in row.all("td")][1:] for row in page.root.one("tbody").all("tr")]


def _shown(cell: Element) -> str:
    return (cell.all("summary") or [cell])[0].text


def headings(page: Seen) -> list[str]:
    return [one.text for one in page.root.one("thead").all("th")][1:]


def state(page: Seen) -> dict[str, str]:
    """Where a page sends its reader."""
    assert page.status == 303, page.text
    path, _, query = page.headers["location"].partition("?")
    assert path == NEW
    return dict(parse_qsl(query))


def press(reader: Reader, page: Seen, name: str, value: str, **filled: str) -> Seen:
    """Press a button of the builder, in the form that it belongs to."""
    buttons = [one for one in page.root.all("button", name=name) if one.attributes["value"] == value]
    forms = page.root.all("form", action=f"{NEW}/change")
    owner = buttons[0].attributes.get("form")
    form = next(
        one for one in forms if (one.attributes.get("id") == owner if owner else buttons[0] in one.all("button"))
    )
    return _send(reader, form, {name: value, **filled})


def fill(reader: Reader, page: Seen, **filled: str) -> Seen:
    """Send the form that has these fields."""
    forms = page.root.all("form", action=f"{NEW}/change")
    name = next(iter(filled))
    form = next(
        one for one in forms if one.all("input", id=name) + one.all("input", name=name) + one.all("select", id=name)
    )
    return _send(reader, form, filled)


def _send(reader: Reader, form: Element, filled: dict[str, str]) -> Seen:
    kept = {one.attributes["name"]: one.attributes.get("value", "") for one in form.all("input")}
    for select in form.all("select"):
        chosen = [one for one in select.all("option") if "selected" in one.attributes] or select.all("option")
        kept[select.attributes["name"]] = chosen[0].attributes["value"]
    return reader.get(f"{NEW}/change?{urlencode({**kept, **filled})}")


def test_all_that_may_be_seen_is_shown_in_the_columns_of_the_report(asks: Reader, served: Service) -> None:
    page = asks.get(NEW)
    assert headings(page) == [one.label for one in COLUMNS.values()][:15]
    assert [row[2:5] for row in table(page)][1:] == [
        ["Bob", "calls", "login"], ["Bob", "calls", "update"], ["Ann", "calls", "export"], ["Ann", "calls", "play"],
    ]  # fmt: skip
    assert table(page)[1][1] == "Nov 17, 2021, 5:07 PM"
    assert "globex" not in page.text
    assert "# of rows: 5" in page.text  # the four, and that the account was made
    assert looks(served)[-1].event.data == {"query": ""}


def test_the_zone_of_times_is_always_told_and_may_be_another(asks: Reader) -> None:
    assert "time zone UTC" in asks.get(NEW).text
    page = asks.get(at(query="action:play", zone="Asia/Tokyo", during="2021-11", seconds="true"))
    assert table(page)[0][1] == "Nov 17, 2021, 11:07:31 PM"
    assert "From Nov 1, 2021, 12:00 AM to before Dec 1, 2021, 12:00 AM · time zone Asia/Tokyo" in page.text


def test_the_query_stands_as_conditions_that_can_be_taken_out_or_turned_round(asks: Reader) -> None:
    page = asks.get(at(query="user:Ann -action:play"))
    chips = [one.text for one in page.root.one("ul", class_="chips").all("li")]
    assert chips[0].startswith("User Ann did it or was affected")
    assert chips[1].startswith("not Action play")
    links = {one.attributes.get("aria-label", ""): one.attributes["href"] for one in page.root.all("a")}
    assert links["Remove: user:Ann"] == at(query="-action:play")
    assert links["Ask for it: -action:play"] == at(query="user:Ann action:play")
    assert links["Exclude it: user:Ann"] == at(query="-user:Ann -action:play")
    assert asks.get(links["Remove: user:Ann"]).status == 200


def test_it_is_told_whom_a_name_means_and_when_it_means_nobody(asks: Reader, served: Service) -> None:
    page = asks.get(at(query="user:Ann"))
    assert "User “Ann” is acme/u1" in page.text
    assert page.links["acme/u1"] == "/users/acme/u1"
    served.store.change_directory(lambda _: Changes((Profile("user", "acme", "u1", "Ann Lee"),)))
    page = asks.get(at(query="user:acme/u1"))
    assert "User “acme/u1” is Ann Lee acme/u1" in page.text
    assert page.links["Ann Lee"] == "/users/acme/u1"
    page = asks.get(at(query="user:acme/u2"))
    assert "time zone UTC User acme/u2" in page.text
    page = asks.get(at(query="by:le"))
    assert "User “le”: nobody is called just that. Did you mean one of these: Ann Lee (acme/u1)?" in page.text
    page = asks.get(at(query="by:nobody"))
    assert "User “nobody”: nobody of this name or ID is known in what you may see." in page.text
    assert "No events match." in page.text


def test_it_is_told_when_a_name_means_several(asks: Reader, served: Service) -> None:
    served.store.append(sealed_trail([event(60, initiator=Initiator("u7", "Ann", "acme"))]))
    page = asks.get(at(query="user:Ann"))
    assert "User “Ann” means 2." in page.text
    assert [page.links[one] for one in ("acme/u1", "acme/u7")] == ["/users/acme/u1", "/users/acme/u7"]
    page = asks.get(at(query="user:<b>&x</b>"), Accept_Language="de")
    assert "Benutzer „<b>&x</b>“: Niemand mit diesem Namen" in page.text


def test_matched_tells_why_a_row_is_there_in_words(asks: Reader) -> None:
    page = asks.get(at(query="user:Ann", columns="action,matched"))
    assert table(page) == [["update", "was affected"], ["export", "did it"], ["play", "did it"]]


def test_a_cell_narrows_the_report_or_leaves_its_value_out(asks: Reader) -> None:
    page = asks.get(at(query="app:web", cells="wrapped"))
    assert state(press(asks, page, "only", "action:login")) == {"query": "app:web action:login", "cells": "wrapped"}
    assert state(press(asks, page, "without", "action:login"))["query"] == "app:web -action:login"
    assert state(press(asks, page, "only", "by.user:acme/u2"))["query"] == "app:web by.user:acme/u2"
    assert state(press(asks, page, "only", "by.group:acme/g1"))["query"] == "app:web by.group:acme/g1"
    assert state(press(asks, page, "only", "ip:85.223.209.22"))["query"] == "app:web ip:85.223.209.22"
    assert state(press(asks, page, "only", "related:user/u1"))["query"] == "app:web related:user/u1"
    assert state(press(asks, page, "day", "2021-11-17"))["during"] == "2021-11-17"


def test_somebody_is_added_in_words(asks: Reader) -> None:
    page = asks.get(at(query="action:update"))
    found = fill(asks, page, party="Call center", kind="group", side="by")
    assert state(found) == {"query": 'action:update by.group:"Call center"'}
    assert [row[2] for row in table(asks.get(found.headers["location"]))] == ["Bob"]


def test_a_query_is_sent_without_what_is_empty(asks: Reader) -> None:
    found = fill(asks, asks.get(at(columns="action")), query=" action:login ", since="", until="", during="2021-11")
    assert state(found) == {"query": "action:login", "during": "2021-11", "columns": "action"}


def test_periods_are_chosen_at_once_and_the_chosen_one_is_marked(asks: Reader) -> None:
    page = asks.get(at(query="action:login", since="2021-11-01"))
    assert page.links["Last month"] == at(query="action:login", during="last-month")
    page = asks.get(page.links["Last month"])
    (current,) = page.root.one("nav", class_="presets").all("a", aria_current="true")
    assert current.text == "Last month"
    assert len(table(page)) == 1


def test_columns_are_chosen_renamed_and_moved(asks: Reader) -> None:
    page = asks.get(at(columns="action,ip"))
    assert state(press(asks, page, "up", "ip"))["columns"] == "ip,action"
    assert state(press(asks, page, "down", "ip"))["columns"] == "action,ip"
    assert state(press(asks, page, "remove", "ip"))["columns"] == "action"
    assert state(press(asks, page, "add", "matched"))["columns"] == "action,ip,matched"
    renamed = fill(asks, page, label_ip="From, where")
    assert state(renamed) == {"columns": "action,ip=From%2C where", "panel": "columns"}
    page = asks.get(renamed.headers["location"])
    assert headings(page) == ["Audit - Action", "From, where"]
    assert state(press(asks, page, "up", "ip"))["columns"] == "ip=From%2C where,action"
    assert "columns" not in state(press(asks, page, "usual", "true"))
    assert state(press(asks, asks.get(NEW), "remove", "id"))["columns"].startswith("date_time,initiator,")


def test_a_heading_of_the_column_itself_is_none_of_ones_own_in_any_language(asks: Reader) -> None:
    for language in ("en", "de"):
        asks.client.cookies.set("trailbook-language", language)
        page = asks.get(at(columns="action,ip=From"))
        assert state(press(asks, page, "up", "ip"))["columns"] == "ip=From,action"
        (own,) = headings(asks.get(at(columns="ip")))
        assert state(fill(asks, page, label_ip=own))["columns"] == "action,ip"
        assert state(fill(asks, page, label_ip=""))["columns"] == "action,ip"


def test_a_query_of_any_length_makes_a_page_of_a_bounded_one(asks: Reader) -> None:
    long = " ".join(f"-action:a{number} -resource:r{number} AND" for number in range(200)) + " app:web"
    page = asks.get(at(query=long, columns="action"))
    assert page.status == 200
    assert not page.root.all("ul", class_="chips")
    assert len(page.answer.content) < 400_000
    page = asks.get(at(query=" AND ".join(f"-action:a{number}" for number in range(60))))
    assert len(page.root.one("ul", class_="chips").all("li")) == 30


def test_rows_are_counted_in_groups_that_lead_to_their_rows(asks: Reader) -> None:
    found = fill(
        asks, asks.get(at(query="app:web", columns="action=What,ip")), first_group="day", second_group="action"
    )
    assert state(found) == {"query": "app:web", "columns": "action=What,ip"}
    grouped = press(asks, asks.get(at(columns="action=What,ip")), "regroup", "yes", first_group="action")
    assert state(grouped) == {"columns": "action=What,ip", "group_by": "action"}
    page = asks.get(grouped.headers["location"])
    assert state(press(asks, page, "regroup", "no")) == {"columns": "action=What,ip"}
    page = asks.get(at(query="app:web", columns="action=What,ip", group_by="day,action", group_order="rows"))
    assert [one.text for one in page.root.one("thead").all("th")] == ["Day", "What", "# of rows"]
    rows = [[cell.text for cell in row.all("td")] for row in page.root.one("tbody").all("tr")]
    assert rows[0] == ["Nov 17, 2021", "export", "1", ""]
    (link,) = page.root.one("tbody").all("tr")[0].all("a")
    lists = asks.get(link.attributes["href"])
    assert table(lists) == [["export", "85.223.209.22"]]
    assert headings(lists) == ["What", "Audit - Initiator IP"]


def test_pages_lead_on_and_back_and_rows_stay_in_their_order(asks: Reader, served: Service) -> None:
    served.store.append(sealed_trail(event(100 + n, AT - timedelta(hours=n), action=f"a{n}") for n in range(7)))
    first = asks.get(at(query="action:a*", columns="action", limit=3))
    assert [row[0] for row in table(first)] == ["a0", "a1", "a2"]
    assert "Newer" not in first.text
    second = asks.get(first.links["Older →"])
    assert [row[0] for row in table(second)] == ["a3", "a4", "a5"]
    assert [row[0] for row in table(asks.get(second.links["← Newer"]))] == ["a0", "a1", "a2"]
    assert second.links["First page"] == at(query="action:a*", columns="action", limit=3)
    last = asks.get(second.links["Older →"])
    assert [row[0] for row in table(last)] == ["a6"]
    oldest = asks.get(at(query="action:a*", columns="action", limit=3, order="oldest"))
    assert [row[0] for row in table(oldest)] == ["a6", "a5", "a4"]
    assert "Newer →" in oldest.links


def test_a_date_is_jumped_to_and_rows_go_on_from_there_both_ways(asks: Reader, served: Service) -> None:
    served.store.append(sealed_trail(event(100 + n, AT - timedelta(days=n), action=f"a{n}") for n in range(7)))
    found = fill(asks, asks.get(at(query="action:a*", columns="action")), at="2021-11-14")
    assert state(found) == {"query": "action:a*", "columns": "action", "at": "2021-11-14"}
    page = asks.get(at(query="action:a*", columns="action", limit=2, at="2021-11-14"))
    assert [row[0] for row in table(page)] == ["a3", "a4"]
    assert [row[0] for row in table(asks.get(page.links["Older →"]))] == ["a5", "a6"]
    assert [row[0] for row in table(asks.get(page.links["← Newer"]))] == ["a1", "a2"]
    wrong = asks.get(at(at="someday"))
    assert wrong.status == 400
    assert "'someday' is not a date" in wrong.text
    nothing = asks.get(at(query="action:a*", at="2020"))
    assert "There is nothing beyond this place." in nothing.text


def test_a_mistake_in_the_query_is_shown_where_it_is_with_what_to_do(asks: Reader) -> None:
    page = asks.get(at(query="app:web uesr:ann"))
    assert page.status == 400
    assert page.root.one("mark").text == "u"
    assert "There is no key 'uesr:'. Did you mean user:?" in page.text
    assert page.root.one("input", id="query").attributes["value"] == "app:web uesr:ann"
    assert not page.root.all("table")
    assert state(press(asks, page, "up", "ip"))["query"] == "app:web uesr:ann"


@pytest.mark.parametrize(
    ("given", "status", "told"),
    [
        ({"during": "soon"}, 400, "'soon' is not a date"),
        ({"zone": "Europe/Berln"}, 400, "There is no time zone 'Europe/Berln'. Did you mean Europe/Berlin?"),
        ({"columns": "actoin"}, 400, "There is no column 'actoin'. Did you mean action?"),
        ({"group_by": "dya"}, 400, "Did you mean day?"),
        ({"cursor": "x"}, 400, "This cursor was not made by Trailbook."),
        ({"heads": "{}x"}, 400, "These are not heads"),
        ({"limit": "1000"}, 422, "less than or equal to 100"),
        ({"colums": "action"}, 400, "There is no such parameter here."),
    ],
)
def test_a_stale_or_edited_address_gets_a_clear_message(
    asks: Reader, given: dict[str, str], status: int, told: str
) -> None:
    page = asks.get(at(**given))
    assert page.status == status
    assert told in page.text


def test_counts_are_drawn_with_the_page_if_asked_for(asks: Reader, served: Service) -> None:
    served.store.append(sealed_trail([event(50, AT - timedelta(days=3), action="play", initiator=BOB)]))
    page = asks.get(asks.get(at(query="action:play,login", limit=1)).links["Show counts"])
    assert "# of rows: 3" in page.text
    facets = {one.one("h3").text: one for one in page.root.all("div", class_="part") if one.all("h3")}
    assert list(facets) == ["Action", "Resource", "Application", "Initiator", "Outcome", "Tenant"]
    # Of the field that is asked for already, what else there is to choose.
    values = [one.text for one in facets["Action"].all("li")]
    assert values == ["play 2 −", "create 1 −", "export 1 −", "login 1 −", "open 1 −", "update 1 −"]
    assert state(press(asks, page, "less", "action:play"))["query"] == "action:login"
    assert state(press(asks, page, "either", "action:export"))["query"] == "action:play,login,export"
    assert state(press(asks, page, "without", "by.user:acme/u2"))["query"] == "action:play,login -by.user:acme/u2"
    bars = page.root.one("figure").all("a")
    assert [one.attributes["aria-label"] for one in bars] == [
        "Nov 14, 2021: 1", "Nov 15, 2021: 0", "Nov 16, 2021: 0", "Nov 17, 2021: 2",
    ]  # fmt: skip
    day = {"since": "2021-11-14", "until": "2021-11-14"}
    assert bars[0].attributes["href"] == at(query="action:play,login", **day, limit=1, parts="true")


def test_what_takes_too_long_says_so_and_the_rows_are_there(asks: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailbook.web.pages.parts.SECONDS_WITHIN", -1.0)
    page = asks.get(at(query="action:play", parts="true", limit=1, cursor=""))
    assert table(page)
    assert page.text.count("took too long, and was given up") >= 7


def test_exports_are_offered_to_whom_they_are_allowed(asks: Reader, read: Read, ann: Account) -> None:
    page = asks.get(at(query="action:play", columns="action=What,ip", zone="UTC"))
    for format_, start in (("CSV", '"Audit - Action",'), ("JSON Lines", "{")):
        address = page.links[format_]
        assert "columns=action%2Cip" in address
        answer = asks.client.get(address)
        assert answer.status_code == 200
        assert answer.text.lstrip("\ufeff").startswith(start)
    reader = read(ann)
    assert "CSV" not in reader.get(NEW).links
    assert "Save" not in [one.text for one in reader.get(NEW).root.all("summary")]


def test_a_report_is_saved_opened_again_and_changed(asks: Reader, served: Service) -> None:
    page = asks.get(at(query="user:Ann", columns="action=What,ip", during="2021-11", order="oldest"))
    sent = asks.send(page, f"{NEW}/save", title="Ann in November", description="For the audit", share="tenant")
    assert sent.status == 303
    (kept,) = REPORTS.all(served.store, served.clock())
    report = kept.value
    assert sent.headers["location"] == f"/reports/{report.id}"
    assert report.definition == {
        "query": "user:Ann", "during": "2021-11", "order": "oldest",
        "columns": [{"key": "action", "label": "What"}, "ip"],
    }  # fmt: skip
    opened = asks.get(f"{NEW}/from/{report.id}")
    assert state(opened) == {
        "query": "user:Ann", "during": "2021-11", "order": "oldest", "columns": "action=What,ip", "report": report.id,
    }  # fmt: skip
    page = asks.get(opened.headers["location"])
    assert page.heading == "Ann in November"
    changed = asks.get(press(asks, page, "remove", "ip").headers["location"])
    (first, _) = changed.root.all("form", action=f"{NEW}/save")
    fields = {one.attributes["name"]: one.attributes["value"] for one in first.all("input")}
    assert asks.post(f"{NEW}/save", **fields, over="yes").status == 303
    (kept,) = REPORTS.all(served.store, served.clock())
    assert kept.value.definition["columns"] == [{"key": "action", "label": "What"}]
    assert (kept.value.title, kept.value.description) == ("Ann in November", "For the audit")


def test_who_sees_all_tenants_saves_a_report_for_the_one_that_it_asks_about_or_another(
    asks: Reader, read: Read, root: Account, served: Service
) -> None:
    reader = read(root)
    assert reader.get(at(query="app:web")).form(f"{NEW}/save")["tenant"] == root.user.tenant
    assert reader.get(at(query="user:globex/u1")).form(f"{NEW}/save")["tenant"] == "globex"
    page = reader.get(at(query="user:acme/u1"))
    assert page.form(f"{NEW}/save")["tenant"] == "acme"
    path = reader.send(page, f"{NEW}/save", title="Ann", share="tenant").headers["location"]
    assert asks.get(path).heading == "Ann"
    path = reader.send(page, f"{NEW}/save", title="Ann", share="tenant", tenant="globex").headers["location"]
    assert asks.get(path).status == 404
    own = asks.get(at(query="user:acme/u1"))
    assert not own.root.all("input", id="tenant")
    assert asks.send(own, f"{NEW}/save", title="Ann", tenant="globex").status == 403


def test_a_form_with_another_state_than_the_builders_is_refused(asks: Reader, served: Service) -> None:
    page = asks.get(NEW)
    for wrong in ("&".join(f"a{n}=1" for n in range(100)), "query=%FF&limit=x", "nothing=1"):
        assert asks.send(page, f"{NEW}/save", title="x", state=wrong).status == 400
    assert list(REPORTS.all(served.store, served.clock())) == []


def test_what_is_wrong_with_what_is_saved_is_told_with_the_form(asks: Reader, served: Service) -> None:
    page = asks.get(at(query="user:Ann"))
    again = asks.send(page, f"{NEW}/save", title="x" * 30, share="group")
    assert again.status == 400
    assert "It is not said which group." in again.text
    assert again.root.one("input", id="title").attributes["value"] == "x" * 30
    assert list(REPORTS.all(served.store, served.clock())) == []


def test_what_is_hidden_from_a_reader_is_nowhere_offered(served: Service, read: Read) -> None:
    served.store.append(sealed_trail(EVENTS))
    served.keep(
        [ROLES.record(AccessRole("few", "Few", frozenset(("view",)), tenant="acme", hidden=frozenset(("initiator",))))]
    )
    reader = read(entered.add(served, "cid", role="few", scope=TenantScope("acme")))
    page = reader.get(at(parts="true"))
    assert page.status == 200
    assert "Audit - Initiator (User)" not in headings(page)
    assert not any("Initiator (User)" in one.text for one in page.root.all("button") + page.root.all("option"))
    assert "Ann" not in page.text
    assert "Some of the usual columns are not shown" in page.text
    assert "Initiator" not in [one.text for one in page.root.all("h3")]
    refused = reader.get(at(query="by:Ann"))
    assert refused.status == 403
    assert "would tell what is hidden from you" in refused.text


def test_who_may_not_see_events_has_no_builder(served: Service, read: Read) -> None:
    served.keep([ROLES.record(AccessRole("keeper", "Keeper", frozenset(("directory",)), tenant="acme"))])
    reader = read(entered.add(served, "dan", role="keeper", scope=TenantScope("acme")))
    assert reader.get(NEW).status == 403
    assert "New report" not in reader.get("/").links


def test_the_builder_speaks_german(asks: Reader) -> None:
    page = asks.get(
        at(query="user:Ann", columns="date_time,action,matched=Warum", during="2021-11"), Accept_Language="de"
    )
    assert headings(page) == ["Audit – Datum/Uhrzeit", "Audit – Aktion", "Warum"]
    assert table(page)[0] == ["17.11.2021, 16:07", "update", "war betroffen"]
    assert "Benutzer Ann hat es getan oder war betroffen" in page.text


def test_what_is_sent_is_small(asks: Reader, served: Service) -> None:
    events = demo_events(200, seed=1, end=NOW)
    acme = [structs.replace(one, tenant="acme") for one in events if one.application != "trailbook"]
    served.store.append(sealed_trail(acme))
    page = asks.get(at(query="-app:trailbook"))
    assert len(table(page)) == 50
    assert len(gzip.compress(page.answer.content, 5)) < 40_000
    files = [
        one.attributes.get("href") or one.attributes.get("src", "")
        for one in page.root.all("link") + page.root.all("script")
    ]
    modules = [f"{files[0].rpartition('/')[0]}/builder_{name}.js" for name in ("parts", "query", "columns", "keys")]
    sent = 0
    for address in (*files, *modules):
        with asks.client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.status_code == 200, address
            sent += len(b"".join(answer.iter_raw()))
    assert 5_000 < sent < 60_000
