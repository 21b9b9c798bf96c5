"""Everything of one event at a terminal."""

from __future__ import annotations

import io
from datetime import timedelta

from trails import AT, event, trail

from trailbook.directory.viewer import OPERATOR, Root, Viewer
from trailbook.event.model import Belonging, Change, Event, Initiator, Reference, Target
from trailbook.render import Options
from trailbook.render.event import write
from trailbook.report.definition import Definition
from trailbook.report.detail import details

BOB = Target("user", "u2", "Bob", "acme", groups=(Belonging("g2", "Sales", "acme"),), roles=())


def shown(sent: Event, viewer: Viewer = OPERATOR, **options: object) -> str:
    out = io.StringIO()
    (row,) = trail([sent]).events(OPERATOR, sent.id)
    clock = Definition(zone="Europe/Berlin").clock()
    write(details(row, clock, viewer), out, Options(**options))  # type: ignore[arg-type]
    return out.getvalue()


def test_every_field_is_shown() -> None:
    sent = event(
        initiator=Initiator(
            "u1",
            "Ann",
            "acme",
            ip="85.223.209.22",
            user_agent="curl/8",
            groups=(Belonging("g1", "Call center", "acme"),),
            acts_as=Target("user", "u3", "Cy", "acme"),
        ),
        outcome="denied",
        reason="no right to",
        targets=(BOB,),
        derived=(Target("group", "g2", "Sales", "acme"),),
        related=(Reference("calls", "42", "A call"),),
        request_id="r1",
        trace_id="t1",
        changes={"email": Change("a@x", "b@y"), "tags": Change(None, ["new"])},
        data={"k": {"n": 1}},
        recorded_at=AT + timedelta(seconds=1),
        filled=("initiator.groups",),
        masked=("data.password",),
    )
    assert shown(sent) == (
        "ID                  00000000-0000-0000-0000-000000000001\n"
        "Occurred at         Nov 17, 2021, 3:07 PM (2021-11-17T15:07:31+01:00)\n"
        "Recorded at         Nov 17, 2021, 3:07 PM (2021-11-17T15:07:32+01:00)\n"
        "Book                acme, position 0\n"
        "Application         web\n"
        "Resource            calls\n"
        "Action              play\n"
        "Outcome             denied\n"
        "Reason              no right to\n"
        "Details             Action play on resource calls\n"
        "Initiator           Ann (user:acme/u1), user\n"
        "  acting as         Cy (user:acme/u3)\n"
        "  IP                85.223.209.22\n"
        "  user agent        curl/8\n"
        "  groups            Call center (g1)\n"
        "Target              Bob (user:acme/u2)\n"
        "  groups            Sales (g2)\n"
        "  roles             (none)\n"
        "Derived target      Sales (group:acme/g2)\n"
        "Related to          A call (calls/42)\n"
        "Request             r1\n"
        "Trace               t1\n"
        "Changed             email\n"
        "                    - a@x\n"
        "                    + b@y\n"
        "Changed             tags\n"
        "                    + [\n"
        '                    +   "new"\n'
        "                    + ]\n"
        "Data                {\n"
        '                      "k": {\n'
        '                        "n": 1\n'
        "                      }\n"
        "                    }\n"
        "From the directory  initiator.groups\n"
        "Masked              data.password\n"
    )


def test_an_event_without_an_initiator_says_so_and_an_unproven_one_too() -> None:
    assert "Initiator    (none)\n" in shown(event(initiator=None))
    assert "Initiator    user:/alice, user, unverified\n" in shown(event(initiator=Initiator("alice", verified=False)))


def test_controls_are_written_out_and_a_value_cannot_forge_a_line() -> None:
    text = shown(event(details="x\x1b[2J", changes={"a\nChanged": Change("1\x9b", "2")}))
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "a\\nChanged" not in text  # line feeds stay, but within the column of values:
    assert "\nChanged      a\n             Changed\n             - 1\\x9b\n" in text


def test_long_values_are_wrapped_to_the_width() -> None:
    assert max(map(len, shown(event(data={"k": "word " * 60}), width=50).splitlines())) <= 50


def test_changes_are_coloured_on_request() -> None:
    text = shown(event(changes={"email": Change("a@x", "b@y")}), colour=True)
    assert "\x1b[31m- a@x\x1b[0m" in text
    assert "\x1b[32m+ b@y\x1b[0m" in text


def test_a_viewer_sees_nothing_of_hidden_columns() -> None:
    text = shown(event(data={"ip": "85.223.209.22"}), Viewer("eve", Root(), frozenset({"ip"})))
    assert "85.223.209.22" not in text
    assert "Audit - Action" in text
    assert "Other columns are hidden from you." in text
