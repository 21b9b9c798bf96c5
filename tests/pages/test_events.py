"""The page of one event."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import entered
import pytest
from browser import BOTH_LOOKS, NARROW, is_too_wide, violations
from entered import told
from paged import Element, Reader
from playwright.sync_api import Page
from trails import AT, event, sealed_trail

from trailbook.access.kept import ROLES
from trailbook.access.model import AccessRole, Account
from trailbook.directory.viewer import OPERATOR, GroupScope, SelfScope
from trailbook.errors import TooSlow
from trailbook.event.canonical import encode
from trailbook.event.model import Belonging, Change, Event, Initiator, Reference, Target
from trailbook.seal.tree import leaf_hash
from trailbook.web.service import Service

Read = Callable[..., Reader]
Open = Callable[..., Page]

ANN = Initiator(
    "u1", "Ann", "acme", ip="85.223.209.22", user_agent="Firefox", groups=(Belonging("g1", "North", "acme"),)
)
BOB = Target("user", "u2", "Bob", "acme", groups=(), roles=(Belonging("r1", "Agent", "acme"),))


def kept(served: Service, *events: Event) -> None:
    served.store.append(sealed_trail(events))


def path(one: Event) -> str:
    return f"/events/{one.id}"


def facts(page: Element) -> dict[str, str]:
    """What the page says of the event, by label."""
    found = {}
    for facts_ in page.all("dl", class_="facts"):
        of_list = [one for one in facts_.children if isinstance(one, Element)]
        found.update({one.text: other.text for one, other in zip(of_list[::2], of_list[1::2], strict=True)})
    return found


def rows(page: Element) -> list[list[str]]:
    return [[cell.text for cell in row.children if isinstance(cell, Element)] for row in page.one("tbody").all("tr")]


FULL = event(
    1, action="update", resource="users", details="Changed Bob's e-mail", initiator=ANN, outcome="success",
    targets=(BOB, Target("calls", "c/1", "A call")), related=(Reference("ticket", "T-1", "Please"),),
    request_id="r-9", trace_id="t-9", reason="asked for", changes={"email": Change("a@x", "b@y")},
    data={"form": {"tab": "mail"}, "tries": 2, "none": None},
)  # fmt: skip


def test_every_field_is_told(served: Service, ann: Account, read: Read) -> None:
    kept(served, FULL)
    page = read(ann).get(path(FULL))
    assert page.heading == "Changed Bob's e-mail"
    assert facts(page.root) == {
        "Who": "Ann acme/u1 Groups North",
        "From where": "85.223.209.22 Firefox",
        "Application": "web",
        "What": "update on users Changed Bob's e-mail",
        "Outcome": "success asked for",
        "To whom or what": (
            "User Bob acme/u2 before and after: shown Groups none Roles Agent calls A call c/1 before and after"
        ),
        "Related to": "ticket Please T-1",
        "ID": FULL.id,
        "Occurred": "2021-11-17T14:07:31.000000Z (UTC)",
        "Recorded": "2021-11-17T14:07:32.000000Z (UTC)",
        "Book": "acme",
        "Position in the book": "1",
        "Hash of its leaf": leaf_hash(encode(served.store.events(OPERATOR, FULL.id)[0].event)).hex(),
        "Request": "r-9",
        "Trace": "t-9",
    }
    assert rows(page.root) == [["email", "changed", "a@x", "b@y"]]
    assert page.root.one("div", class_="unfolding").text == "form: 1 field tab: mail none: null tries: 2"
    assert page.links["Bob"] == "/users/acme/u2"
    assert page.links["acme"] == "/reports/new?query=book%3Aacme&zone=UTC"
    assert page.links["North"] == "/groups/acme/g1"


def test_it_is_told_when_it_was_in_the_zone_that_is_asked_for_and_in_utc(
    served: Service, ann: Account, read: Read
) -> None:
    kept(served, event(1, recorded_at=AT + timedelta(days=2)))
    page = read(ann).get(path(event(1)) + "?zone=Asia/Kolkata")
    said = facts(page.root)
    assert said["Occurred"] == "Nov 17, 2021, 7:37:31 PM +05:30 (Asia/Kolkata) 2021-11-17T14:07:31.000000Z (UTC)"
    assert said["Recorded"].endswith("That is more than 24 hours after it occurred.")
    german = read(ann).get(path(event(1)) + "?zone=Europe/Berlin", Accept_Language="de")
    assert facts(german.root)["Geschehen"].startswith("17.11.2021, 15:07:31 +01:00 (Europe/Berlin)")
    wrong = read(ann).get(path(event(1)) + "?zone=Europe/Berlim")
    assert (wrong.status, "Did you mean Europe/Berlin?" in wrong.text) == (400, True)


def test_an_event_of_nobody_about_nothing_is_told_too(served: Service, ann: Account, read: Read) -> None:
    kept(served, event(1, initiator=None))
    said = facts(read(ann).get(path(event(1))).root)
    assert said["Who"] == "nobody who is known"
    assert said["To whom or what"] == "nobody and nothing that is named"
    assert said["Outcome"] == "outcome unknown"


def test_who_was_not_proven_and_who_acted_as_another_are_marked(served: Service, ann: Account, read: Read) -> None:
    claimed = Initiator("u1", "Ann", "acme", verified=False, type="service", acts_as=BOB)
    kept(served, event(1, initiator=claimed))
    page = read(ann).get(path(event(1)))
    assert "Ann" not in page.links
    said = facts(page.root)
    assert said["Who"] == "Ann acme/u1 a program claimed, not proven"
    assert said["Acting as"] == "Bob acme/u2"


def test_what_changed_is_told_place_by_place(served: Service, ann: Account, read: Read) -> None:
    changes = {
        "address": Change({"city": "Rome", "zip": 1}, {"city": "Bari", "zip": 1}),
        "phone": Change(None, "1"),
        "note": Change("x", None),
        "level": Change(5, "5"),
    }
    kept(served, event(1, changes=changes))
    assert rows(read(ann).get(path(event(1))).root) == [
        ["address.city", "changed", "Rome", "Bari"],
        ["level", "changed", "5", '"5"'],
        ["note", "− removed", "x", ""],
        ["phone", "+ added", "", "1"],
    ]


def around(page: Element) -> list[str]:
    return [one.attributes["href"].partition("?")[0] for one in page.one("section", aria_labelledby="around").all("a")]


def test_what_else_was_done_to_the_target_before_and_after_is_a_click_away(
    served: Service, ann: Account, read: Read
) -> None:
    to_bob = [event(n, AT + timedelta(minutes=n), targets=(BOB, Target("calls", "c1"))) for n in range(1, 10)]
    kept(served, *to_bob, event(20, targets=(Target("calls", "c1"),)))
    page = read(ann).get(path(to_bob[4]))
    assert around(page.root) == [
        "/users/acme/u2", *(path(to_bob[n]) for n in (7, 6, 5, 3, 2, 1)), "/reports/new",
    ]  # fmt: skip
    assert "There are later ones." in page.text
    assert page.links["All of them in a report"] == "/reports/new?query=against.user%3Aacme%2Fu2&zone=UTC"
    call = read(ann).get(path(to_bob[0]) + "?target=1")
    assert around(call.root) == [*(path(to_bob[n]) for n in (3, 2, 1)), path(event(20)), "/reports/new"]
    assert call.links["All of them in a report"] == "/reports/new?query=related%3Acalls%2Fc1&zone=UTC"
    assert read(ann).get(path(to_bob[0]) + "?target=7").root.all("section", aria_labelledby="around") == []


def test_the_other_events_of_its_request_are_told_in_order(served: Service, ann: Account, read: Read) -> None:
    first, second = event(1, request_id="r 1"), event(2, AT + timedelta(seconds=1), request_id="r 1")
    kept(served, second, first, event(3, request_id="R 1"))
    page = read(ann).get(path(second))
    said = page.root.one("section", aria_labelledby="same-request")
    assert [one.attributes.get("aria-current", "") for one in said.all("li")] == ["", "true"]
    assert said.all("a")[0].attributes["href"] == path(first) + "?zone=UTC"
    assert said.all("a")[-1].attributes["href"] == "/reports/new?query=request%3A%22r+1%22&zone=UTC"
    alone = read(ann).get(path(event(3)))
    assert "Nothing else came of it." in alone.text


def test_if_finding_what_is_around_it_takes_too_long_the_page_says_so(
    served: Service, ann: Account, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: Any, **__: Any) -> None:
        raise TooSlow("It takes too long.")

    kept(served, FULL)
    monkeypatch.setattr("trailbook.store.memory.MemoryReads.page", slow)
    page = read(ann).get(path(FULL))
    assert page.status == 200
    assert page.text.count("Finding these takes too long.") == 3


def test_whom_columns_are_hidden_from_sees_the_others_alone(served: Service, read: Read) -> None:
    role = AccessRole("r-1", "No addresses", frozenset({"view"}), frozenset({"ip", "request_id"}))
    served.keep([ROLES.record(role)])
    kept(served, FULL)
    bea = read(entered.add(served, "bea", role="r-1"))
    page = bea.get(path(FULL))
    said = facts(page.root)
    assert said["Audit - Action"] == "update"
    assert "Audit - Data" not in said
    assert "Audit - Modified Data" not in said
    assert "85.223" not in page.answer.text
    assert "r-9" not in page.answer.text
    assert "b@y" not in page.answer.text
    assert bea.get(path(FULL) + "/json").status == 403


def test_an_id_in_several_books_is_chosen_by_book(served: Service, ann: Account, root: Account, read: Read) -> None:
    kept(served, event(1, action="here"), event(1, tenant="globex", action="there"))
    page = read(root).get(path(event(1)))
    assert page.heading == "Several events have this id"
    chosen = read(root).get(page.links["globex"])
    assert facts(chosen.root)["Book"] == "globex"
    assert chosen.links["Permanent link"] == path(event(1)) + "?book=globex"
    assert read(root).client.get(path(event(1)) + "/json?book=globex").json()["action"] == "there"
    assert facts(read(ann).get(path(event(1))).root)["Book"] == "acme"
    assert [one.data for one in told(served, "reports")] == [{"event": event(1).id}] * 2


def test_what_is_not_there_and_what_is_not_theirs_look_the_same(served: Service, ann: Account, read: Read) -> None:
    kept(served, event(1), event(2, tenant="globex"), event(3, initiator=Initiator("u9", tenant="acme")))
    me = read(entered.add(served, "me", scope=SelfScope("acme", "u1")))
    north = read(entered.add(served, "no", scope=GroupScope("acme", ("g1",))))
    for reader, foreign in ((read(ann), 2), (me, 3), (north, 3)):
        for more in ("", "/json", "?book=globex"):
            page, absent = (reader.get(path(event(n)) + more) for n in (foreign, 99))
            assert (page.status, page.text.rpartition(",")[0]) == (404, absent.text.rpartition(",")[0])
    assert me.get(path(event(1))).status == 200


def test_looking_at_it_counts_once(served: Service, ann: Account, read: Read) -> None:
    kept(served, FULL)
    reader = read(ann)
    for _ in range(2):
        reader.get(path(FULL))
    reader.client.get(path(FULL) + "/json")
    reader.client.get(f"/api/v1/events/{FULL.id}")
    (look,) = told(served, "reports")
    assert (look.action, look.data, look.tenant, look.targets) == ("open", {"event": FULL.id}, "acme", ())


def test_all_of_it_is_there_as_json(served: Service, ann: Account, read: Read) -> None:
    kept(served, FULL)
    reader = read(ann)
    page = reader.get(path(FULL))
    answer = reader.client.get(page.links["JSON"])
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text) == json.loads(encode(served.store.events(OPERATOR, FULL.id)[0].event))
    assert json.loads(page.root.one("pre").text) == json.loads(answer.text)


def test_an_event_of_a_megabyte_is_shown_as_far_as_a_page_goes(served: Service, ann: Account, read: Read) -> None:
    long = "ä" * 400_000
    kept(served, event(1, data={"long": long, "many": [[n] for n in range(20_000)]}, changes={"x": Change(long, [1])}))
    page = read(ann).get(path(event(1)))
    assert len(page.answer.text) < 400_000
    assert "380,000 more characters are not shown here." in page.text
    assert "more values are not shown here." in page.text
    assert page.links["All of it as JSON"] == path(event(1)) + "/json"
    assert long in read(ann).client.get(path(event(1)) + "/json").text


HOSTILE = (
    "<script>document.title='x'</script><img src=x onerror=alert(1)>{{ 7*7 }} %(x)s \u202edesrever\u0007\u2066"
    " \U0001f9d1\u200d\U0001f680 \u0645\u0631\u064a\u0645"
)


def test_hostile_text_in_every_field_is_text(served: Service, ann: Account, visit: Open) -> None:
    deep: Any = HOSTILE
    for _ in range(55):
        deep = {HOSTILE: deep}
    user = Initiator(
        HOSTILE, HOSTILE, "acme", ip=HOSTILE, user_agent=HOSTILE, groups=(Belonging(HOSTILE, HOSTILE, "acme"),),
        acts_as=Target("user", "javascript:alert(1)", HOSTILE, "acme"),
    )  # fmt: skip
    one = event(
        1, resource=HOSTILE, action=HOSTILE, application=HOSTILE, initiator=user, reason=HOSTILE, details=HOSTILE * 9,
        targets=(Target("user", HOSTILE, HOSTILE, "a/b", roles=(Belonging(HOSTILE),)), Target(HOSTILE, HOSTILE)),
        related=(Reference("javascript:alert(1)", "javascript:alert(1)"),), request_id=HOSTILE, trace_id=HOSTILE,
        changes={HOSTILE: Change(HOSTILE, {HOSTILE: [HOSTILE]})}, data={"deep": deep, "long": "x" * 300_000},
        masked=(HOSTILE,),
    )  # fmt: skip
    kept(served, one)
    for more in ({}, {"viewport": NARROW, "color_scheme": "dark"}):
        page = visit(path(one), ann, **more)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.querySelectorAll('main img, main script').length") == 0
        assert page.evaluate("[...document.querySelectorAll('main a')].filter(a => a.protocol !== 'http:').length") == 0
        assert "<script>document.title='x'</script>" in page.locator("h1").inner_text()
        assert "\u202e" not in page.content()
        assert not is_too_wide(page)
        assert violations(page) == []


def test_it_reads_well_in_any_browser(served: Service, ann: Account, visit: Open) -> None:
    kept(served, FULL, event(2, initiator=None))
    for one in (FULL, event(2)):
        for more in (*BOTH_LOOKS, {"java_script_enabled": False}):
            page = visit(path(one), ann, **more)
            assert not is_too_wide(page)
            if more.get("java_script_enabled", True):
                assert violations(page) == []


def test_what_is_left_of_it_and_the_choice_among_books_read_well_too(
    served: Service, root: Account, visit: Open
) -> None:
    kept(served, FULL, event(2), event(2, tenant="globex"))
    role = AccessRole("r-1", "No addresses", frozenset({"view"}), frozenset({"ip"}))
    served.keep([ROLES.record(role)])
    bea = entered.add(served, "bea", role="r-1")
    for account, one in ((bea, FULL), (root, event(2)), (root, event(3))):
        page = visit(path(one), account, viewport=NARROW)
        assert not is_too_wide(page)
        assert violations(page) == []


def test_on_paper_there_are_no_buttons(served: Service, ann: Account, visit: Open) -> None:
    kept(served, FULL)
    page = visit(path(FULL), ann)
    page.emulate_media(media="print")
    assert page.locator("button:visible, .button:visible").count() == 0
    assert page.get_by_text("Hash of its leaf").is_visible()


def test_it_is_copied_with_a_button(served: Service, ann: Account, visit: Open) -> None:
    kept(served, FULL)
    page = visit(path(FULL), ann, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as JSON").click()
    page.get_by_role("status").get_by_text("Copied").wait_for()
    assert json.loads(page.evaluate("navigator.clipboard.readText()"))["id"] == FULL.id
