"""The report builder in a real browser: how it looks, with the keyboard alone, on a phone, and with hostile events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from asked import EVENTS
from browser import BOTH_LOOKS, NARROW, is_too_wide, violations
from paged import reading
from playwright.sync_api import Page, expect
from trails import AT, event, sealed_trail

from trailbook.access.model import Account
from trailbook.event.model import Belonging, Change, Initiator, Reference, Target
from trailbook.report.columns import COLUMNS
from trailbook.web.service import Service

Open = Callable[..., Page]
NEW = "/reports/new"

HOSTILE = (
    "<script>document.title='taken'</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    "javascript:document.title='taken'",
    "\"'><b onmouseover=alert(1)>{{ 7 * 7 }} ${7*7} %(x)s </td></table>",
    "\u202egnp.exe\u202c \u2066right\u2069 \x1b[31mred\x00\x7f",
    "\u202egnp.exe\u202c \u2066right\u2069 \u200f",
    "يوسف بن علي عبد الرحمن",
    "👩\u200d👩\u200d👧\u200d👦 🏴\u200d☠️ é́́́́́́",
    '=HYPERLINK("http://evil.example")',
    "W" * 1_000,
)


def at(**state: object) -> str:
    return f"{NEW}?{urlencode(state)}"


def test_on_paper_each_heading_stands_over_its_column(visit: Open, served: Service, bea: Account) -> None:
    served.store.append(sealed_trail(EVENTS))
    page = visit(at(columns="action,ip"), bea)
    page.emulate_media(media="print")
    edges = [
        [one.bounding_box() for one in page.locator(cells).all() if one.is_visible()]
        for cells in ("thead th", "tbody tr:first-child td")
    ]
    assert [[one and one["x"] for one in row] for row in edges] == [[one and one["x"] for one in edges[0]]] * 2
    assert len(edges[0]) == 2


LOOKS = (*BOTH_LOOKS, {"java_script_enabled": False})


def test_the_builder_reads_well_in_any_browser(visit: Open, served: Service, bea: Account) -> None:
    served.store.append(sealed_trail(EVENTS))
    for more in LOOKS:
        _reads_well(visit(at(query="user:Ann", parts="true"), bea, **more), more.get("java_script_enabled", True))


@pytest.mark.parametrize("state", [{}, {"group_by": "day,action"}, {"query": "uesr:Ann"}, {"panel": "columns"}])
def test_it_reads_well_whatever_it_shows(visit: Open, served: Service, bea: Account, state: dict[str, str]) -> None:
    served.store.append(sealed_trail(EVENTS))
    for more in ({}, {"viewport": NARROW}):
        _reads_well(visit(at(**state), bea, **more))


def _reads_well(page: Page, scripts: bool = True) -> None:
    expect(page.locator("[aria-busy]")).to_have_count(0)
    assert not is_too_wide(page)
    if scripts:
        assert violations(page) == []


def test_every_panel_reads_well(visit: Open, bea: Account) -> None:
    page = visit(at(panel="who", query="user:nobody"), bea)
    for panel in ("who", "columns", "groups", "look", "save", "export"):
        page.locator(f"#panel-{panel}").evaluate("one => one.open = true")
        _reads_well(page)


def test_a_cell_is_opened_and_chosen_with_the_keyboard_alone(visit: Open, served: Service, bea: Account) -> None:
    served.store.append(sealed_trail(EVENTS))
    page = visit(at(columns="action"), bea, java_script_enabled=False)
    page.locator("tbody summary", has_text="login").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reports/new?query=action%3Alogin&columns=action")
    assert page.locator("tbody tr").count() == 1


@pytest.mark.parametrize("cells", ["clipped", "wrapped"])
def test_hostile_events_are_shown_as_text_and_the_layout_stays(
    visit: Open, served: Service, bea: Account, cells: str
) -> None:
    served.store.append(sealed_trail(hostile()))
    for more in ({}, {"viewport": NARROW}):
        page = visit(at(cells=cells, columns=ALL, parts="true", query="-app:trailbook"), bea, **more)
        expect(page.locator("[aria-busy]")).to_have_count(0)
        assert page.locator("tbody tr").count() == len(HOSTILE) + 1
        assert "taken" not in page.title()
        assert page.locator("main img, main script, tbody b, tbody a[href^='javascript']").count() == 0
        assert not is_too_wide(page)
        assert len(page.content()) < 600_000
        text = page.locator("tbody").inner_text()
        assert "<script>" in text
        assert "\u202e" not in text
        assert violations(page) == []


def test_any_value_of_a_hostile_event_can_be_narrowed_to(served: Service, bea: Account) -> None:
    served.store.append(sealed_trail(hostile()))
    reader = reading(served, bea)
    page = reader.get(at(columns="action,initiator,groups,changes,targets,related", query="-app:trailbook"))
    found = {one.attributes["value"] for one in page.root.all("button", name="only")}
    assert len(found) > 6 * (len(HOSTILE) - 2)
    for query in found:
        lists = reader.get(reader.get(f"{NEW}/change?{urlencode({'only': query})}").headers["location"])
        assert lists.root.all("tbody"), query


ALL = ",".join(COLUMNS)


def hostile() -> list[object]:
    """Events with every hostile text in every field, and one of a megabyte and of deep JSON."""
    deep: object = "deep"
    for _ in range(60):
        deep = {"<b>": [deep]}
    found = [_hostile(number, text) for number, text in enumerate(HOSTILE)]
    long = event(900, AT, data={"long": "x" * 1_000_000, "deep": deep}, details="y" * 60_000)
    return [*found, long]


def _hostile(number: int, text: str) -> object:
    return event(
        500 + number,
        AT + timedelta(minutes=number),
        resource=text,
        action=text,
        application=text,
        details=text,
        reason=text,
        request_id=text,
        initiator=Initiator(
            text,
            text,
            "acme",
            ip=text,
            user_agent=text,
            groups=(Belonging(text, text, "acme"),),
            roles=(Belonging(text, text, "acme"),),
        ),
        targets=(Target("user", text, text, "acme"), Target(text, text, text)),
        related=(Reference(text, text, text),),
        changes={text: Change(text, {text: [text]})},
        data={text: text},
    )
