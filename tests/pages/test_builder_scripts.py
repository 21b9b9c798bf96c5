"""What scripts add to the report builder: parts beside the rows, completion, brushing, dragging, keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import entered
import pytest
from asked import BOB, EVENTS
from browser import NARROW, is_too_wide, violations
from paged import Reader, reading
from playwright.sync_api import Page, expect
from trails import AT, event, sealed_trail

from trailbook.access.kept import ROLES
from trailbook.access.model import AccessRole, Account
from trailbook.directory.model import Changes, Profile
from trailbook.directory.viewer import TenantScope
from trailbook.web.service import Service

Open = Callable[..., Page]
NEW = "/reports/new"
COMPLETION = "/reports/parts/completion"


@pytest.fixture
def bea(served: Service) -> Account:
    """An analyst of acme, whose book holds events of several days, and whose directory a few people."""
    days = [event(40 + n, AT - timedelta(days=n), action="play", initiator=BOB) for n in range(1, 6)]
    served.store.append(sealed_trail([*EVENTS, *days]))
    people = [("u1", "Ann Lee"), ("u2", "Bob Lee"), ("u3", "Åsa Öhman"), ("u4", "Bob Lee"), ("u5", 'Zed "Z" <b>')]
    profiles = tuple(Profile("user", "acme", id, name) for id, name in people)
    served.store.change_directory(
        lambda _: Changes(
            (*profiles, Profile("group", "acme", "g1", "Call center"), Profile("user", "globex", "u9", "Bo"))
        )
    )
    return entered.add(served, "bea", role="analyst", label="Bea")


def at(**state: object) -> str:
    return f"{NEW}?{urlencode(state)}"


def options(reader: Reader, query: str) -> list[tuple[str, str]]:
    answer = reader.client.get(COMPLETION, params={"query": query})
    assert answer.status_code == 200, answer.text
    return [(query[: answer.json()["at"]] + one["text"], one["hint"]) for one in answer.json()["options"]]


def test_keys_and_words_and_people_and_values_complete_a_query(served: Service, bea: Account) -> None:
    asks = reading(served, bea)
    assert options(asks, "-against.u") == [("-against.user:", "")]
    assert options(asks, "outcome:f") == [("outcome:failure", "")]
    assert options(asks, "user:an") == [('user:"Ann Lee"', "Ann Lee acme/u1")]
    # A name that two bear is no way to mean one of them.
    assert options(asks, "by:Bob,lee") == [
        ('by:Bob,"Ann Lee"', "Ann Lee acme/u1"),
        ("by:Bob,acme/u2", "Bob Lee acme/u2"),
        ("by:Bob,acme/u4", "Bob Lee acme/u4"),
    ]
    assert options(asks, "user:asa") == [('user:"Åsa Öhman"', "Åsa Öhman acme/u3")]
    assert options(asks, 'group:"call c') == [('group:"Call center"', "Call center acme/g1")]
    assert options(asks, "action:p") == [("action:play", "")]
    # After a key alone, what there is.
    assert options(asks, "group:") == [('group:"Call center"', "Call center acme/g1")]
    assert ("action:login", "") in options(asks, "action:")
    assert options(asks, "user:glo") == options(asks, "action:can") == options(asks, "nonsense:x") == []


def test_nothing_completes_what_is_hidden_from_a_reader(served: Service, bea: Account) -> None:
    role = AccessRole("few", "Few", frozenset(("view",)), tenant="acme", hidden=frozenset(("initiator", "action")))
    served.keep([ROLES.record(role)])
    asks = reading(served, entered.add(served, "cid", role="few", scope=TenantScope("acme")))
    assert options(asks, "by:an") == options(asks, "user:an") == options(asks, "action:p") == []
    assert options(asks, "against:an") == [('against:"Ann Lee"', "Ann Lee acme/u1")]


def test_completion_is_for_who_may_see_events_and_takes_no_longer_than_a_query(served: Service, bea: Account) -> None:
    served.keep([ROLES.record(AccessRole("keeper", "Keeper", frozenset(("directory",)), tenant="acme"))])
    keeper = reading(served, entered.add(served, "dan", role="keeper", scope=TenantScope("acme")))
    assert keeper.client.get(COMPLETION, params={"query": "user:a"}).status_code == 403
    assert reading(served, bea).client.get(COMPLETION, params={"query": "x" * 20_000}).status_code == 422


def test_slow_parts_come_beside_the_rows(visit: Open, bea: Account) -> None:
    page = visit(at(query="app:web", limit=2), bea)
    expect(page.locator("#rows")).to_have_text("# of rows: 9")
    expect(page.locator("#part-action li")).to_have_count(4)
    expect(page.locator(".histogram a")).to_have_count(6)
    expect(page.locator("[aria-busy]")).to_have_count(0)
    assert page.get_by_text("Show counts").count() == 0
    assert violations(page) == []
    page.locator("#part-action button.value", has_text="login").click()
    page.wait_for_url("**query=app%3Aweb+action%3Alogin**")


def test_a_part_that_fails_says_so_and_the_rest_is_there(
    visit: Open, bea: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trailbook.web.pages.parts.SECONDS", -1.0)
    page = visit(at(query="app:web", limit=2), bea)
    expect(page.locator("#rows")).to_contain_text("Counting took too long, and was given up.")
    expect(page.locator(".part .late")).to_have_count(8)
    assert page.locator("tbody tr").count() == 2
    assert violations(page) == []


def test_time_is_narrowed_by_a_click_on_a_bar_and_by_brushing(visit: Open, bea: Account) -> None:
    page = visit(at(query="app:web"), bea)
    bars = page.locator(".histogram a")
    expect(bars).to_have_count(6)
    first, last = (bars.nth(number).bounding_box() for number in (1, 3))
    assert first is not None
    assert last is not None
    page.mouse.move(first["x"] + 5, first["y"] + 20)
    page.mouse.down()
    page.mouse.move(last["x"] + 5, last["y"] + 20, steps=5)
    expect(page.locator(".brushed")).to_have_count(3)
    page.mouse.up()
    page.wait_for_url("**since=2021-11-13&until=2021-11-15")
    expect(page.locator("#rows")).to_have_text("# of rows: 3")
    bars = page.locator(".histogram a")
    expect(bars).to_have_count(3)
    bars.nth(1).click()
    page.wait_for_url("**since=2021-11-14&until=2021-11-14")


def test_a_query_is_completed_with_the_keyboard(visit: Open, bea: Account) -> None:
    page = visit(NEW, bea)
    box = page.locator("#query")
    box.press_sequentially("action:play 🙂 by")
    expect(page.locator("#query-options li")).to_have_count(4)
    assert violations(page) == []
    box.press("ArrowDown")
    box.press("Enter")
    assert box.input_value() == "action:play 🙂 by.user:"
    box.press_sequentially("asa")
    expect(page.locator("#query-options li")).to_have_text(['"Åsa Öhman" Åsa Öhman acme/u3'])
    assert box.get_attribute("aria-expanded") == "true"
    box.press("ArrowDown")
    box.press("Tab")
    assert box.input_value() == 'action:play 🙂 by.user:"Åsa Öhman" '
    box.press("Escape")
    box.fill("user:ze")
    page.locator("#query-options li").click()
    assert box.input_value() == 'user:"Zed \\"Z\\" <b>" '
    box.press("Enter")
    page.wait_for_url("**query=user%3A**")
    assert page.locator(".chip").count() == 1


def test_whoever_is_added_is_offered_by_name(visit: Open, bea: Account) -> None:
    page = visit(at(panel="who"), bea)
    page.locator("#party").press_sequentially("as")
    expect(page.locator("#party-options li")).to_have_text(["Åsa Öhman acme/u3"])
    assert violations(page) == []
    page.locator("#party").fill('Zed "Z')
    expect(page.locator("#party-options li")).to_have_text(['Zed "Z" <b> acme/u5'])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#party").input_value() == 'Zed "Z" <b>'
    page.locator("#panel-who button").click()
    page.wait_for_url("**query=user%3A**")
    assert page.locator("#query").input_value() == 'user:"Zed \\"Z\\" <b>"'


def test_groups_are_offered_once_it_is_said_that_a_group_is_added(visit: Open, bea: Account) -> None:
    page = visit(at(panel="who"), bea)
    page.locator("#kind").select_option("group")
    page.locator("#party").press_sequentially("c")
    page.locator("#party-options li").click()
    assert page.locator("#party").input_value() == "Call center"


def test_what_a_button_opens_is_below_all_of_them_and_none_moves(visit: Open, bea: Account) -> None:
    page = visit(at(), bea)
    buttons = page.locator(".panel > summary")
    before = [buttons.nth(number).bounding_box() for number in range(buttons.count())]
    buttons.first.click()
    page.locator("#panel-who .inside").wait_for()
    buttons.nth(1).click()
    page.locator("#panel-columns .inside").wait_for()
    assert [buttons.nth(number).bounding_box() for number in range(buttons.count())] == before
    inside = page.locator("#panel-columns .inside").bounding_box()
    assert inside is not None
    assert all(one is not None and one["y"] + one["height"] <= inside["y"] for one in before)
    assert not page.locator("#panel-who .inside").is_visible()


def test_who_is_signed_out_meanwhile_is_not_shown_another_page_within_this_one(visit: Open, bea: Account) -> None:
    page = visit(at(query="app:web"), bea)
    page.route("**/parts/facet?field=action*", lambda one: one.fulfill(status=303, headers={"location": "/sign-in"}))
    page.reload()
    expect(page.locator("#part-action")).to_have_text("This could not be loaded. Load the page again.")
    expect(page.locator("#part-resource li")).to_have_count(1)


def test_editing_a_condition_selects_it_in_the_query(visit: Open, bea: Account) -> None:
    page = visit(at(query="action:play app:web"), bea)
    page.locator(".chip", has_text="web").get_by_role("link", name="Edit").click()
    selected = "box => box.value.slice(box.selectionStart, box.selectionEnd)"
    assert page.locator("#query").evaluate(selected) == "app:web"


def test_columns_are_dragged_to_another_place(visit: Open, bea: Account) -> None:
    page = visit(at(columns="action,ip,details", panel="columns"), bea)
    page.locator(".picked li", has=page.locator("[name=label_details]")).locator(".grip").drag_to(
        page.locator("[name=label_action]"), target_position={"x": 2, "y": 5}
    )
    page.wait_for_url("**columns=details%2Caction%2Cip**")
    assert page.locator("thead th").all_inner_texts()[1:] == [
        "Audit - Details",
        "Audit - Action",
        "Audit - Initiator IP",
    ]


def test_keys_lead_through_the_page_and_can_be_switched_off(visit: Open, bea: Account) -> None:
    page = visit(at(query="app:web", columns="action,details"), bea)
    expect(page.locator("#part-action li")).to_have_count(4)
    page.keyboard.press("/")
    expect(page.locator("#query")).to_be_focused()
    page.keyboard.type("j?")
    assert page.locator("#query").input_value() == "j?"
    page.locator("h1").click()
    for key, focused in (
        ("c", "#panel-columns input[name=label_action]"), ("e", "#panel-export a:has-text('CSV')"),
        ("s", "#panel-save #title"), ("f", "#facets button >> nth=0"),
    ):  # fmt: skip
        page.locator("h1").click()
        page.keyboard.press(key)
        expect(page.locator(focused)).to_be_focused()
    page.locator("h1").click()
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("tbody tr").nth(1)).to_have_class("here")
    page.keyboard.press("?")
    assert page.locator("dialog").is_visible()
    assert violations(page) == []
    page.get_by_label("Use these keys in this browser").uncheck()
    page.get_by_role("button", name="Close").click()
    page.reload()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") != "query"
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Use these keys in this browser").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("j")
    with page.expect_navigation(url="**/events/**"):
        page.keyboard.press("Enter")


def test_it_all_reads_well_with_scripts(visit: Open, bea: Account) -> None:
    looks: tuple[dict[str, Any], ...] = ({"color_scheme": "dark"}, {"viewport": NARROW}, {"locale": "de-DE"})
    for more in looks:
        page = visit(at(query="user:u1", limit=2, panel="columns"), bea, **more)
        expect(page.locator("[aria-busy]")).to_have_count(0)
        assert violations(page) == []
        assert not is_too_wide(page)
