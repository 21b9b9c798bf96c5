"""The text and the HTML of a mail: what they hold, and that nothing in them acts or is fetched."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbook.deliver.letter import Letter, first_rows, written
from trailbook.errors import BadInput

HOSTILE = (
    '<script>alert(1)</script><img src="https://evil.example/x.png"><style>@import url(https://evil.example)</style>'
)
LETTER = Letter(
    title="Logins of the week",
    text=("Good morning,", "these are the logins.\nHave a look."),
    facts=(("Period", "Nov 16 to Nov 22, 2026"), ("Time zone", "Europe/Berlin")),
    labels=("Date", "Who", "Details"),
    rows=(("Nov 16, 2026", "Ann Lee", "Action login on resource users"), ("Nov 17, 2026", "أحمد", HOSTILE)),
    note="2 of 1,204 rows.",
    chart="Logins by day",
    link="https://audit.example.com/exports/7?a=1&b=2",
)


class Parsed(HTMLParser):
    """What a mail program finds: tags, addresses in attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href", "background")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_both_say_the_same() -> None:
    text, html = written(LETTER)
    shown = Parsed(html)
    for said in ("Logins of the week", "Have a look.", "Europe/Berlin", "Ann Lee", "أحمد", HOSTILE, "2 of 1,204 rows."):
        assert said in text
        assert said in shown.text
    assert f"{LETTER.link_says}: {LETTER.link}" in text
    assert LETTER.link_says in shown.text
    assert shown.addresses == ["cid:chart", LETTER.link]


def test_the_styles_are_in_attributes_and_dark_colours_in_a_rule() -> None:
    _, html = written(LETTER)
    assert '<td data-label="Who" dir="auto" style="padding: 6px 8px;' in html
    assert "prefers-color-scheme: dark" in html


@settings(deadline=None)
@given(
    text=st.one_of(st.text(), st.sampled_from([HOSTILE, "</td></table><a href=//evil.example>", "{{ 7*7 }}", "\x00"]))
)
def test_no_text_becomes_a_tag_or_an_address(text: str) -> None:
    plain = Letter("T", ("x",), (("a", "b"),), ("c",), (("d",),), "e", "f", "https://a.example", "g", "h")
    hostile = Letter(text, (text,), ((text, text),), (text,), ((text,),), text, text, "https://a.example", text, text)
    wanted, found = Parsed(written(plain)[1]), Parsed(written(hostile)[1])
    assert found.tags <= wanted.tags
    assert set(found.addresses) <= set(wanted.addresses)


def test_a_mail_shows_the_beginning_of_a_large_table() -> None:
    labels, rows = first_rows([f"c{n}" for n in range(16)], [["x" * 1000] * 16] * 100)
    assert (len(labels), len(rows), {len(row) for row in rows}) == (6, 10, {6})
    assert {cell for row in rows for cell in row} == {"x" * 159 + "…"}


def test_a_link_goes_nowhere_but_to_a_web_address() -> None:
    with pytest.raises(BadInput, match="begins with https"):
        written(Letter("T", link="javascript:alert(1)"))
